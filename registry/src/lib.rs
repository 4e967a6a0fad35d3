//! Ownership registries: who owns which record.
mod crypt;
mod names;
mod payload;
pub use crypt::NonceSource;
