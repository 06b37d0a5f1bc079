//! What a node class is: its inputs with types, ranges and defaults, and its outputs.
//!
//! Plain data. `object_info` reads it, from `/object_info` and from pack files alike.

use std::sync::Arc;

use serde_json::Value;

use super::own_check::OwnCheck;

/// One node class of a ComfyUI installation.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "flags of ComfyUI's own, each independent of the others")]
pub struct NodeClass {
    /// `class_type` in a workflow.
    pub name: Arc<str>,
    /// The name that ComfyUI's editor shows, where it differs from `name`.
    pub display_name: Option<String>,
    /// The node pack that provides the class, e.g. `ComfyUI-WanVideoWrapper`.
    pub pack: Arc<str>,
    /// The editor's menu path.
    pub category: String,
    /// Declared inputs: the required ones, then the optional ones, each in declared order.
    pub inputs: Vec<InputSpec>,
    /// Names of inputs that the server itself fills in.
    pub hidden: Vec<Arc<str>>,
    /// Outputs by slot.
    pub outputs: Vec<OutputSpec>,
    /// True for classes that make a prompt worth running (save, preview).
    pub output_node: bool,
    /// True if the class declares itself deprecated.
    pub deprecated: bool,
    /// True if the class declares itself experimental.
    pub experimental: bool,
    /// True if running it calls a paid service.
    pub api_node: bool,
    /// What it checks about its inputs itself.
    pub own_check: Option<OwnCheck>,
}

impl NodeClass {
    /// The declared input called `name`.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&InputSpec> {
        self.inputs.iter().find(|input| &*input.name == name)
    }

    /// The slot of the output called `name` (the first, where several share a name).
    #[must_use]
    pub fn output_slot(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|output| &*output.name == name)
    }
}

/// A declared input.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "flags of ComfyUI's own, each independent of the others")]
pub struct InputSpec {
    /// Its key in a workflow's `inputs`.
    pub name: Arc<str>,
    /// True if ComfyUI rejects a node without it (a default does not exempt).
    pub required: bool,
    /// What it takes.
    pub kind: InputKind,
    /// The types of the links that it takes, where they are more than those of `kind`.
    pub wider: Option<Arc<str>>,
    /// The range of an input of a type that has none of its own (`FLOAT,INT`, `FLOATS`).
    pub bounds: Bounds,
    /// The value that ComfyUI's editor starts with.
    pub default: Option<Value>,
    /// True if the editor offers a socket only, even for a type that has a widget.
    pub force_input: bool,
    /// True if the editor offers a widget only, even for a type that has none of its own (`COLOR`, `CURVE`).
    pub socketless: bool,
    /// The widget that the editor shows instead of the type's own (`widgetType`), e.g. `VHSTIMESTAMP`.
    pub widget: Option<Arc<str>>,
    /// True if the editor keeps a second widget, "control after generate", behind this one.
    /// It does so for integers called `seed` or `noise_seed` even where this is false.
    pub control_after_generate: bool,
    /// True if the editor applies what `{a|b}` and comments mean in the text before it is sent.
    pub dynamic_prompts: bool,
}

impl InputSpec {
    /// The types of the links that the server lets in, in ComfyUI's spelling.
    #[must_use]
    pub fn link_types(&self) -> &str {
        self.wider.as_deref().unwrap_or_else(|| self.kind.type_name())
    }
}

/// A range; both ends belong to it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Smallest value.
    pub min: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
}

impl Bounds {
    /// True if there is no bound.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.min.is_none() && self.max.is_none()
    }
}

/// What an input takes.
#[derive(Clone, Debug, PartialEq)]
pub enum InputKind {
    /// A whole number; bounds are inclusive.
    Int {
        /// Smallest value.
        min: Option<i128>,
        /// Largest value.
        max: Option<i128>,
        /// The editor's step. The server does not check it.
        step: Option<i128>,
    },
    /// A number; bounds are inclusive.
    Float {
        /// Smallest value.
        min: Option<f64>,
        /// Largest value.
        max: Option<f64>,
        /// The editor's step. The server does not check it.
        step: Option<f64>,
    },
    /// True or false.
    Boolean,
    /// A text.
    String {
        /// True if the editor offers several lines.
        multiline: bool,
    },
    /// One of a list.
    Combo(Combo),
    /// V3: one input per name of a growing family, spelled `container.name`.
    Autogrow(Autogrow),
    /// V3: a selector whose choice decides which further inputs exist, spelled `selector.name`.
    DynamicCombo(Arc<[DynamicOption]>),
    /// V3: any type of `allowed` (`*` for all); the editor keeps equal templates consistent.
    MatchType {
        /// Inputs and outputs with the same template take the same type.
        template: Arc<str>,
        /// The types that may be connected, in ComfyUI's spelling.
        allowed: Arc<str>,
    },
    /// The output of another node: a type or a union of types, in ComfyUI's spelling
    /// (`IMAGE`, `INT,FLOAT`, `*`).
    Link(Arc<str>),
}

