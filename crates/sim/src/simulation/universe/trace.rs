//! All that happens, as one number that two runs of a seed have in common, and in words for who replays a seed.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

/// The trace; clones are the same trace.
#[derive(Clone)]
pub struct Trace(Arc<Mutex<State>>);

struct State {
    hash: Fnv,
    steps: u64,
    aloud: bool,
}

/// FNV-1a: a checksum, against nobody.
struct Fnv(u64);

impl Fnv {
    fn number(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
    }
}

impl fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

impl Trace {
    /// A trace that only counts.
    pub fn quiet() -> Self {
        Self::new(false)
    }

    /// A trace that is printed too.
    pub fn aloud() -> Self {
        Self::new(true)
    }

    fn new(aloud: bool) -> Self {
        Self(Arc::new(Mutex::new(State { hash: Fnv(0xcbf2_9ce4_8422_2325), steps: 0, aloud })))
    }

    /// What happened so far, as a number.
    pub fn hash(&self) -> u64 {
        self.0.lock().hash.0
    }

    /// How many polls there were.
    pub fn steps(&self) -> u64 {
        self.0.lock().steps
    }

    pub(super) fn step(&self, at: Duration, task: u64, name: &str) {
        let mut state = self.0.lock();
        state.steps += 1;
        state.hash.number(at.as_nanos() as u64);
        state.hash.number(task);
        state.hash.number(name.len() as u64);
    }

    pub(super) fn say(&self, at: Duration, what: fmt::Arguments<'_>) {
        let mut state = self.0.lock();
        state.hash.number(at.as_nanos() as u64);
        state.hash.write_fmt(what).expect("a number takes all words");
        if state.aloud {
            println!("{:>10.3} ms  {what}", at.as_secs_f64() * 1e3);
        }
    }
}
