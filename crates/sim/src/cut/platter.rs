//! A disk that is played from a recorder's journal: what is durable, what is only in memory, what is on its way. It
//! keeps no more promises than `storage::disk::Disk` does.
//!
//! - Of what was written and not synced since, any part may be there: whole writes or none, in any order, or torn at
//!   sectors. Lengths likewise.
//! - A folder's names change in order: a cut keeps a first part of the changes since its last sync. Folders are names
//!   of the folder above them.
//! - A sync holds for what had ended when it began.

use std::collections::BTreeMap;

use thalweg_model::collections::HashMap;
use thalweg_model::world::Random;
use thalweg_storage::disk::{Call, Entry};

use super::image::{Contents, Image};

/// The sectors at which a write may tear.
const SECTORS: [usize; 2] = [512, 4096];

/// How the disk behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Syncs do nothing, as on a device that lies.
    pub syncs_dropped: bool,
}

/// The disk.
#[derive(Clone)]
pub struct Platter<'j> {
    faults: Faults,
    files: Vec<Node<'j>>,
    folders: BTreeMap<String, Folder>,
    /// Of the process that runs: its files by number, and its calls that have not ended.
    open: HashMap<u64, usize>,
    begun: HashMap<u64, Begun<'j>>,
    /// Counts changes, so that they have an order.
    changes: u64,
}

/// A file, whatever its names.
#[derive(Clone, Default)]
struct Node<'j> {
    durable: Contents,
    /// In the order in which they began.
    pending: Vec<Pending<'j>>,
}

#[derive(Clone)]
struct Pending<'j> {
    number: u64,
    ended: bool,
    change: Change<'j>,
}

#[derive(Clone, Copy)]
enum Change<'j> {
    Write { position: u64, bytes: &'j [u8] },
    Zeros { position: u64, length: u64 },
    Extend { to: u64 },
    SetLength { to: u64 },
}

#[derive(Clone, Default)]
struct Folder {
    durable: BTreeMap<String, Named>,
    pending: Vec<NameChange>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    File(usize),
    Folder,
}

#[derive(Clone)]
enum NameChange {
    Add(String, Named),
    Rename(String, String),
    Remove(String),
}

