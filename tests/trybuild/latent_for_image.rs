//! A latent, and the name of a file, where pictures are wanted.

use wfc::dsl::Workflow;
use wfc::dsl::nodes::{EmptySD3LatentImage, GetImageSizeAndCount, ImageResizeKJv2, VHSVideoCombine};

fn main() {
    let w = Workflow::new("x");
    let latent = w.add(EmptySD3LatentImage::new());
    w.add(ImageResizeKJv2::new(latent));
    w.add(GetImageSizeAndCount::new(w.add(VHSVideoCombine::new(latent))));
}
