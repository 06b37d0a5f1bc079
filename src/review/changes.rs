//! What differs between two workflows, as plain data. Serialised, this is what `wfc diff --format json` prints.

use schemars::JsonSchema;
use serde::Serialize;

use super::looks::LooksChange;
use crate::diag::Severity;
use crate::ir::Value;
use crate::plan::{Amount, Verdict};

/// Version of the format. It grows when something is removed or changes its meaning.
pub const VERSION: u32 = 1;

/// What differs between two workflows.
#[derive(Clone, Debug, Serialize, JsonSchema)]

pub struct Diff {
    /// Version of this format.
    pub version: u32,
    /// True if both run the same: there is no change. How an editor shows them, and their ids, may differ.
    pub same: bool,
    /// The old workflow.
    pub old: About,
    /// The new workflow.
    pub new: About,
    /// What changed, in groups: models, parameters, nodes, links, order, packs.
    pub changes: Vec<Change>,
    /// What does not change what runs.
    pub looks: LooksChange,
    /// What follows from the changes.
    pub consequences: Consequences,
    /// True if nodes may be paired in more ways than were tried: fewer changes may tell the same.
    pub approximate: bool,
}

/// What a workflow is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct About {
    /// What it is called: its path, with the revision it is of.
    pub name: String,
    /// `preset`, `api` or `ui`.
    pub kind: String,
    /// How many nodes it has.
    pub nodes: usize,
    /// How many workflows its preset stands for; the first one is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflows: Option<u64>,
}

/// A node, by its ids on both sides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct NodeName {
    /// Its id in the old workflow, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// Its id in the new workflow, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// Its class; the new one, if it was replaced.
    pub class_type: String,
    /// Its title, if it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// What an input is given.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Given {
    /// A value.
    Value(#[schemars(with = "serde_json::Value")] Value),
    /// An output of a node.
    Output {
        /// The node.
        node: NodeName,
        /// The output, counted from 0.
        slot: u32,
        /// Its name, if the class is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
}

/// An input of a node, and what it is given.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct GivenInput {
    /// The input.
    pub input: String,
    /// What it is given.
    pub given: Given,
}

/// A model file.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ModelFile {
    /// The value of the input.
    pub file: String,
    /// The family, if the catalog of models or the name tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// What it is used as, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// How its weights are stored, if the catalog tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtype: Option<String>,
    /// Its size in bytes, if the catalog tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// Whether a number grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// It is greater.
    Up,
    /// It is smaller.
    Down,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// Another model file.
    Model {
        /// The node that loads it.
        node: NodeName,
        /// The input that names it.
        input: String,
        /// Before.
        old: ModelFile,
        /// After.
        new: ModelFile,
    },
    /// Another value of an input.
    Parameter {
        /// The node.
        node: NodeName,
        /// Its input.
        input: String,
        /// Before; nothing if the input was not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<serde_json::Value>")]
        old: Option<Value>,
        /// After; nothing if the input is no longer given.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<serde_json::Value>")]
        new: Option<Value>,
        /// Of two numbers, whether it grew.
        #[serde(skip_serializing_if = "Option::is_none")]
        direction: Option<Direction>,
        /// Of two numbers, the new one by the old one.
        #[serde(skip_serializing_if = "Option::is_none")]
        ratio: Option<f64>,
        /// The preset's parameter that this is, unchanged.
        #[serde(skip_serializing_if = "Option::is_none")]
        param: Option<String>,
        /// Its unit.
        #[serde(skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
    },
    /// A node that was not there.
    Added {
        /// The node.
        node: NodeName,
        /// The step it belongs to, if it is tagged.
        #[serde(skip_serializing_if = "Option::is_none")]
        stage: Option<String>,
        /// What it is given.
        inputs: Vec<GivenInput>,
    },
    /// A node that is no longer there.
    Removed {
        /// The node.
        node: NodeName,
        /// The step it belonged to, if it was tagged.
        #[serde(skip_serializing_if = "Option::is_none")]
        stage: Option<String>,
    },
    /// A node of another class in the same place; what differs in its inputs are changes of their own.
    Replaced {
        /// The node.
        node: NodeName,
        /// The class before.
        old: String,
        /// The class after.
        new: String,
    },
    /// An input that is given something else, and was or is linked.
    Link {
        /// The node.
        node: NodeName,
        /// Its input.
        input: String,
        /// Before; nothing if the input was not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        old: Option<Given>,
        /// After; nothing if the input is no longer given.
        #[serde(skip_serializing_if = "Option::is_none")]
        new: Option<Given>,
    },
    /// Two steps whose order is reversed: the second needed what the first gives, and now it is the other way round.
    /// It follows from the links.
    Reordered {
        /// The one that came first.
        first: NodeName,
        /// The one that needed it.
        second: NodeName,
    },
    /// The steps of the graph file, if they are others or in another order.
    Stages {
        /// Before.
        old: Vec<String>,
        /// After.
        new: Vec<String>,
    },
    /// A node pack that must be installed now and was not needed before. It follows from the nodes.
    PackNeeded {
        /// The pack.
        pack: String,
        /// The classes used from it.
        classes: Vec<String>,
    },
    /// A node pack that is no longer needed.
    PackUnneeded {
        /// The pack.
        pack: String,
    },
}

