//! A whole broker, and a connection that sends it anything: it answers or closes, stays well, and serves the next.
//! Unlike the decoders' targets this meets what handlers do with words that can be read and make no sense.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use thalweg_storage::Options;
use thalweg_storage::disk::MemoryDisk;
use thalweg_wire::ApiKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::simulation::network::{SimNetwork, Weather};
use crate::simulation::node::{Health, Node};
use crate::simulation::universe::{House, Trace, Universe};

/// How long the hostile client listens to answers, in its own time.
const LISTENS: Duration = Duration::from_millis(300);
/// How long a good client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// An input takes fewer polls.
const STEPS_MAX: u64 = 400_000;

pub(super) fn body(input: &[u8]) {
    let universe = Universe::new(1, Trace::quiet());
    let network = SimNetwork::new(&universe, Arc::new(Weather::default()));
    let settings = [("offsets.topic.num.partitions", "2"), ("node.id", "1")];
    let settings = settings.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let mut node = Node::new(&universe, &network, MemoryDisk::new(true), small(), settings);
    node.start();
    let done = Arc::new(Mutex::new(false));
    let client = House::punctual(&universe, "client");
    let work = attack(universe.clone(), network, input.to_vec(), done.clone());
    drop(client.world.spawner.spawn("client", Box::pin(work)));
    while !*done.lock() {
        assert!(universe.step(), "nothing happens any more");
        assert!(universe.trace().steps() < STEPS_MAX, "it does not end");
        let health = node.health();
        assert!(matches!(health, Health::Starting | Health::Serving), "{health:?}");
    }
    universe.end();
}

async fn attack(universe: Universe, network: SimNetwork, input: Vec<u8>, done: Arc<Mutex<bool>>) {
    let mut stream = loop {
        if let Ok(stream) = network.connect_now() {
            break stream;
        }
        universe.sleep(Duration::from_millis(1)).await;
    };
    let until = universe.elapsed() + LISTENS;
    let listening = async {
        // It may close while it is being written to.
        let _ = stream.write_all(&input).await;
        let mut answers = [0; 4 << 10];
        while matches!(stream.read(&mut answers).await, Ok(1..)) {}
    };
    tokio::select! {
        biased;
        () = listening => {}
        () = universe.sleep(until - universe.elapsed()) => {}
    }
    let mut good = network.connect_now().expect("the broker listens");
    let question =
        [&[0, 0, 0, 10][..], &ApiKey::ApiVersions.number().to_be_bytes(), &[0, 0, 0, 0, 0, 7, 0, 0]].concat();
    let mut begin = [0; 10];
    let asking = async {
        good.write_all(&question).await.expect("the broker takes a request");
        good.read_exact(&mut begin).await.expect("the broker answers");
    };
    tokio::select! {
        biased;
        () = asking => {}
        () = universe.sleep(PATIENCE) => panic!("others are not served"),
    }
    assert_eq!(begin[4..], [0, 0, 0, 7, 0, 0], "the correlation id, and no error");
    *done.lock() = true;
}

fn small() -> Options {
    Options {
        tail_bytes: 16 << 10,
        wal_bytes: 32 << 10,
        ring_first_bytes: 64 << 10,
        ring_file_bytes: 64 << 10,
        ring_files: 2,
        ..Options::default()
    }
}
