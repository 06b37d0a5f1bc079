//! What files say of lint rules: levels, globs of files that have levels of their own, findings that are allowed.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{At, Decode, Named, Reader, table, words};
use super::{Item, Raw};
use crate::diag::Diagnostic;

/// Behind the name of a workflow without its extension: the lint file beside it.
pub const FILE_SUFFIX: &str = ".lint.toml";

words! {
    /// How a lint rule's findings count.
    pub enum Level {
        /// Not reported.
        "allow" => Allow,
        /// Reported.
        "warn" => Warn,
        /// Reported, and nothing is written.
        "deny" => Deny,
    }
}

/// The level of a rule or group, with the reason for it.
#[derive(Clone, Debug)]
pub struct LintLevel {
    /// The level.
    pub level: Level,
    /// Why.
    pub reason: Option<Arc<str>>,
}

table! {
    /// The level of a lint rule or of all rules of a group, with the reason for it.
    pub struct LintTable ("a lint level") {
        /// The level.
        "level" => level: Level, required;
        /// Why; `allow` needs one.
        "reason" => reason: Arc<str>, optional;
    }
}

/// A reason that says something.
fn given(reason: Option<Arc<str>>) -> Option<Arc<str>> {
    reason.filter(|reason| !reason.trim().is_empty())
}

impl Decode for LintLevel {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        let level = if let Raw::Str(_) = item.value {
            Self { level: Level::decode(item, reader)?, reason: None }
        } else {
            let table = LintTable::decode(item, reader)?;
            Self { level: table.level, reason: given(table.reason) }
        };
        if level.level == Level::Allow && level.reason.is_none() {
            reader.report(
                Diagnostic::format("missing-reason", "`allow` needs a reason")
                    .at(item.span, "")
                    .help("write { level = \"allow\", reason = \"…\" }"),
            );
        }
        Some(level)
    }
}

impl JsonSchema for LintLevel {
    fn schema_name() -> Cow<'static, str> {
        "LintLevel".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (level, table) = (generator.subschema_for::<Level>(), generator.subschema_for::<LintTable>());
        json_schema!({"description": "A level, or a level with the reason for it.", "anyOf": [level, table]})
    }
}

/// Levels of rules and groups, in layers: those of a project, of a preset, of the command line. A layer wins over
/// those before it; within one, what is said of a rule wins over what is said of its group.
#[derive(Clone, Debug, Default)]
pub struct LintLevels(Vec<Named<LintLevel>>);

impl LintLevels {
    /// The layers, the strongest one last.
    pub fn layers(&self) -> impl Iterator<Item = &Named<LintLevel>> {
        self.0.iter()
    }

    /// Lays what `over` says on top.
    pub fn merge(&mut self, over: Self) {
        self.0.extend(over.0);
    }
}

impl From<Named<LintLevel>> for LintLevels {
    fn from(layer: Named<LintLevel>) -> Self {
        Self(vec![layer])
    }
}

impl Decode for LintLevels {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        Some(Named::decode(item, reader)?.into())
    }
}

impl JsonSchema for LintLevels {
    fn schema_name() -> Cow<'static, str> {
        "LintLevels".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Lint rules and groups of rules with their levels. A rule's own level wins over its group's.",
            "type": "object",
            "additionalProperties": generator.subschema_for::<LintLevel>(),
        })
    }
}

/// A glob of files, as a path from the file that it stands in. A folder that it matches stands for all in it.
#[derive(Clone, Debug)]
pub struct Glob(GlobMatcher);

impl Glob {
    /// True if it matches a file or one of its folders; `path` counts from the file that the glob stands in.
    #[must_use]
    pub fn matches(&self, path: &Path) -> bool {
        path.ancestors().any(|path| !path.as_os_str().is_empty() && self.0.is_match(path))
    }
}

