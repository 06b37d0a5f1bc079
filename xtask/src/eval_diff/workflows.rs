//! The workflows that are edited.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use wfc::catalog::{Catalog, ImportOptions, read_catalog};
use wfc::compile::Compiler;
use wfc::diag::Diagnostics;
use wfc::front::json::{self, Arena, Document};
use wfc::ir::Graph;
use wfc::lower::load;
use wfc::source::Sources;

/// The repository's presets, compiled, by name.
pub(super) fn presets(root: &Path) -> Result<Vec<(String, Graph)>, String> {
    let folder = root.join("presets");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    // Presets, and no lint files beside them.
    paths.retain(|path| {
        path.extension().is_some_and(|extension| extension == "toml")
            && path.file_stem().is_some_and(|stem| !stem.to_string_lossy().contains('.'))
    });
    paths.sort();
    let compiler = Compiler::new(Arc::new(Catalog::embedded()));
    let mut graphs = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut sources = Sources::new();
        let file = sources.add(&path, text);
        let mut found = Diagnostics::new();
        let loaded = load::preset(file, None, &mut sources, &mut found);
        let loaded = loaded.ok_or_else(|| format!("{} cannot be read", path.display()))?;
        let job = compiler.job(&loaded, &sources, &mut found);
        let graph = job.and_then(|mut job| job.graph(0, &mut found));
        let graph = graph.ok_or_else(|| format!("{} does not compile", path.display()))?;
        graphs.push((path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), graph));
    }
    Ok(graphs)
}

/// What the editor exported of the corpus' workflows, if they are beside the repository.
pub(super) fn corpus(root: &Path) -> Result<Option<Vec<(String, Graph)>>, String> {
    let folder = root.join("../shared/corpus");
    let (rows, classes) = (folder.join("ui_to_api.jsonl.gz"), folder.join("object_info.json.gz"));
    if !rows.exists() || !classes.exists() {
        return Ok(None);
    }
    let catalog = read_catalog(unpacked(&classes)?.as_bytes(), &ImportOptions::default())
        .map_err(|error| format!("{}: {error}", classes.display()))?;
    let mut graphs = Vec::new();
    for row in unpacked(&rows)?.lines() {
        let mut sources = Sources::new();
        let file = sources.add("row.json", row);
        let (arena, mut found) = (Arena::new(), Diagnostics::new());
        let row = json::parse(file, row, &arena, &mut found).ok_or("a row of the corpus is no JSON")?;
        let name = row.get("id").and_then(|id| Some(id.as_str()?.to_owned()));
        let exported = row.get("api").ok_or("a row of the corpus has no workflow")?;
        // Some exports have nodes without a class, which are left out.
        let graph = Document::of(*exported).read(file, &catalog, &mut found);
        graphs.extend(graph.map(|graph| (name.unwrap_or_default(), graph)));
    }
    Ok(Some(graphs))
}

fn unpacked(path: &Path) -> Result<String, String> {
    let said = |error| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(said)?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).map_err(said)?;
    Ok(text)
}