/// The groups that changes are shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Other model files.
    Models,
    /// Other values.
    Parameters,
    /// Nodes added, removed and replaced.
    Nodes,
    /// Links.
    Links,
    /// The order of steps.
    Order,
    /// Node packs.
    Packs,
}

impl Group {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Models, Self::Parameters, Self::Nodes, Self::Links, Self::Order, Self::Packs];

    /// The headline.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Models => "Models",
            Self::Parameters => "Parameters",
            Self::Nodes => "Nodes",
            Self::Links => "Links",
            Self::Order => "Order",
            Self::Packs => "Node packs",
        }
    }
}

impl Change {
    /// The group it belongs to.
    #[must_use]
    pub const fn group(&self) -> Group {
        match self {
            Self::Model { .. } => Group::Models,
            Self::Parameter { .. } => Group::Parameters,
            Self::Added { .. } | Self::Removed { .. } | Self::Replaced { .. } => Group::Nodes,
            Self::Link { .. } => Group::Links,
            Self::Reordered { .. } | Self::Stages { .. } => Group::Order,
            Self::PackNeeded { .. } | Self::PackUnneeded { .. } => Group::Packs,
        }
    }
}

/// What follows from the changes. What was not looked at, or cannot be told of both sides, is left out.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Consequences {
    /// What the checks find.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<Findings>,
    /// Memory of the graphics card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// Time on the machine that it is for, with the models in the host's memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// What requests may set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub interface: Vec<InterfaceChange>,
}

/// What the checks find in one of the two.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Findings {
    /// What was not found before.
    pub new: Vec<Finding>,
    /// What is no longer found.
    pub gone: Vec<Finding>,
    /// How many are found in both.
    pub kept: usize,
}

/// Something that the checks find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// How bad it is.
    #[schemars(with = "String")]
    pub severity: SeverityName,
    /// What is wrong.
    pub message: String,
    /// The id of the node that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The input that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

/// A severity, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeverityName(pub Severity);

impl Serialize for SeverityName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

/// An amount on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BeforeAfter {
    /// Before.
    pub old: Amount,
    /// After.
    pub new: Amount,
}

/// Memory of the graphics card, in bytes, as `nvidia-smi` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Memory {
    /// The least that a card must have.
    pub least: BeforeAfter,
    /// What it takes to stream no weights.
    pub without_streaming: BeforeAfter,
    /// Steps of which nothing can be told, before and after: with any, the amounts may be too small.
    pub unknown: (usize, usize),
    /// Whether it fits the card that it is for, before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fits: Option<(Verdict, Verdict)>,
}

/// Time and cost on the machine that both are for.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Time {
    /// The machine's name.
    pub machine: String,
    /// Seconds.
    pub seconds: BeforeAfter,
    /// US dollars, if a price is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dollars: Option<BeforeAfter>,
    /// Steps whose time cannot be told, before and after: with any, the sums are too small.
    pub unknown: (usize, usize),
}

/// A change of what requests may set, or of where a workflow's outputs are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InterfaceChange {
    /// The field, or the output's id.
    pub name: String,
    /// True if requests that were right may be refused, or reach something else.
    pub breaks: bool,
    /// What changed.
    pub what: String,
}
