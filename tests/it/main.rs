//! Tests of the whole program. One binary, because linking is what takes time.

mod conformance;
