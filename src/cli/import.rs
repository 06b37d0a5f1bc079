//! `wfc import`: workflows in other formats become API JSON, or a graph file and a preset.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::not_in_editor::remark;
use super::session::{self, Found, Session};
use super::workflow_file;
use super::{Exit, Stream, Terminal, ToolError, note, output, print};
use crate::back::api::{self, Layout, Unknown};
use crate::back::toml::{self, Options};
use crate::back::ui;
use crate::check;
use crate::compile::Compiler;
use crate::diag::{Diagnostic, Diagnostics, Gate, Severity};
use crate::front::json::{self, Arena, Document, Kind};
use crate::ir::Graph;
use crate::optimize::{self, Optimized};
use crate::report::{FileReport, Format};
use crate::source::{self, FileId};

/// What the names of workflows in API format end in.
const WORKFLOW: &str = ".workflow_api.json";

/// What the names of workflows for the editor end in.
const EDITOR: &str = ".workflow.json";

/// Where the schemas are in this repository and in projects that keep them beside their presets.
const SCHEMAS: &str = "../schemas";

/// Convert workflows: to API JSON as ComfyUI's editor exports it, to a graph file and a preset, or for the editor.
///
/// Takes workflows as the editor saves them, workflows in API format, and PNG and WebP pictures that
/// ComfyUI wrote either into; what a file is, its content tells. A folder stands for every workflow
/// in it that git does not ignore. What a conversion cannot know is said, and never guessed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files or folders.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What to write: `api` for `NAME.workflow_api.json`; `toml` for the graph `NAME.graph.toml` and
    /// the preset `NAME.toml`; `ui` for `NAME.workflow.json`, which opens in ComfyUI's editor.
    #[arg(long, value_enum, default_value = "api")]
    to: Target,
    /// The folder to write to, with the folders of what is read; for one file also the file to write,
    /// or `-` for standard output [default: beside what is read].
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// The node catalog of the server that the workflows are for: `embedded`, some of its packs, a
    /// captured catalog, an `/object_info` file, or a server's URL [default: the project's, or `embedded`].
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
    /// With `--to toml`: write numbers such as 5.000000000000001 as they were meant, so that they can
    /// be parameters.
    #[arg(long)]
    round: bool,
    /// Merge identical nodes and remove nodes that no output depends on, as `wfc build --optimize` does;
    /// says what was done.
    #[arg(long)]
    optimize: bool,
    /// Replace files that are there with another content.
    #[arg(long)]
    force: bool,
    /// The format of diagnostics.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    Api,
    Toml,
    Ui,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let is_one = args.paths.len() == 1 && !args.paths[0].is_dir();
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    check_output(args, is_one, to_stdout)?;
    let files = session::expand(&args.paths, session::is_workflow)?;
    let own = output_below(args);
    let mut import = Import {
        args,
        session: Session::on_demand(args.catalog.clone(), &args.paths),
        is_one,
        written: BTreeSet::new(),
        count: 0,
    };
    let mut reports = Vec::new();
    let mut failed = false;
    for (path, found) in files {
        let is_own = || own.as_ref().is_some_and(|own| source::identity(&path).starts_with(own));
        if found == Found::Walked && is_own() {
            continue;
        }
        let mut diagnostics = Diagnostics::new();
        let Some(kind) = import.file(&path, found, &mut diagnostics)? else { continue };
        let is_failure = |found: &Diagnostic| ["unreadable-file", "unwritable-file"].contains(&found.rule);
        failed |= diagnostics.iter().any(is_failure);
        reports.push(FileReport { path, kind, diagnostics: diagnostics.into_sorted() });
    }
    if reports.is_empty() {
        return Err(ToolError::new("there is no workflow in what was given"));
    }
    import.session.check_catalogs(&reports)?;
    // With a report for programs on standard output there is nothing else there.
    let is_clean = reports.iter().all(|report| report.diagnostics.is_empty());
    if args.format != Format::Human && !to_stdout {
        terminal.report(args.format, Stream::Output, &import.session.sources, &reports)?;
    } else if !is_clean {
        terminal.report(args.format, Stream::Error, &import.session.sources, &reports)?;
    }
    if !to_stdout {
        let noun = if import.count == 1 { "file" } else { "files" };
        note(&format!("{} {noun} written\n", import.count));
    }
    let mut all = reports.iter().flat_map(|report| &report.diagnostics);
    Ok(match (failed, all.any(|found| found.severity == Severity::Error)) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    })
}

