//! What changes the size of pictures and masks.

use super::{Outputs, Table};
use crate::analysis::fact::{Fact, ImageFact, Known, Why};
use crate::analysis::inputs::Inputs;

pub(super) const TABLE: Table = &[
    ("FluxKontextImageScale", unknown_size),
    ("GLSLShader", shaded),
    ("ImageCrop", |inputs| cropped(inputs, inputs, "width", "height")),
    ("ImageCropV2", cropped_to_box),
    ("ImagePadForOutpaint", padded),
    ("ImageResizeKJ", resized_kj_before),
    ("ImageResizeKJv2", resized_kj),
    ("ImageRotate", rotated),
    ("ImageScale", scaled),
    ("ImageScaleBy", scaled_by),
    ("ImageScaleToMaxDimension", |inputs| {
        one(inputs.image("image").map(|image| longer_side(image, inputs.int("largest_size"))))
    }),
    ("ImageScaleToTotalPixels", scaled_to_pixels),
    ("ImageUpscaleWithModel", unknown_size),
    ("LTXVPreprocess", compressed),
    ("ResizeAndPadImage", |inputs| {
        one(inputs
            .image("image")
            .map(|image| image.sized(inputs.int("target_width"), inputs.int("target_height"))))
    }),
    ("ResizeImageMaskNode", resized),
    ("ResizeImagesByLongerEdge", |inputs| by_edge(inputs, "longer_edge", true)),
    ("ResizeImagesByShorterEdge", |inputs| by_edge(inputs, "shorter_edge", false)),
];

fn one(image: Known<ImageFact>) -> Outputs {
    vec![image.map(Fact::Image)]
}

/// A side in the proportion of two others.
fn proportional(side: Known<i64>, own: Known<i64>, other: Known<i64>) -> Known<i64> {
    Ok(rounded(to_float(side?) * to_float(own?) / to_float(other?)).max(1))
}

/// 0 for one side keeps the proportion, for both all.
fn to_sides(image: ImageFact, width: Known<i64>, height: Known<i64>) -> ImageFact {
    match (width, height) {
        (Ok(0), Ok(0)) => image,
        (Ok(0), _) => image.sized(proportional(height, image.width, image.height), height),
        (_, Ok(0)) => image.sized(width, proportional(width, image.height, image.width)),
        _ => image.sized(width, height),
    }
}

/// comfy/utils.py, `common_upscale` as `ImageScale` calls it.
fn scaled(inputs: Inputs<'_>) -> Outputs {
    one(inputs.image("image").map(|image| to_sides(image, inputs.int("width"), inputs.int("height"))))
}

/// Both sides times the same.
fn times(image: ImageFact, by: Known<f64>) -> ImageFact {
    let side = |side: Known<i64>| Ok(rounded(to_float(side?) * by?));
    image.sized(side(image.width), side(image.height))
}

fn scaled_by(inputs: Inputs<'_>) -> Outputs {
    one(inputs.image("image").map(|image| times(image, inputs.float("scale_by"))))
}

/// `comfy_extras/nodes_post_processing.py`, `ImageScaleToTotalPixels`: both sides by one factor, each rounded to
/// `resolution_steps`. A mebipixel is 1024 × 1024.
fn scaled_to_pixels(inputs: Inputs<'_>) -> Outputs {
    one(inputs.image("image").map(|image| {
        // Of a picture of unknown size at least the number of pixels is decided here.
        let open = inputs.unknown(Why::AtRunTime);
        let side = |side: Known<i64>| {
            let known = |side: Known<i64>| side.map(to_float).map_err(|_| open);
            let (width, height) = (known(image.width)?, known(image.height)?);
            let steps = to_float(inputs.int("resolution_steps")?.max(1));
            let factor = (inputs.float("megapixels")? * 1024.0 * 1024.0 / (width * height)).sqrt();
            Ok(rounded(rounded_float(to_float(side?) * factor / steps) * steps))
        };
        image.sized(side(image.width), side(image.height))
    }))
}

/// `comfy_extras/nodes_images.py`, `ImageScaleToMaxDimension`; `scale_longer_dimension` of `nodes_post_processing.py` is
/// the same.
fn longer_side(image: ImageFact, longer: Known<i64>) -> ImageFact {
    let side = |own: Known<i64>, other: Known<i64>| {
        let (own, other, longer) = (own?, other?, longer?);
        Ok(if own >= other { longer } else { rounded(to_float(own) / to_float(other) * to_float(longer)) })
    };
    image.sized(side(image.width, image.height), side(image.height, image.width))
}

/// `comfy_extras/nodes_post_processing.py`, `scale_shorter_dimension`.
fn shorter_side(image: ImageFact, shorter: Known<i64>) -> ImageFact {
    let side = |own: Known<i64>, other: Known<i64>| {
        let (own, other, shorter) = (own?, other?, shorter?);
        Ok(if own <= other { shorter } else { rounded(to_float(own) / to_float(other) * to_float(shorter)) })
    };
    image.sized(side(image.width, image.height), side(image.height, image.width))
}

