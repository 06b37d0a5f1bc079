//! What output nodes show and save.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Version;
use super::faults::FaultKind;
use super::files::{Content, Folder, join};
use super::media::{Kind, Made, Texts};
use super::not_numbers::NAN;
use super::prefix;
use super::python;
use super::state::{Inner, Shared};
use crate::analysis::{Analysis, Fact};
use crate::catalog::output_files;
use crate::ir::{Argument, Graph, NodeId, Value as Literal};

/// The size of what nobody can tell the size of, in pixels.
const UNKNOWN_SIDE: i64 = 64;

/// Most files that a node writes.
const MAX_FILES: i64 = 4096;

/// A node that shows something.
pub(super) struct Showing<'a> {
    pub(super) shared: &'a Shared,
    pub(super) graph: &'a Graph,
    pub(super) analysis: &'a Analysis<'a>,
    pub(super) node: NodeId,
    /// What is written into pictures.
    pub(super) texts: &'a Arc<Texts>,
}

/// What is shown.
struct Picture {
    width: u32,
    height: u32,
    frames: u32,
    rate: f64,
}

/// How the files of a class are made and named.
struct Files {
    extension: Kind,
    /// True if each picture is a file of its own.
    each: bool,
    /// What stands behind the number.
    tail: &'static str,
    /// True if the class says how large its pictures are when it asks for a place.
    has_size: bool,
}

/// How the output nodes of a class name their files.
fn files(class: &str, format: &str, version: Version) -> Files {
    let is_vhs = class == "VHS_VideoCombine";
    let (extension, each) = match class {
        "SaveAnimatedWEBP" => ("webp", false),
        "SaveVideo" => ("mp4", false),
        "SaveWEBM" => ("webm", false),
        "SaveAudio" | "PreviewAudio" => ("flac", false),
        "SaveAudioMP3" => ("mp3", false),
        "SaveAudioOpus" => ("opus", false),
        "SaveGLB" => ("glb", false),
        "SaveLatent" => ("latent", false),
        "SaveAnimatedPNG" => ("png", false),
        "VHS_VideoCombine" => (vhs(format), false),
        _ => ("png", true),
    };
    let is_sound = matches!(extension, "flac" | "mp3" | "opus");
    let has_size = !is_vhs && !is_sound && !matches!(extension, "glb" | "latent");
    Files {
        extension,
        each,
        tail: if is_vhs || is_sound && version != Version::V0_3_64 { "" } else { "_" },
        has_size,
    }
}

/// The extension of a format of `VideoHelperSuite`.
fn vhs(format: &str) -> Kind {
    const ENDS: [(&str, &str); 7] = [
        ("gif", "gif"),
        ("webp", "webp"),
        ("webm", "webm"),
        ("mkv", "mkv"),
        ("ProRes", "mov"),
        ("png", "png"),
        ("mp4", "mp4"),
    ];
    ENDS.iter().find(|(end, _)| format.ends_with(end)).map_or("mp4", |(_, extension)| extension)
}

