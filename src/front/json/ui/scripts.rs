//! Widgets that no class declares: the editor's own scripts add them to some classes.

use super::given::hidden;
use super::packs;
use super::widgets::{Builder, Export, Widget};
use crate::catalog::{Bounds, InputKind, InputSpec, NodeClass};
use crate::ir::Value;

/// The value of a new widget, for types whose declaration need not have one.
/// Nothing for types that have no widget.
pub(super) fn initial_value(kind: &str) -> Option<Value> {
    let text = |text: &str| Value::Str(text.into());
    let map = |entries: &[(&str, i128)]| {
        Value::Map(entries.iter().map(|(key, value)| ((*key).into(), Value::Int(*value))).collect())
    };
    Some(match kind {
        "INT" | "FLOAT" | "VHSTIMESTAMP" => Value::Int(0),
        "BOOLEAN" => Value::Bool(false),
        "STRING" | "MARKDOWN" | "TEXTAREA" | "PAINTER" | "LOAD_3D" | "PREVIEW_3D" | "AUDIO_RECORD"
        | "WEBCAM" | UPLOAD => text(""),
        "COLOR" => text("#000000"),
        "BOUNDING_BOX" => map(&[("x", 0), ("y", 0), ("width", 512), ("height", 512)]),
        "BOUNDING_BOXES" | "COLORS" | "GALLERIA" => Value::List(Vec::new()),
        "IMAGECOMPARE" => Value::List(vec![text(""), text("")]),
        "RANGE" => map(&[("min", 0), ("max", 1)]),
        "CHART" => map(&[]),
        "CURVE" => {
            let point = |at: i128| Value::List(vec![Value::Int(at), Value::Int(at)]);
            Value::Map(vec![
                ("points".into(), Value::List(vec![point(0), point(1)])),
                ("interpolation".into(), text("monotone_cubic")),
            ])
        }
        _ => return None,
    })
}

/// Classes that save files under a name in which `%node.widget%` is filled in.
const SAVERS: [&str; 17] = [
    "CLIPSave",
    "LoraSave",
    "ModelSave",
    "SaveAnimatedPNG",
    "SaveAnimatedWEBP",
    "SaveAudio",
    "SaveAudioAdvanced",
    "SaveAudioMP3",
    "SaveAudioOpus",
    "SaveGLB",
    "SaveImage",
    "SaveImageAdvanced",
    "SaveLatent",
    "SaveSVGNode",
    "SaveVideo",
    "SaveWEBM",
    "VAESave",
];

/// True if a class has a button to upload a file, behind all other widgets. Those of 3D models are elsewhere.
pub(super) fn has_upload(class: &NodeClass) -> bool {
    let uploads = |input: &InputSpec| matches!(&input.kind, InputKind::Combo(combo) if combo.upload);
    let has = |kind: &str| class.inputs.iter().any(|input| input.kind.type_name() == kind);
    class.inputs.iter().any(uploads) && !has("LOAD_3D") && !has(UPLOAD)
}

/// The type of an upload button where it is an input like others.
pub(super) const UPLOAD: &str = "IMAGEUPLOAD";

/// An upload button, as the editor adds it to the inputs of a class.
pub(super) fn upload_input() -> InputSpec {
    InputSpec { name: "upload".into(), ..socket_input(UPLOAD) }
}

/// An input that takes links of a type, called like it.
pub(super) fn socket_input(types: &str) -> InputSpec {
    InputSpec {
        name: types.into(),
        required: false,
        kind: InputKind::Link(types.into()),
        wider: None,
        bounds: Bounds::default(),
        default: None,
        force_input: false,
        socketless: types == UPLOAD,
        widget: None,
        control_after_generate: false,
        dynamic_prompts: false,
    }
}
/// Adds the widgets that stand behind the declared ones, and says how some are written.
pub(super) fn add_widgets(builder: &mut Builder<'_, '_>) {
    let class = &*builder.class.name;
    if has_upload(builder.class) && !["LoadImageOutput", "LoadAudio"].contains(&class) {
        builder.hidden(|_| [hidden::upload()]);
    }
    match class {
        // A player, and the button.
        "LoadAudio" => builder.hidden(|_| [hidden::empty(), hidden::empty()]),
        // The list comes from the server, with a switch and a button to load it anew.
        "LoadImageOutput" => {
            builder.hidden(|_| [hidden::switch()]);
            builder.take("refresh", Some(Value::Str("refresh".into())), Export::Plain);
            builder.hidden(|_| [hidden::upload()]);
        }
        "CustomCombo" => custom_combo(builder),
        // The view of what came out, and how it is shown.
        "PreviewAny" => builder.hidden(|_| [hidden::empty(), hidden::empty(), hidden::empty()]),
        "SaveGLB" | "Preview3D" | "Preview3DAnimation" => {
            builder.take("image", initial_value("PREVIEW_3D"), Export::Plain);
        }
        // A sampler's name had a prefix once.
        "KSampler" | "KSamplerAdvanced" => {
            for widget in builder.widgets().iter_mut().filter(|widget| &*widget.name == "sampler_name") {
                let name = widget.value.as_ref().and_then(Value::as_str);
                if let Some(name) = name.and_then(|name| name.strip_prefix("sample_")) {
                    widget.value = Some(Value::Str(name.into()));
                }
            }
        }
        "SplineEditor" => packs::spline_editor(builder.widgets()),
        _ if SAVERS.contains(&class) || packs::SAVERS.contains(&class) => {
            packs::mark_file_name(builder.widgets());
        }
        _ => {}
    }
}

/// Buttons before the view of a 3D model. They are buttons, but the editor writes them as inputs.
pub(super) fn load_3d_buttons(builder: &mut Builder<'_, '_>) {
    if builder.class.input("model_file").is_none() {
        return;
    }
    for (name, value) in [
        ("upload 3d model", "upload3dmodel"),
        ("upload extra resources", "uploadExtraResources"),
        ("clear", "clear"),
    ] {
        builder.take(name, Some(Value::Str(value.into())), Export::Plain);
    }
}

/// A list whose choices are written on the node itself. Behind the last choice that is filled in there
/// is an empty one more, and a hidden widget gives the number of the choice.
fn custom_combo(builder: &mut Builder<'_, '_>) {
    let choice = builder.widgets().first().and_then(|widget| widget.value.clone());
    builder.hidden(|_| [hidden::empty()]);
    let index = builder.widgets().len();
    let mut options = 0..;
    let mut at = None;
    for option in options.by_ref() {
        let name = format!("option{}", option + 1);
        let text = builder.take(&name, initial_value("STRING"), Export::Plain);
        let value = builder.widgets().last().and_then(|widget| widget.value.clone());
        if at.is_none() && value == choice {
            at = Some(option);
        }
        if text.is_none_or(|text| text.is_empty()) {
            break;
        }
    }
    let value = Some(Value::Int(at.unwrap_or(-1)));
    builder.correct_hidden(value.clone());
    builder
        .widgets()
        .insert(index, Widget { name: "index".into(), value, place: None, export: Export::Plain });
}
