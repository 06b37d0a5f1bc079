//! Finding and reading the files of a preset: its ancestors, its graph, its project.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::library;
use crate::diag::{self, Diagnostic, Diagnostics};
use crate::front::toml::batch::model_slot;
use crate::front::toml::comments::{self, Comment};
use crate::front::toml::decode::At;
use crate::front::toml::graph::{GraphFile, ParamType};
use crate::front::toml::lint::LintLevels;
use crate::front::toml::policy::Policy;
use crate::front::toml::preset::Preset;
use crate::front::toml::project::{self, Project};
use crate::front::toml::{self, Item, Kind, Raw};
use crate::source::{self, FileId, LoadError, Sources, Span, Spanned};

/// Longest chain of `extends`.
const MAX_ANCESTORS: usize = 16;

/// A preset with everything it refers to.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The preset, with what it inherits.
    pub preset: Preset,
    /// The name of its graph.
    pub graph_name: Arc<str>,
    /// Where the graph is named; problems that belong to no single parameter are reported there.
    pub graph_span: Span,
    /// Its graph.
    pub graph: Arc<GraphFile>,
    /// The policies that it keeps to; see [`policies`].
    pub policies: Vec<Arc<Policy>>,
    /// What comments in the preset, in those that it extends, and in the graph allow.
    pub comments: Vec<Comment>,
}