/// `comfy_extras/nodes_post_processing.py`, `ResizeImageMaskNode`: what is asked depends on `resize_type`.
fn resized(inputs: Inputs<'_>) -> Outputs {
    let int = |name: &str| inputs.int(&format!("resize_type.{name}"));
    let float = |name: &str| inputs.float(&format!("resize_type.{name}"));
    let kind = inputs.text("resize_type");
    one(inputs.image("input").map(|image| match kind.as_deref() {
        Ok("scale dimensions") => to_sides(image, int("width"), int("height")),
        Ok("scale width") => to_sides(image, int("width"), Ok(0)),
        Ok("scale height") => to_sides(image, Ok(0), int("height")),
        Ok("scale by multiplier") => times(image, float("multiplier")),
        Ok("scale longer dimension") => longer_side(image, int("longer_size")),
        Ok("scale shorter dimension") => shorter_side(image, int("shorter_size")),
        Ok("scale total pixels") => times(image, total_pixels(image, float("megapixels"))),
        Ok("match size") => {
            let like = inputs.image("resize_type.match");
            image.sized(like.and_then(|like| like.width), like.and_then(|like| like.height))
        }
        Ok("scale to multiple") => whole_multiples(image, int("multiple")),
        other => {
            let open = Err(other.err().copied().unwrap_or(inputs.unknown(Why::NoTransfer)));
            image.sized(open, open)
        }
    }))
}

/// The factor that gives so many mebipixels, cut to whole pixels.
fn total_pixels(image: ImageFact, megapixels: Known<f64>) -> Known<f64> {
    let total = (megapixels? * 1024.0 * 1024.0).trunc();
    Ok((total / (to_float(image.width?) * to_float(image.height?))).sqrt())
}

/// `scale_to_multiple_cover`: both sides are cut to whole multiples; a picture that is smaller than one stays.
fn whole_multiples(image: ImageFact, multiple: Known<i64>) -> ImageFact {
    let side = |own: Known<i64>, other: Known<i64>| {
        let (own, other, multiple) = (own?, other?, multiple?);
        let stays = multiple <= 1 || own < multiple || other < multiple;
        Ok(if stays { own } else { own - own % multiple })
    };
    image.sized(side(image.width, image.height), side(image.height, image.width))
}

/// `comfy_extras/nodes_dataset.py`, `ResizeImagesByLongerEdgeNode` and its sibling, which take pictures one by one: the
/// side that follows is cut to whole pixels.
fn by_edge(inputs: Inputs<'_>, input: &str, is_longer: bool) -> Outputs {
    one(inputs.image("images").map(|image| {
        let edge = inputs.int(input);
        let side = |own: Known<i64>, other: Known<i64>, wins_ties: bool| {
            let (own, other, edge) = (own?, other?, edge?);
            let leads = if own == other { wins_ties } else { (own > other) == is_longer };
            Ok(if leads { edge } else { truncated(to_float(own) * (to_float(edge) / to_float(other))) })
        };
        image.sized(side(image.width, image.height, false), side(image.height, image.width, true))
    }))
}

/// `comfy_extras/nodes_glsl.py`, `GLSLShader`: as large as the first picture, or as is written; as many as the first has.
fn shaded(inputs: Inputs<'_>) -> Outputs {
    let image = inputs.image("images.image0").map(|image| match inputs.text("size_mode").as_deref() {
        Ok("from_input") => image,
        Ok("custom") => image.sized(inputs.int("size_mode.width"), inputs.int("size_mode.height")),
        Ok(_) => {
            let open = Err(inputs.unknown(Why::NoTransfer));
            image.sized(open, open)
        }
        Err(unknown) => image.sized(Err(*unknown), Err(*unknown)),
    });
    vec![image.map(Fact::Image); 4]
}

/// `comfy_extras/nodes_images.py`, `ImageCrop`: what lies outside of the picture is not there. The numbers are the inputs
/// of `region`.
fn cropped(inputs: Inputs<'_>, region: Inputs<'_>, width: &str, height: &str) -> Outputs {
    one(inputs.image("image").map(|image| {
        let side = |own: Known<i64>, asked: &str, at: &str| {
            let (own, asked, at) = (own?, region.int(asked)?, region.int(at)?);
            Ok(asked.min(own - at.min(own - 1)))
        };
        image.sized(side(image.width, width, "x"), side(image.height, height, "y"))
    }))
}

/// `ImageCropV2`, with the box of a node.
fn cropped_to_box(inputs: Inputs<'_>) -> Outputs {
    match inputs.settings("crop_region") {
        Ok(node) => cropped(inputs, inputs.of(node), "width", "height"),
        Err(unknown) => one(inputs.image("image").map(|image| image.sized(Err(unknown), Err(unknown)))),
    }
}

