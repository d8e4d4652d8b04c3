//! Settings from where people write them: defaults, then a file, then the environment, then flags. Each value keeps
//! its place, so that what is wrong is named with where it stands. What a setting means is in the table of `broker`.

mod properties;
mod toml_file;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use thalweg_broker::config::{self, BrokerConfig, Overrides};

use crate::cli::{LogFormat, ServeFlags};
use crate::exit::Failure;

/// What names of variables begin with.
const VARIABLE_PREFIX: &str = "THALWEG_";
/// What an orchestrator sets by itself for a service called `thalweg`.
const FOREIGN_VARIABLES: [&str; 2] = ["THALWEG_SERVICE_", "THALWEG_PORT"];
/// The largest file of settings that is read.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    File { path: PathBuf, line: usize },
    Environment(String),
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A value that was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

/// All that was set, the last layer winning.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) set: BTreeMap<String, Set>,
}

impl Settings {
    /// Reads all layers and checks every value; all that is wrong is told at once.
    pub(crate) fn read(
        flags: &ServeFlags,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, BrokerConfig), Failure> {
        let mut settings = Self::default();
        if let Some(path) = &flags.config {
            settings.read_file(path)?;
        }
        settings.read_environment(environment)?;
        settings.read_flags(flags)?;
        let config = settings.check()?;
        Ok((settings, config))
    }

    pub(crate) fn origin(&self, name: &str) -> Option<&Origin> {
        self.set.get(name).map(|set| &set.origin)
    }

    fn put(&mut self, name: &str, value: &str, origin: Origin) {
        self.set.insert(name.to_owned(), Set { value: value.to_owned(), origin });
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Failure> {
        let refused = |text: String| Failure::configuration(format!("{}: {text}", path.display()));
        let size =
            std::fs::metadata(path).map_err(|error| refused(format!("cannot be read: {error}")))?.len();
        if size > FILE_BYTES_MAX {
            return Err(refused(format!("is larger than {FILE_BYTES_MAX} bytes")));
        }
        let text =
            std::fs::read_to_string(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
        let is_toml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        let read = if is_toml { toml_file::parse(&text) } else { properties::parse(&text) };
        let entries = read.map_err(|problem| {
            Failure::configuration(format!("{}:{}: {}", path.display(), problem.line, problem.text))
        })?;
        for Entry { name, value, line } in entries {
            self.put(&name, &value, Origin::File { path: path.to_owned(), line });
        }
        Ok(())
    }

    fn read_environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), Failure> {
        for (variable, value) in variables {
            let foreign = FOREIGN_VARIABLES.iter().any(|prefix| variable.starts_with(prefix));
            let Some(name) = variable.strip_prefix(VARIABLE_PREFIX).filter(|_| !foreign) else { continue };
            let name = name.to_ascii_lowercase().replace('_', ".");
            let own = format!("thalweg.{name}");
            let name = if config::broker_setting(&own).is_some() { own } else { name };
            self.put(&name, &value, Origin::Environment(variable));
        }
        Ok(())
    }

    fn read_flags(&mut self, flags: &ServeFlags) -> Result<(), Failure> {
        for set in &flags.set {
            let Some((name, value)) = set.split_once('=') else {
                return Err(Failure::configuration(format!("--set {set}: expected NAME=VALUE")));
            };
            self.put(name.trim(), value.trim(), Origin::Flag("--set".to_owned()));
        }
        let named = |specs: &[String]| specs.iter().map(|spec| with_name(spec)).collect::<Vec<_>>().join(",");
        let (listen, advertise) = (named(&flags.listen), named(&flags.advertise));
        let node_id = flags.node_id.map(|id| id.to_string());
        let log_format = flags.log_format.map(|format| match format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        });
        let given: [(&str, &str, Option<&str>); 8] = [
            ("--listen", "listeners", (!listen.is_empty()).then_some(&listen)),
            ("--advertise", "advertised.listeners", (!advertise.is_empty()).then_some(&advertise)),
            ("--admin", "thalweg.admin.listener", flags.admin.as_deref()),
            ("--data", "log.dirs", flags.data.as_deref()),
            ("--node-id", "node.id", node_id.as_deref()),
            ("--log", "thalweg.log.level", flags.log.as_deref()),
            ("--log-format", "thalweg.log.format", log_format),
            (
                "--allow-unauthenticated",
                "thalweg.allow.unauthenticated",
                flags.allow_unauthenticated.then_some("true"),
            ),
        ];
        for (flag, name, value) in given {
            if let Some(value) = value {
                self.put(name, value, Origin::Flag(flag.to_owned()));
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<BrokerConfig, Failure> {
        let mut problems = Vec::new();
        for (name, Set { value, origin }) in &self.set {
            if let Err(error) = config::broker::check(name, value) {
                problems.push(format!("{origin}: {error}{}", near(name)));
            }
        }
        if !problems.is_empty() {
            return Err(Failure::configuration(problems.join("\nthalweg: ")));
        }
        if let (Some(node), Some(broker)) = (self.set.get("node.id"), self.set.get("broker.id"))
            && node.value.trim() != broker.value.trim()
        {
            let text =
                format!("{}: broker.id is {}, but node.id is {}", broker.origin, broker.value, node.value);
            return Err(Failure::configuration(text));
        }
        let overrides: Overrides =
            self.set.iter().map(|(name, set)| (name.as_str().into(), set.value.as_str().into())).collect();
        BrokerConfig::new(overrides).map_err(Failure::configuration)
    }
}

/// One line of a file.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    value: String,
    line: usize,
}

/// Why a file cannot be read, and where.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    line: usize,
    text: String,
}

/// A listener on the command line may do without a name, and without a host.
fn with_name(spec: &str) -> String {
    let (name, address) = spec.split_once("://").unwrap_or(("PLAINTEXT", spec));
    let is_port = !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_digit());
    if is_port { format!("{name}://localhost:{address}") } else { format!("{name}://{address}") }
}

