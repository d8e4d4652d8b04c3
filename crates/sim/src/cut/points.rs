//! Where to cut: anywhere, and more often where something is in the balance: around what changes names, lengths and
//! what is durable.

use std::collections::BTreeMap;

use thalweg_model::collections::HashMap;
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
    choose(journal, count, chance, |what| match what {
        Call::Write { durable: false, .. } | Call::Zeros { durable: false, .. } => None,
        _ => Some(String::new()),
    })
}

/// Moments for kills, in their order: in the balance is what only a sync of a folder ends, each kind of file as often as
/// any other, however many there are of it.
pub fn kill_points(journal: &[u8], count: usize, chance: &dyn Random) -> Vec<Point> {
    choose(journal, count, chance, |what| match what {
        Call::Open { may_make: true, name, .. } => Some(kind_of("made", name)),
        Call::Rename { to, .. } => Some(kind_of("renamed", to)),
        Call::Unlink { name } => Some(kind_of("unlinked", name)),
        _ => None,
    })
}

/// What was done to which kind of file: files of one kind differ in their numbers.
fn kind_of(what: &str, name: &str) -> String {
    let kind: String = name.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    format!("{what} {kind}")
}

/// Half of the moments are any; the others come just after a call that is in the balance, each kind as often as others.
fn choose(
    journal: &[u8],
    count: usize,
    chance: &dyn Random,
    kind_in_balance: impl Fn(&Call<'_>) -> Option<String>,
) -> Vec<Point> {
    let mut all = Vec::new();
    let mut in_balance: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut watched: HashMap<u64, String> = HashMap::default();
    for (end, entry) in read_journal(journal) {
        all.push(end as u64);
        match entry {
            Entry::Begun { call, what } => {
                if let Some(kind) = kind_in_balance(&what) {
                    watched.insert(call, kind);
                }
            }
            Entry::Done { call } | Entry::Failed { call } => {
                if let Some(kind) = watched.remove(&call) {
                    in_balance.entry(kind).or_default().push(end as u64);
                }
            }
        }
    }
    if all.is_empty() {
        return Vec::new();
    }
    let kinds: Vec<Vec<u64>> = in_balance.into_values().collect();
    let below = |bound: usize| (chance.next() % bound as u64) as usize;
    let mut points: Vec<Point> = (0..count)
        .map(|_| {
            let in_balance = chance.next().is_multiple_of(IN_BALANCE) && !kinds.is_empty();
            let among = if in_balance { &kinds[below(kinds.len())] } else { &all };
            Point { at: among[below(among.len())], seed: chance.next() >> 16 }
        })
        .collect();
    points.sort_unstable();
    points
}