/// Refuses outputs that cannot be meant.
fn check_output(args: &Args, is_one: bool, to_stdout: bool) -> Result<(), ToolError> {
    if to_stdout && (!is_one || args.to == Target::Toml) {
        return Err(ToolError::new("`-o -` takes one workflow, and `--to api` or `--to ui`"));
    }
    if args.round && args.to != Target::Toml {
        return Err(ToolError::new(
            "`--round` goes with `--to toml`; `wfc lint --fix` rounds a workflow itself",
        ));
    }
    let Some(file) = args.output.as_deref().filter(|file| !file.is_dir()) else { return Ok(()) };
    let (own, other) = match args.to {
        Target::Api | Target::Ui => ("json", "toml"),
        Target::Toml => ("toml", "json"),
    };
    let is_file = workflow_file::has_extension(file, &[own]);
    let is_other = workflow_file::has_extension(file, &[other, "txt", "png", "webp"]);
    if is_other || (is_file && !is_one) {
        let shown = file.display();
        return Err(ToolError::new(format!(
            "{shown} is no folder: `-o` names a folder, or for one workflow a .{own} file"
        )));
    }
    Ok(())
}

/// The folder to write to, if it lies in one that is read: what is in it are results, not sources.
fn output_below(args: &Args) -> Option<PathBuf> {
    let output = source::identity(args.output.as_deref()?);
    let mut given = args.paths.iter().map(|given| source::identity(given));
    given.any(|given| given != output && output.starts_with(given)).then_some(output)
}

struct Import<'a> {
    args: &'a Args,
    session: Session,
    /// True if one file was named.
    is_one: bool,
    written: BTreeSet<PathBuf>,
    count: usize,
}

