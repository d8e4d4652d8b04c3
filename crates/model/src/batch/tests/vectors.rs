//! Batches that other clients wrote.
