//! The test surroundings themselves, held to what tests will rely on.

mod apiserver;
mod webhook;