impl Decode for Glob {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        let Raw::Str(text) = &item.value else {
            return reader.expected("a glob such as \"drafts/**\"", item);
        };
        let mut report = |message: String| {
            let help = "a glob is a path from this file, such as \"drafts/**\" or \"**/*_test.json\"";
            reader.report(Diagnostic::format("bad-glob", message).at(item.span, "").help(help));
        };
        let glob = text.trim_start_matches("./").trim_end_matches('/');
        if glob.is_empty() || glob.starts_with('/') || glob.split('/').any(|part| part == "..") {
            report(format!("`{text}` matches no file below this one's folder"));
            return None;
        }
        match GlobBuilder::new(glob).literal_separator(true).build() {
            Ok(glob) => Some(Self(glob.compile_matcher())),
            Err(error) => {
                report(format!("`{text}` is not a glob: {}", error.kind()));
                None
            }
        }
    }
}

impl JsonSchema for Glob {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "glob".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

table! {
    /// What holds for some files of a project: presets, graphs and workflows.
    pub struct Override ("[[overrides]]") {
        /// The files, as globs from wfc.toml's folder; `*` stands for no `/`, `**` does, and a folder stands for
        /// everything in it.
        "paths" => paths: Vec<Glob>, required;
        /// Levels of lint rules and groups. They win over the project's own and over those of overrides before;
        /// presets override them.
        "lint" => lint: LintLevels, required;
    }
}

impl Override {
    /// True if it holds for a file, given as a path from wfc.toml's folder.
    #[must_use]
    pub fn holds_for(&self, path: &Path) -> bool {
        self.paths.iter().any(|glob| glob.matches(path))
    }
}

table! {
    /// A lint file, `NAME.lint.toml` beside the workflow `NAME.json` or `NAME.png`: what is said of its findings
    /// without touching it.
    pub struct LintFile ("a lint file") {
        /// Levels of lint rules and groups for this workflow. They win over the project's.
        "lint" => lint: LintLevels, default;
        /// Findings that are not reported.
        "allow" => allow: Vec<AllowedFinding>, default;
    }
}

table! {
    /// Findings of a rule that are not reported.
    pub struct AllowTable ("[[allow]]") {
        /// The rule.
        "rule" => rule: At<Arc<str>>, required;
        /// The id of the node that they are about. Without it, whatever node.
        "node" => node: Arc<str>, optional;
        /// The input that they are about. Without it, whatever input.
        "input" => input: Arc<str>, optional;
        /// Why; there must be a reason.
        "reason" => reason: Arc<str>, optional;
    }
}

/// Findings of a rule that are not reported, for a reason.
#[derive(Clone, Debug)]
pub struct AllowedFinding {
    /// The rule.
    pub rule: At<Arc<str>>,
    /// The id of the node that they are about, or any.
    pub node: Option<Arc<str>>,
    /// The input that they are about, or any.
    pub input: Option<Arc<str>>,
}

impl Decode for AllowedFinding {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        let AllowTable { rule, node, input, reason } = AllowTable::decode(item, reader)?;
        if given(reason).is_none() {
            reader.report(
                Diagnostic::format("missing-reason", "an allowed finding needs a reason")
                    .at(rule.span(), "")
                    .help("add reason = \"…\""),
            );
            return None;
        }
        Some(Self { rule, node, input })
    }
}

impl JsonSchema for AllowedFinding {
    fn inline_schema() -> bool {
        false
    }
    fn schema_name() -> Cow<'static, str> {
        "AllowedFinding".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = AllowTable::json_schema(generator);
        schema.insert("required".into(), ["rule", "reason"].as_slice().into());
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diagnostics;
    use crate::front::toml;
    use crate::source::Sources;

    fn matches(glob: &str, path: &str) -> bool {
        let text = format!("paths = [{glob:?}]\nlint = {{}}\n");
        let mut diagnostics = Diagnostics::new();
        let file = Sources::new().add("x.toml", text.as_str());
        let read = toml::read::<Override>(file, &text, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        read.is_some_and(|read| read.holds_for(Path::new(path)))
    }

    #[test]
    fn globs_match_files_and_what_is_in_folders() {
        for glob in
            ["drafts/**", "drafts", "drafts/", "./drafts/*.json", "**/a.json", "*/a.*", "drafts/{a,b}.json"]
        {
            assert!(matches(glob, "drafts/a.json"), "{glob}");
        }
        for glob in ["*.json", "a.json", "raft*/b.json", "drafts/a", "drafts/[b-z]*.json"] {
            assert!(!matches(glob, "drafts/a.json"), "{glob}");
        }
    }
}
