//! The store of small facts as a seam: topics, settings, manifests. A log of commits that begins with an image; what
//! the records mean is known by their owner alone. Not for records of topics.

mod local;
mod memory;
mod reserve;

use std::io;

use bytes::Bytes;
use thalweg_model::world::BoxFuture;

pub use self::local::LocalFacts;
pub(crate) use self::local::{FRAME_HEADER_BYTES, FRAME_PAGE_BYTES, FrameHead, decode_file, frame_head};
pub use self::memory::MemoryFacts;
pub use self::reserve::Reserve;

/// Everything that was committed, oldest first, from the last image on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The image's records, then those of each commit after it.
    pub records: Vec<Bytes>,
    /// The number of the last commit; 0 when there was none.
    pub index: u64,
}

/// Why a commit was not made.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// Another commit came before: load again and decide anew.
    #[error("the facts are at commit {0} already")]
    Conflict(u64),
    /// There is no room, not even in the reserve, or no descriptor for a file. Nothing was written: free some and try
    /// again.
    #[error("no space is left for facts")]
    Full,
    /// What was written cannot be read: restore the folder from a backup.
    #[error("the facts in {name} are damaged at byte {position}: {what}")]
    Damaged {
        /// Which facts.
        name: String,
        /// Where in the file.
        position: u64,
        /// What does not hold.
        what: &'static str,
    },
    /// A newer binary wrote it: use that.
    #[error("the facts in {name} have format {format}, which is newer than this program")]
    Newer {
        /// Which facts.
        name: String,
        /// Their format.
        format: u8,
    },
    /// Nobody knows whether the commit is durable: end the process, the next start finds out.
    #[error("the facts could not be written or read")]
    Failed(#[source] io::Error),
}

/// A log of small facts with one writer at a time.
///
/// Laws:
/// - **Atomicity**: a commit is there whole or not at all, whatever happens while it is made.
/// - **Durability**: it survives a power cut when `commit` or `replace` returns `Ok`.
/// - **Order**: each commit bears the index of the one before plus one; who expects another index than the last one
///   gets [`FactsError::Conflict`] and nothing is written.
/// - **Failure**: after [`FactsError::Failed`] nothing is accepted any more until the facts are opened anew; the
///   commit that failed may be found then or not.
/// - **Full disk**: a commit that finds no space takes it from the reserve.
/// - `replace` takes the place of everything before it; its index counts as a commit's.
pub trait Facts: Send + Sync {
    /// What is there.
    fn load(&self) -> BoxFuture<'_, Result<Loaded, FactsError>>;

    /// Adds records as one commit and gives its index.
    fn commit(&self, expected: u64, records: Vec<Bytes>) -> BoxFuture<'_, Result<u64, FactsError>>;

    /// Takes an image in place of all before and gives its index.
    fn replace(&self, expected: u64, image: Vec<Bytes>) -> BoxFuture<'_, Result<u64, FactsError>>;

    /// Whether the commits since the last image have grown so long that an image is worth its cost.
    fn wants_snapshot(&self) -> bool;

    /// How many bytes they take.
    fn bytes(&self) -> u64;
}