impl Showing<'_> {
    /// What the node shows, as `executed` has it; nothing if it shows nothing.
    ///
    /// # Errors
    /// The text of the exception that it raises.
    pub(super) fn output(&self, inner: &mut Inner) -> Result<Option<Value>, String> {
        let node = self.graph.node(self.node);
        if !node.class.as_ref().is_some_and(|class| class.output_node) {
            return Ok(None);
        }
        let mut output = match output_files(&node.class_type).filter(|files| !files.key.is_empty()) {
            Some(files) => self.saved(inner, files.kept, files.key)?,
            None => json!({ "text": [self.text()] }),
        };
        if self.shared.control.hit(FaultKind::Nan).is_some() {
            let numbers = [NAN.to_owned(), format!("{NAN}+"), format!("{NAN}-")];
            output["measured"] = json!(numbers);
        }
        Ok(Some(output))
    }

    /// True if the node writes files that stay.
    pub(super) fn saves(&self) -> bool {
        let class = &self.graph.node(self.node).class_type;
        output_files(class).is_some_and(|files| !files.key.is_empty() && files.kept != "no")
    }

    /// What was given to a node that shows it as text, as far as it is written in the workflow.
    fn text(&self) -> String {
        let inputs = self.graph.node(self.node).inputs();
        let literal = inputs.iter().find_map(|input| match &input.value {
            Argument::Literal(value) => Some(value.clone()),
            Argument::Link { from, .. } => {
                let source = self.graph.node(*from);
                let is_value = source.class_type.starts_with("Primitive");
                match &source.input("value").filter(|_| is_value)?.value {
                    Argument::Literal(value) => Some(value.clone()),
                    Argument::Link { .. } => None,
                }
            }
        });
        let literal = literal.and_then(|value| serde_json::from_str::<Value>(&value.to_string()).ok());
        match literal {
            Some(value @ (Value::Array(_) | Value::Object(_))) => python::indented(&value),
            Some(value) => python::text(&value),
            None => format!("what {} was given", self.graph.node(self.node).key),
        }
    }

    fn given(&self, input: &str) -> Option<&Literal> {
        match &self.graph.node(self.node).input(input)?.value {
            Argument::Literal(value) => Some(value),
            Argument::Link { .. } => None,
        }
    }

    fn saved(&self, inner: &mut Inner, kept: &str, key: &str) -> Result<Value, String> {
        let class = &*self.graph.node(self.node).class_type;
        let format = self.given("format").and_then(Literal::as_str).unwrap_or_default();
        let stays = match kept {
            "yes" => true,
            "no" => false,
            input => self.given(input) != Some(&Literal::Bool(false)),
        };
        let folder = if stays { Folder::Output } else { Folder::Temp };
        let prefix = self.given("filename_prefix").and_then(Literal::as_str);
        let prefix = prefix.unwrap_or(if stays { "ComfyUI" } else { "ComfyUI_temp_wfcsm" });
        let picture = self.picture();
        let how = files(class, format, self.shared.config.version);
        let size = if how.has_size { (picture.width, picture.height) } else { (0, 0) };
        let now = self.shared.clock.wall_seconds();
        let root = self.shared.root();
        let place = prefix::place(&self.shared.read_path(prefix), size, now, folder, root)?;
        let (subfolder, stem) = (&*place.subfolder, &*place.stem);
        let count = if how.each { picture.frames } else { 1 };
        let mut names = Vec::new();
        for at in 0..count {
            // Files that are named after their place in a batch do not begin as the prefix does, so that the next run
            // counts from 1 again and writes over them.
            let is_of_batch = how.each && stem.contains("%batch_num%");
            let number = if is_of_batch {
                u64::from(at) + 1
            } else {
                inner.files.next_number(folder, &join(subfolder, stem))
            };
            let stem = if how.each { &*stem.replace("%batch_num%", &at.to_string()) } else { stem };
            let name = format!("{stem}_{number:05}{}.{}", how.tail, how.extension);
            let made = self.made(&picture, &how, number);
            inner.files.put(folder, join(subfolder, &name), Content::Made(made), now);
            names.push(name);
        }
        let shown = self.shared.shown(subfolder);
        let entry = |name: &String| json!({ "filename": name, "subfolder": shown, "type": folder.name() });
        let mut entries: Vec<Value> = names.iter().map(entry).collect();
        let mut output = Map::new();
        match class {
            "VHS_VideoCombine" => {
                for (entry, name) in entries.iter_mut().zip(&names) {
                    let still = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
                    let still = format!("{still}.png");
                    let made = self.made(&picture, &files("SaveImage", "", self.shared.config.version), 0);
                    inner.files.put(folder, join(subfolder, &still), Content::Made(made), now);
                    entry["format"] = format.into();
                    entry["frame_rate"] = json!(picture.rate);
                    entry["workflow"] = still.into();
                    let path = format!("{root}/{}/{}", folder.name(), join(subfolder, name));
                    entry["fullpath"] = self.shared.shown(&path).into();
                }
            }
            "SaveVideo" | "SaveWEBM" | "SaveAnimatedWEBP" | "SaveAnimatedPNG" => {
                output.insert("animated".to_owned(), json!([true]));
            }
            "MaskPreview" => {
                output.insert("animated".to_owned(), json!([false]));
            }
            _ => {}
        }
        let mut all = Map::new();
        all.insert(key.to_owned(), entries.into());
        all.append(&mut output);
        Ok(all.into())
    }

    fn made(&self, picture: &Picture, how: &Files, number: u64) -> Arc<Made> {
        let seed = self.shared.config.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let [_, _, _, _, _, red, green, blue] = seed.to_be_bytes();
        Arc::new(Made {
            kind: how.extension,
            width: picture.width,
            height: picture.height,
            frames: picture.frames,
            rate: picture.rate,
            color: [red, green, blue],
            texts: Arc::clone(self.texts),
        })
    }

    /// What arrives at the node's first input that carries pictures.
    fn picture(&self) -> Picture {
        let inputs = self.analysis.inputs(self.node);
        let names = self.graph.node(self.node).inputs().iter();
        let images = names.filter_map(|input| match inputs.fact(&input.name) {
            Ok(Fact::Image(image)) => Some(image),
            Ok(Fact::Video(video)) => Some(video.image),
            _ => None,
        });
        let image = images.into_iter().next();
        let side = |known: Option<i64>| u32::try_from(known.unwrap_or(UNKNOWN_SIDE).clamp(1, 16_384));
        let frames = image.as_ref().map_or(1, |image| image.frames.ok().or(image.most).unwrap_or(1));
        let written = self.given("frame_rate").or_else(|| self.given("fps")).and_then(Literal::as_f64);
        let fps = image.as_ref().and_then(|image| image.fps.ok());
        Picture {
            width: side(image.as_ref().and_then(|image| image.width.ok())).unwrap_or(64),
            height: side(image.as_ref().and_then(|image| image.height.ok())).unwrap_or(64),
            frames: u32::try_from(frames.clamp(1, MAX_FILES)).unwrap_or(1),
            rate: written.or(fps).filter(|rate| rate.is_finite() && *rate > 0.0).unwrap_or(24.0),
        }
    }
}

impl Shared {
    /// A path as clients write it, with `/` where that is how the server's system reads it.
    pub(super) fn read_path(&self, path: &str) -> String {
        if self.is_windows { path.replace('\\', "/") } else { path.to_owned() }
    }

    /// A path as the server's system writes it.
    pub(super) fn shown(&self, path: &str) -> String {
        if path.contains('/') && self.is_windows { path.replace('/', "\\") } else { path.to_owned() }
    }
}