impl Import<'_> {
    /// Converts one file and gives its kind; nothing if it was met in a folder and is no workflow.
    fn file(
        &mut self,
        path: &Path,
        found: Found,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<&'static str>, ToolError> {
        let text = match workflow_file::read(path) {
            Ok(file) => file.text,
            Err(error) if found == Found::Walked && error.is_plain_picture() => return Ok(None),
            Err(error) => {
                diagnostics.push(error.finding());
                return Ok(Some("unknown"));
            }
        };
        let file = self.session.sources.add(path, "");
        let kind = self.convert(path, found, file, &text, diagnostics)?;
        // Texts are kept only where places in them are shown.
        if !diagnostics.is_empty() {
            self.session.sources.set_text(file, text);
        }
        Ok(kind)
    }

    fn convert(
        &mut self,
        path: &Path,
        found: Found,
        file: FileId,
        text: &str,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<&'static str>, ToolError> {
        if session::is_toml(path) {
            diagnostics.push(
                Diagnostic::format("not-a-workflow", "a TOML file is no workflow yet")
                    .help("`wfc build` compiles presets; `wfc import` takes what ComfyUI writes"),
            );
            return Ok(Some("toml"));
        }
        let mut silent = Diagnostics::new();
        let root = self.session.root(path, &mut silent)?;
        let compiler = self.session.compiler(root.as_ref())?;
        let mut problems = Diagnostics::new();
        let arena = Arena::new();
        let Some(tree) = json::parse(file, text, &arena, &mut problems) else {
            if found == Found::Walked && !workflow_file::looks_like_workflow(text) {
                return Ok(None);
            }
            diagnostics.append(&mut problems);
            return Ok(Some("unknown"));
        };
        let document = Document::of(tree);
        let kind = document.kind;
        if kind.is_none() && found == Found::Walked {
            return Ok(None);
        }
        let graph = document.read(file, &compiler.catalog, diagnostics);
        // What the server would refuse can be converted; what makes no sense as a file cannot.
        let is_broken =
            diagnostics.iter().any(|found| found.gate == Gate::Format && found.severity == Severity::Error);
        let Some(graph) = graph.filter(|_| !is_broken) else {
            return Ok(Some(kind.map_or("unknown", Kind::name)));
        };
        if kind.is_none() {
            diagnostics.push(
                Diagnostic::format("not-a-workflow", "not a workflow: there is no node in it")
                    .help("give a workflow as ComfyUI's editor saves it or exports it for the API"),
            );
            return Ok(Some("unknown"));
        }
        // A folder's own API JSON needs no conversion.
        let is_done = || source::identity(&self.target(path)) == source::identity(path);
        if found == Found::Walked && self.args.to == Target::Api && kind == Some(Kind::Api) && is_done() {
            return Ok(None);
        }
        let mut found = std::mem::take(diagnostics);
        check::missing_classes(&graph, &compiler.catalog, &mut found);
        for problem in found.into_sorted() {
            // The server that has the pack would take the node; the export is without what is in it.
            let is_left_out =
                (kind == Some(Kind::Ui) || self.args.to == Target::Ui) && problem.rule == "unknown-class";
            let help = problem.help.clone().filter(|_| is_left_out);
            let lost = match self.args.to {
                Target::Ui => "its links are written, and its values are left out",
                Target::Api => "its class and values are left out, as by the editor",
                Target::Toml => "its values have no names and are left out",
            };
            let help = help.map(|help| format!("{help}; {lost}"));
            diagnostics.push(problem.help_opt(help));
        }
        let graph = if self.args.optimize { optimized(path, &graph) } else { graph };
        match self.args.to {
            Target::Api | Target::Ui => self.workflow(path, kind, &graph, &compiler, diagnostics)?,
            Target::Toml => self.toml(path, &graph, &compiler, diagnostics),
        }
        Ok(Some(kind.map_or("unknown", Kind::name)))
    }

    fn workflow(
        &mut self,
        path: &Path,
        kind: Option<Kind>,
        graph: &Graph,
        compiler: &Compiler,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), ToolError> {
        let bytes = if self.args.to == Target::Ui {
            let identity = compiler.catalog.identity();
            let options = ui::Options { stages: &[], identity: &identity, layout: Layout::Pretty };
            let written = ui::write_converted(graph, &options);
            let lost = written
                .remarks
                .iter()
                .filter(|found| graph.find(&found.key).is_some_and(|id| graph.node(id).class.is_some()));
            diagnostics.extend(lost.map(|found| remark(found, graph)));
            written.bytes
        } else {
            // The editor does not export what it does not know.
            let unknown = if kind == Some(Kind::Ui) { Unknown::Nameless } else { Unknown::Named };
            let mut bytes = Vec::new();
            api::write_converted(graph, unknown, &mut bytes);
            bytes
        };
        if self.args.output.as_deref() == Some(Path::new("-")) {
            return print(&String::from_utf8_lossy(&bytes));
        }
        self.write(path, vec![(self.target(path), bytes)], diagnostics);
        Ok(())
    }

    /// The file for the workflow that is made of `path`.
    fn target(&self, path: &Path) -> PathBuf {
        let ending = if self.args.to == Target::Ui { EDITOR } else { WORKFLOW };
        match &self.args.output {
            Some(file) if self.is_one && workflow_file::has_extension(file, &["json"]) => file.clone(),
            _ => self.folder(path).join(format!("{}{ending}", stem(path))),
        }
    }

    fn toml(&mut self, path: &Path, graph: &Graph, compiler: &Compiler, diagnostics: &mut Diagnostics) {
        let (folder, name) = match &self.args.output {
            Some(file) if self.is_one && session::is_toml(file) => {
                let folder = file.parent().unwrap_or(Path::new(""));
                (folder.to_owned(), stem(file))
            }
            _ => (self.folder(path), stem(path)),
        };
        let graph_file = format!("{name}.graph.toml");
        let has_schemas = source::exists(&folder.join(SCHEMAS).join("graph.schema.json"));
        let options = Options {
            title: Some(name.clone()),
            exact: !self.args.round,
            schemas: has_schemas.then(|| SCHEMAS.to_owned()),
            ..Options::new(graph_file.clone())
        };
        match toml::imported(graph, &options, &compiler.models) {
            Ok(files) => {
                let preset = folder.join(format!("{name}.toml"));
                let files = vec![
                    (folder.join(graph_file), files.graph.into_bytes()),
                    (preset, files.preset.into_bytes()),
                ];
                self.write(path, files, diagnostics);
            }
            Err(problems) => diagnostics.extend(problems),
        }
    }

    /// The folder for what is made of `path`.
    fn folder(&self, path: &Path) -> PathBuf {
        let own = path.parent().unwrap_or(Path::new(""));
        let Some(output) = &self.args.output else { return own.to_owned() };
        // Below a folder that was given, its own folders are kept.
        let given = self.args.paths.iter().filter(|given| given.is_dir());
        let below =
            given.filter_map(|given| own.strip_prefix(given).ok()).min_by_key(|rest| rest.as_os_str().len());
        output.join(below.unwrap_or(Path::new("")))
    }

    /// Writes files all or none.
    fn write(&mut self, source: &Path, files: Vec<(PathBuf, Vec<u8>)>, diagnostics: &mut Diagnostics) {
        let obstacle = files.iter().find_map(|(target, bytes)| self.obstacle(source, target, bytes));
        if let Some(message) = obstacle {
            diagnostics.push(Diagnostic::format("output-in-the-way", message));
            return;
        }
        match output::write_all_atomic(files) {
            Ok(written) => {
                self.count += written.len();
                self.written.extend(written.iter().map(|(target, _)| source::identity(target)));
            }
            Err(error) => diagnostics.push(Diagnostic::format("unwritable-file", error.to_string())),
        }
    }

    /// Why a file is not written: it is what was read, another's output, or something else altogether.
    fn obstacle(&self, source: &Path, target: &Path, bytes: &[u8]) -> Option<String> {
        let (shown, identity) = (target.display(), source::identity(target));
        if identity == source::identity(source) {
            return Some(format!("{shown} is the file that is read; name another with -o"));
        }
        if self.written.contains(&identity) {
            return Some(format!(
                "{shown} was written for another workflow; convert the two to different folders"
            ));
        }
        let differs = std::fs::read(target).is_ok_and(|old| old != bytes);
        (differs && !self.args.force).then(|| {
            format!("{shown} is there and differs; remove it, choose another place with -o, or give --force")
        })
    }
}

/// The workflow with fewer nodes; says on standard error which ones are gone.
fn optimized(path: &Path, graph: &Graph) -> Graph {
    let Optimized { graph, changes } = optimize::optimize(graph);
    let (shown, left) = (path.display(), graph.len());
    note(&format!("{shown}: {} nodes merged or removed, {left} left\n", changes.count()));
    for merged in &changes.merged {
        note(&format!("  {} stands for {}\n", merged.kept, merged.gone.join(", ")));
    }
    if !changes.removed.is_empty() {
        note(&format!("  no output depends on {}\n", changes.removed.join(", ")));
    }
    graph
}

/// The name of a file without what says its format.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for ending in [WORKFLOW, EDITOR, ".api.json", ".ui.json", ".graph.toml"] {
        if let Some(stem) = name.strip_suffix(ending).filter(|stem| !stem.is_empty()) {
            return stem.to_owned();
        }
    }
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
