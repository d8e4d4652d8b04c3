//! What every partition needs of the whole: the engine and the world.

use thalweg_model::world::World;
use thalweg_storage::Engine;

/// Shared by all partitions.
pub(crate) struct EngineRoom {
    pub(crate) engine: Engine,
    pub(crate) world: World,
}
