//! From files to what the checks need to know of them.

use std::fs;
use std::path::{Path, PathBuf};

use super::ToolError;
use crate::back::api::{Ids, Layout};
use crate::check;
use crate::cli::missing;
use crate::cli::models::ModelsHere;
use crate::cli::session::{self, Found, Session};
use crate::cli::workflow_file;
use crate::compile::plan::assumed;
use crate::compile::workflow_bytes;
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::front::json::{self, Arena, Document};
use crate::front::toml::Kind;
use crate::ir::Graph;
use crate::preflight::{Compiled, InputFile, LocalModel, Subject};
use crate::source::{FileId, Sources};

/// The files of so many workflows of a preset are collected.
const MAX_WORKFLOWS: u64 = 10_000;

const MIB: f64 = 1024.0 * 1024.0;

/// What was given.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) subjects: Vec<Subject>,
    /// What could not be read, and why.
    pub(super) unreadable: Vec<String>,
}

/// Reads and compiles all files.
///
/// # Errors
/// When a folder or the catalog cannot be read, or there is nothing to check.
pub(super) fn all(
    paths: &[PathBuf],
    settings: &[String],
    models: Option<&Path>,
    session: &mut Session,
) -> Result<Read, ToolError> {
    let here = models.map(|folder| ModelsHere::open(folder, session)).transpose()?;
    let mut read = Read::default();
    for (path, found) in session::expand(paths, session::is_toml)? {
        let compiled = match file(&path, found, settings, session)? {
            What::Nothing => continue,
            What::Unreadable(reason) => {
                read.unreadable.push(reason);
                continue;
            }
            What::Broken(problems) => Err(problems),
            What::Compiled(mut compiled) => {
                compiled.models = match &here {
                    Some(here) => here.look(&path, settings, session),
                    None => {
                        Err("no models folder was named: `--models DIR`, or `models` in wfc.toml".to_owned())
                    }
                };
                Ok(*compiled)
            }
        };
        read.subjects.push(Subject { file: path.display().to_string(), compiled });
    }
    if read.subjects.is_empty() && read.unreadable.is_empty() {
        return Err(ToolError::new(
            "there is no preset in what was given; a preset is a .toml file with `graph = \"…\"`, and workflows are \
             named one by one",
        ));
    }
    Ok(read)
}

/// What a file is.
enum What {
    /// None of this command's business.
    Nothing,
    /// It cannot be read, or is something else.
    Unreadable(String),
    /// It does not compile.
    Broken(Vec<String>),
    Compiled(Box<Compiled>),
}

fn file(path: &Path, found: Found, settings: &[String], session: &mut Session) -> Result<What, ToolError> {
    let shown = path.display();
    if !session::is_toml(path) {
        if path.to_string_lossy().to_lowercase().ends_with(".wfc.json") {
            return Ok(What::Unreadable(format!(
                "{shown} is a manifest; name the workflow beside it, or the preset"
            )));
        }
        return workflow(path, session);
    }
    let id = match session.sources.load(path) {
        Ok(id) => id,
        Err(error) => return Ok(What::Unreadable(missing::told(&error))),
    };
    let mut diagnostics = Diagnostics::new();
    match session.kind(id, &mut diagnostics) {
        Some(Kind::Preset) => preset(id, path, settings, session),
        None if diagnostics.has_errors() => Ok(What::Broken(lines(diagnostics, &session.sources))),
        _ if found == Found::Walked => Ok(What::Nothing),
        _ => Ok(What::Unreadable(format!(
            "{shown} is no preset; a preset is a .toml file with `graph = \"…\"`"
        ))),
    }
}

fn preset(id: FileId, path: &Path, settings: &[String], session: &mut Session) -> Result<What, ToolError> {
    let mut diagnostics = Diagnostics::new();
    let broken = |diagnostics, session: &Session| Ok(What::Broken(lines(diagnostics, &session.sources)));
    let Some(ready) = session.preset(id, settings, &mut diagnostics)? else {
        return broken(diagnostics, session);
    };
    let loaded = &ready.loaded;
    let Some(mut job) = ready.compiler.job(loaded, &session.sources, &mut diagnostics) else {
        return broken(diagnostics, session);
    };
    let Some(choices) = job.choices(&mut diagnostics) else { return broken(diagnostics, session) };
    let (mut texts, mut graphs) = (Vec::new(), Vec::new());
    for choice in choices {
        let Some(checked) = job.compile(choice.number, &mut diagnostics) else {
            return broken(diagnostics, session);
        };
        texts.push(text(workflow_bytes(&checked, Ids::Names, Layout::Compact)));
        graphs.push(checked.graph().clone());
    }
    let mut inputs = Vec::new();
    let numbers = job.numbers();
    for number in numbers.start..numbers.end.min(numbers.start.saturating_add(MAX_WORKFLOWS)) {
        let Some(graph) = job.graph(number, &mut diagnostics) else { return broken(diagnostics, session) };
        collect_inputs(&graph, path, &mut inputs);
    }
    let assumed = assumed(loaded, crate::plan::Assume::default());
    let headroom = loaded.preset.target.as_ref().and_then(|target| target.headroom.as_ref());
    Ok(What::Compiled(Box::new(Compiled {
        file: path.display().to_string(),
        workflows: job.count(),
        texts,
        graphs,
        checked_with: ready.compiler.catalog.identity(),
        inputs,
        models: Ok(Vec::new()),
        assume: assumed,
        headroom: headroom.map_or(0.0, |headroom| headroom.get().mib() * MIB),
    })))
}

