//! Whether the host's memory holds weights and pictures.

use crate::plan::size;
use crate::preflight::{Compiled, Outcome, Planned, Server};

pub(super) fn look(_: &Compiled, planned: &Planned, server: &Server) -> Outcome {
    let Some((total, free)) = server.ram else {
        return Outcome::skipped("the server does not say how much memory its host has");
    };
    let need = planned.plan.ram;
    if need.high <= 0.0 {
        return Outcome::pass(format!("{} free; the plan knows of no need", size(free)));
    }
    let said = format!("weights and pictures take about {}", size(need.typical));
    if need.typical > total {
        Outcome::warn(format!("{said}, and the host has {}", size(total)))
            .fix("files are read again and again, or the system ends ComfyUI: use a host with more memory, or fewer frames")
    } else if need.typical > free {
        Outcome::warn(format!("{said}; of {} {} are free", size(total), size(free)))
            .fix("what other programs hold must go, or files are read again and again")
    } else {
        Outcome::pass(format!("{said}; of {} {} are free", size(total), size(free)))
    }
}
