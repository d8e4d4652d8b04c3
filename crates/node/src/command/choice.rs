//! Topics and partitions as people name them: `orders`, or `orders:0,2`.

use std::str::FromStr;

use thalweg_kafka::client::{Client, ClientError, PartitionName};

use crate::exit::Failure;

/// A topic, or some of its partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) topic: String,
    /// All of them where none is named.
    pub(crate) partitions: Vec<i32>,
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((topic, numbers)) = text.split_once(':') else {
            return Ok(Self { topic: text.to_owned(), partitions: Vec::new() });
        };
        let mut partitions = Vec::new();
        for number in numbers.split(',') {
            let number = number.parse().ok().filter(|number: &i32| *number >= 0);
            partitions.push(number.ok_or_else(|| format!("`{numbers}` are no partitions"))?);
        }
        Ok(Self { topic: topic.to_owned(), partitions })
    }
}

/// What was chosen, each partition once. Creates nothing.
pub(crate) async fn partitions(client: &Client, choices: &[Choice]) -> Result<Vec<PartitionName>, Failure> {
    let mut names: Vec<_> = choices.iter().map(|choice| choice.topic.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let known = client.topics(Some(&names)).await?;
    let mut found = Vec::new();
    for Choice { topic, partitions } in choices {
        let Some((_, described)) = known.iter().find(|(name, _)| name == topic) else {
            return Err(anyhow::anyhow!("{topic}: the broker says nothing of it").into());
        };
        let described = described.as_ref().map_err(|refused| anyhow::anyhow!("{topic}: {refused}"))?;
        for partition in partitions {
            if !described.partitions.iter().any(|known| known.index == *partition) {
                return Err(ClientError::NoPartition { topic: topic.clone(), partition: *partition }.into());
            }
        }
        let wanted = |index| partitions.is_empty() || partitions.contains(&index);
        let wanted = described.partitions.iter().filter(|known| wanted(known.index));
        found.extend(wanted.map(|known| PartitionName::new(described.name.clone(), known.index)));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::Choice;

    #[test]
    fn topics_may_name_partitions() {
        let check = |text: &str, expect: Option<(&str, &[i32])>| {
            let expect = expect
                .map(|(topic, numbers)| Choice { topic: topic.to_owned(), partitions: numbers.to_vec() });
            assert_eq!(text.parse().ok(), expect, "{text}");
        };
        check("orders", Some(("orders", &[])));
        check("orders:0,2", Some(("orders", &[0, 2])));
        check("orders:", None);
        check("orders:-1", None);
        check("orders:a", None);
    }
}
