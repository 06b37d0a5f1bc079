//! The lint rules: their pages, whose examples are tests, and defects seeded into real workflows.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "the other tests use the rest")]
#[path = "../it/support.rs"]
mod support;

use wfc::lint::{RULES, Rule};

/// All rules, or those that `WFC_RULES=one,other` names, for whoever works on these.
fn rules() -> Vec<&'static Rule> {
    let wanted = std::env::var("WFC_RULES").ok();
    let is_wanted =
        |rule: &&&Rule| wanted.as_ref().is_none_or(|names| names.split(',').any(|name| name == rule.name));
    RULES.iter().filter(is_wanted).copied().collect()
}

mod deployed;
mod order;
mod pages;
mod precision;
mod seeded;
