//! Writes the generated code from our schema files: Kafka's messages for `wire`, and for `broker` what Kafka keeps in
//! internal topics. Files that are fresh are left alone; with `--check` nothing is written.

mod api_key;
mod message;
mod schema;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};

use self::schema::{Kind, Message};

/// One folder of schemas and the folder that is generated from it.
struct Target {
    schemas: &'static str,
    generated: &'static str,
    purpose: &'static str,
    /// Whether there is an `ApiKey` to be generated.
    api_keys: bool,
}

const TARGETS: &[Target] = &[
    Target {
        schemas: "crates/wire/schema",
        generated: "crates/wire/src/generated",
        purpose: "Kafka's messages, one module each.",
        api_keys: true,
    },
    Target {
        schemas: "crates/broker/schema",
        generated: "crates/broker/src/records/generated",
        purpose: "What Kafka keeps in internal topics and puts into the consumer protocol, one module each.",
        api_keys: false,
    },
];

/// `cargo xtask codegen [--check]`.
pub(crate) fn run(arguments: Vec<String>) -> Result<ExitCode> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write()?,
        ["--check"] => {
            let stale = stale()?;
            if !stale.is_empty() {
                bail!("not fresh, `cargo xtask codegen` mends it: {}", stale.join(", "));
            }
        }
        _ => bail!("the only option is --check"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Files that are not what the schemas say.
pub(crate) fn stale() -> Result<Vec<String>> {
    let mut stale = Vec::new();
    for target in TARGETS {
        let files = files(target)?;
        for (path, text) in &files {
            if std::fs::read_to_string(path).ok().as_ref() != Some(text) {
                stale.push(path.display().to_string());
            }
        }
        stale.extend(left_over(target, &files)?.iter().map(|path| path.display().to_string()));
    }
    Ok(stale)
}

fn write() -> Result<()> {
    for target in TARGETS {
        let files = files(target)?;
        std::fs::create_dir_all(crate::root().join(target.generated))?;
        for path in left_over(target, &files)? {
            std::fs::remove_file(path)?;
        }
        for (path, text) in files {
            if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                std::fs::write(&path, text).with_context(|| path.display().to_string())?;
            }
        }
    }
    Ok(())
}

/// Files in the generated folder that no schema stands for.
fn left_over(target: &Target, files: &BTreeMap<PathBuf, String>) -> Result<Vec<PathBuf>> {
    let folder = crate::root().join(target.generated);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if !files.contains_key(&path) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Every file of a target: where it lies and what is in it.
fn files(target: &Target) -> Result<BTreeMap<PathBuf, String>> {
    let mut schemas = Vec::new();
    for entry in std::fs::read_dir(crate::root().join(target.schemas))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            schemas.push(path);
        }
    }
    schemas.sort();
    let mut modules = BTreeMap::new();
    let mut messages = Vec::new();
    for path in schemas {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path)?;
        for message in schema::parse(&text).with_context(|| name.clone())? {
            let body = message::module(&message, target.api_keys).with_context(|| name.clone())?;
            let purpose = format!("`{}`, read and written in each of its versions.", message.name);
            modules.insert(
                module_name(&message.name),
                head(&purpose, &format!("{}/{name}", target.schemas)) + &body,
            );
            messages.push(message);
        }
    }
    let mut root = head(target.purpose, target.schemas);
    let mut reexports = String::new();
    for module in modules.keys() {
        root += &format!("pub mod {module};\n");
    }
    messages.sort_by_key(|message| module_name(&message.name));
    for message in &messages {
        reexports += &format!("pub use self::{}::{};\n", module_name(&message.name), message.name);
    }
    if target.api_keys {
        root += "mod api_key;\n\npub use self::api_key::ApiKey;\n";
        root += &reexports;
        root += &api_key::ties(&messages);
        modules.insert(
            "api_key".to_owned(),
            head("Every API on a broker's listener.", target.schemas) + &api_key::module(&messages)?,
        );
    } else {
        root += "\n";
        root += &reexports;
    }
    modules.insert("mod".to_owned(), root);
    let folder = crate::root().join(target.generated);
    let mut files = BTreeMap::new();
    for (name, text) in format(modules)? {
        files.insert(folder.join(format!("{name}.rs")), text);
    }
    Ok(files)
}

fn head(purpose: &str, from: &str) -> String {
    format!("//! {purpose} Written by `cargo xtask codegen` from `{from}`, never by hand.\n\n")
}