/// `nodes.py`, `ImagePadForOutpaint`: the mask is one for all.
fn padded(inputs: Inputs<'_>) -> Outputs {
    let image = inputs.image("image").map(|image| {
        let side = |own: Known<i64>, one: &str, other: &str| {
            Ok(own?.saturating_add(inputs.int(one)?).saturating_add(inputs.int(other)?))
        };
        image.sized(side(image.width, "left", "right"), side(image.height, "top", "bottom"))
    });
    let mask = image.map(|image| ImageFact { frames: Ok(1), most: None, ..image });
    vec![image.map(Fact::Image), mask.map(Fact::Image)]
}

/// `comfy_extras/nodes_images.py`, `ImageRotate`.
fn rotated(inputs: Inputs<'_>) -> Outputs {
    let rotation = inputs.text("rotation");
    one(inputs.image("image").map(|image| match rotation.as_deref() {
        Ok(by) if by.starts_with("90") || by.starts_with("270") => image.sized(image.height, image.width),
        Ok(_) => image,
        Err(unknown) => image.sized(Err(*unknown), Err(*unknown)),
    }))
}

/// `comfy_extras/nodes_lt.py`, `preprocess`: a frame of a compressed video has even sides.
fn compressed(inputs: Inputs<'_>) -> Outputs {
    let compression = inputs.int("img_compression");
    let even = |side: Known<i64>| Ok(if compression? == 0 { side? } else { side? / 2 * 2 });
    one(inputs.image("image").map(|image| image.sized(even(image.width), even(image.height))))
}

/// A size that is chosen by what arrives, or by a model's factor.
fn unknown_size(inputs: Inputs<'_>) -> Outputs {
    let open = Err(inputs.unknown(Why::AtRunTime));
    one(inputs.image("image").map(|image| image.sized(open, open)))
}

/// ComfyUI-KJNodes `nodes/image_nodes.py`, `ImageResizeKJ`: of a picture to be matched in size, the size; else as its
/// successor, without ways of padding.
fn resized_kj_before(inputs: Inputs<'_>) -> Outputs {
    let image = inputs.image("image");
    let size = image.map(|image| {
        if inputs.has("get_image_size") {
            let like = inputs.image("get_image_size");
            return image.sized(like.and_then(|like| like.width), like.and_then(|like| like.height));
        }
        let kept = inputs.bool("keep_proportion").map(|keeps| if keeps { "resize" } else { "stretch" });
        kj_size(inputs, image, kept)
    });
    let of = |side: fn(&ImageFact) -> Known<i64>| size.and_then(|image| side(&image)).map(Fact::int);
    vec![size.map(Fact::Image), of(|image| image.width), of(|image| image.height)]
}

/// ComfyUI-KJNodes `nodes/image_nodes.py`, `ImageResizeKJv2`.
fn resized_kj(inputs: Inputs<'_>) -> Outputs {
    let kept = inputs.text("keep_proportion");
    let size = inputs.image("image").map(|image| kj_size(inputs, image, kept.as_deref().map_err(|why| *why)));
    let of = |side: fn(&ImageFact) -> Known<i64>| size.and_then(|image| side(&image)).map(Fact::int);
    vec![size.map(Fact::Image), of(|image| image.width), of(|image| image.height), size.map(Fact::Image)]
}

fn kj_size(inputs: Inputs<'_>, image: ImageFact, kept: Known<&str>) -> ImageFact {
    let open = inputs.unknown(Why::AtRunTime);
    let divisible = inputs.int("divisible_by");
    let aligned = |side: Known<i64>| {
        let (side, by) = (side?, divisible?);
        Ok(if by > 1 { side - side.rem_euclid(by) } else { side })
    };
    let (width, height) = (inputs.int("width"), inputs.int("height"));
    let (width, height) = match kept {
        Ok("stretch" | "crop" | "pad" | "pad_edge" | "pad_edge_pixel" | "pillarbox_blur") => {
            let or_own = |side: Known<i64>, own: Known<i64>| match side {
                Ok(0) => own,
                side => side,
            };
            (or_own(width, image.width), or_own(height, image.height))
        }
        Ok("resize") => {
            let factor = || {
                let (own_width, own_height) = (to_float(image.width?), to_float(image.height?));
                Ok(match (width?, height?) {
                    (0, 0) => 1.0,
                    (0, height) => to_float(height) / own_height,
                    (width, 0) => to_float(width) / own_width,
                    (width, height) => (to_float(width) / own_width).min(to_float(height) / own_height),
                })
            };
            let side = |own: Known<i64>| Ok(rounded(to_float(own?) * factor()?));
            (side(image.width), side(image.height))
        }
        Ok(_) => (Err(open), Err(open)),
        Err(unknown) => (Err(unknown), Err(unknown)),
    };
    image.sized(aligned(width), aligned(height))
}

#[expect(clippy::cast_precision_loss, reason = "sizes and counts are far below 2^53")]
pub(super) const fn to_float(int: i64) -> f64 {
    int as f64
}

/// Python's `round`.
const fn rounded_float(float: f64) -> f64 {
    float.round_ties_even()
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and sizes are small")]
pub(super) const fn rounded(float: f64) -> i64 {
    rounded_float(float) as i64
}

/// Python's `int`.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and sizes are small")]
pub(super) const fn truncated(float: f64) -> i64 {
    float.trunc() as i64
}
