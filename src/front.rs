//! Readers: from text to what the rest of the compiler works on.
//!
//! Reading never fails half-way: each reader gives what it understood and pushes every problem it
//! found. Readers know formats; they know nothing about ComfyUI's rules.

pub mod dsl;
pub mod json;
pub mod toml;
