//! What selects, repeats and joins pictures and masks.

use super::resizes::{to_float, truncated};
use super::{Outputs, Table};
use crate::analysis::fact::{Fact, ImageFact, Known, Why};
use crate::analysis::inputs::Inputs;

pub(super) const TABLE: Table = &[
    ("BatchImagesNode", |inputs| vec![grown(inputs, "images.image", 50).map(Fact::Image)]),
    ("BatchMasksNode", |inputs| vec![grown(inputs, "masks.mask", 50).map(Fact::Image)]),
    ("FrameInterpolate", interpolated),
    ("GetImageRangeFromBatch", |inputs| vec![range(inputs, "images"), range(inputs, "masks")]),
    ("ImageBatch", |inputs| vec![pair(inputs.image("image1"), inputs.image("image2")).map(Fact::Image)]),
    ("ImageBatchExtendWithOverlap", extended),
    ("ImageBatchMulti", multi),
    ("ImageConcanate", |inputs| {
        vec![beside(inputs, inputs.image("image1"), inputs.image("image2"), None).map(Fact::Image)]
    }),
    ("ImageConcatMulti", concatenated),
    ("ImageFromBatch", from_batch),
    ("ImageStitch", stitched),
    ("RepeatImageBatch", |inputs| vec![repeated(inputs, "image", "amount").map(Fact::Image)]),
    ("VHS_DuplicateImages", |inputs| counted(repeated(inputs, "images", "multiply_by"))),
    ("VHS_DuplicateMasks", |inputs| counted(repeated(inputs, "mask", "multiply_by"))),
    ("VHS_GetImageCount", |inputs| vec![inputs.image("images").and_then(|image| image.count())]),
    ("VHS_GetMaskCount", |inputs| vec![inputs.image("mask").and_then(|image| image.count())]),
    ("VHS_SelectEveryNthImage", |inputs| counted(every_nth(inputs, "images", "skip_first_images"))),
    ("VHS_SelectEveryNthMask", |inputs| counted(every_nth(inputs, "mask", "skip_first_masks"))),
    ("VHS_SplitImages", |inputs| split(inputs, "images")),
    ("VHS_SplitMasks", |inputs| split(inputs, "mask")),
];

/// Pictures and their number.
fn counted(image: Known<ImageFact>) -> Outputs {
    vec![image.map(Fact::Image), image.and_then(|image| image.count())]
}

/// Where the number of frames depends on something that is not known. Nothing is known of it from above either.
const fn uncounted(image: ImageFact, why: Known<i64>) -> ImageFact {
    ImageFact { frames: why, most: None, ..image }
}

/// `nodes.py`, `ImageBatch`: the second in the size of the first. The rate is of both only if it is one.
fn pair(one: Known<ImageFact>, other: Known<ImageFact>) -> Known<ImageFact> {
    let one = one?;
    let Ok(other) = other else { return Ok(uncounted(one, other.map(|_| 0))) };
    Ok(ImageFact {
        frames: one.frames.and_then(|frames| Ok(frames.saturating_add(other.frames?))),
        most: one.at_most().zip(other.at_most()).map(|(one, other)| one.saturating_add(other)),
        ..one
    })
}

/// `comfy_extras/nodes_post_processing.py`, `batch_images` and `batch_masks`: all in the size of the first.
fn grown(inputs: Inputs<'_>, prefix: &str, most: usize) -> Known<ImageFact> {
    let mut all = (0..most).map(|at| format!("{prefix}{at}")).filter(|name| inputs.has(name));
    let first = all.next().ok_or(inputs.unknown(Why::Absent))?;
    all.fold(inputs.image(&first), |all, next| pair(all, inputs.image(&next)))
}

/// ComfyUI-KJNodes `nodes/image_nodes.py`, `ImageBatchMulti`: a missing one is as many black pictures as the first has.
fn multi(inputs: Inputs<'_>) -> Outputs {
    let first = inputs.image("image_1");
    let all = inputs.int("inputcount").map(|count| {
        let names = (2..=count.min(1000)).map(|at| format!("image_{at}"));
        names.fold(first, |all, name| pair(all, if inputs.has(&name) { inputs.image(&name) } else { first }))
    });
    vec![match all {
        Ok(all) => all.map(Fact::Image),
        Err(unknown) => first.map(|image| Fact::Image(uncounted(image, Err(unknown)))),
    }]
}

