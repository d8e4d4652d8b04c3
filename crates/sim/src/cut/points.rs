//! Where to cut: anywhere, and more often where something is in the balance: around what changes names, lengths and
//! what is durable.

use thalweg_model::world::Random;
use thalweg_storage::disk::{Call, Entry, read_journal};

/// A moment to cut at, and the chance that decides what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// The length of the journal.
    pub at: u64,
    /// The seed of what is left.
    pub seed: u64,
}

/// Of how many moments one is chosen among those in the balance.
const IN_BALANCE: u64 = 2;

/// Moments for power cuts, in their order.
pub fn cut_points(journal: &[u8], count: usize, chance: &dyn Random) -> Vec<Point> {
    choose(journal, count, chance, |what| {
        !matches!(what, Call::Write { durable: false, .. } | Call::Zeros { durable: false, .. })
    })
}

/// Moments for kills, in their order: in the balance is what only a sync of a folder ends.
pub fn kill_points(journal: &[u8], count: usize, chance: &dyn Random) -> Vec<Point> {
    choose(journal, count, chance, |what| {
        matches!(what, Call::Open { may_make: true, .. } | Call::Rename { .. } | Call::Unlink { .. })
    })
}

fn choose(
    journal: &[u8],
    count: usize,
    chance: &dyn Random,
    is_in_balance: impl Fn(&Call<'_>) -> bool,
) -> Vec<Point> {
    let mut all = Vec::new();
    let mut in_balance = Vec::new();
    let mut watched = thalweg_model::collections::HashSet::<u64>::default();
    for (end, entry) in read_journal(journal) {
        all.push(end as u64);
        match entry {
            Entry::Begun { call, what } if is_in_balance(&what) => {
                watched.insert(call);
                in_balance.push(end as u64);
            }
            Entry::Done { call } if watched.remove(&call) => in_balance.push(end as u64),
            _ => {}
        }
    }
    if all.is_empty() {
        return Vec::new();
    }
    let mut points: Vec<Point> = (0..count)
        .map(|_| {
            let among = if chance.next().is_multiple_of(IN_BALANCE) && !in_balance.is_empty() {
                &in_balance
            } else {
                &all
            };
            Point { at: among[(chance.next() % among.len() as u64) as usize], seed: chance.next() >> 16 }
        })
        .collect();
    points.sort_unstable();
    points
}
