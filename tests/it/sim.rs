//! `wfc sim`: the simulated server, as its clients see it.

pub(crate) mod client;
mod editor;
mod files;
mod protocol;
mod transcripts;
mod trouble;