#[derive(Clone)]
enum Begun<'j> {
    Open { file: u64, may_make: bool, name: &'j str },
    Change { node: usize, number: u64, durable: bool },
    Sync { node: usize, numbers: Vec<u64> },
    Folder { name: &'j str },
    Rename { from: &'j str, to: &'j str },
    Unlink { name: &'j str },
    SyncFolder { name: &'j str, count: usize },
}

impl<'j> Platter<'j> {
    /// An empty disk.
    pub fn new(faults: Faults) -> Self {
        Self {
            faults,
            files: Vec::new(),
            folders: BTreeMap::from([(String::new(), Folder::default())]),
            open: HashMap::default(),
            begun: HashMap::default(),
            changes: 0,
        }
    }

    /// Plays one entry.
    pub fn play(&mut self, entry: &Entry<'j>) {
        match entry {
            Entry::Begun { call, what } => {
                if let Some(begun) = self.begin(what) {
                    self.begun.insert(*call, begun);
                }
            }
            Entry::Done { call } => {
                if let Some(begun) = self.begun.remove(call) {
                    self.end(begun);
                }
            }
            // what was done of it is not known: it stays pending
            Entry::Failed { call } => drop(self.begun.remove(call)),
        }
    }

    fn begin(&mut self, what: &Call<'j>) -> Option<Begun<'j>> {
        let change = match *what {
            Call::Open { file, may_make, name } => return Some(Begun::Open { file, may_make, name }),
            Call::Write { position, bytes, .. } => Change::Write { position, bytes },
            Call::Zeros { position, length, .. } => Change::Zeros { position, length },
            Call::Allocate { position, length, .. } => Change::Extend { to: position + length },
            Call::SetLength { length, .. } => Change::SetLength { to: length },
            Call::Sync { file } => {
                let node = *self.open.get(&file)?;
                let ended = self.files[node].pending.iter().filter(|pending| pending.ended);
                return Some(Begun::Sync { node, numbers: ended.map(|pending| pending.number).collect() });
            }
            Call::Folder { name } => return Some(Begun::Folder { name }),
            Call::Rename { from, to } => return Some(Begun::Rename { from, to }),
            Call::Unlink { name } => return Some(Begun::Unlink { name }),
            Call::SyncFolder { name } => {
                let count = self.folders.get(name)?.pending.len();
                return Some(Begun::SyncFolder { name, count });
            }
        };
        let (file, durable) = match *what {
            Call::Write { file, durable, .. } | Call::Zeros { file, durable, .. } => (file, durable),
            Call::Allocate { file, .. } | Call::SetLength { file, .. } => (file, false),
            _ => return None,
        };
        let node = *self.open.get(&file)?;
        self.changes += 1;
        let number = self.changes;
        self.files[node].pending.push(Pending { number, ended: false, change });
        Some(Begun::Change { node, number, durable })
    }

    fn end(&mut self, begun: Begun<'j>) {
        match begun {
            Begun::Open { file, may_make, name } => {
                let (folder, inner) = split(name);
                let found = match self.folders.get(folder).and_then(|folder| folder.names().remove(inner)) {
                    Some(Named::File(node)) => Some(node),
                    Some(Named::Folder) => None,
                    None if may_make => {
                        self.files.push(Node::default());
                        let node = self.files.len() - 1;
                        self.rename(folder, NameChange::Add(inner.to_owned(), Named::File(node)));
                        Some(node)
                    }
                    None => None,
                };
                if let Some(node) = found {
                    self.open.insert(file, node);
                }
            }
            Begun::Change { node, number, durable } => {
                let node = &mut self.files[node];
                if durable && !self.faults.syncs_dropped {
                    node.make_durable(&[number]);
                } else if let Some(pending) = node.pending.iter_mut().find(|pending| pending.number == number)
                {
                    pending.ended = true;
                }
            }
            Begun::Sync { node, numbers } => {
                if !self.faults.syncs_dropped {
                    self.files[node].make_durable(&numbers);
                }
            }
            Begun::Folder { name } => {
                let (above, inner) = split(name);
                if !self.folders.contains_key(name) {
                    self.rename(above, NameChange::Add(inner.to_owned(), Named::Folder));
                    self.folders.insert(name.to_owned(), Folder::default());
                }
            }
            Begun::Rename { from, to } => {
                let ((folder, from), (other, to)) = (split(from), split(to));
                assert_eq!(folder, other, "files stay in their folder");
                self.rename(folder, NameChange::Rename(from.to_owned(), to.to_owned()));
            }
            Begun::Unlink { name } => {
                let (folder, inner) = split(name);
                self.rename(folder, NameChange::Remove(inner.to_owned()));
            }
            Begun::SyncFolder { name, count } => {
                if let Some(folder) = self.folders.get_mut(name)
                    && !self.faults.syncs_dropped
                {
                    for change in folder.pending.drain(..count.min(folder.pending.len())) {
                        apply(&mut folder.durable, &change);
                    }
                }
            }
        }
    }

    fn rename(&mut self, folder: &str, change: NameChange) {
        self.folders.entry(folder.to_owned()).or_default().pending.push(change);
    }

    /// The process was killed: calls on their way are done, or not, and nobody will hear of it. What the system has in
    /// memory stays there.
    pub fn kill(&mut self, chance: &dyn Random) {
        for (_, begun) in std::mem::take(&mut self.begun) {
            if let Begun::Change { node, number, .. } = begun {
                let pending = &mut self.files[node].pending;
                let Some(place) = pending.iter().position(|pending| pending.number == number) else {
                    continue;
                };
                if chance.next().is_multiple_of(2) {
                    pending[place].ended = true;
                } else {
                    pending.remove(place);
                }
            }
        }
        self.open.clear();
    }

    /// What the next process sees, the power being there.
    pub fn visible(&self) -> Image {
        self.image(
            |folder| folder.pending.len(),
            |node, contents| {
                for pending in node.pending.iter().filter(|pending| pending.ended) {
                    contents.change(&pending.change);
                }
            },
        )
    }

    /// What the next process sees after the power was cut.
    pub fn cut(&self, chance: &dyn Random) -> Image {
        let sector = SECTORS[(chance.next() % 2) as usize];
        self.image(
            |folder| match chance.next() % 3 {
                0 => 0,
                1 => folder.pending.len(),
                _ => (chance.next() % (folder.pending.len() as u64 + 1)) as usize,
            },
            |node, contents| {
                let mood = chance.next() % 3;
                for pending in &node.pending {
                    match mood {
                        0 => {}
                        1 => contents.change(&pending.change),
                        _ => match chance.next() % 3 {
                            0 => {}
                            1 => contents.change(&pending.change),
                            _ => contents.tear(&pending.change, sector, chance),
                        },
                    }
                }
            },
        )
    }

    fn image(
        &self,
        names_kept: impl Fn(&Folder) -> usize,
        pending_kept: impl Fn(&Node<'j>, &mut Contents),
    ) -> Image {
        let mut image = Image::default();
        let mut open = vec![String::new()];
        while let Some(path) = open.pop() {
            let Some(folder) = self.folders.get(&path) else { continue };
            let mut names = folder.durable.clone();
            for change in folder.pending.iter().take(names_kept(folder)) {
                apply(&mut names, change);
            }
            for (name, named) in names {
                let inner = if path.is_empty() { name } else { format!("{path}/{name}") };
                match named {
                    Named::Folder => {
                        image.folders.push(inner.clone());
                        open.push(inner);
                    }
                    Named::File(node) => {
                        let node = &self.files[node];
                        let mut contents = node.durable.clone();
                        pending_kept(node, &mut contents);
                        image.files.insert(inner, contents);
                    }
                }
            }
        }
        image
    }
}

impl Folder {
    fn names(&self) -> BTreeMap<String, Named> {
        let mut names = self.durable.clone();
        self.pending.iter().for_each(|change| apply(&mut names, change));
        names
    }
}

fn apply(names: &mut BTreeMap<String, Named>, change: &NameChange) {
    match change {
        NameChange::Add(name, named) => drop(names.insert(name.clone(), *named)),
        NameChange::Rename(from, to) => {
            if let Some(named) = names.remove(from) {
                names.insert(to.clone(), named);
            }
        }
        NameChange::Remove(name) => drop(names.remove(name)),
    }
}

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

impl Node<'_> {
    fn make_durable(&mut self, numbers: &[u64]) {
        let Self { durable, pending } = self;
        let mut written: Vec<Pending<'_>> = Vec::new();
        pending.retain(|pending| {
            let now = numbers.binary_search(&pending.number).is_ok();
            if now {
                durable.change(&pending.change);
                written.push(pending.clone());
            }
            !now
        });
        // what had been written before to the same place does not come back
        for Pending { number, change, .. } in written {
            let Some((from, to)) = change.range() else { continue };
            if pending.iter().any(|older| older.is_beneath(number, from, to)) {
                *pending = std::mem::take(pending)
                    .into_iter()
                    .flat_map(|older| {
                        if older.is_beneath(number, from, to) { older.outside(from, to) } else { vec![older] }
                    })
                    .collect();
            }
        }
    }
}

impl Pending<'_> {
    /// Whether it ended before a change of this number began to write this range, and lies in it, at least in part.
    fn is_beneath(&self, number: u64, from: u64, to: u64) -> bool {
        let overlaps = self.change.range().is_some_and(|(start, end)| start < to && from < end);
        self.ended && self.number < number && overlaps
    }

    /// The parts of it that lie outside of a range.
    fn outside(self, from: u64, to: u64) -> Vec<Self> {
        let part = |change| Self { change, ..self };
        match self.change {
            Change::Write { position, bytes } => {
                let end = position + bytes.len() as u64;
                let head = &bytes[..(from.clamp(position, end) - position) as usize];
                let rest = &bytes[(to.clamp(position, end) - position) as usize..];
                vec![
                    part(Change::Write { position, bytes: head }),
                    part(Change::Write { position: end - rest.len() as u64, bytes: rest }),
                ]
            }
            Change::Zeros { position, length } => {
                let end = position + length;
                let (head, rest) = (from.clamp(position, end), to.clamp(position, end));
                vec![
                    part(Change::Zeros { position, length: head - position }),
                    part(Change::Zeros { position: rest, length: end - rest }),
                ]
            }
            Change::Extend { .. } | Change::SetLength { .. } => vec![self],
        }
    }
}

impl Change<'_> {
    /// Which bytes it writes, if that is what it does.
    fn range(&self) -> Option<(u64, u64)> {
        match *self {
            Self::Write { position, bytes } => Some((position, position + bytes.len() as u64)),
            Self::Zeros { position, length } => Some((position, position + length)),
            Self::Extend { .. } | Self::SetLength { .. } => None,
        }
        .filter(|(from, to)| from < to)
    }
}

impl Contents {
    fn change(&mut self, change: &Change<'_>) {
        match *change {
            Change::Write { position, bytes } => self.write(position, bytes),
            Change::Zeros { position, length } => self.write_zeros(position, length),
            Change::Extend { to } => self.set_length(self.length.max(to)),
            Change::SetLength { to } => self.set_length(to),
        }
    }

    /// Does a change in part: each sector by chance.
    fn tear(&mut self, change: &Change<'_>, sector: usize, chance: &dyn Random) {
        match *change {
            Change::Write { position, bytes } => {
                let first = sector - (position as usize % sector);
                let (head, rest) = bytes.split_at(bytes.len().min(first));
                let mut at = position;
                for piece in std::iter::once(head).chain(rest.chunks(sector)) {
                    if chance.next().is_multiple_of(2) {
                        self.write(at, piece);
                    }
                    at += piece.len() as u64;
                }
            }
            // in halves: sectors of zeros are many
            Change::Zeros { position, length } => {
                let half = (length / 2).next_multiple_of(sector as u64).min(length);
                if chance.next().is_multiple_of(2) {
                    self.write_zeros(position, half);
                } else {
                    self.write_zeros(position + half, length - half);
                }
            }
            Change::Extend { .. } | Change::SetLength { .. } => self.change(change),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use thalweg_model::world::SeededRandom;

    use super::*;

    const PAGE_OF_ONES: [u8; 4096] = [1; 4096];
    const PAGE_OF_TWOS: [u8; 4096] = [2; 4096];

    struct Script(Platter<'static>, u64);

    impl Script {
        fn new(syncs_dropped: bool) -> Self {
            Self(Platter::new(Faults { syncs_dropped }), 0)
        }

        fn begin(&mut self, what: Call<'static>) -> u64 {
            self.1 += 1;
            self.0.play(&Entry::Begun { call: self.1, what });
            self.1
        }

        fn act(&mut self, what: Call<'static>) {
            let call = self.begin(what);
            self.0.play(&Entry::Done { call });
        }

        /// A folder `a` with a durable file `a/f` of one page of ones.
        fn with_file(syncs_dropped: bool) -> Self {
            let mut script = Self::new(syncs_dropped);
            script.act(Call::Folder { name: "a" });
            script.act(Call::SyncFolder { name: "" });
            script.act(Call::Open { file: 0, may_make: true, name: "a/f" });
            script.act(Call::SyncFolder { name: "a" });
            script.act(Call::Write { file: 0, position: 0, durable: true, bytes: &PAGE_OF_ONES });
            script
        }

        /// What is in `a/f` after each of many cuts.
        fn after_cuts(&self) -> BTreeSet<Option<Vec<u8>>> {
            let folder = tempfile::tempdir().expect("a folder");
            let chance = SeededRandom::new(1);
            let mut found = BTreeSet::new();
            for number in 0..200 {
                let path = folder.path().join(number.to_string());
                self.0.cut(&chance).write_to(&path).expect("it can be written");
                found.insert(std::fs::read(path.join("a/f")).ok());
            }
            found
        }
    }

    #[test]
    fn what_was_synced_stays_and_of_the_rest_every_part_may() {
        let mut script = Script::with_file(false);
        assert_eq!(script.after_cuts(), BTreeSet::from([Some(PAGE_OF_ONES.to_vec())]));
        script.act(Call::Write { file: 0, position: 0, durable: false, bytes: &PAGE_OF_TWOS });
        let found = script.after_cuts();
        assert!(found.contains(&Some(PAGE_OF_ONES.to_vec())) && found.contains(&Some(PAGE_OF_TWOS.to_vec())));
        assert!(found.len() > 10, "torn in many ways: {}", found.len());
        for page in found.iter().flatten() {
            assert!(page.chunks(512).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
        }
        script.act(Call::Sync { file: 0 });
        assert_eq!(script.after_cuts(), BTreeSet::from([Some(PAGE_OF_TWOS.to_vec())]));
    }

    #[test]
    fn a_sync_holds_for_what_had_ended_before_it_began() {
        let mut script = Script::with_file(false);
        let write = script.begin(Call::Write { file: 0, position: 0, durable: false, bytes: &PAGE_OF_TWOS });
        let sync = script.begin(Call::Sync { file: 0 });
        script.0.play(&Entry::Done { call: write });
        script.0.play(&Entry::Done { call: sync });
        assert!(script.after_cuts().len() > 1);
    }

    #[test]
    fn names_are_kept_when_their_folder_was_synced() {
        let mut script = Script::with_file(false);
        script.act(Call::Open { file: 1, may_make: true, name: "a/new" });
        script.act(Call::Write { file: 1, position: 0, durable: true, bytes: &PAGE_OF_TWOS });
        script.act(Call::Rename { from: "a/new", to: "a/f" });
        let both = BTreeSet::from([Some(PAGE_OF_ONES.to_vec()), Some(PAGE_OF_TWOS.to_vec())]);
        assert_eq!(script.after_cuts(), both);
        script.act(Call::SyncFolder { name: "a" });
        script.act(Call::Unlink { name: "a/f" });
        assert_eq!(script.after_cuts(), BTreeSet::from([None, Some(PAGE_OF_TWOS.to_vec())]));
    }

    #[test]
    fn a_kill_keeps_what_had_ended_and_makes_nothing_durable() {
        let mut script = Script::with_file(false);
        script.act(Call::Write { file: 0, position: 0, durable: false, bytes: &PAGE_OF_TWOS });
        script.0.kill(&SeededRandom::new(1));
        let folder = tempfile::tempdir().expect("a folder");
        script.0.visible().write_to(folder.path()).expect("it can be written");
        assert!(std::fs::read(folder.path().join("a/f")).expect("it is there") == PAGE_OF_TWOS);
        assert!(script.after_cuts().len() > 1);
        // the next process syncs what it read
        script.act(Call::Open { file: 0, may_make: false, name: "a/f" });
        script.act(Call::Sync { file: 0 });
        assert_eq!(script.after_cuts(), BTreeSet::from([Some(PAGE_OF_TWOS.to_vec())]));
    }

    #[test]
    fn what_was_written_over_durably_does_not_come_back() {
        let mut script = Script::with_file(false);
        script.act(Call::Write { file: 0, position: 0, durable: false, bytes: &PAGE_OF_TWOS });
        script.act(Call::Write { file: 0, position: 0, durable: true, bytes: &PAGE_OF_ONES });
        assert_eq!(script.after_cuts(), BTreeSet::from([Some(PAGE_OF_ONES.to_vec())]));
        script.act(Call::Zeros { file: 0, position: 0, durable: false, length: 4096 });
        script.act(Call::Write { file: 0, position: 512, durable: true, bytes: &PAGE_OF_ONES[..1024] });
        for page in script.after_cuts().iter().flatten() {
            assert!(page[512..1536] == PAGE_OF_ONES[..1024]);
        }
    }

    #[test]
    fn a_disk_that_drops_syncs_loses_what_was_synced() {
        let script = Script::with_file(true);
        assert!(script.after_cuts().contains(&None));
    }
}
