//! The allocator of the process: mimalloc, and a region of our own for large blocks. A build with the feature
//! `count-allocations` counts what it is asked for, so that the bench can tell allocations per batch; no other build pays
//! for that.

#[cfg(feature = "count-allocations")]
mod counting;
mod granules;
mod large;

use std::time::Duration;

use mimalloc::MiMalloc;
use thalweg_model::world::Clock;

use self::large::Large;

/// Large blocks that nobody uses keep their memory for so long, and at most twice that.
const GIVE_BACK_AFTER: Duration = Duration::from_secs(1);

// Without huge pages (`no_thp`): with them an idle broker held 8 MiB more than it used.
#[cfg(not(feature = "count-allocations"))]
#[global_allocator]
static ALLOCATOR: Large<MiMalloc> = Large::new(MiMalloc);

#[cfg(feature = "count-allocations")]
#[global_allocator]
static ALLOCATOR: counting::Counting<Large<MiMalloc>> = counting::Counting::new(Large::new(MiMalloc));

/// Makes the region for large blocks; those from before lie elsewhere.
pub(crate) fn prepare() {
    large().prepare();
}

/// Gives memory of large blocks back that nobody has used for a while, again and again.
pub(crate) async fn give_back(clock: &dyn Clock) {
    loop {
        clock.sleep(GIVE_BACK_AFTER).await;
        while large().give_back() {
            tokio::task::yield_now().await;
        }
        large().begin_round();
    }
}

#[cfg(not(feature = "count-allocations"))]
fn large() -> &'static Large<MiMalloc> {
    &ALLOCATOR
}

#[cfg(feature = "count-allocations")]
fn large() -> &'static Large<MiMalloc> {
    &ALLOCATOR.other
}

/// How often memory was asked for since the start; none in a build that does not count.
#[cfg(not(feature = "count-allocations"))]
pub(crate) fn allocations() -> Option<u64> {
    None
}

#[cfg(feature = "count-allocations")]
pub(crate) fn allocations() -> Option<u64> {
    Some(ALLOCATOR.count())
}
