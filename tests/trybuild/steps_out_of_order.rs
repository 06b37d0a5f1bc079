//! Uni3C before SCAIL, and Wan without Uni3C.

use wfc::dsl::{Pipeline, step};

fn main() {
    Pipeline::input(step::Input::new("a.png", "a.mp4")).uni3c(step::Uni3c::default());
    Pipeline::input(step::Input::new("a.png", "a.mp4"))
        .scail(step::Scail::new("a dance"))
        .wan(step::Wan::default());
}
