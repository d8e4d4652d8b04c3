//! One row of a table of settings: name, type, default, rule, how it changes, what it does here, documentation. What
//! a value that was set means to the rest of the house stands in [`super::broker`] and [`super::topic`].

use super::entry::ConfigKind;

/// A setting.
#[derive(Debug)]
pub struct Definition {
    /// Its name, as in Kafka where Kafka has it.
    pub name: &'static str,
    /// What kind of value it takes.
    pub kind: ConfigKind,
    /// The value where nobody sets one; none is Kafka's `null`.
    pub default: Option<&'static str>,
    /// Which values of its kind it takes.
    pub rule: Rule,
    /// How it may be changed while the broker runs.
    pub update: Update,
    /// What it does here.
    pub class: Class,
    /// What it is for, with its unit.
    pub documentation: &'static str,
    /// Whether clients see it when they ask for all settings.
    pub described: bool,
    /// Of a topic's setting: the broker's settings that hold where the topic says nothing, first one first.
    pub brokers: &'static [&'static str],
    /// Where the default is not Kafka's.
    pub other_default: Option<OtherDefault>,
}

/// Why a default is not Kafka's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherDefault {
    /// Kafka's; none is its `null`.
    pub kafka: Option<&'static str>,
    /// The reason, as a sentence.
    pub why: &'static str,
}

/// Which values a setting takes, beside what its kind says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// All.
    Any,
    /// Numbers from here on.
    AtLeast(i64),
    /// Numbers in these bounds, both included.
    Between(i64, i64),
    /// Fractions from 0 to 1.
    Fraction,
    /// 1 to 9, or -1.
    GzipLevel,
    /// One of these words; of a list each.
    OneOf(&'static [&'static str]),
    /// One of these words, however they are written.
    OneOfAnyCase(&'static [&'static str]),
    /// A text that is not empty.
    NotEmpty,
    /// PARTITION:BROKER pairs, or `*`.
    Replicas,
}

/// How a setting may be changed while the broker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Not at all.
    ReadOnly,
    /// For one broker alone.
    PerBroker,
    /// For one broker or for all.
    ClusterWide,
}

/// What a setting does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It acts.
    Acts,
    /// It is taken, and a warning at the start lists it where it is set: there is nothing here that it could steer.
    NoMeaning,
    /// It will act one day; until then a start with another value than the default stops, because the broker would
    /// not be what its configuration says.
    NotYet,
}

impl Class {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Acts => "acts",
            Self::NoMeaning => "no meaning here",
            Self::NotYet => "not yet",
        }
    }
}

impl Definition {
    const fn new(name: &'static str, kind: ConfigKind) -> Self {
        Self {
            name,
            kind,
            default: None,
            rule: Rule::Any,
            update: Update::ReadOnly,
            class: Class::Acts,
            documentation: "",
            described: true,
            brokers: &[],
            other_default: None,
        }
    }

    /// Whether the value must not be shown.
    pub fn sensitive(&self) -> bool {
        self.kind == ConfigKind::Password
    }

    /// What it is for, and where its default is not Kafka's, why.
    pub fn explained(&self) -> String {
        match self.other_default {
            None => self.documentation.to_owned(),
            Some(OtherDefault { kafka, why }) => {
                format!("{} Kafka's default is {}. {why}", self.documentation, kafka.unwrap_or("none"))
            }
        }
    }

    pub(super) const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    /// Another default than Kafka's, with the reason.
    pub(super) const fn default_unlike_kafka(
        mut self,
        value: &'static str,
        kafka: Option<&'static str>,
        why: &'static str,
    ) -> Self {
        self.default = Some(value);
        self.other_default = Some(OtherDefault { kafka, why });
        self
    }

    pub(super) const fn rule(mut self, rule: Rule) -> Self {
        self.rule = rule;
        self
    }

    pub(super) const fn at_least(self, least: i64) -> Self {
        self.rule(Rule::AtLeast(least))
    }

    pub(super) const fn between(self, least: i64, most: i64) -> Self {
        self.rule(Rule::Between(least, most))
    }

    pub(super) const fn fraction(self) -> Self {
        self.rule(Rule::Fraction)
    }

    pub(super) const fn one_of(self, words: &'static [&'static str]) -> Self {
        self.rule(Rule::OneOf(words))
    }

    pub(super) const fn one_of_any_case(self, words: &'static [&'static str]) -> Self {
        self.rule(Rule::OneOfAnyCase(words))
    }

    pub(super) const fn per_broker(mut self) -> Self {
        self.update = Update::PerBroker;
        self
    }

    pub(super) const fn cluster_wide(mut self) -> Self {
        self.update = Update::ClusterWide;
        self
    }

    pub(super) const fn brokers(mut self, names: &'static [&'static str]) -> Self {
        self.brokers = names;
        self
    }

    pub(super) const fn hidden(mut self) -> Self {
        self.described = false;
        self
    }

    pub(super) const fn acts(self, documentation: &'static str) -> Self {
        self.class(Class::Acts, documentation)
    }

    pub(super) const fn no_meaning(self, documentation: &'static str) -> Self {
        self.class(Class::NoMeaning, documentation)
    }

    pub(super) const fn not_yet(self, documentation: &'static str) -> Self {
        self.class(Class::NotYet, documentation)
    }

    const fn class(mut self, class: Class, documentation: &'static str) -> Self {
        self.class = class;
        self.documentation = documentation;
        self
    }
}

pub(super) const fn boolean(name: &'static str) -> Definition {
    Definition::new(name, ConfigKind::Boolean)
}

pub(super) const fn string(name: &'static str) -> Definition {
    Definition::new(name, ConfigKind::String)
}

pub(super) const fn int(name: &'static str) -> Definition {
    Definition::new(name, ConfigKind::Int)
}

pub(super) const fn short(name: &'static str) -> Definition {
    Definition::new(name, ConfigKind::Short)
}

pub(super) const fn long(name: &'static str) -> Definition {
    Definition::new(name, ConfigKind::Long)
}

pub(super) const fn double(name: &'static str) -> Definition {
    Definition::new(name, ConfigKind::Double)
}

pub(super) const fn list(name: &'static str) -> Definition {
    Definition::new(name, ConfigKind::List)
}

pub(super) const fn class(name: &'static str) -> Definition {
    Definition::new(name, ConfigKind::Class)
}

pub(super) const fn password(name: &'static str) -> Definition {
    Definition::new(name, ConfigKind::Password)
}
