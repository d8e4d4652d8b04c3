//! Hostile bytes: every decoder is fed with what it may meet and with what it never should. A target must return, with
//! an error or without; a panic, a hang or memory without bound is the finding.
//!
//! The bodies are shared: [`run`] mutates a corpus from a seed, on stable Rust and for a bounded time; the programs in
//! `fuzz/` give the same bodies to libFuzzer, which is guided by coverage and runs for as long as one likes.

mod batches;
mod blocks;
mod facts;
mod folders;
mod messages;
mod mutator;
mod samples;
mod servers;

use std::panic;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use thalweg_model::world::{Random, SeededRandom};

use self::mutator::Mutator;

/// One thing that is fed.
#[derive(Clone, Copy)]
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    /// Good inputs, from which bad ones are made.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Takes an input; panics if something is wrong with us.
    pub body: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "requests", seeds: samples::requests, body: messages::request },
    Target { name: "answers", seeds: samples::answers, body: messages::answer },
    Target { name: "batches", seeds: samples::batches, body: batches::body },
    Target { name: "blocks", seeds: samples::blocks, body: blocks::body },
    Target { name: "folders", seeds: folders::seeds, body: folders::body },
    Target { name: "facts", seeds: facts::seeds, body: facts::body },
    Target { name: "servers", seeds: samples::conversations, body: servers::body },
];

/// The target of this name.
pub fn target(name: &str) -> anyhow::Result<Target> {
    TARGETS.iter().find(|target| target.name == name).copied().with_context(|| {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        format!("there is no target {name}; there are {}", names.join(", "))
    })
}

/// Feeds the target of this name once: what the programs in `fuzz/` call.
pub fn feed(name: &str, bytes: &[u8]) {
    let target =
        TARGETS.iter().find(|target| target.name == name).expect("a program is called as its target");
    (target.body)(bytes);
}

/// How long a target is fed.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// For so long.
    Time(Duration),
    /// With so many inputs.
    Inputs(u64),
}

/// What one run of a target came to.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// How many inputs were tried.
    pub inputs: u64,
    /// How long that took.
    pub took: Duration,
}

/// The input that is tried right now: a panic tells it before the process ends.
static TRIED: Mutex<Option<(&'static str, u64, Vec<u8>)>> = Mutex::new(None);

/// Feeds a target with its seeds and then with the inputs from number `from` on.
#[allow(
    clippy::disallowed_methods,
    reason = "how long to go on is the caller's real time; nothing else depends on it"
)]
pub fn run(target: Target, from: u64, bound: Bound) -> Outcome {
    let seeds = (target.seeds)();
    let begun = Instant::now();
    for bytes in &seeds {
        try_one(target, 0, bytes.clone());
    }
    let mut inputs = 0;
    while match bound {
        Bound::Time(time) => begun.elapsed() < time,
        Bound::Inputs(count) => inputs < count,
    } {
        let number = from.wrapping_add(inputs);
        try_one(target, number, input(&seeds, number));
        inputs += 1;
    }
    *TRIED.lock().expect("nobody panics with it") = None;
    Outcome { inputs: inputs + seeds.len() as u64, took: begun.elapsed() }
}

/// Input `number` of a target.
pub fn input(seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    let random = SeededRandom::new(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let first = &seeds[random.next() as usize % seeds.len()];
    let second = &seeds[random.next() as usize % seeds.len()];
    Mutator::new(&random).mutate(first, second)
}

fn try_one(target: Target, number: u64, bytes: Vec<u8>) {
    let mut tried = TRIED.lock().expect("nobody panics with it");
    *tried = Some((target.name, number, bytes.clone()));
    drop(tried);
    (target.body)(&bytes);
}

/// From now on a panic says with which input it came, and leaves that input in `folder`.
pub fn tell_of_panics(folder: &Path) {
    let folder = folder.to_owned();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        before(panic);
        let Ok(tried) = TRIED.lock() else { return };
        let Some((name, number, bytes)) = &*tried else { return };
        let file = folder.join(format!("{name}-{number}.bin"));
        match std::fs::write(&file, bytes) {
            Ok(()) => eprintln!("the input is in {}", file.display()),
            Err(error) => eprintln!("the input could not be written: {error}"),
        }
        eprintln!("again: cargo xtask fuzz --target {name} --from {number} --inputs 1");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_takes_its_seeds_and_many_lies() {
        for target in TARGETS {
            let seeds = (target.seeds)();
            assert!(seeds.len() > 3, "{} has seeds", target.name);
            for bytes in &seeds {
                (target.body)(bytes);
            }
            for number in 0..200 {
                (target.body)(&input(&seeds, number));
            }
        }
    }

    #[test]
    fn each_target_has_its_program() {
        let manifest = include_str!("../../../fuzz/Cargo.toml");
        for target in TARGETS {
            assert!(manifest.contains(&format!("name = \"{}\"", target.name)), "{} has none", target.name);
        }
    }

    #[test]
    fn an_input_is_told_by_its_number() {
        let seeds = samples::requests();
        assert_eq!(input(&seeds, 17), input(&seeds, 17));
        assert_ne!(input(&seeds, 17), input(&seeds, 18));
    }
}
