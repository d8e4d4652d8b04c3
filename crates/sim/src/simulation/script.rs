//! The course of a run: the broker is started, topics are made, clients work while things go wrong; then all is calm,
//! the power is cut once more, and what is left is counted.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use thalweg_kafka::client::NewTopic;
use thalweg_model::world::Task;

use crate::simulation::clients::{Desk, Producing, Reading, census};
use crate::simulation::ledger::Ledger;
use crate::simulation::network::SimNetwork;
use crate::simulation::node::{Death, Health, Node};
use crate::simulation::plan::Plan;
use crate::simulation::universe::Universe;

/// How long a start may take in calm weather.
const START_MAX: Duration = Duration::from_secs(20);
/// How often one looks whether it has ended.
const LOOK: Duration = Duration::from_millis(1);
/// How long counting may take.
const CENSUS_MAX: Duration = Duration::from_secs(60);

/// All that takes part.
pub struct Script {
    /// The world.
    pub universe: Universe,
    /// The network.
    pub network: SimNetwork,
    /// The history.
    pub ledger: Ledger,
    /// The broker.
    pub node: Arc<Mutex<Node>>,
    /// What shall happen.
    pub plan: Plan,
}

impl Script {
    /// Plays it to its end.
    pub async fn play(&self) -> Result<(), String> {
        self.node.lock().start();
        self.until_serving().await?;
        self.make_topics().await?;
        let until = self.universe.elapsed() + self.plan.storm;
        let clients = self.start_clients(until);
        self.universe.sleep(self.plan.storm).await;
        for client in clients {
            client.await;
        }
        self.count().await?;
        self.node.lock().die(Death::Power);
        self.node.lock().start();
        self.until_serving().await?;
        self.count().await
    }

    async fn until_serving(&self) -> Result<(), String> {
        let begun = self.universe.elapsed();
        loop {
            let health = self.node.lock().health();
            match health {
                Health::Serving => return Ok(()),
                Health::Starting if self.universe.elapsed() < begun + START_MAX => {}
                health => return Err(format!("the broker does not serve: {health:?}")),
            }
            self.universe.sleep(LOOK).await;
        }
    }

    fn desk(&self, until: Duration) -> Desk {
        Desk::new(&self.universe, &self.network, &self.ledger, until)
    }

    async fn make_topics(&self) -> Result<(), String> {
        let desk = self.desk(self.universe.elapsed() + START_MAX);
        let client = desk.connected().await.ok_or("nobody can connect")?;
        let topics: Vec<_> = self
            .plan
            .topics
            .iter()
            .map(|(name, partitions)| NewTopic { partitions: *partitions, ..NewTopic::new(name) })
            .collect();
        let made = client.create_topics(&topics, false).await.map_err(|error| error.to_string())?;
        for (name, result) in made {
            result.map_err(|refused| format!("{name} cannot be made: {refused}"))?;
        }
        Ok(())
    }

    fn start_clients(&self, until: Duration) -> Vec<Task> {
        let chance = self.universe.chance("clients");
        let partitions = self.plan.partitions();
        let mut tasks = Vec::new();
        for _ in 0..self.plan.producers {
            let producing = Producing {
                partitions: partitions.clone(),
                idempotent: chance.percent(60),
                burst_max: chance.between(1, 12),
                value_bytes_max: chance.between(20, 3_000),
                rest_max: chance.micros(100, 60_000),
            };
            let desk = self.desk(until);
            let spawner = desk.world.spawner.clone();
            tasks.push(spawner.spawn("producer", Box::pin(producing.run(desk))));
        }
        for _ in 0..self.plan.readers {
            let reading = Reading { partitions: partitions.clone(), rest_max: chance.micros(100, 60_000) };
            let desk = self.desk(until);
            let spawner = desk.world.spawner.clone();
            tasks.push(spawner.spawn("reader", Box::pin(reading.run(desk))));
        }
        tasks
    }

    async fn count(&self) -> Result<(), String> {
        let desk = self.desk(self.universe.elapsed() + CENSUS_MAX);
        census(&desk, &self.plan.partitions()).await
    }
}
