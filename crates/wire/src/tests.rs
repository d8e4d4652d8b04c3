//! What goes in comes out: each message in each version.
