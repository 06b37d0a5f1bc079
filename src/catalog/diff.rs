//! What changed between two catalogs, and what of it breaks workflows.
//!
//! A change is breaking if a workflow that ComfyUI accepted before may now be rejected, or may
//! silently mean something else. Renames are guesses and say how sure they are.

mod compare;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;

use super::Catalog;

/// What changed from one catalog to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CatalogDiff {
    /// Classes that are new, ascending.
    pub added: Vec<String>,
    /// Classes that are gone, ascending.
    pub removed: Vec<String>,
    /// Classes that are gone and probably have a new name, ascending by old name.
    pub renamed: Vec<RenamedClass>,
    /// Classes that are declared differently now, ascending.
    pub changed: Vec<ClassDiff>,
}

/// A class that probably has a new name.
#[derive(Clone, Debug, PartialEq)]
pub struct RenamedClass {
    /// The old name.
    pub from: String,
    /// The new name.
    pub to: String,
    /// How sure that is.
    pub confidence: Confidence,
    /// What else changed in it.
    pub changes: Vec<Change>,
}

/// A class that is declared differently now.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassDiff {
    /// The class.
    pub class: String,
    /// What changed: inputs first, in declared order, then outputs by slot.
    pub changes: Vec<Change>,
}

/// How sure a guessed rename is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// The only input of that type that went and the only one that came.
    Low,
    /// Same type at the same place; or, of a class, similar inputs and a similar name.
    Medium,
    /// Same type and a similar name; or, of a class, nearly the same inputs and a similar name.
    High,
}

impl Confidence {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One change of a class. Inputs inside dynamic ones are called `selector[choice].name`, the
/// members of a growing family `family.*`.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// There is a new input.
    InputAdded {
        /// The input.
        input: String,
        /// True if a node without it is rejected.
        required: bool,
    },
    /// An input is gone. A value for it is silently ignored.
    InputRemoved {
        /// The input.
        input: String,
    },
    /// An input is gone, and a new one probably is the same.
    InputRenamed {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
        /// How sure that is.
        confidence: Confidence,
    },
    /// An input takes another type.
    InputType {
        /// The input.
        input: String,
        /// The old type.
        from: String,
        /// The new type.
        to: String,
        /// True if whatever could be connected still can.
        widened: bool,
    },
    /// The bounds of a number, or of the size of a growing family, changed.
    Range {
        /// The input.
        input: String,
        /// The old bounds, for people.
        from: String,
        /// The new bounds, for people.
        to: String,
        /// True if a value that was allowed no longer is.
        narrowed: bool,
    },
    /// The value that the editor starts with changed; for an optional input that a workflow leaves
    /// out, its meaning may have.
    Default {
        /// The input.
        input: String,
        /// The old value.
        from: Option<Value>,
        /// The new value.
        to: Option<Value>,
    },
    /// A list has more values.
    ChoicesAdded {
        /// The input.
        input: String,
        /// The new values, as JSON, ascending.
        values: Vec<String>,
    },
    /// A list lacks values that it had.
    ChoicesRemoved {
        /// The input.
        input: String,
        /// The lost values, as JSON, ascending.
        values: Vec<String>,
    },
    /// An input was optional and is required now.
    BecameRequired {
        /// The input.
        input: String,
    },
    /// An input was required and is optional now.
    BecameOptional {
        /// The input.
        input: String,
    },
    /// There is a new output slot behind the others.
    OutputAdded {
        /// The slot.
        slot: usize,
        /// Its type.
        types: String,
    },
    /// The last output slots are gone.
    OutputRemoved {
        /// The slot.
        slot: usize,
        /// Its type.
        types: String,
    },
    /// A slot gives another type.
    OutputType {
        /// The slot.
        slot: usize,
        /// The old type.
        from: String,
        /// The new type.
        to: String,
        /// True if whatever it could be connected to it still can.
        widened: bool,
    },
    /// A slot has another name. Workflows link slots by number; graphs of wfc may name them.
    OutputName {
        /// The slot.
        slot: usize,
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// The class no longer makes a prompt worth running, or does so now.
    OutputNode {
        /// True if it does so now.
        now: bool,
    },
    /// The class is declared deprecated now.
    BecameDeprecated,
}

impl Change {
    /// True if a workflow that was accepted may now be rejected, or may silently mean something else.
    #[must_use]
    pub const fn is_breaking(&self) -> bool {
        match self {
            Self::InputAdded { required, .. } => *required,
            Self::InputType { widened, .. } | Self::OutputType { widened, .. } => !*widened,
            Self::Range { narrowed, .. } => *narrowed,
            Self::OutputNode { now } => !*now,
            Self::InputRemoved { .. }
            | Self::InputRenamed { .. }
            | Self::ChoicesRemoved { .. }
            | Self::BecameRequired { .. }
            | Self::OutputRemoved { .. } => true,
            Self::Default { .. }
            | Self::ChoicesAdded { .. }
            | Self::BecameOptional { .. }
            | Self::OutputAdded { .. }
            | Self::OutputName { .. }
            | Self::BecameDeprecated => false,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown =
            |value: &Option<Value>| value.as_ref().map_or_else(|| "none".to_owned(), Value::to_string);
        match self {
            Self::InputAdded { input, required: true } => write!(f, "new required input `{input}`"),
            Self::InputAdded { input, required: false } => write!(f, "new optional input `{input}`"),
            Self::InputRemoved { input } => write!(f, "input `{input}` is gone"),
            Self::InputRenamed { from, to, confidence } => {
                let confidence = confidence.name();
                write!(f, "input `{from}` is gone, probably renamed to `{to}` ({confidence} confidence)")
            }
            Self::InputType { input, from, to, .. } => write!(f, "input `{input}`: type {from} -> {to}"),
            Self::Range { input, from, to, .. } => write!(f, "input `{input}`: range {from} -> {to}"),
            Self::Default { input, from, to } => {
                write!(f, "input `{input}`: default {} -> {}", shown(from), shown(to))
            }
            Self::ChoicesAdded { input, values } => {
                write!(f, "input `{input}`: new choices {}", values.join(", "))
            }
            Self::ChoicesRemoved { input, values } => {
                write!(f, "input `{input}`: lost choices {}", values.join(", "))
            }
            Self::BecameRequired { input } => write!(f, "input `{input}` is required now"),
            Self::BecameOptional { input } => write!(f, "input `{input}` is optional now"),
            Self::OutputAdded { slot, types } => write!(f, "new output {slot}: {types}"),
            Self::OutputRemoved { slot, types } => write!(f, "output {slot} is gone: {types}"),
            Self::OutputType { slot, from, to, .. } => write!(f, "output {slot}: type {from} -> {to}"),
            Self::OutputName { slot, from, to } => write!(f, "output {slot}: name `{from}` -> `{to}`"),
            Self::OutputNode { now: true } => f.write_str("is an output node now"),
            Self::OutputNode { now: false } => f.write_str("is no output node any more"),
            Self::BecameDeprecated => f.write_str("is deprecated now"),
        }
    }
}

impl CatalogDiff {
    /// True if nothing changed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.renamed.is_empty() && self.changed.is_empty()
    }

