//! The range assignor: each topic's partitions in rows, one row per member.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::offsets::PartitionName;

/// A member and what it wants.
#[derive(Clone, Debug)]
pub(super) struct Subscriber {
    pub(super) member_id: String,
    pub(super) instance_id: Option<String>,
    pub(super) topics: Vec<Arc<str>>,
}

/// Each member's partitions, by member id. Members stand in the order of their static names, then of their ids, so that
/// a static member that comes back gets what it had.
pub(super) fn range(
    members: &[Subscriber],
    partitions: impl Fn(&str) -> Vec<i32>,
) -> BTreeMap<String, Vec<PartitionName>> {
    let mut assignments: BTreeMap<_, Vec<_>> =
        members.iter().map(|member| (member.member_id.clone(), Vec::new())).collect();
    let mut topics: BTreeMap<&Arc<str>, Vec<&Subscriber>> = BTreeMap::new();
    for member in members {
        for topic in &member.topics {
            topics.entry(topic).or_default().push(member);
        }
    }
    for (topic, mut members) in topics {
        members.sort_by_key(|member| {
            (member.instance_id.is_none(), member.instance_id.clone(), member.member_id.clone())
        });
        members.dedup_by_key(|member| &member.member_id);
        let mut partitions = partitions(topic);
        partitions.sort_unstable();
        let (each, more) = (partitions.len() / members.len(), partitions.len() % members.len());
        let mut rest = &partitions[..];
        for (place, member) in members.iter().enumerate() {
            let (row, behind) = rest.split_at(each + usize::from(place < more));
            rest = behind;
            let row = row.iter().map(|partition| PartitionName::new(topic.clone(), *partition));
            if let Some(assigned) = assignments.get_mut(&member.member_id) {
                assigned.extend(row);
            }
        }
    }
    assignments
}
