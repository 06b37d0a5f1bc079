//! The files that workflows name as inputs: on this machine, on the server, or nowhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::jobs::Named;
use crate::cli::ToolError;
use crate::exec::Error;
use crate::exec::comfy::Comfy;

/// A picture of one pixel, which stands for any input of a server that only plays one.
const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b, 0x55, 0x00,
    0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x60, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01,
    0x48, 0xaf, 0xa4, 0x71, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// Where an input file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Resolved {
    /// On this machine, so it is put on the server.
    Local(PathBuf),
    /// On the server.
    Remote,
}

/// What was found: by the folder of the preset and what it says.
pub(super) type Found = BTreeMap<(PathBuf, String), Resolved>;

/// Looks for the files: those that `--input` gives, those beside the preset or below the current folder, those that the
/// server has. On a server that only plays one, `stand_ins` is where files are made for the others; it gets their names.
///
/// # Errors
/// All files that are nowhere, in one message.
pub(super) fn resolve(
    named: &[Named],
    given: &[String],
    server: &Comfy,
    stand_ins: Option<&Path>,
    missing: &mut Vec<String>,
) -> Result<Found, ToolError> {
    let chosen = read(given, named)?;
    let mut found = Found::new();
    let mut nowhere = Vec::new();
    for input in named {
        let key = (input.base.clone(), input.value.clone());
        if found.contains_key(&key) {
            continue;
        }
        let value = input.value.strip_suffix(" [input]").unwrap_or(&input.value);
        let local = chosen.get(&*input.param).cloned().or_else(|| local(&input.base, value));
        let resolved = match (local, stand_ins) {
            (Some(file), _) => Resolved::Local(file),
            (None, _) if server.has_input(value).map_err(|error: Error| ToolError::from(error))? => {
                Resolved::Remote
            }
            (None, Some(folder)) => {
                missing.push(format!("{} = \"{value}\"", input.param));
                Resolved::Local(stand_in(folder, value)?)
            }
            (None, None) => {
                nowhere.push(format!(
                    "{} = \"{value}\": no file {}, and the server has no input of this name",
                    input.param,
                    input.base.join(value).display()
                ));
                continue;
            }
        };
        found.insert(key, resolved);
    }
    if nowhere.is_empty() {
        return Ok(found);
    }
    Err(ToolError::new(format!(
        "input files are missing; nothing was sent\n  {}\n  help: put them there, set other ones (`--set NAME=FILE`), or name \
         files anywhere with `--input NAME=PATH`",
        nowhere.join("\n  ")
    )))
}

fn read(texts: &[String], named: &[Named]) -> Result<BTreeMap<String, PathBuf>, ToolError> {
    let mut files = BTreeMap::new();
    for text in texts {
        let Some((name, path)) = text.split_once('=') else {
            return Err(ToolError::new(format!(
                "`--input {text}` names no file; write it like `--input image=cat.png`"
            )));
        };
        if !named.iter().any(|input| input.param == name) {
            let mut params: Vec<&str> = named.iter().map(|input| &*input.param).collect();
            params.dedup();
            let help = crate::diag::did_you_mean(name, params.iter().copied())
                .unwrap_or_else(|| format!("its input files are: {}", params.join(", ")));
            let help = if params.is_empty() { "it takes no input files".to_owned() } else { help };
            return Err(ToolError::new(format!("no workflow has an input file `{name}`; {help}")));
        }
        let path = PathBuf::from(path);
        if !path.is_file() {
            return Err(ToolError::new(format!("--input {name}: there is no file {}", path.display())));
        }
        files.insert(name.to_owned(), path);
    }
    Ok(files)
}

fn local(base: &Path, value: &str) -> Option<PathBuf> {
    let inside = Path::new(value).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    let candidates = [base.join(value), PathBuf::from(value)];
    candidates.into_iter().find(|path| inside && path.is_file())
}

/// A file that stands for one that is nowhere.
fn stand_in(folder: &Path, value: &str) -> Result<PathBuf, ToolError> {
    let name = crate::exec::outputs::harmless(value);
    let path = folder.join(name);
    std::fs::write(&path, PIXEL)?;
    Ok(path)
}
