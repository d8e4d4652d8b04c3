//! The admin listener: health, readiness, and the figures that operators read. No page, no API to change things yet.

mod admin;
mod figures;

pub use admin::{Admin, AdminError, Readiness};
pub use figures::Figures;
