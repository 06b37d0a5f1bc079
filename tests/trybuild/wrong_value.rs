//! A text where a number is wanted.

use wfc::dsl::nodes::EmptyHunyuanLatentVideo;

fn main() {
    EmptyHunyuanLatentVideo::new().width("640");
}