impl InputKind {
    /// The type of links that the input accepts, in ComfyUI's spelling (`INT`, `IMAGE,MASK`, `*`).
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Self::Int { .. } => "INT",
            Self::Float { .. } => "FLOAT",
            Self::Boolean => "BOOLEAN",
            Self::String { .. } => "STRING",
            Self::Combo(_) | Self::DynamicCombo(_) => "COMBO",
            Self::Autogrow(_) => "*",
            Self::MatchType { allowed, .. } => allowed,
            Self::Link(types) => types,
        }
    }

    /// The folder whose files the input takes, if it takes files.
    #[must_use]
    pub fn folder(&self) -> Option<&str> {
        match self {
            Self::Combo(combo) => combo.folder.as_deref(),
            _ => None,
        }
    }

    /// True if the editor shows a widget for it, so that a literal is the normal value.
    #[must_use]
    pub const fn is_widget(&self) -> bool {
        matches!(
            self,
            Self::Int { .. }
                | Self::Float { .. }
                | Self::Boolean
                | Self::String { .. }
                | Self::Combo(_)
                | Self::DynamicCombo(_)
        )
    }
}

/// The list behind a combo input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Combo {
    /// True if declared as `COMBO` (V3), false if as a bare list (V1). ComfyUI connects an output that
    /// declares choices to any V3 combo, but to a V1 combo only where both lists are equal.
    pub v3: bool,
    /// The values. `None`: the catalog cannot know them (files of the machine that runs, a remote list).
    pub options: Option<Arc<[Value]>>,
    /// The model folder (`loras`, `vae`, …) or `input`, if the values are files there.
    /// Several alternatives are separated by `|`.
    pub folder: Option<Arc<str>>,
    /// True if a list of values may be chosen.
    pub multiselect: bool,
    /// True if the editor lets the user upload a file here.
    pub upload: bool,
    /// VideoHelperSuite: value → inputs that exist while that value is chosen.
    pub formats: Arc<[(Arc<str>, Vec<InputSpec>)]>,
}

/// A family of inputs that grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Autogrow {
    /// The names after the dot, in order: `a`, `b`, … or `image0`, `image1`, …
    pub names: Vec<Arc<str>>,
    /// How many of the first names are required, if `template` is.
    pub min: usize,
    /// What each member takes.
    pub template: Box<InputSpec>,
}

/// One choice of a dynamic combo.
#[derive(Clone, Debug, PartialEq)]
pub struct DynamicOption {
    /// The value that selects it.
    pub key: Arc<str>,
    /// The inputs that exist while it is selected.
    pub inputs: Vec<InputSpec>,
}

/// An output slot.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputSpec {
    /// The name shown at the slot.
    pub name: Arc<str>,
    /// Its type or union of types, in ComfyUI's spelling; `COMBO` where the class declares a list of choices instead.
    pub types: Arc<str>,
    /// The choices, where the class declares such a list.
    pub choices: Option<Arc<[Value]>>,
    /// V3: the template of the inputs that decide the type.
    pub template: Option<Arc<str>>,
}

/// True if an output of type `output` may be linked to an input of type `input` (both in ComfyUI's
/// spelling): one common member is enough, `*` on either side always is, numbers are never widened.
#[must_use]
pub fn types_connect(output: &str, input: &str) -> bool {
    output == input
        || split(output).any(|have| have == "*" || split(input).any(|want| want == "*" || have == want))
}

fn split(union: &str) -> impl Iterator<Item = &str> {
    union.split(',').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unions_connect_by_one_common_member() {
        let connects = types_connect;
        assert!(connects("IMAGE", "IMAGE,MASK"));
        assert!(connects("INT,FLOAT", "BOOLEAN, FLOAT"));
        assert!(connects("*", "MODEL") && connects("MODEL", "*"));
        assert!(!connects("INT", "FLOAT"));
        assert!(!connects("STRING", "COMBO"));
    }
}
