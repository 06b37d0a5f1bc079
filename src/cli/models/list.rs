//! `wfc models list`: the model files that presets need.

use std::fmt::Write as _;

use serde::Serialize;

use super::needs::{self, Collected, Need};
use super::{ListFormat, Workflows, size};
use crate::cli::session::Session;
use crate::cli::{Exit, Stream, Terminal, ToolError, print};
use crate::report::Format;

/// Version of the document's shape; it grows when something is removed or changes its meaning.
const VERSION: u32 = 1;

/// The list for programs.
#[derive(Serialize)]
struct List<'n> {
    version: u32,
    models: Vec<Entry<'n>>,
    total: Total,
}

/// A model file.
#[derive(Serialize)]
struct Entry<'n> {
    /// Its name in the model catalog, or null.
    name: Option<&'n str>,
    /// Its model folder; where a node takes several, the one to download it to.
    folder: &'n str,
    /// What the workflow calls it: its path below the folder.
    file: &'n str,
    bytes: Option<u64>,
    /// False if `bytes` is rounded or not known.
    bytes_exact: bool,
    sha256: Option<&'n str>,
    url: Option<&'n str>,
    /// Whether the download needs an accepted licence; null if unknown.
    gated: Option<bool>,
    /// True if its node downloads it itself when it first runs.
    downloaded_by_node: bool,
    used_by: &'n [String],
}

/// What all files take together.
#[derive(Serialize)]
pub(super) struct Total {
    pub(super) files: usize,
    /// The sum of all sizes that are known.
    pub(super) bytes: u64,
    /// True if every size is known and exact.
    pub(super) bytes_exact: bool,
    /// How many files have a size that is not known.
    pub(super) unknown: usize,
}

impl Total {
    pub(super) fn of<'n>(needs: impl IntoIterator<Item = &'n Need>) -> Self {
        let mut total = Self { files: 0, bytes: 0, bytes_exact: true, unknown: 0 };
        for need in needs {
            total.files += 1;
            total.bytes = total.bytes.saturating_add(need.bytes.unwrap_or_default());
            total.bytes_exact &= need.bytes_exact && need.bytes.is_some();
            total.unknown += usize::from(need.bytes.is_none());
        }
        total
    }
}

/// Runs the command.
pub(super) fn run(args: &Workflows, format: ListFormat, terminal: &Terminal) -> Result<Exit, ToolError> {
    let mut session = Session::new(args.options.catalog.clone());
    let collected = needs::collect(&args.paths, &args.options, &mut session)?;
    if !collected.reports.is_empty() {
        terminal.report(Format::Human, Stream::Error, &session.sources, &collected.reports)?;
    }
    match format {
        // Of what could not be read nothing is needed that could be told.
        ListFormat::Human if collected.needs.is_empty() && !collected.reports.is_empty() => {}
        ListFormat::Human => print(&table(&collected))?,
        ListFormat::Json => print(&json(&collected.needs))?,
    }
    Ok(match (collected.has_failed, collected.is_incomplete()) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    })
}

fn json(needs: &[Need]) -> String {
    let models = needs.iter().map(|need| Entry {
        name: need.name.as_deref(),
        folder: need.folders.first().map_or("", String::as_str),
        file: &need.value,
        bytes: need.bytes,
        bytes_exact: need.bytes_exact,
        sha256: need.sha256.as_deref(),
        url: need.url.as_deref(),
        gated: need.gated,
        downloaded_by_node: need.by_node,
        used_by: &need.used_by,
    });
    let list = List { version: VERSION, models: models.collect(), total: Total::of(needs) };
    // Plain data with text keys always becomes JSON.
    let mut text = serde_json::to_string(&list).unwrap_or_default();
    text.push('\n');
    text
}

fn table(collected: &Collected) -> String {
    let needs = &collected.needs;
    let shown_size =
        |need: &Need| need.bytes.map_or_else(|| "?".to_owned(), |bytes| size(bytes, need.bytes_exact));
    let rows: Vec<[String; 4]> = needs
        .iter()
        .map(|need| {
            let name = need.name.clone().unwrap_or_else(|| "-".to_owned());
            [name, need.folders.join(" or "), shown_size(need), need.value.clone()]
        })
        .collect();
    let head = ["MODEL", "FOLDER", "SIZE", "FILE"].map(str::to_owned);
    let width = |column: usize| {
        std::iter::once(&head).chain(&rows).map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2)];
    let mut text = String::new();
    for [name, folder, size, file] in std::iter::once(&head).chain(&rows) {
        let [a, b, c] = widths;
        let _ = writeln!(text, "{name:a$}  {folder:b$}  {size:>c$}  {}", printable(file));
    }
    let total = Total::of(needs);
    let files = if total.files == 1 { "file" } else { "files" };
    let _ = writeln!(text, "\n{} {files}, {}", total.files, size(total.bytes, total.bytes_exact));
    let names = |wanted: &dyn Fn(&Need) -> bool| {
        let names = needs.iter().filter(|need| wanted(need)).map(|need| printable(need.shown()));
        names.collect::<Vec<_>>().join(", ")
    };
    for (what, names) in [
        ("size not known, not counted", names(&|need| need.bytes.is_none())),
        ("not in the model catalog", names(&|need| need.name.is_none())),
        ("needs an accepted licence and a token to download", names(&|need| need.gated == Some(true))),
        ("no address known to download it from", names(&|need| need.url.is_none() && need.name.is_some())),
        ("downloaded by its node when it first runs", names(&|need| need.by_node)),
    ] {
        if !names.is_empty() {
            let _ = writeln!(text, "{what}: {names}");
        }
    }
    text
}

/// A name from a file, without characters that would do something to a terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