    /// True if a class is gone or one of the changes is breaking.
    #[must_use]
    pub fn is_breaking(&self) -> bool {
        let breaking = |changes: &[Change]| changes.iter().any(Change::is_breaking);
        !self.removed.is_empty()
            || !self.renamed.is_empty()
            || self.changed.iter().any(|class| breaking(&class.changes))
    }

    /// The report for people: one line a class, indented lines for what changed in it. Lines of what
    /// breaks workflows begin with `!`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let details = |lines: &mut Vec<String>, changes: &[Change]| {
            for change in changes {
                lines.push(format!("{}   {change}", if change.is_breaking() { '!' } else { ' ' }));
            }
        };
        lines.extend(self.removed.iter().map(|class| format!("! {class} is gone")));
        for RenamedClass { from, to, confidence, changes } in &self.renamed {
            let confidence = confidence.name();
            lines.push(format!("! {from} is gone, probably renamed to {to} ({confidence} confidence)"));
            details(&mut lines, changes);
        }
        for ClassDiff { class, changes } in &self.changed {
            let mark = if changes.iter().any(Change::is_breaking) { '!' } else { ' ' };
            lines.push(format!("{mark} {class}"));
            details(&mut lines, changes);
        }
        lines.extend(self.added.iter().map(|class| format!("  {class} is new")));
        lines
    }
}

/// Compares two catalogs class by class. Lists of files are not compared: they belong to machines.
#[must_use]
pub fn diff(old: &Catalog, new: &Catalog) -> CatalogDiff {
    compare::catalogs(old, new)
}
