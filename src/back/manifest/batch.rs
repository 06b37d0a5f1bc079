//! The part of the manifest that a batch adds: its axes, its rungs, and what each workflow was made with.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The compiled workflows of a `[matrix]`, a `[[ladder]]`, or both.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Batch {
    /// How many there are.
    pub count: u64,
    /// The files beside the manifest: `{rung}` stands for the name of the rung, `{n}` for the number,
    /// counted from 1 on each rung and padded with zeros.
    pub files: String,
    /// What the matrix varies. The last axis varies fastest; those with the same `zip` vary together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub axes: Vec<Axis>,
    /// The rungs of the ladder, in order. Each one has all combinations of the axes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rungs: Vec<Rung>,
    /// Hash over the bytes of all files in the order of `workflows`: `blake3:` and 64 hexadecimal digits.
    pub hash: String,
    /// Every workflow with what it was made with, in order.
    #[schemars(with = "Vec<BatchWorkflow>")]
    pub workflows: Workflows,
}

/// A parameter or a model slot of a batch, and the values it takes in turn.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Axis {
    /// The parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    /// The model slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The name of the axis, where several parameters vary together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip: Option<String>,
    /// Its values in turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
    /// Its values in turn, where they are a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<AxisRange>,
}

/// Numbers at equal distances.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AxisRange {
    /// The first one.
    pub from: Value,
    /// The distance to the next.
    pub step: Value,
    /// How many there are.
    pub count: u64,
}

/// A rung of the ladder.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Rung {
    /// Its name.
    pub name: String,
    /// What it is for, in its author's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The values that it gives in place of the preset's.
    pub params: Map<String, Value>,
    /// The models that it names in place of the preset's: slot → model.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub models: Map<String, Value>,
}

/// One workflow of a batch.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct BatchWorkflow {
    /// Its file, beside the manifest.
    pub file: String,
    /// Its rung.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rung: Option<String>,
    /// What the matrix sets: parameter → value, `models.` and a slot → model.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
}

/// The workflows of a batch, each made when it is written, so that memory does not grow with their number.
#[derive(Clone)]
pub struct Workflows {
    numbers: Range<u64>,
    workflow: Arc<dyn Fn(u64) -> BatchWorkflow + Send + Sync>,
}

impl Workflows {
    /// The workflows with these numbers.
    #[must_use]
    pub fn new(numbers: Range<u64>, workflow: impl Fn(u64) -> BatchWorkflow + Send + Sync + 'static) -> Self {
        Self { numbers, workflow: Arc::new(workflow) }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = BatchWorkflow> {
        self.numbers.clone().map(|number| (self.workflow)(number))
    }

    /// None of them.
    pub(super) fn emptied(&self) -> Self {
        Self { numbers: 0..0, workflow: Arc::clone(&self.workflow) }
    }
}

impl fmt::Debug for Workflows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Workflows").field(&self.numbers).finish()
    }
}

impl Serialize for Workflows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Workflows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Vec::<BatchWorkflow>::deserialize(deserializer)?;
        let numbers = 0..read.len() as u64;
        Ok(Self::new(numbers, move |number| {
            usize::try_from(number).ok().and_then(|number| read.get(number).cloned()).unwrap_or_default()
        }))
    }
}
