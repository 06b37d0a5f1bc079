//! `wfc::dsl`: workflows that Rust programs build.

mod both_ways;
mod errors;
mod nodes;
