//! wfc
pub mod back;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod compile;
pub mod diag;
pub mod front;
pub mod ir;
pub mod lower;
pub mod report;
pub mod source;
