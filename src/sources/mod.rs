//! Kubernetes objects in, wanted endpoints out.

pub mod template;
