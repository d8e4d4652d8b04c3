//! The course of a run: the broker is started, topics are made, clients work while things go wrong; then all is calm,
//! the power is cut once more, and what is left is counted.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use thalweg_kafka::client::{NewTopic, PartitionName};
use thalweg_model::world::Task;
use thalweg_model::{PartitionIndex, TopicPartition};

use crate::history::{Action, Outcome};
use crate::simulation::clients::{
    Committing, Deleting, Desk, Joining, Producing, Reading, Remaking, census, place,
};
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
/// How long before their end clients are cut off where the power takes the ends of partitions.
const CUT_BEFORE_END: Duration = Duration::from_millis(50);
/// How long a client may take to see that it is over.
const END_MAX: Duration = Duration::from_secs(60);

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
        let mut epochs = Vec::new();
        self.count(&mut epochs).await?;
        let until = self.universe.elapsed() + self.plan.storm;
        if self.plan.ends_may_be_lost() {
            let clients = self.start_clients(until + CUT_BEFORE_END, 0);
            self.storm(until).await;
            self.lose_the_end(clients, &mut epochs).await?;
        } else {
            let clients = self.start_clients(until, 0);
            self.storm(until).await;
            self.calm();
            self.tended(self.until_ended(clients)).await?;
        }
        self.tended(self.count(&mut epochs)).await?;
        let death = if self.plan.ends_may_be_lost() { Death::Process } else { Death::Power };
        self.node.lock().die(death);
        self.until_serving().await?;
        self.tended(self.count(&mut epochs)).await?;
        self.node.lock().complaints()
    }

    /// The power goes in the middle of the work, and takes what was not synced. What is left is counted before anybody
    /// goes on, and then others work for a while.
    async fn lose_the_end(
        &self,
        clients: Vec<(&'static str, Task)>,
        epochs: &mut Vec<(u32, i32)>,
    ) -> Result<(), String> {
        self.node.lock().die(Death::Power);
        self.calm();
        // Until they have ended the machine stays down: what nobody knows by then nobody ever will.
        self.until_ended(clients).await?;
        self.until_serving().await?;
        let counting = self.ledger.len();
        self.tended(self.count(epochs)).await?;
        self.ledger.lost_the_end(counting);
        let until = self.universe.elapsed() + self.plan.storm / 4;
        let clients = self.start_clients(until, 1);
        self.tended(self.until_ended(clients)).await
    }

    async fn until_ended(&self, clients: Vec<(&'static str, Task)>) -> Result<(), String> {
        let over = self.universe.elapsed() + END_MAX;
        for (name, client) in clients {
            tokio::select! {
                biased;
                () = client => {}
                () = self.universe.sleep(over.saturating_sub(self.universe.elapsed())) => {
                    return Err(format!("a client does not end: {name}"));
                }
            }
        }
        Ok(())
    }

    /// Does some work while who is down is started again: what was begun in the storm may end later.
    async fn tended<T>(&self, work: impl Future<Output = T>) -> T {
        let chance = self.universe.chance("tending");
        let tending = async {
            loop {
                self.keep_up(&chance).await;
                self.universe.sleep(LOOK).await;
            }
        };
        tokio::select! {
            biased;
            done = work => done,
            () = tending => unreachable!("it has no end"),
        }
    }

    /// Starts the broker if it is down, and waits until it serves.
    async fn until_serving(&self) -> Result<(), String> {
        let begun = self.universe.elapsed();
        let mut last = Health::Down;
        while self.universe.elapsed() < begun + START_MAX {
            let health = self.node.lock().health();
            match health {
                Health::Serving => return Ok(()),
                Health::Starting => {}
                health => {
                    last = health;
                    self.node.lock().start();
                }
            }
            self.universe.sleep(LOOK).await;
        }
        Err(format!("the broker does not serve: {last:?}"))
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
            .map(|topic| NewTopic {
                partitions: topic.partitions,
                configs: topic.configs.clone(),
                ..NewTopic::new(&topic.name)
            })
            .collect();
        let made = client.create_topics(&topics, false).await.map_err(|error| error.to_string())?;
        for (name, result) in made {
            result.map_err(|refused| format!("{name} cannot be made: {refused}"))?;
        }
        Ok(())
    }

    /// Starts clients who work for a while; those of another age use other names.
    fn start_clients(&self, until: Duration, age: u32) -> Vec<(&'static str, Task)> {
        let chance = self.universe.chance("clients");
        let plan = &self.plan;
        let partitions = plan.partitions();
        let mut tasks = Vec::new();
        let mut start = |name: &'static str, work: &mut dyn FnMut(Desk) -> Work| {
            let desk = self.desk(until);
            let spawner = desk.world.spawner.clone();
            tasks.push((name, spawner.spawn(name, work(desk))));
        };
        for _ in 0..plan.producers {
            let producing = Producing::new(partitions.clone(), &chance);
            start("producer", &mut |desk| Box::pin(producing.clone().run(desk)));
        }
        for _ in 0..plan.readers {
            let reading = Reading { partitions: partitions.clone(), rest_max: chance.micros(100, 60_000) };
            start("reader", &mut |desk| Box::pin(reading.clone().run(desk)));
        }
        let topics: Vec<String> = plan.topics.iter().map(|topic| topic.name.clone()).collect();
        for _ in 0..plan.members {
            let joining = Joining { group: "members".into(), topics: topics.clone() };
            start("member", &mut |desk| Box::pin(joining.clone().run(desk)));
        }
        for number in 0..plan.committers {
            let group: Arc<str> = format!("register-{age}-{number}").into();
            let committing = Committing { group, partitions: partitions.clone() };
            start("committer", &mut |desk| Box::pin(committing.clone().write(desk)));
            start("commit-reader", &mut |desk| Box::pin(committing.clone().read(desk)));
        }
        if plan.deletes {
            let deleting = Deleting { partitions: partitions.clone() };
            start("deleter", &mut |desk| Box::pin(deleting.clone().run(desk)));
        }
        if plan.remakes {
            start("remaker", &mut |desk| Box::pin(Remaking::of_age(age).run(desk)));
        }
        tasks
    }

    /// Counts all records, and wants that each life leads under a higher epoch.
    async fn count(&self, epochs: &mut Vec<(u32, i32)>) -> Result<(), String> {
        let desk = self.desk(self.universe.elapsed() + CENSUS_MAX);
        let retained: Vec<PartitionName> = self.plan.retained();
        let begins = |name: &PartitionName, log_start| {
            if retained.contains(name) && log_start > 0 {
                let (partition, outcome) = (place(name), Outcome::Ok(log_start));
                let action = Action::DeleteRecords { partition, before: log_start, outcome };
                desk.ledger.now(desk.number, action);
            }
        };
        let damages = |topic, index| {
            let partition = TopicPartition { topic, partition: PartitionIndex(index) };
            self.node.lock().damages(partition)
        };
        let epoch = census(&desk, &self.plan.partitions(), begins, damages).await?;
        let life = self.node.lock().lives();
        if let Some((before, old)) = epochs.last()
            && (life > *before) != (epoch > *old)
        {
            return Err(format!("life {before} led under epoch {old}, and life {life} under {epoch}"));
        }
        epochs.push((life, epoch));
        Ok(())
    }
}

type Work = thalweg_model::world::BoxFuture<'static, ()>;
