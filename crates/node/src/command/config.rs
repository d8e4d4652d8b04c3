//! `thalweg config`: the settings in effect, where each comes from, its class and what it means.

use std::io::{self, Write};

use serde::Serialize;
use thalweg_broker::config::{self, Class, Definition, Update};

use super::printout::{print, unless_gone};
use crate::cli::ConfigFlags;
use crate::exit::Failure;
use crate::settings::Settings;

#[derive(Serialize)]
struct Row {
    name: &'static str,
    value: Option<String>,
    origin: String,
    #[serde(rename = "type")]
    kind: &'static str,
    default: Option<&'static str>,
    class: &'static str,
    update: &'static str,
    documentation: String,
}

pub(crate) fn run(flags: &ConfigFlags) -> Result<(), Failure> {
    if flags.markdown {
        return unless_gone(io::stdout().lock().write_all(markdown().as_bytes())).map(drop);
    }
    let (settings, config) = Settings::read(&flags.serve, std::env::vars())?;
    let wanted = |row: &&Definition| flags.name.as_deref().is_none_or(|text| row.name.contains(text));
    let mut rows = Vec::new();
    for (row, value, _) in config.list().filter(|(row, _, _)| wanted(row)) {
        rows.push(Row {
            name: row.name,
            value: value.map(|value| if row.sensitive() { "[hidden]".to_owned() } else { value }),
            origin: settings.origin(row.name).map_or("default".to_owned(), ToString::to_string),
            kind: row.kind.word(),
            default: row.default,
            class: row.class.word(),
            update: update_word(row.update),
            documentation: row.explained(),
        });
    }
    print(flags.json, &rows, || rows.iter().map(Row::text).collect())
}

impl Row {
    fn text(&self) -> String {
        let value = self.value.as_deref().unwrap_or("(none)");
        let (kind, documentation) = (self.kind.to_lowercase(), &self.documentation);
        format!(
            "{} = {value}\n    from {}; {kind}; {}; {}\n    {documentation}\n",
            self.name, self.origin, self.class, self.update
        )
    }
}

fn update_word(update: Update) -> &'static str {
    match update {
        Update::ReadOnly => "read at the start",
        Update::PerBroker => "changes while the broker runs, per broker",
        Update::ClusterWide => "changes while the broker runs",
    }
}

/// The page `docs/configuration.md`, from the tables alone.
pub(crate) fn markdown() -> String {
    let mut page = String::from(HEAD);
    let shown = |text: Option<&str>| text.map_or("none".to_owned(), |text| format!("`{text}`"));
    for (row, other) in config::broker_settings().filter_map(|row| Some((row, row.other_default?))) {
        let (ours, kafka) = (shown(row.default), shown(other.kafka));
        page.push_str(&format!("| `{}` | {ours} | {kafka} | {} |\n", row.name, other.why));
    }
    page.push_str(UNSET);
    let of_class = |class: Class| config::broker_settings().filter(move |row| row.class == class);
    page.push_str("## Settings of the broker that act\n\n");
    table(&mut page, of_class(Class::Acts));
    page.push_str("\n## Settings of topics\n\n");
    table(&mut page, config::topic_settings());
    page.push_str(
        "\n## Not yet\n\nThe start stops where one of these has another value than its default.\n\n",
    );
    table(&mut page, of_class(Class::NotYet));
    page.push_str("\n## No meaning here\n\nTaken, and listed in one warning at the start.\n\n");
    table(&mut page, of_class(Class::NoMeaning));
    page
}

const HEAD: &str = "\
# Configuration

This page is printed by `thalweg config --markdown`; do not edit it.

Values come from defaults, then `--config FILE` (TOML, or Kafka's `server.properties`), then the environment
(`THALWEG_NUM_PARTITIONS` is `num.partitions`), then flags and `--set NAME=VALUE`; the later one wins. `thalweg config`
prints what is in effect and where it comes from. A setting that Kafka has bears Kafka's name and default; those of our
own begin with `thalweg.` (their variables may leave it out: `THALWEG_DURABILITY`). A setting for one listener is written
`listener.name.NAME.SETTING`.

## Defaults that are not Kafka's

| Name | Default | Kafka's | Why |
| --- | --- | --- | --- |
";

/// What holds where nothing is set, though the default that clients are shown is Kafka's.
const UNSET: &str = "
Three more defaults are shown as Kafka's and are not what holds while nobody sets them: data lies in `thalweg-data` under
the working directory, not in `/tmp/kafka-logs` (`log.dirs`), which systems empty; the listener is `localhost:9092` on
both loopbacks, not on every interface (`listeners`), because nobody is asked who they are; the buffers of sockets
(`socket.send.buffer.bytes`, `socket.receive.buffer.bytes`) are left to the operating system, which lets them grow.

";

fn table(page: &mut String, rows: impl Iterator<Item = &'static Definition>) {
    page.push_str("| Name | Type | Default | Changes | Meaning |\n| --- | --- | --- | --- | --- |\n");
    for row in rows {
        let default = match row.default {
            None => "none".to_owned(),
            Some("") => "empty".to_owned(),
            Some(text) => format!("`{text}`"),
        };
        let changes = match row.update {
            _ if config::topic_setting(row.name).is_some_and(|found| std::ptr::eq(found, row)) => "any time",
            Update::ReadOnly => "at the start",
            Update::PerBroker | Update::ClusterWide => "any time",
        };
        let (name, kind, meaning) =
            (row.name, row.kind.word().to_lowercase(), row.explained().replace('|', "\\|"));
        page.push_str(&format!("| `{name}` | {kind} | {default} | {changes} | {meaning} |\n"));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_in_docs_is_the_one_printed() {
        let page = include_str!("../../../../docs/configuration.md");
        assert!(page == super::markdown(), "run `thalweg config --markdown > docs/configuration.md`");
    }
}