/// All modules as `rustfmt` wants them: in one run, because starting it costs more than its work. So each stands in a
/// `mod` of its own for the time being, one level deeper.
fn format(modules: BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    const SEPARATOR: &str = "// next module: ";
    let mut formatted = BTreeMap::new();
    let mut whole = String::new();
    for (name, text) in &modules {
        whole += &format!("{SEPARATOR}{name}\nmod m {{\n{text}\n}}\n");
    }
    for part in rustfmt(&whole)?.split(SEPARATOR).skip(1) {
        let (name, text) = part.split_once('\n').context("a module has a name")?;
        let text = text.trim().strip_prefix("mod m {\n").and_then(|text| text.strip_suffix('}'));
        let text = text.context("rustfmt keeps modules")?;
        // What was inside a module was formatted with one level more.
        let lines: Vec<_> = text.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
        formatted.insert(name.to_owned(), lines.join("\n").trim_end().to_owned() + "\n");
    }
    Ok(formatted)
}

fn rustfmt(text: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "max_width=114", "--config-path"])
        .arg(rustfmt_settings())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("rustfmt is needed: `rustup component add rustfmt`")?;
    let mut input = child.stdin.take().context("it was asked for")?;
    let text = text.to_owned();
    let feeder = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    let fed = feeder.join();
    if !output.status.success() || !matches!(fed, Ok(Ok(()))) {
        bail!("rustfmt failed on generated code");
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn rustfmt_settings() -> PathBuf {
    crate::root().join(Path::new("rustfmt.toml"))
}

/// `DescribeTopicPartitionsRequest` is in `describe_topic_partitions_request`.
fn module_name(name: &str) -> String {
    let mut out = String::new();
    for (place, letter) in name.char_indices() {
        if letter.is_uppercase() && place > 0 {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// The requests among the messages, by number.
fn requests(messages: &[Message]) -> Vec<&Message> {
    let mut requests: Vec<_> = messages.iter().filter(|message| message.kind == Kind::Request).collect();
    requests.sort_by_key(|message| message.number);
    requests
}

#[cfg(test)]
mod tests {
    use super::schema::{Base, Versions, parse};
    use super::{module_name, stale};

    #[test]
    fn a_field_says_what_its_line_says() {
        let text = concat!(
            "api 7 Example\n\n",
            "request 0-5 flexible 3+ unstable\n",
            "    kind string?4+ 2-5\n",
            "    limit i32 1+ = -1 ignorable\n",
            "    rows []Row 1+ tag 2\n",
            "        index i32\n",
        );
        let message = parse(text).expect("it is a schema").remove(0);
        assert_eq!(
            (message.name.as_str(), message.number, message.unstable),
            ("ExampleRequest", Some(7), true)
        );
        assert!(message.flexible(3) && !message.flexible(2));
        let [kind, limit, rows] = &message.fields[..] else { panic!("three fields") };
        assert_eq!(kind.versions, Versions { first: 2, last: 5 });
        assert_eq!(kind.nullable, Some(Versions { first: 4, last: 5 }));
        assert_eq!((limit.default.as_deref(), limit.ignorable), (Some("-1"), true));
        assert_eq!((rows.array, rows.tag, &rows.base), (true, Some(2), &Base::Struct("Row".to_owned())));
        assert_eq!(message.structure("Row").expect("it is there").versions, Versions { first: 1, last: 5 });
    }

    #[test]
    fn what_is_no_schema_is_told_with_its_line() {
        let cases = [
            ("request 0-1\n", "line 1"),
            ("message M 0-1\n    a number\n", "line 2"),
            ("message M 0-1\n    a i32 2+\n", "line 2"),
            ("message M 0-1\n    a i32\n        b i32\n", "line 2"),
            ("message M 0-1\n  a i32\n", "line 2"),
            ("message M 0-1 loose\n", "line 1"),
        ];
        for (text, line) in cases {
            let fault = parse(text).expect_err(text).to_string();
            assert!(fault.starts_with(line), "{text:?}: {fault}");
        }
    }

    #[test]
    fn generated_code_is_fresh() {
        assert_eq!(stale().expect("the schemas can be read"), Vec::<String>::new());
        assert_eq!(module_name("OffsetForLeaderEpochRequest"), "offset_for_leader_epoch_request");
    }
}
