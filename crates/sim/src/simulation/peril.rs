//! What goes wrong: which kinds a seed knows, and when one strikes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use thalweg_storage::disk::Fault;

use crate::simulation::node::{Death, Health};
use crate::simulation::script::Script;
use crate::simulation::universe::Chance;

/// How long weather lasts.
const WEATHER_MICROS: (u64, u64) = (5_000, 400_000);
/// How much a full disk still takes.
const FULL_BYTES_MAX: u64 = 96 << 10;
/// Where calls get stuck: what is acknowledged rests on the log, and most that is deleted on the manifest.
const STUCK_AT: [&str; 6] = ["wal/", "wal/", "wal/", "segments/", "facts/shard-0", "facts/cluster"];
/// How long one waits for a call there.
const STUCK_AFTER_MAX: Duration = Duration::from_millis(800);
/// How long it hangs at most.
const STUCK_MICROS_MAX: u64 = 40_000;
/// How far a clock jumps, in milliseconds.
const JUMP_MS_MAX: u64 = 3_600_000;

/// A kind of thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peril {
    /// The process is killed.
    Kill,
    /// The power goes.
    PowerCut,
    /// The process is killed, starts again, and then the power goes.
    KillThenPowerCut,
    /// The broker is asked to end, and ends.
    Restart,
    /// Connections are cut.
    Cut,
    /// Connections fall silent, in both directions or in that of the answers.
    Silence,
    /// The network is slow for a while.
    SlowNetwork,
    /// The disk is slow for a while.
    SlowDisk,
    /// The disk is full for a while.
    FullDisk,
    /// A sync fails.
    FailedSync,
    /// Reads fail for a while.
    FailedReads,
    /// Reads bring other bytes for a while.
    Misreads,
    /// The wall clock of the broker jumps.
    ClockJump,
    /// Calls for one file, or in one folder, do not return; others do, and connections may be cut, so that clients ask
    /// again; then the process or the machine ends.
    StuckCall,
    /// The process has as many files open as it may, for a while.
    NoDescriptors,
    /// A bit of a file at rest flips, for good.
    Rot,
}

impl Peril {
    /// All kinds.
    pub const ALL: [Self; 16] = [
        Self::Kill,
        Self::PowerCut,
        Self::KillThenPowerCut,
        Self::Restart,
        Self::Cut,
        Self::Silence,
        Self::SlowNetwork,
        Self::SlowDisk,
        Self::FullDisk,
        Self::FailedSync,
        Self::FailedReads,
        Self::Misreads,
        Self::ClockJump,
        Self::StuckCall,
        Self::NoDescriptors,
        Self::Rot,
    ];

    /// The kinds that a run knows: some of all, so that each is seen alone and with others.
    pub fn choose(chance: &Chance) -> Vec<Self> {
        let share = chance.between(5, 60);
        Self::ALL.into_iter().filter(|_| chance.percent(share)).collect()
    }
}

impl Script {
    /// Lets things go wrong until it is over; who is down is started again.
    pub(super) async fn storm(&self, until: Duration) {
        let chance = self.universe.chance("storm");
        let (least, most) = self.plan.peril_every_micros;
        let mut next = self.universe.elapsed() + chance.micros(least, most);
        while self.universe.elapsed() < until {
            self.keep_up(&chance).await;
            if self.universe.elapsed() >= next && !self.plan.perils.is_empty() {
                self.strike(*chance.pick(&self.plan.perils), &chance).await;
                next = self.universe.elapsed() + chance.micros(least, most);
            }
            self.universe.sleep(chance.micros(100, 3_000)).await;
        }
    }

    /// Starts the broker again where it is down.
    pub(super) async fn keep_up(&self, chance: &Chance) {
        let health = self.node.lock().health();
        if matches!(health, Health::Down | Health::Failed(_)) {
            // Most are back soon.
            let most = if chance.one_in(4) { 60_000 } else { 4_000 };
            self.universe.sleep(chance.micros(1, most)).await;
            self.node.lock().start();
        }
    }