/// `comfy_extras/nodes_images.py`, `ImageFromBatch`: both ends stay within what is there, and a negative index
/// counts from the end.
fn from_batch(inputs: Inputs<'_>) -> Outputs {
    let (index, length) = (inputs.int("batch_index"), inputs.int("length"));
    vec![inputs.image("image").map(|image| {
        let frames = || {
            let (index, length, there) = (index?, length?, image.frames?);
            let index = if index < 0 { index.saturating_add(there) } else { index };
            let index = index.min(there - 1).max(0);
            Ok(length.min(there - index))
        };
        // Of fewer pictures, no more can be taken.
        let most = match (length, image.at_most()) {
            (Ok(length), Some(there)) => Some(length.min(there)),
            (length, there) => length.ok().or(there),
        };
        Fact::Image(ImageFact { frames: frames(), most, ..image })
    })]
}

/// ComfyUI-KJNodes `nodes/image_nodes.py`, `GetImageRangeFromBatch`: -1 for the last ones.
fn range(inputs: Inputs<'_>, input: &str) -> Known<Fact> {
    let (start, length) = (inputs.int("start_index"), inputs.int("num_frames"));
    inputs.image(input).map(|image| {
        let frames = || {
            let (start, length, there) = (start?, length?, image.frames?);
            let start = if start == -1 { (there - length).max(0) } else { start };
            // Outside of what is there, the node fails.
            if start < 0 || start >= there {
                Err(inputs.unknown(Why::Unfit))
            } else {
                Ok(length.min(there - start))
            }
        };
        let most = match (length, image.at_most()) {
            (Ok(length), Some(there)) => Some(length.min(there)),
            (length, there) => length.ok().or(there),
        };
        Fact::Image(ImageFact { frames: frames(), most, ..image })
    })
}

/// So many times the same.
fn repeated(inputs: Inputs<'_>, input: &str, amount: &str) -> Known<ImageFact> {
    let image = inputs.image(input)?;
    Ok(match inputs.int(amount) {
        Ok(amount) => image.counted(|frames| frames.saturating_mul(amount)),
        Err(unknown) => uncounted(image, Err(unknown)),
    })
}

/// `videohelpersuite/image_latent_nodes.py`, `SelectEveryNthImage`: a slice of Python. The pictures left have their rate
/// divided.
fn every_nth(inputs: Inputs<'_>, input: &str, skip: &str) -> Known<ImageFact> {
    let image = inputs.image(input)?;
    let (nth, skip) = (inputs.int("select_every_nth")?.max(1), inputs.int(skip)?.max(0));
    let left = image.counted(|frames| (frames - skip).max(0).saturating_add(nth - 1) / nth);
    Ok(ImageFact { fps: left.fps.map(|fps| fps / to_float(nth)), ..left })
}

/// `videohelpersuite/image_latent_nodes.py`, `SplitImages`: two slices of Python, where a negative index counts from the
/// end.
fn split(inputs: Inputs<'_>, input: &str) -> Outputs {
    let at = inputs.int("split_index");
    let part = |is_first: bool| {
        inputs.image(input).map(|image| {
            let frames = || {
                let (at, there) = (at?, image.frames?);
                let at = if at < 0 { at.saturating_add(there) } else { at }.clamp(0, there.max(0));
                Ok(if is_first { at } else { there - at })
            };
            ImageFact { frames: frames(), most: image.at_most(), ..image }
        })
    };
    let mut outputs = counted(part(true));
    outputs.extend(counted(part(false)));
    outputs
}

/// ComfyUI-KJNodes `nodes/image_nodes.py`, `ImageBatchExtendWithOverlap`: the two share as many pictures as they overlap
/// by. Of fewer than these, all outputs are the source.
fn extended(inputs: Inputs<'_>) -> Outputs {
    let (source, overlap) = (inputs.image("source_images"), inputs.int("overlap"));
    let start = source.map(|source| {
        let frames = || Ok(overlap?.min(source.frames?));
        ImageFact { frames: frames(), most: overlap.ok().or(source.at_most()), ..source }
    });
    let longer = source.and_then(|source| {
        let new = inputs.image("new_images")?;
        let frames = || {
            let (there, overlap) = (source.frames?, overlap?);
            // What is shared must be there on both sides, or cutting and blending differ.
            let new = new
                .frames
                .and_then(|new| if new < overlap { Err(inputs.unknown(Why::Unfit)) } else { Ok(new) });
            Ok(if overlap > there { there } else { there.saturating_add(new?) - overlap })
        };
        let most = source.at_most().zip(new.at_most()).map(|(source, new)| source.saturating_add(new));
        Ok(ImageFact { frames: frames(), most, ..source })
    });
    vec![source.map(Fact::Image), start.map(Fact::Image), longer.map(Fact::Image)]
}

