//! Who may write, as a seam: on one machine a lock on the data folder. It keeps a second process, and another node,
//! away from what is not theirs; it elects nobody.

mod local;
mod memory;

use std::fmt;
use std::io;
use std::path::PathBuf;

use thalweg_model::NodeId;
use thalweg_model::world::BoxFuture;

pub use self::local::LocalLeases;
pub use self::memory::MemoryLeases;

/// Why a lease is not given.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another holds it: stop that one, or use another folder.
    #[error(
        "the data folder {folder} is in use by {holder}: stop it first, or give this broker a folder of its own"
    )]
    Held {
        /// What cannot be held.
        folder: PathBuf,
        /// Who holds it, as far as is known.
        holder: String,
    },
    /// It belongs to another node: use that node's id, or another folder.
    #[error(
        "the data folder {folder} belongs to node {found}, and this is node {expected}: start it with node.id={found}, \
         or give this broker a folder of its own"
    )]
    OtherNode {
        /// What cannot be held.
        folder: PathBuf,
        /// Whose it is.
        found: NodeId,
        /// Who asks.
        expected: NodeId,
    },
    /// A newer binary wrote it: use that.
    #[error(
        "{file} in the data folder {folder} has format {found}, and this program knows {known}: {program}"
    )]
    Newer {
        /// What cannot be held.
        folder: PathBuf,
        /// Which file says so.
        file: String,
        /// Its format.
        found: u32,
        /// The newest format that this program knows.
        known: u32,
        /// Which program can use it.
        program: Program,
    },
    /// What says whose it is cannot be understood: restore the folder, or remove that file.
    #[error("the file {path} does not say whose the data folder is: {what}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The disk failed: mend it, or its permissions.
    #[error("the data folder {folder} cannot be used")]
    Failed {
        /// What cannot be held.
        folder: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

/// The program that used a folder last, as the words of a refusal name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program(pub Option<String>);

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(version) => write!(f, "start thalweg {version}, which used it last, or a newer one")?,
            None => f.write_str("start the version that used it last, or a newer one")?,
        }
        write!(f, "; this is {}, and it has changed nothing", env!("CARGO_PKG_VERSION"))
    }
}

/// Gives leases.
///
/// Laws:
/// - At any moment one holds a name at most, in all processes together.
/// - Each holding of a name has a greater epoch than all before, and that is durable when `hold` returns.
/// - A lease ends when it is dropped, or its process ends.
pub trait Leases: Send + Sync {
    /// Takes the lease of a name; does not wait for another to give it up.
    fn hold(&self, name: &str) -> BoxFuture<'_, Result<Box<dyn Lease>, LeaseError>>;
}

/// A right to write, for as long as it lives.
pub trait Lease: Send + Sync {
    /// Which holding of its name this is: 1 is the first.
    fn epoch(&self) -> u64;
    /// Whether it holds still.
    fn still_mine(&self) -> bool;
}
