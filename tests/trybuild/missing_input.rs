//! A decoder without its autoencoder.

use wfc::dsl::Workflow;
use wfc::dsl::nodes::{EmptyHunyuanLatentVideo, VAEDecode};

fn main() {
    let w = Workflow::new("x");
    w.add(VAEDecode::new(w.add(EmptyHunyuanLatentVideo::new())));
}
