//! The formats of what Kafka keeps in internal topics, and of what consumers put into the classic group protocol:
//! generated from `schema/`. What they mean is the coordinator's business.

mod generated;

pub use self::generated::*;
