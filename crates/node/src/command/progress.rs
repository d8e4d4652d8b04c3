//! The bar that a terminal shows while a command works; elsewhere there is none.

use std::fmt::Write;
use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// How often the bar is drawn again while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// A bar of bytes or records, of which there are `total`, as far as that is known. There is none if no terminal looks on,
/// or if the terminal shows the records themselves.
pub(crate) fn bar(unit: Unit, total: Option<u64>, terminal_taken: bool) -> ProgressBar {
    if terminal_taken || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let template = match (unit, total) {
        (Unit::Bytes, Some(_)) => "{wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {msg} {eta}",
        (Unit::Bytes, None) => "{spinner} {bytes} {binary_bytes_per_sec} {msg} {elapsed}",
        (Unit::Records, Some(_)) => "{wide_bar} {human_pos}/{human_len} {rate} {msg} {eta}",
        (Unit::Records, None) => "{spinner} {human_pos} records {rate} {msg} {elapsed}",
    };
    let rate = |state: &ProgressState, out: &mut dyn Write| {
        // A bar that cannot be drawn is none.
        let _ = write!(out, "{:.0}/s", state.per_sec());
    };
    let style = ProgressStyle::with_template(template).expect("the templates above are well formed");
    bar.set_style(style.with_key("rate", rate));
    bar.enable_steady_tick(TICK);
    bar
}

/// What a bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    Records,
}
