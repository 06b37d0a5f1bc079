//! What the server has before it.

use super::count;
use crate::preflight::{Outcome, Server};

pub(super) fn look(server: &Server) -> Outcome {
    let queue = match &server.queue {
        Ok(queue) => queue,
        Err(refusal) => return Outcome::skipped(format!("the queue is not known: {refusal}")),
    };
    let waiting = count(queue.waiting.len(), "workflow");
    let verb = if queue.waiting.len() == 1 { "waits" } else { "wait" };
    if queue.is_stuck {
        return Outcome::fail(format!("{waiting} {verb} and none runs: the server's worker is dead"))
            .fix("restart ComfyUI: nothing else brings its worker back, and what waits is lost");
    }
    match (queue.running.len(), queue.waiting.len()) {
        (0, 0) => Outcome::pass("nothing runs or waits"),
        (0, _) => Outcome::warn(format!("{waiting} {verb}")).fix("a new workflow runs after them"),
        (_, 0) => Outcome::warn("a workflow runs").fix("a new workflow runs after it"),
        _ => Outcome::warn(format!("a workflow runs, and {waiting} {verb}"))
            .fix("a new workflow runs after them"),
    }
}
