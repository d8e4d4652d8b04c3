//! What a request names twice where the last naming counts: the places of all earlier ones.

/// Where in a request a partition is named: its topic's place, and its own in that.
pub(super) type Place = (usize, usize);

/// The places, in order, of what is named again further on.
pub(super) fn superseded<K: Ord, P: ExactSizeIterator<Item = K>>(
    topics: impl Iterator<Item = P> + Clone,
) -> Vec<Place> {
    // Most requests name one.
    if topics.clone().map(|partitions| partitions.len()).sum::<usize>() < 2 {
        return Vec::new();
    }
    let mut named: Vec<(K, Place)> = Vec::new();
    for (at, partitions) in topics.enumerate() {
        named.extend(partitions.enumerate().map(|(place, key)| (key, (at, place))));
    }
    named.sort_unstable();
    let again = named.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    let mut places: Vec<Place> = again.map(|pair| pair[0].1).collect();
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(topics: &[&[i32]], expect: &[Place]) {
        assert_eq!(superseded(topics.iter().map(|partitions| partitions.iter())), expect, "{topics:?}");
    }

    #[test]
    fn all_but_the_last_naming_are_found() {
        check(&[], &[]);
        check(&[&[1]], &[]);
        check(&[&[1, 2], &[3]], &[]);
        check(&[&[1, 1, 1]], &[(0, 0), (0, 1)]);
        check(&[&[1, 2], &[2, 1], &[3]], &[(0, 0), (0, 1)]);
    }
}
