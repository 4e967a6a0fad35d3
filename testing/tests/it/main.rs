//! The test surroundings themselves, held to what tests will rely on.

// `cfg(test)` tells clippy that these are tests throughout, their helper functions included.
#[cfg(test)]
mod apiserver;
#[cfg(test)]
mod cloud_map;
#[cfg(test)]
mod differences;
#[cfg(test)]
mod http;
#[cfg(test)]
mod route53;
#[cfg(test)]
mod webhook;
