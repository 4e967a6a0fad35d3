//! What the stand-ins for DNS services are made of: a server whose answers can be lost, halved or withheld, the faults that wait for
//! their request, a log, and the lock that everybody looks through. What a service says and refuses is no concern of this crate.

mod faults;
mod log;
mod server;
mod shared;

pub use faults::{Faults, Turns};
pub use log::Log;
pub use server::{Body, Serving, accept, hang_up, respond, serve};
pub use shared::Shared;
