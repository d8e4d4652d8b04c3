//! Random work on the engine, compared step by step with the plainest log there is.

use super::*;

on_all_grounds! { the_engine_is_a_plain_log }

/// A partition as a list of batches.
#[derive(Default)]
struct Plain {
    start: i64,
    batches: Vec<(i64, i64, Bytes)>,
}

impl Plain {
    fn end(&self) -> i64 {
        self.batches.last().map_or(0, |(_, end, _)| *end)
    }

    fn bytes_from(&self, from: i64) -> Vec<u8> {
        let wanted = self.batches.iter().filter(|(_, end, _)| *end > from);
        wanted.flat_map(|(_, _, bytes)| bytes.to_vec()).collect()
    }
}

fn the_engine_is_a_plain_log(mut folder: Folder) {
    folder.options.tail_bytes = 30_000;
    folder.options.own_file_bytes = 20_000;
    for seed in 0..8 {
        let chance = SeededRandom::new(seed);
        let below = |bound: u64| chance.next() % bound;
        let mut plain: HashMap<TopicPartition, Plain> = HashMap::default();
        let topic = u128::from(seed) + 10;
        let mut engine = folder.open();
        for step in 0..400 {
            let partition = partition(topic, below(5) as i32);
            let log = engine.create(partition);
            let model = plain.entry(partition).or_default();
            match below(100) {
                0..60 => {
                    let size = if below(10) == 0 { 6000 } else { below(600) as usize };
                    let piece = batch(log.end().0, 1 + below(4) as usize, size, step, engine.shard_epoch());
                    model.batches.push((log.end().0, piece.facts.next_offset().0, piece.bytes.clone()));
                    let reservation = block_on(engine.reserve(piece.bytes.len())).expect("there is room");
                    log.append(reservation, |_| piece);
                }
                60..80 => {
                    engine.settle();
                    let from = model.start + below((model.end() - model.start + 1) as u64) as i64;
                    let found = contents(&log, Offset(from), 1 + below(20_000) as usize);
                    assert_eq!(found, model.bytes_from(from), "seed {seed} step {step} from {from}");
                }
                80..86 => {
                    model.start += below((model.end() - model.start + 1) as u64) as i64;
                    log.set_start(Offset(model.start));
                }
                86..94 => {
                    engine.settle();
                    block_on(engine.checkpoint());
                }
                94..98 => {
                    engine.settle();
                    engine.kill();
                    engine = folder.open();
                }
                _ => {
                    block_on(engine.close());
                    folder.clock.advance(Duration::from_secs(1));
                    engine = folder.open();
                }
            }
            for (partition, model) in &plain {
                let log = engine.create(*partition);
                assert_eq!(
                    (log.start().0, log.end().0),
                    (model.start, model.end()),
                    "seed {seed} step {step}"
                );
            }
        }
        engine.remove(TopicId(Uuid::from_u128(topic)));
        block_on(engine.close());
    }
}
