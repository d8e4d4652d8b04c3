//! Which operations a client is allowed, as sets of bits; told where clients ask. While there is no authorizer,
//! everybody may do everything.

/// Stands for operations that nobody asked for.
pub(super) const NOT_ASKED: i32 = i32::MIN;
/// Read, write, create, delete, alter, describe, describe and alter settings.
const TOPIC_ALL: i32 = 0b1101_1111_1000;
/// Create, alter, describe, act as part of the cluster, describe and alter settings, write idempotently.
const CLUSTER_ALL: i32 = 0b1_1111_1010_0000;
/// Read, delete, describe, describe and alter settings.
const GROUP_ALL: i32 = 0b1101_0100_1000;

/// On a topic.
pub(super) fn topic(asked: bool) -> i32 {
    if asked { TOPIC_ALL } else { NOT_ASKED }
}

/// On the cluster.
pub(super) fn cluster(asked: bool) -> i32 {
    if asked { CLUSTER_ALL } else { NOT_ASKED }
}

/// On a group.
pub(super) fn group(asked: bool) -> i32 {
    if asked { GROUP_ALL } else { NOT_ASKED }
}
