//! Running compiled workflows on servers, and the record of it.
//!
//! Everything here takes what leaves the compiler: the bytes of a workflow and its manifest. Requests block;
//! what must not wait runs in a thread. The room prints nothing.

pub mod comfy;
mod error;

pub use error::{Error, Trouble};
