//! What the scripts of node packs do to a file of theirs: VideoHelperSuite, which writes values by
//! name, and KJNodes.

use rustc_hash::FxHashMap;
use serde_json::Value as JsonValue;

use super::super::{Json, Place};
use super::widgets::{Export, Widget};
use crate::ir::Value;

/// Values by the names of widgets, with their places.
pub(super) type Named<'a> = FxHashMap<&'a str, (Value, Option<Place>)>;

/// The order of values in VideoHelperSuite's files from when it wrote lists. An empty name is a button.
const VHS_LISTS: [(&str, &[&str]); 5] = [
    ("VHS_LoadImages", &["directory", "", "image_load_cap", "skip_first_images", "select_every_nth"]),
    ("VHS_LoadImagesPath", &["directory", "image_load_cap", "skip_first_images", "select_every_nth"]),
    ("VHS_LoadVideo", VHS_LOAD_VIDEO),
    ("VHS_LoadVideoPath", VHS_LOAD_VIDEO),
    (
        "VHS_VideoCombine",
        &["frame_rate", "loop_count", "filename_prefix", "format", "pingpong", "save_image"],
    ),
];
const VHS_LOAD_VIDEO: &[&str] =
    &["video", "force_rate", "force_size", "frame_load_cap", "skip_first_frames", "select_every_nth"];

/// Classes of packs that save files under a name in which `%node.widget%` is filled in.
pub(super) const SAVERS: [&str; 7] = [
    "DecodeAndSaveVideo",
    "LoraExtractKJ",
    "ModelSaveKJ",
    "SaveImageKJ",
    "SaveImageWithAlpha",
    "SaveStringKJ",
    "VHS_VideoCombine",
];

/// True for classes whose values VideoHelperSuite's script saves by name.
pub(super) fn by_name(class: &str) -> bool {
    class.starts_with("VHS_")
}

/// Values that go by name, not by position: those in an object, and VideoHelperSuite's old lists.
pub(super) fn named<'a>(class: &str, values: Option<&'a Json<'a>>) -> Option<Named<'a>> {
    let value = |json: &Json<'_>| (json.to_value(), json.place);
    let mut named: Named<'a> = if let Some(entries) = values?.entries() {
        entries.iter().map(|entry| (entry.key, value(&entry.value))).collect()
    } else {
        let items = values?.items()?;
        let (_, names) = VHS_LISTS.iter().find(|(name, _)| *name == class)?;
        if items.is_empty() || items.len() < names.len() {
            return None;
        }
        names.iter().zip(items).map(|(name, item)| (*name, value(item))).collect()
    };
    if class == "VHS_VideoCombine"
        && !named.contains_key("save_output")
        && let Some(saved) = named.get("save_image").cloned()
    {
        named.insert("save_output", saved);
    }
    if by_name(class) {
        split_size(&mut named);
    }
    Some(named)
}

/// VideoHelperSuite's `force_size` (`512x?`) became a width and a height, in which 0 is "as it is".
fn split_size(named: &mut Named<'_>) {
    let Some((Value::Str(size), place)) = named.get("force_size").cloned() else { return };
    let number = |text: &str| {
        let digits = text.trim_start();
        let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
        Value::Int(digits[..end].parse().unwrap_or(0))
    };
    let is = |names: [&str; 2]| names.contains(&&*size).then_some(Value::Int(0));
    let (width, height) = size.split_once('x').map_or_else(
        || (is(["Disabled", "Custom Height"]), is(["Disabled", "Custom Width"])),
        |(width, height)| (Some(number(width)), Some(number(height))),
    );
    for (name, value) in [("custom_width", width), ("custom_height", height)] {
        if let Some(value) = value {
            named.insert(name, (value, place));
        }
    }
}

/// KJNodes' editor for curves measures its points anew when a file is opened, and lets the last one
/// end where the curve's last control point is. Files from before have it a little beside.
pub(super) fn spline_editor(widgets: &mut [Widget]) {
    let text = |name: &str| {
        let widget = widgets.iter().find(|widget| &*widget.name == name);
        widget.and_then(|widget| widget.value.as_ref()).and_then(Value::as_str)
    };
    if text("sampling_method") == Some("speed") {
        return;
    }
    let parsed = |name: &str| text(name).and_then(|text| serde_json::from_str::<JsonValue>(text).ok());
    let (Some(store), Some(mut samples)) = (parsed("points_store"), parsed("coordinates")) else { return };
    let (Some(splines), Some(lists)) = (store.as_array(), samples.as_array_mut()) else { return };
    for (spline, list) in splines.iter().zip(lists) {
        let Some([_, .., end]) = spline["points"].as_array().map(Vec::as_slice) else { continue };
        let last = list.as_array_mut().filter(|list| list.len() > 1).and_then(|list| list.last_mut());
        if let (Some(last), Some(y)) = (last.and_then(JsonValue::as_object_mut), end.get("y"))
            && last.contains_key("y")
        {
            last.insert("y".to_owned(), y.clone());
        }
    }
    if let Some(widget) = widgets.iter_mut().find(|widget| &*widget.name == "coordinates") {
        widget.value = Some(Value::Str(samples.to_string().into()));
    }
}

/// Marks the file name of classes in [`SAVERS`].
pub(super) fn mark_file_name(widgets: &mut [Widget]) {
    for widget in widgets.iter_mut().filter(|widget| &*widget.name == "filename_prefix") {
        widget.export = Export::FileName;
    }
}