/// A setting with nearly the same name, for who mistyped one.
fn near(name: &str) -> String {
    if config::broker_setting(name).is_some() {
        return String::new();
    }
    let topic_only = config::topic_setting(name).and_then(|row| row.brokers.first());
    let nearest = || {
        let distances = config::broker_settings().map(|row| (distance(name, row.name), row.name));
        distances.filter(|(distance, _)| *distance <= 3).min().map(|(_, name)| name)
    };
    match topic_only.copied().or_else(nearest) {
        Some(other) => format!("; is {other} meant?"),
        None => String::new(),
    }
}

/// How many letters must be added, taken away or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut above_left = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = above_left + usize::from(letter != *other);
            above_left = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(above_left + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(flags: &ServeFlags, environment: &[(&str, &str)]) -> Result<(Settings, BrokerConfig), Failure> {
        let variables = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::read(flags, variables.collect::<Vec<_>>())
    }

    fn refused(flags: &ServeFlags, environment: &[(&str, &str)]) -> String {
        read(flags, environment).map(|_| ()).expect_err("it is wrong").error.to_string()
    }

    #[test]
    fn the_later_layer_wins_and_each_value_knows_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.properties");
        std::fs::write(&path, "num.partitions=2\nlog.retention.hours=1\nbroker.rack=a\n").unwrap();
        let mut flags = ServeFlags { config: Some(path.clone()), ..ServeFlags::default() };
        let environment =
            [("THALWEG_NUM_PARTITIONS", "3"), ("THALWEG_LOG_RETENTION_HOURS", "2"), ("HOME", "/")];
        flags.set = vec!["num.partitions=4".into()];
        let (settings, config) = read(&flags, &environment).unwrap();
        assert_eq!(config.num_partitions, 4);
        assert_eq!(settings.origin("num.partitions"), Some(&Origin::Flag("--set".into())));
        let variable = "THALWEG_LOG_RETENTION_HOURS".to_owned();
        assert_eq!(settings.origin("log.retention.hours"), Some(&Origin::Environment(variable)));
        assert_eq!(settings.origin("broker.rack"), Some(&Origin::File { path, line: 3 }));
        assert_eq!(settings.origin("broker.id"), None);
    }

    #[test]
    fn our_own_settings_have_short_variables_and_an_orchestrators_are_left_alone() {
        let environment = [("THALWEG_DURABILITY", "os"), ("THALWEG_PORT_9092_TCP", "tcp://1.2.3.4:9092")];
        let (_, config) = read(&ServeFlags::default(), &environment).unwrap();
        assert_eq!(&*config.durability, "os");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let set = |value: &str| ServeFlags { set: vec![value.into()], ..ServeFlags::default() };
        let text = refused(&set("num.partition=1"), &[]);
        assert_eq!(text, "--set: there is no setting named num.partition; is num.partitions meant?");
        let text = refused(&set("retention.ms=1"), &[]);
        assert!(text.ends_with("is log.retention.ms meant?"), "{text}");
        let text = refused(&ServeFlags::default(), &[("THALWEG_NUM_PARTITIONS", "0")]);
        assert!(text.starts_with("environment THALWEG_NUM_PARTITIONS: Invalid value 0"), "{text}");
        assert!(refused(&set("ssl.keystore.location=/k"), &[]).contains("cannot be set yet"));
        assert!(refused(&set("x"), &[]).contains("expected NAME=VALUE"));
        let both = ServeFlags { set: vec!["a.b=1".into(), "c.d=2".into()], ..ServeFlags::default() };
        assert_eq!(refused(&both, &[]).matches("there is no setting").count(), 2);
        let ids = ServeFlags { node_id: Some(1), set: vec!["broker.id=2".into()], ..ServeFlags::default() };
        assert!(refused(&ids, &[]).contains("broker.id is 2"));
    }

    #[test]
    fn flags_may_leave_out_names_and_hosts() {
        assert_eq!(with_name("9092"), "PLAINTEXT://localhost:9092");
        assert_eq!(with_name("IN://[::1]:1"), "IN://[::1]:1");
        assert_eq!(with_name("0.0.0.0:9092"), "PLAINTEXT://0.0.0.0:9092");
    }
}
