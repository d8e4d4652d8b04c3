//! Tells of damaged records by the names of their topics: in the log when they are found, in a figure as long as they
//! are there.

use std::collections::{BTreeMap, BTreeSet};

use thalweg_model::{Offset, TopicName, TopicPartition};
use thalweg_storage::Damage;

use super::Broker;
use crate::session::TopicRef;

const FIGURE: &str = "damaged_places";
const HELP: &str =
    "Runs of stored records that are known to be damaged: reads of them fail, those around are served.";

impl Broker {
    pub(super) async fn run_damage_told(self) {
        let mut changes = self.0.room.engine.damage_watch();
        let mut closing = self.0.closing.subscribe();
        let mut told = Told::default();
        loop {
            self.tell_damage(&mut told);
            tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }

    fn tell_damage(&self, told: &mut Told) {
        let meter = &self.0.world.meter;
        let mut counts: BTreeMap<TopicName, i64> = BTreeMap::new();
        let mut places = BTreeSet::new();
        for damage in self.0.room.engine.damages() {
            let Some(entry) = self.0.catalog.find(&TopicRef::Id(damage.partition.topic)) else { continue };
            let topic = entry.topic.name.clone();
            places.insert((damage.partition, damage.from));
            if !told.places.contains(&(damage.partition, damage.from)) {
                log(&topic, &damage);
            }
            *counts.entry(topic).or_default() += 1;
        }
        for topic in told.topics.iter().filter(|topic| !counts.contains_key(*topic)) {
            meter.forget(FIGURE, "topic", topic.as_str());
        }
        for (topic, count) in &counts {
            meter.gauge(FIGURE, HELP, &[("topic", topic.as_str())]).set(*count);
        }
        *told = Told { topics: counts.into_keys().collect(), places };
    }
}

/// What was told the last time.
#[derive(Default)]
struct Told {
    topics: BTreeSet<TopicName>,
    places: BTreeSet<(TopicPartition, Offset)>,
}

fn log(topic: &TopicName, damage: &Damage) {
    let Damage { partition, from, to, file, position, what } = damage;
    let partition = partition.partition;
    tracing::error!(
        %topic, %partition, %from, %to, file, position, what,
        "records are damaged: reads of these offsets fail, those around are served"
    );
}