fn workflow(path: &Path, session: &mut Session) -> Result<What, ToolError> {
    let text = match workflow_file::read(path) {
        Ok(text) => text.text,
        Err(error) => return Ok(What::Unreadable(error.told())),
    };
    let id = session.sources.add(path, text.as_str());
    let root = session.root(path, &mut Diagnostics::new())?;
    let compiler = session.compiler(root.as_ref())?;
    let mut diagnostics = Diagnostics::new();
    let arena = Arena::new();
    let Some(tree) = json::parse(id, &text, &arena, &mut diagnostics) else {
        return Ok(What::Broken(lines(diagnostics, &session.sources)));
    };
    let document = Document::of(tree);
    let kind = document.kind;
    let graph = document.read(id, &compiler.catalog, &mut diagnostics).filter(|graph| !graph.is_empty());
    let Some(graph) = graph else {
        return Ok(match kind {
            None => What::Unreadable(format!("{} is no workflow", path.display())),
            Some(_) => What::Broken(lines(diagnostics, &session.sources)),
        });
    };
    let text = if kind == Some(json::Kind::Ui) {
        // What the server gets is what the editor would export.
        match check::check(graph.clone(), &compiler.catalog, &mut diagnostics) {
            Some(checked) => self::text(workflow_bytes(&checked, Ids::Names, Layout::Compact)),
            None => return Ok(What::Broken(lines(diagnostics, &session.sources))),
        }
    } else {
        text
    };
    let mut inputs = Vec::new();
    collect_inputs(&graph, path, &mut inputs);
    let target = root.as_ref().and_then(|root| root.project.target.as_ref());
    let headroom = target.and_then(|target| target.headroom.as_ref());
    Ok(What::Compiled(Box::new(Compiled {
        file: path.display().to_string(),
        workflows: 1,
        texts: vec![text],
        graphs: vec![graph],
        checked_with: compiler.catalog.identity(),
        inputs,
        models: Ok(Vec::new()),
        assume: crate::plan::Assume::default(),
        headroom: headroom.map_or(0.0, |headroom| headroom.get().mib() * MIB),
    })))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

/// The input files that a workflow names, as `wfc run` looks for them: beside the preset, then below the current folder.
fn collect_inputs(graph: &Graph, path: &Path, inputs: &mut Vec<InputFile>) {
    let base = path.parent().unwrap_or(Path::new(""));
    for (_, value) in graph.files().filter(|(folder, value)| *folder == "input" && value.contains('.')) {
        // `x.png [output]` is a file that the server made.
        let is_made = value.ends_with("[output]") || value.ends_with("[temp]");
        if is_made || inputs.iter().any(|known| known.value == value) {
            continue;
        }
        let name = value.strip_suffix(" [input]").unwrap_or(value);
        let inside = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let candidates = [base.join(name), PathBuf::from(name)].into_iter().filter(|_| inside);
        let here = candidates.filter_map(|path| {
            let about = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
            Some((path, about.len()))
        });
        inputs.push(InputFile { value: value.to_owned(), here: here.into_iter().next() });
    }
}

/// The errors, a line each, with the place.
fn lines(diagnostics: Diagnostics, sources: &Sources) -> Vec<String> {
    let errors = diagnostics.into_sorted().into_iter().filter(|found| found.severity == Severity::Error);
    let line = |found: Diagnostic| {
        let place = found.span().map_or(String::new(), |span| {
            let at = sources.line_column(span.file, span.start);
            format!("{}:{}: ", sources.file(span.file).path().display(), at.line)
        });
        format!("{place}{}", found.message)
    };
    errors.map(line).collect()
}

/// Model files on this machine, for one workflow.
impl ModelsHere {
    fn look(
        &self,
        path: &Path,
        settings: &[String],
        session: &mut Session,
    ) -> Result<Vec<LocalModel>, String> {
        let found = self.of(path, settings, session).map_err(|ToolError(message)| message)?;
        let models = found.into_iter().map(|(need, report)| {
            let is_error = report.diagnostics.iter().any(|found| found.severity == Severity::Error);
            let messages: Vec<&str> = report.diagnostics.iter().map(|found| &*found.message).collect();
            let help = report.diagnostics.iter().find_map(|found| found.help.clone());
            let is_missing = report.diagnostics.iter().any(|found| found.rule == "missing-model");
            LocalModel {
                problem: (!messages.is_empty()).then(|| (messages.join("; "), help)),
                is_error,
                is_missing,
                bytes: need.bytes,
                name: need.name,
            }
        });
        Ok(models.collect())
    }
}