/// Reads a preset, its ancestors and its graph. Gives what could be read, so that the rest can be
/// checked too, and nothing without a graph; every problem is reported.
pub fn preset(
    file: FileId,
    root: Option<&Path>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Loaded> {
    let before = diagnostics.error_count();
    let path = sources.file(file).path().to_owned();
    let mut comments = Vec::new();
    let preset = inherited(file, &mut vec![source::identity(&path)], &mut comments, sources, diagnostics)?;
    let Some(graph) = &preset.graph else {
        if diagnostics.error_count() == before {
            diagnostics.push(
                Diagnostic::format("missing-key", "the preset names no graph")
                    .at(Span::new(file, 0..0), "")
                    .help(format!(
                        "add graph = \"…\"; built in are: {}",
                        library::names().collect::<Vec<_>>().join(", ")
                    )),
            );
        }
        return None;
    };
    let (graph_name, graph_span) = (graph.get().clone(), graph.span());
    let graph_home = sources.file(graph_span.file).path().to_owned();
    let graph_file = find_graph(&graph_name, graph_span, &graph_home, root, sources, diagnostics)?;
    let text = sources.file(graph_file).text().clone();
    let graph = toml::read::<GraphFile>(graph_file, &text, diagnostics)?;
    comments.extend(comments::read(graph_file, &text, diagnostics));
    Some(Loaded { preset, graph_name, graph_span, graph: Arc::new(graph), policies: Vec::new(), comments })
}

/// Reads a preset and overlays it on the one it extends, and so on.
fn inherited(
    file: FileId,
    chain: &mut Vec<PathBuf>,
    comments: &mut Vec<Comment>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Preset> {
    let text = sources.file(file).text().clone();
    let preset = toml::read::<Preset>(file, &text, diagnostics)?;
    comments.extend(comments::read(file, &text, diagnostics));
    let Some(extends) = &preset.extends else { return Some(preset) };
    let path = beside(sources.file(file).path(), extends.get());
    let identity = source::identity(&path);
    let problem = |rule, message: String| Diagnostic::format(rule, message).at(extends.span(), "");
    if chain.contains(&identity) {
        diagnostics.push(problem("extends-cycle", format!("`{}` extends itself", extends.get())));
        return None;
    }
    if chain.len() >= MAX_ANCESTORS {
        diagnostics
            .push(problem("extends-cycle", format!("more than {MAX_ANCESTORS} presets extend one another")));
        return None;
    }
    chain.push(identity);
    let base = match sources.load(&path) {
        Ok(base) => base,
        Err(error) => {
            diagnostics.push(
                problem("unreadable-file", error.to_string()).help("`extends` is a path from this file"),
            );
            return None;
        }
    };
    Some(inherited(base, chain, comments, sources, diagnostics)?.overlaid(preset))
}

fn beside(file: &Path, relative: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(relative)
}

/// The file of a graph: a path, or a name that is looked up beside the preset, in the project's
/// graphs, and among the built-in ones.
fn find_graph(
    name: &Arc<str>,
    span: Span,
    home: &Path,
    project_graphs: Option<&Path>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<FileId> {
    if is_path(name) {
        return match sources.load(&beside(home, name)) {
            Ok(file) => Some(file),
            Err(error) => {
                diagnostics.push(
                    Diagnostic::format("unknown-graph", error.to_string())
                        .at(span, "")
                        .help("`graph` with a slash or `.toml` is a path from this file"),
                );
                None
            }
        };
    }
    let candidates = [
        Some(beside(home, &format!("{name}.toml"))),
        project_graphs.map(|folder| folder.join(format!("{name}.toml"))),
    ];
    for path in candidates.into_iter().flatten() {
        if source::identity(&path) == source::identity(home) || !source::exists(&path) {
            continue;
        }
        match sources.load(&path) {
            Ok(file) if is_graph(file, sources) => return Some(file),
            Ok(_) => {}
            Err(error) => {
                diagnostics.push(Diagnostic::format("unreadable-file", error.to_string()).at(span, ""));
                return None;
            }
        }
    }
    if let Some(text) = library::find(name) {
        return Some(sources.add(format!("wfc:graphs/{name}.toml"), text));
    }
    diagnostics.push(
        Diagnostic::format("unknown-graph", format!("there is no graph `{name}`")).at(span, "").help(
            diag::did_you_mean(name, library::names()).unwrap_or_else(|| {
                let names = library::names().collect::<Vec<_>>().join(", ");
                format!(
                    "a graph is a file beside the preset, in the project's `graphs/`, or built in: {names}"
                )
            }),
        ),
    );
    None
}

/// Reads the policies that a preset or project names. `root` is the folder of the project. What cannot be
/// found or read is reported.
pub fn policies(
    names: &[At<Arc<str>>],
    root: Option<&Path>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<Arc<Policy>> {
    let mut policies = Vec::new();
    for name in names {
        let file = find_policy(name, root, sources, diagnostics);
        let policy = file.and_then(|file| {
            let text = sources.file(file).text().clone();
            toml::read::<Policy>(file, &text, diagnostics)
        });
        policies.extend(policy.map(Arc::new));
    }
    policies
}

fn find_policy(
    name: &At<Arc<str>>,
    root: Option<&Path>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<FileId> {
    let problem = |message: String| Diagnostic::format("unknown-policy", message).at(name.span(), "");
    let home = sources.file(name.span().file).path().to_owned();
    let own = root.map(|root| root.join("policies").join(format!("{}.toml", name.get())));
    let path = if is_path(name.get()) {
        Some(beside(&home, name.get()))
    } else {
        own.filter(|path| source::exists(path))
    };
    if let Some(path) = path {
        let loaded = sources.load(&path);
        return loaded.map_err(|error| diagnostics.push(problem(error.to_string()))).ok();
    }
    let known = || library::POLICIES.iter().map(|(known, _)| *known);
    if let Some((_, text)) = library::POLICIES.iter().find(|(known, _)| **known == **name.get()) {
        return Some(sources.add(format!("wfc:policies/{}.toml", name.get()), *text));
    }
    let help = diag::did_you_mean(name.get(), known()).unwrap_or_else(|| {
        let known = known().collect::<Vec<_>>().join(", ");
        format!(
            "a policy is a file in the project's `policies/`, a path ending in `.toml`, or built in: {known}"
        )
    });
    diagnostics.push(problem(format!("there is no policy `{}`", name.get())).help(help));
    None
}

/// True for a name that is a path.
fn is_path(name: &str) -> bool {
    name.contains('/') || Path::new(name).extension().is_some_and(|extension| extension == "toml")
}

/// True unless the file is clearly something else: a preset of the same name, for example.
fn is_graph(file: FileId, sources: &Sources) -> bool {
    let text = sources.file(file).text();
    let root = toml::parse(file, text, &mut Diagnostics::new());
    root.is_none_or(|root| !matches!(toml::kind_of(&root), Some(Kind::Preset)))
}

/// A project: its file and its folder.
#[derive(Debug)]
pub struct Root {
    /// The folder that `wfc.toml` lies in.
    pub folder: PathBuf,
    /// What it says.
    pub project: Project,
}

impl Root {
    /// The folder of the project's graphs.
    #[must_use]
    pub fn graphs(&self) -> PathBuf {
        self.folder.join(self.project.graphs.as_ref().map_or("graphs", |graphs| &**graphs.get()))
    }

    /// The folder with model files: that of a server, if it has one of its own.
    #[must_use]
    pub fn models(&self, server: Option<&str>) -> Option<PathBuf> {
        let server = server.and_then(|name| self.project.servers.get(name));
        let own = server.and_then(|server| server.models.as_ref());
        own.or(self.project.models.as_ref()).map(|models| self.folder.join(&**models.get()))
    }

    /// The numbers of the project's overrides that hold for the file at `path`, which may be a link.
    #[must_use]
    pub fn overrides(&self, path: &Path) -> Vec<usize> {
        if self.project.overrides.is_empty() {
            return Vec::new();
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = source::identity(folder).join(path.file_name().unwrap_or_default());
        file.strip_prefix(&self.folder).map_or_else(|_| Vec::new(), |file| self.project.overrides_for(file))
    }

    /// The project's levels for the file at `path`.
    #[must_use]
    pub fn levels(&self, path: &Path) -> LintLevels {
        self.project.levels(&self.overrides(path))
    }
}

/// Finds and reads the `wfc.toml` that governs `path`: in its folder or the nearest one above.
///
/// # Errors
/// When there is one that cannot be read. What is wrong inside it is reported.
pub fn project(
    path: &Path,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Root>, LoadError> {
    let identity = source::identity(path);
    let Some(file) = identity
        .ancestors()
        .skip(1)
        .map(|folder| folder.join(project::FILE_NAME))
        .find(|file| source::exists(file))
    else {
        return Ok(None);
    };
    let id = sources.load(&file)?;
    let text = sources.file(id).text().clone();
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    Ok(toml::read::<Project>(id, &text, diagnostics).map(|project| Root { folder, project }))
}

/// Applies `--set key=value` to a preset. A key is a parameter, a field of its requests, or `models.` and a
/// model slot. The value is TOML; for a parameter that takes text, quotes may be left out.
pub fn set(loaded: &mut Loaded, setting: &str, sources: &mut Sources, diagnostics: &mut Diagnostics) {
    let Some(mut setting) = Setting::read(setting, sources, diagnostics) else { return };
    if let Some(slot) = model_slot(&setting.key.value) {
        loaded.preset.matrix.end(&setting.key.value);
        loaded.preset.ladder.end(&setting.key.value);
        let model = Arc::from(setting.value.value.trim().trim_matches('"'));
        let slot = Spanned::new(slot.into(), setting.key.span);
        loaded.preset.models.set(slot, At(Spanned::new(model, setting.value.span)));
        return;
    }
    let params = &loaded.graph.params;
    if params.get(&setting.key.value).is_none()
        && let Some(field) =
            loaded.preset.request.as_ref().and_then(|fields| fields.get().get(&setting.key.value))
    {
        setting.key.value = field.param.get().clone();
    }
    let kind = params.get(&setting.key.value).map(|param| *param.kind.get());
    let item = setting.item(kind);
    loaded.preset.matrix.end(&setting.key.value);
    loaded.preset.ladder.end(&setting.key.value);
    loaded.preset.params.set(setting.key, item);
}

/// A `--set key=value` of the command line.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The key, without blanks around it.
    pub key: Spanned<Arc<str>>,
    /// What stands behind the `=`.
    pub value: Spanned<Arc<str>>,
}

impl Setting {
    /// Takes a setting apart. Gives nothing if it has no `=`, which is reported.
    pub fn read(setting: &str, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Option<Self> {
        let file = sources.add("--set", setting);
        let Some((key, value)) = setting.split_once('=') else {
            diagnostics.push(
                Diagnostic::format("toml-syntax", format!("`{setting}` has no value"))
                    .at(Span::new(file, 0..setting.len()), "")
                    .help("write --set key=value"),
            );
            return None;
        };
        let start = key.len() + 1 + (value.len() - value.trim_start().len());
        let end = setting.trim_end().len().max(start);
        Some(Self {
            key: Spanned::new(key.trim().into(), Span::new(file, 0..key.trim_end().len())),
            value: Spanned::new(value.into(), Span::new(file, start..end)),
        })
    }

    /// The value for a parameter of the given type; what silences messages if there is no such parameter.
    #[must_use]
    pub fn item(&self, kind: Option<ParamType>) -> Item {
        let text = &self.value.value;
        let is_text = matches!(
            kind,
            Some(
                ParamType::String
                    | ParamType::Choice
                    | ParamType::Image
                    | ParamType::Video
                    | ParamType::Audio
                    | ParamType::Model
            )
        );
        let raw = if kind.is_none() {
            // That there is no such parameter is reported together with all others.
            Raw::Invalid
        } else if is_text && !text.trim_start().starts_with(['"', '\'']) {
            Raw::Str(text.clone())
        } else {
            toml_value(&self.value)
        };
        Item::new(raw, self.value.span)
    }
}

/// The right side of a setting as TOML; what is no TOML value counts as a text, so that the message
/// says what the parameter takes.
fn toml_value(value: &Spanned<Arc<str>>) -> Raw {
    // Places inside of a table or an array are those in the setting.
    let text = value.value.trim_start();
    let padding = (value.span.start as usize).saturating_sub(1);
    let padded = format!("{}={text}", "k".repeat(padding));
    let parsed = toml::parse(value.span.file, &padded, &mut Diagnostics::new()).map(|root| root.value);
    match parsed {
        Some(Raw::Table(entries)) if entries.len() == 1 => {
            entries.into_iter().next().map_or(Raw::Invalid, |(_, item)| item.value)
        }
        _ => Raw::Str(text.trim().into()),
    }
}