/// `comfy_extras/nodes_frame_interpolation.py`, `FrameInterpolate`: between each two frames, so many less one.
fn interpolated(inputs: Inputs<'_>) -> Outputs {
    let times = inputs.int("multiplier");
    vec![inputs.image("images").map(|image| {
        Fact::Image(match times {
            Ok(times) => {
                let more = |frames: i64| {
                    let all = (frames - 1).saturating_mul(times).saturating_add(1);
                    if frames < 2 || times < 2 { frames } else { all }
                };
                // Nothing says whether they are to be shown faster.
                ImageFact { fps: Err(inputs.unknown(Why::Absent)), ..image.counted(more) }
            }
            Err(unknown) => ImageFact { fps: Err(unknown), ..uncounted(image, Err(unknown)) },
        })
    })]
}

/// Two pictures side by side or one above the other: ComfyUI-KJNodes `nodes/image_nodes.py`, `ImageConcanate`. The shorter
/// batch repeats its last picture. `like`: the picture whose size the second is given, where that is not the first.
fn beside(
    inputs: Inputs<'_>,
    one: Known<ImageFact>,
    other: Known<ImageFact>,
    like: Option<ImageFact>,
) -> Known<ImageFact> {
    let (one, other) = (one?, other?);
    let direction = inputs.text("direction")?;
    let is_row = matches!(&*direction, "left" | "right");
    let matched = inputs.bool("match_image_size")?;
    let like = like.unwrap_or(one);
    // The other side of the second follows its proportion, cut to whole pixels.
    let other = if !matched {
        other
    } else if is_row {
        other.sized(follows(like.height, other.width, other.height, false), like.height)
    } else {
        other.sized(like.width, follows(like.width, other.width, other.height, true))
    };
    let sum = |one: Known<i64>, other: Known<i64>| Ok(one?.saturating_add(other?));
    let greater = |one: Known<i64>, other: Known<i64>| Ok(one?.max(other?));
    let joined = if is_row {
        one.sized(sum(one.width, other.width), greater(one.height, other.height))
    } else {
        one.sized(greater(one.width, other.width), sum(one.height, other.height))
    };
    let most = one.at_most().zip(other.at_most()).map(|(one, other)| one.max(other));
    Ok(ImageFact { frames: greater(one.frames, other.frames), most, ..joined })
}

/// The side that goes with another in the proportion of width to height.
fn follows(side: Known<i64>, width: Known<i64>, height: Known<i64>, is_height: bool) -> Known<i64> {
    let proportion = to_float(width?) / to_float(height?);
    let side = to_float(side?);
    Ok(truncated(if is_height { side / proportion } else { side * proportion }))
}

/// ComfyUI-KJNodes `nodes/image_nodes.py`, `ImageConcatMulti`: one after the other, each matched in size with the first;
/// a missing one is as black as the first is large.
fn concatenated(inputs: Inputs<'_>) -> Outputs {
    let first = inputs.image("image_1");
    let all = inputs.int("inputcount").and_then(|count| {
        let names = (2..=count.min(1000)).map(|at| format!("image_{at}"));
        names.fold(first, |all, name| {
            let next = if inputs.has(&name) { inputs.image(&name) } else { first };
            beside(inputs, all, next, Some(first?))
        })
    });
    vec![all.map(Fact::Image)]
}

/// `comfy_extras/nodes_images.py`, `ImageStitch`: as `ImageConcanate`, with a bar between that has an even width.
fn stitched(inputs: Inputs<'_>) -> Outputs {
    if !inputs.has("image2") {
        return vec![inputs.fact("image1")];
    }
    let joined = beside(inputs, inputs.image("image1"), inputs.image("image2"), None).and_then(|image| {
        let bar = inputs.int("spacing_width")?;
        let bar = if bar > 0 { bar + bar % 2 } else { 0 };
        let wider = |side: Known<i64>| side.map(|side| side.saturating_add(bar));
        Ok(match &*inputs.text("direction")? {
            "left" | "right" => image.sized(wider(image.width), image.height),
            _ => image.sized(image.width, wider(image.height)),
        })
    });
    vec![joined.map(Fact::Image)]
}
