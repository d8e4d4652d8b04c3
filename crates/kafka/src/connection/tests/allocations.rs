//! What a request allocates on its way. The bounds are what was counted when they were set: who needs more says why.

use std::sync::Arc;

use thalweg_wire::FetchRequest;

use crate::testing::allocations::Allocations;
use crate::testing::{House, fetch, produce};

/// Requests before counting: queues have grown, names were looked up.
const WARM_UP: u64 = 64;
const COUNTED: u64 = 256;
/// Of one batch, answered before the next one comes: the frame, which the tail keeps, is one of them.
const PRODUCE_MAX: u64 = 12;
/// Of one block with one batch in it, two of them the log's in memory.
const BLOCK_MAX: u64 = 8;
/// Of one partition in a session, with its records; two of them the pipe's that stands for a socket.
const FETCH_MAX: u64 = 15;

#[tokio::test]
async fn a_produce_allocates_little() {
    let allocations = Allocations::default();
    let house = House::spawning(Arc::new(allocations.clone())).await;
    house.topic("t", 1).await;
    let mut client = house.connect();
    let mut before = (0, 0);
    for round in 0..WARM_UP + COUNTED {
        if round == WARM_UP {
            before = (allocations.of("connection"), allocations.of("wal-writer"));
        }
        client.ask(9, &produce("t", 0, &["x"])).await;
    }
    let connection = allocations.of("connection") - before.0;
    let writer = allocations.of("wal-writer") - before.1;
    let found = (connection / COUNTED, writer / COUNTED);
    assert!(found.0 <= PRODUCE_MAX && found.1 <= BLOCK_MAX, "{found:?} a request and a block");
}

#[tokio::test]
async fn a_fetch_from_memory_allocates_little() {
    let allocations = Allocations::default();
    let house = House::spawning(Arc::new(allocations.clone())).await;
    house.topic("t", 1).await;
    let mut client = house.connect();
    client.ask(9, &produce("t", 0, &["x"])).await;
    let new = FetchRequest { session_epoch: 0, ..fetch("t", &[(0, 0)], 0) };
    let session_id = client.ask(12, &new).await.session_id;
    let mut before = 0;
    for round in 0..WARM_UP + COUNTED {
        if round == WARM_UP {
            before = allocations.of("connection");
        }
        let next = FetchRequest { session_id, session_epoch: round as i32 + 1, ..fetch("t", &[(0, 0)], 0) };
        assert_eq!(client.ask(12, &next).await.responses.len(), 1);
    }
    let connection = allocations.of("connection") - before;
    assert!(connection / COUNTED <= FETCH_MAX, "{} a request", connection / COUNTED);
}
