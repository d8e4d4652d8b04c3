//! Takes connections from listeners and serves each as a task of its own, until the broker stops.

use std::sync::Arc;

use thalweg_broker::Broker;
use thalweg_model::world::World;
use thalweg_net::{ConnectionGate, FrameBudget, Listener, Shutdown};
use tokio::sync::watch;
use tracing::warn;

use crate::connection;
use crate::head::{Head, Settings};

/// The Kafka head of a broker.
pub struct Server {
    head: Arc<Head>,
    gate: ConnectionGate,
}

impl Server {
    /// A head for `broker`. Frames in flight take their memory from `frame_budget`; `gate` says how many connections
    /// there may be; when `shutdown` is asked for, no more requests are begun.
    pub fn new(
        broker: Broker,
        settings: Settings,
        frame_budget: FrameBudget,
        gate: ConnectionGate,
        shutdown: Shutdown,
        world: World,
    ) -> Self {
        Self { head: Arc::new(Head::new(broker, settings, world, frame_budget, shutdown)), gate }
    }

    /// Serves these listeners until shutdown is asked for and what was begun is done, or
    /// [`Settings::drain_max`] is over.
    pub async fn serve(self, listeners: Vec<Listener>) {
        let world = self.head.world.clone();
        // Each connection holds a receiver: when all are dropped, all connections have ended.
        let (open, receiver) = watch::channel(());
        let accepting: Vec<_> = listeners
            .into_iter()
            .map(|listener| {
                let task = accept(self.head.clone(), self.gate.clone(), listener, receiver.clone());
                world.spawner.spawn("kafka-listener", Box::pin(task))
            })
            .collect();
        drop(receiver);
        for task in accepting {
            task.await;
        }
        tokio::select! {
            biased;
            () = open.closed() => {}
            () = world.clock.sleep(self.head.settings.drain_max) => {
                warn!(connections = open.receiver_count(), "connections did not end in time");
            }
        }
    }
}

async fn accept(head: Arc<Head>, gate: ConnectionGate, mut listener: Listener, open: watch::Receiver<()>) {
    while let Some(socket) = listener.accept(&head.world, &gate, &head.shutdown).await {
        let (its_head, open) = (head.clone(), open.clone());
        // The future is made in here: one that is given would lie in the task twice, as what it holds and as what it
        // awaits, for as long as the connection lasts.
        let task = async move {
            connection::serve(its_head, socket).await;
            drop(open);
        };
        // Nobody waits for it: it says itself how it ended, and `open` tells that it did.
        drop(head.world.spawner.spawn("kafka-connection", Box::pin(task)));
    }
}