    async fn strike(&self, peril: Peril, chance: &Chance) {
        self.universe.say(format_args!("peril: {peril:?}"));
        self.universe.tally().count(&format!("perils: {peril:?}"));
        match peril {
            Peril::Kill => self.node.lock().die(Death::Process),
            Peril::PowerCut => self.node.lock().die(Death::Power),
            Peril::KillThenPowerCut => {
                self.node.lock().die(Death::Process);
                self.keep_up(chance).await;
                self.universe.sleep(chance.micros(1, 60_000)).await;
                self.node.lock().die(Death::Power);
            }
            Peril::Restart => self.node.lock().end(),
            Peril::Cut => (0..chance.between(1, 4)).for_each(|_| self.network.cut_one()),
            Peril::Silence if chance.percent(50) => self.network.silence_one(),
            Peril::Silence => self.network.deafen_one(),
            Peril::SlowNetwork => {
                let slowness = &self.network.weather().slowness;
                self.weather(slowness, chance.between(2, 60), chance).await;
            }
            Peril::SlowDisk => {
                let mood = self.node.lock().mood.clone();
                self.weather(&mood.slowness, chance.between(2, 200), chance).await;
            }
            Peril::FailedReads => {
                let mood = self.node.lock().mood.clone();
                self.weather(&mood.failed_reads_one_in, chance.between(2, 30), chance).await;
            }
            Peril::Misreads => {
                let mood = self.node.lock().mood.clone();
                self.weather(&mood.misreads_one_in, chance.between(2, 30), chance).await;
            }
            Peril::FullDisk => {
                self.node.lock().disk().set_room_left(Some(chance.below(FULL_BYTES_MAX)));
                self.universe.sleep(chance.micros(WEATHER_MICROS.0, WEATHER_MICROS.1)).await;
                self.node.lock().disk().set_room_left(None);
            }
            Peril::FailedSync => {
                let node = self.node.lock();
                let at = node.disk().counts().changes + chance.below(40);
                node.disk().fail_at(at, Fault::SyncFails);
            }
            Peril::ClockJump => {
                let jump = chance.below(2 * JUMP_MS_MAX).cast_signed() - JUMP_MS_MAX.cast_signed();
                self.node.lock().wrong_ms.store(jump, Ordering::Relaxed);
            }
            Peril::StuckCall => self.stick(chance).await,
            Peril::Rot => self.node.lock().rot(),
            Peril::NoDescriptors => {
                let mood = self.node.lock().mood.clone();
                let flags = [&mood.no_descriptors, &self.network.weather().no_descriptors];
                flags.iter().for_each(|flag| flag.store(true, Ordering::Relaxed));
                self.tend(chance.micros(WEATHER_MICROS.0, WEATHER_MICROS.1), chance).await;
                flags.iter().for_each(|flag| flag.store(false, Ordering::Relaxed));
            }
        }
    }

    /// Sets a figure for a while; who is down meanwhile is started again.
    async fn weather(&self, figure: &std::sync::atomic::AtomicU64, value: u64, chance: &Chance) {
        figure.store(value, Ordering::Relaxed);
        self.tend(chance.micros(WEATHER_MICROS.0, WEATHER_MICROS.1), chance).await;
        figure.store(0, Ordering::Relaxed);
    }

    /// Lets time pass, in which who is down is started again.
    async fn tend(&self, time: Duration, chance: &Chance) {
        let end = self.universe.elapsed() + time;
        while self.universe.elapsed() < end {
            self.keep_up(chance).await;
            self.universe.sleep(chance.micros(100, 5_000)).await;
        }
    }

    /// Waits until a call hangs, lets all else go on for a while, and ends the process or the machine.
    async fn stick(&self, chance: &Chance) {
        let mood = self.node.lock().mood.clone();
        if chance.percent(45) {
            mood.stick_at_deletion();
        } else {
            mood.stick(chance.pick::<&str>(&STUCK_AT));
        }
        let give_up = self.universe.elapsed() + STUCK_AFTER_MAX;
        while !mood.has_hanging() && self.universe.elapsed() < give_up {
            self.tend(chance.micros(100, 3_000), chance).await;
        }
        if mood.has_hanging() {
            self.universe.sleep(chance.micros(1, STUCK_MICROS_MAX)).await;
            if chance.percent(70) {
                self.network.cut_all();
                self.universe.sleep(chance.micros(1_000, STUCK_MICROS_MAX)).await;
            }
            let ends_by_power = !self.plan.ends_may_be_lost() && chance.percent(50);
            self.node.lock().die(if ends_by_power { Death::Power } else { Death::Process });
        }
        mood.loosen();
    }

    /// Lets nothing go wrong any more.
    pub(super) fn calm(&self) {
        let node = self.node.lock();
        node.disk().heal();
        node.disk().set_room_left(None);
        node.wrong_ms.store(0, Ordering::Relaxed);
        drop(node);
    }
}
