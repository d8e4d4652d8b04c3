//! Places in partitions, as people name them: the first record, the end, an offset, so many before the end, a moment.

use std::str::FromStr;

use thalweg_kafka::client::{Client, Isolation, OffsetSpec, PartitionName};
use thalweg_model::collections::HashMap;

use super::moment;
use crate::exit::Failure;

/// How a place is named, for help texts.
pub(crate) const PLACE_HELP: &str = "A place is `earliest`, `latest`, an offset, `-N` (N records before the end), or a moment: \
                                     `2026-03-01T12:00:00Z` (RFC 3339, UTC where no zone is said) or `@MILLISECONDS` since 1970";

/// Where in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Earliest,
    Latest,
    Offset(i64),
    BeforeEnd(i64),
    /// The first record at or after this moment, in milliseconds since 1970; the end where there is none.
    At(i64),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "earliest" | "beginning" => return Ok(Self::Earliest),
            "latest" | "end" => return Ok(Self::Latest),
            _ => {}
        }
        let unsigned = |text: &str| text.parse().ok().filter(|number: &i64| *number >= 0);
        let found = if let Some(moment) = text.strip_prefix('@') {
            unsigned(moment).map(Self::At)
        } else if let Some(count) = text.strip_prefix('-') {
            unsigned(count).map(Self::BeforeEnd)
        } else {
            unsigned(text).map(Self::Offset).or_else(|| moment::parse(text).map(Self::At))
        };
        found.ok_or_else(|| PLACE_HELP.to_owned())
    }
}

/// The offset of a place in each partition, never outside what the partition keeps.
pub(crate) async fn resolve(
    client: &Client,
    partitions: &[PartitionName],
    place: Place,
    isolation: Isolation,
) -> Result<Vec<(PartitionName, i64)>, Failure> {
    let earliest = offsets(client, partitions, OffsetSpec::Earliest, isolation).await?;
    let latest = offsets(client, partitions, OffsetSpec::Latest, isolation).await?;
    let found = match place {
        Place::At(moment) => offsets(client, partitions, OffsetSpec::At(moment), isolation).await?,
        _ => HashMap::default(),
    };
    let offset = |name: &PartitionName| {
        let (first, end) = (earliest[name], latest[name]);
        let offset = match place {
            Place::Earliest => first,
            Place::Latest => end,
            Place::Offset(offset) => offset,
            Place::BeforeEnd(count) => end.saturating_sub(count),
            Place::At(_) => found.get(name).copied().filter(|offset| *offset >= 0).unwrap_or(end),
        };
        (name.clone(), offset.clamp(first, end.max(first)))
    };
    Ok(partitions.iter().map(offset).collect())
}

/// One offset of each partition; all of them are there or it fails.
pub(crate) async fn offsets(
    client: &Client,
    partitions: &[PartitionName],
    spec: OffsetSpec,
    isolation: Isolation,
) -> Result<HashMap<PartitionName, i64>, Failure> {
    let wanted: Vec<_> = partitions.iter().map(|name| (name.clone(), spec)).collect();
    let mut found: HashMap<PartitionName, i64> = HashMap::default();
    for (name, listed) in client.list_offsets(&wanted, isolation).await? {
        let listed = listed.map_err(|refused| anyhow::anyhow!("{name}: {refused}"))?;
        found.insert(name, listed.offset);
    }
    match partitions.iter().find(|name| !found.contains_key(*name)) {
        Some(name) => Err(anyhow::anyhow!("{name}: the broker told no offset").into()),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn places_are_told_apart() {
        for (text, expect) in [
            ("earliest", Some(Place::Earliest)),
            ("end", Some(Place::Latest)),
            ("0", Some(Place::Offset(0))),
            ("2026", Some(Place::Offset(2026))),
            ("-5", Some(Place::BeforeEnd(5))),
            ("@1500", Some(Place::At(1500))),
            ("1970-01-02", Some(Place::At(86_400_000))),
            ("--5", None),
            ("@-5", None),
            ("@", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(text.parse::<Place>().ok(), expect, "{text}");
        }
    }
}
