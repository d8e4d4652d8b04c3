//! What a topic may be called.

use thalweg_model::TopicName;

/// The longest name of a topic.
const NAME_LENGTH_MAX: usize = 249;
/// Our own topics: clients read them and do not write them.
const INTERNAL: [&str; 3] = ["__consumer_offsets", "__transaction_state", "__share_group_state"];
/// A name that Kafka keeps for itself and that no client may take.
pub(crate) const CLUSTER_METADATA: &str = "__cluster_metadata";

/// Whether a topic is one of ours.
pub(crate) fn is_internal(name: &str) -> bool {
    INTERNAL.contains(&name)
}

/// What is wrong with a name, if anything is.
pub(crate) fn fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("a topic's name must not be empty".into());
    }
    if name == "." || name == ".." {
        return Some(format!("a topic's name must not be '{name}'"));
    }
    if name.len() > NAME_LENGTH_MAX {
        return Some(format!(
            "a topic's name must not be longer than {NAME_LENGTH_MAX} characters: '{name}'"
        ));
    }
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !name.bytes().all(legal) {
        return Some(format!(
            "a topic's name must consist of ASCII letters and digits, '.', '_' and '-': '{name}'"
        ));
    }
    None
}

/// Names that differ in nothing but `.` and `_` fall together in the names of metrics: this is what they fall to.
/// None where a name has neither.
pub(crate) fn collision_key(name: &TopicName) -> Option<String> {
    name.as_str().contains(['.', '_']).then(|| name.as_str().replace('.', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_kafka_does() {
        let longest = "a".repeat(NAME_LENGTH_MAX);
        for good in ["a", "A.b_c-9", "...", "__consumer_offsets", longest.as_str()] {
            assert_eq!(fault(good), None, "{good}");
        }
        let too_long = "a".repeat(NAME_LENGTH_MAX + 1);
        for bad in ["", ".", "..", "a b", "a/b", "ä", "a\0", too_long.as_str()] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn only_names_with_dots_or_underscores_can_collide() {
        assert_eq!(collision_key(&"a-b".into()), None);
        assert_eq!(collision_key(&"a.b_c".into()), Some("a_b_c".into()));
    }
}
