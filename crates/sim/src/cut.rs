//! Power cuts of the real binary: what it did to its disk was written down, so that the disk can be made as a cut at any
//! moment would have left it, and the binary be started on that.
//!
//! The clock of these histories is the length of the journal. What a client was told when the journal had some length
//! was done by the entries before; so at a cut there, it counts.

mod image;
mod life;
mod load;
mod platter;
mod points;
mod recovery;

pub use self::image::Image;
pub use self::life::{Life, record, recorded};
pub use self::platter::{Faults, Platter};
pub use self::points::{Point, cut_points, kill_points};
pub use self::recovery::{Judged, Recovery, until};
