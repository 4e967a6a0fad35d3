//! What people and programs get to see. The snapshots are reviewed like code.

mod schema;
mod shown;
mod stage;

use stage::*;
