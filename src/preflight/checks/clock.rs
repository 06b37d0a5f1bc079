//! Whether the server's clock agrees with ours.

use crate::preflight::{Outcome, Server};

/// So far may clocks differ, in seconds.
const ALLOWED: f64 = 60.0;

pub(super) fn look(server: &Server) -> Outcome {
    let Some(ahead) = server.ahead_seconds else {
        return Outcome::skipped("the server does not say what time it is");
    };
    if ahead.abs() <= ALLOWED {
        return Outcome::pass("within a minute of this machine's");
    }
    let minutes = ahead.abs() / 60.0;
    let amount = if minutes < 90.0 {
        format!("{minutes:.0} minutes")
    } else if minutes < 48.0 * 60.0 {
        format!("{:.0} hours", minutes / 60.0)
    } else {
        format!("{:.0} days", minutes / 60.0 / 24.0)
    };
    let way = if ahead > 0.0 { "ahead of" } else { "behind" };
    Outcome::warn(format!("the server's clock is {amount} {way} this machine's"))
        .fix("set the clock of the wrong one: times of logs and records do not agree, and secure connections and tokens may be refused")
}
