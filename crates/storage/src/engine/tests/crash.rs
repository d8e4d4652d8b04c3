//! The power goes at any write: what was acknowledged is there afterwards, in its order, and what was not is there as
//! a prefix or not at all.

use thalweg_model::world::Random;

use super::*;
use crate::disk::Fault;

/// A partition as its producer knows it.
#[derive(Default)]
struct Produced {
    batches: Vec<(i64, i64, WalSeq, Bytes)>,
    starts: Vec<(i64, WalSeq)>,
}

impl Produced {
    fn end(&self) -> i64 {
        self.batches.last().map_or(0, |(_, end, ..)| *end)
    }

    fn start(&self) -> i64 {
        self.starts.last().map_or(0, |(start, _)| *start)
    }
}

#[test]
fn a_power_cut_loses_nothing_acknowledged() {
    let cuts: u32 = (0..60).map(|seed| run(Folder::disk(seed % 2 == 0, seed), seed)).sum();
    assert!(cuts > 120, "the power went {cuts} times only: this proves little");
}

/// Gives how often the power went while the engine worked.
fn run(mut folder: Folder, seed: u64) -> u32 {
    let mut cuts = 0;
    folder.options.tail_bytes = 20_000;
    folder.options.own_file_bytes = 15_000;
    folder.options.delete_delay = Duration::ZERO;
    let chance = SeededRandom::new(seed);
    let below = |bound: u64| chance.next() % bound;
    let mut produced: HashMap<TopicPartition, Produced> = HashMap::default();
    // Where the ring is full and the disk dead, a reservation is given up in time.
    let _time = Passing::begin(folder.clock.clone());
    for life in 1..=4 {
        let engine = folder.open();
        assert_eq!(engine.shard_epoch(), life, "seed {seed}");
        for (partition, model) in &mut produced {
            compare(&engine, *partition, model, seed);
        }
        let Ground::Disk(disk) = &folder.ground else { unreachable!("this test needs a disk") };
        disk.fail_at(disk.counts().changes + below(150), Fault::Cut);
        for step in 0..400 {
            if disk.is_dead() {
                break;
            }
            let partition = partition(1, below(4) as i32);
            let log = engine.create(partition);
            let model = produced.entry(partition).or_default();
            match below(20) {
                0..14 => {
                    let size = if below(10) == 0 { 5000 } else { below(500) as usize };
                    let piece = batch(log.end().0, 1 + below(3) as usize, size, step, life);
                    let Ok(reservation) = block_on(engine.reserve(piece.bytes.len())) else {
                        break;
                    };
                    let (base, end, bytes) =
                        (piece.facts.base_offset.0, piece.facts.next_offset().0, piece.bytes.clone());
                    let seq = log.append(reservation, |_| piece);
                    model.batches.push((base, end, seq, bytes));
                }
                14..16 => {
                    let to = model.start() + below((model.end() - model.start() + 1) as u64) as i64;
                    model.starts.push((to, log.set_start(Offset(to))));
                }
                16..17 => block_on(engine.checkpoint()),
                _ => await_durable(&engine, log.seq_of_state()),
            }
        }
        let durable = engine.durable();
        // What was acknowledged must be there; of the rest the producer does not know.
        for model in produced.values_mut() {
            for (_, _, seq, _) in &mut model.batches {
                *seq = if *seq <= durable { WalSeq::NONE } else { *seq };
            }
            for (_, seq) in &mut model.starts {
                *seq = if *seq <= durable { WalSeq::NONE } else { *seq };
            }
        }
        cuts += u32::from(disk.is_dead());
        engine.kill();
        let next = disk.power_cut(&chance);
        folder.ground = Ground::Disk(next);
    }
    cuts
}

fn await_durable(engine: &Engine, seq: WalSeq) {
    let mut failure = engine.failure();
    block_on(async {
        tokio::select! {
            biased;
            () = engine.wait(seq) => {}
            _ = failure.wait_for(Option::is_some) => {}
        }
    });
}

/// Checks what was found against what was produced, and takes over what is there.
fn compare(engine: &Engine, partition: TopicPartition, model: &mut Produced, seed: u64) {
    let log = engine.create(partition);
    let (start, end) = (log.start().0, log.end().0);
    let acknowledged = model.batches.iter().filter(|(_, _, seq, _)| *seq == WalSeq::NONE);
    let least = acknowledged.map(|(_, end, ..)| *end).max().unwrap_or(0);
    assert!(end >= least, "seed {seed}: {partition:?} ends at {end}, {least} was acknowledged");
    model.batches.retain(|(_, batch_end, ..)| *batch_end <= end);
    assert_eq!(model.end(), end, "seed {seed}: it ends where a batch ends");
    let least =
        model.starts.iter().filter(|(_, seq)| *seq == WalSeq::NONE).map(|(to, _)| *to).max().unwrap_or(0);
    assert!(start >= least, "seed {seed}: {partition:?} starts at {start}, {least} was acknowledged");
    assert!(
        start == 0 || model.starts.iter().any(|(to, _)| *to == start),
        "seed {seed}: nobody moved it to {start}"
    );
    let wanted = model.batches.iter().filter(|(_, end, ..)| *end > start);
    let wanted: Vec<u8> = wanted.flat_map(|(.., bytes)| bytes.to_vec()).collect();
    assert_eq!(contents(&log, Offset(start), 3000), wanted, "seed {seed} {partition:?}");
    model.batches.iter_mut().for_each(|(_, _, seq, _)| *seq = WalSeq::NONE);
    model.starts = vec![(start, WalSeq::NONE)];
}
