//! A latent where pictures are wanted.

use wfc::dsl::Workflow;
use wfc::dsl::nodes::{CreateVideo, EmptyHunyuanLatentVideo, VHSVideoCombine};

fn main() {
    let w = Workflow::new("x");
    let latent = w.add(EmptyHunyuanLatentVideo::new());
    w.add(CreateVideo::new(latent));
    let video = w.add(CreateVideo::new(w.add(VHSVideoCombine::new(latent))));
}
