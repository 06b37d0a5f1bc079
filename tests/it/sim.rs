//! `wfc sim`: the simulated server, as its clients see it.

mod client;
mod protocol;
mod transcripts;
mod trouble;
