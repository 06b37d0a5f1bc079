//! A text where a number is wanted.

use wfc::dsl::nodes::ImageResizeKJv2;
use wfc::dsl::{Out, types::Image};

fn resized(image: Out<Image>) -> ImageResizeKJv2 {
    ImageResizeKJv2::new(image).width("640")
}

fn main() {}
