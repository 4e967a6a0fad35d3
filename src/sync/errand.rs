//! Runs that are not about objects.

use super::{Pipeline, World};
use zonewright_planner::{Endpoint, Plan};

/// What a command wants done once, in the place of what objects wish for. Everything behind it is the daemon's own: plan, guard,
/// registry, provider, output.
pub trait Errand: Send + Sync {
    /// What is wanted.
    fn wishes(&self) -> Vec<Endpoint>;

    /// Looks at the plan for these wishes before the guard does, and may take out of it, put into it, or replace it.
    fn revise(&self, pipeline: &Pipeline, world: &World, plan: Plan) -> Plan;
}
