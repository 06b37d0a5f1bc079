//! `wfc catalog`: capture, import, show and compare node catalogs.

mod compare;

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::session::{open_catalog, without_login};
use super::{Exit, Terminal, ToolError, http, note, output, print};
use crate::catalog::{
    Captured, Catalog, ImportOptions, InputKind, InputSpec, NodeClass, import, pack_file_name,
};

/// Capture, import, show and compare node catalogs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Capture the catalog of a running ComfyUI.
    Pull {
        /// The server: `http://127.0.0.1:8188`, or the name of one under `[servers]` in wfc.toml. Credentials, proxies and
        /// certificate authorities are taken as by `wfc run`.
        url: String,
        #[command(flatten)]
        target: Target,
    },
    /// Import a saved `/object_info` answer, plain or gzipped.
    Import {
        /// The file.
        file: PathBuf,
        /// The ComfyUI version it was taken from, which the answer itself does not tell.
        #[arg(long, value_name = "VERSION")]
        comfyui: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Show a node class: its pack, inputs with types, ranges and defaults, and outputs.
    Show {
        /// The class, as in `class_type`.
        class: String,
        /// The catalog [default: the one that comes with wfc].
        #[arg(long, value_name = "CATALOG", default_value = "embedded")]
        catalog: String,
    },
    /// Compare two catalogs, and tell which presets and workflows break.
    ///
    /// Exit code 1 if a given preset or workflow breaks or, without any, if a change can break one.
    Diff {
        /// The old catalog: `embedded`, packs by name, a file, or a server's URL.
        old: String,
        /// The new catalog.
        new: String,
        /// Presets and workflows in API format, or folders with them.
        workflows: Vec<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
struct Target {
    /// The file to write, or a folder for one file a pack [default: comfyui-catalog.json].
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// The version of a node pack; may be repeated.
    #[arg(long = "pack-version", value_name = "PACK=VERSION")]
    pack_versions: Vec<String>,
    /// Leave out the machine's own lists of files, so that the catalog holds for any machine.
    #[arg(long)]
    portable: bool,
    /// Largest answer or file to accept, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    limit: u64,
}

/// Runs the command.
pub(super) fn run(args: Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    match args.command {
        Command::Pull { url, target } => {
            let options = target.options(http::comfyui_version(&url))?;
            capture(http::object_info(&url, true)?, &without_login(&url), &options, &target)
        }
        Command::Import { file, comfyui, target } => {
            let options = target.options(comfyui)?;
            let name = file.display().to_string();
            let open = std::fs::File::open(&file)
                .map_err(|error| ToolError::new(format!("cannot read {name}: {error}")))?;
            capture(open, &name, &options, &target)
        }
        Command::Show { class, catalog } => show(&class, &open_catalog(&catalog)?),
        Command::Diff { old, new, workflows } => compare::run(&old, &new, &workflows, terminal),
    }
}

impl Target {
    fn options(&self, comfyui_version: Option<String>) -> Result<ImportOptions, ToolError> {
        let versions = self.pack_versions.iter().map(|pair| {
            let (pack, version) = pair.split_once('=')?;
            Some((pack.to_owned(), version.to_owned()))
        });
        let pack_versions = versions.collect::<Option<_>>().ok_or_else(|| {
            ToolError::new("--pack-version takes PACK=VERSION, such as ComfyUI-KJNodes=1.1.3")
        })?;
        Ok(ImportOptions {
            limit_bytes: self.limit << 20,
            comfyui_version,
            pack_versions,
            portable: self.portable,
            ..ImportOptions::default()
        })
    }
}

fn capture(
    reader: impl Read,
    name: &str,
    options: &ImportOptions,
    target: &Target,
) -> Result<Exit, ToolError> {
    let captured = import(reader, options).map_err(|error| ToolError::new(format!("{name}: {error}")))?;
    for warning in captured.warnings() {
        note(&format!("warning: {warning}\n"));
    }
    let output = target.output.clone().unwrap_or_else(|| PathBuf::from("comfyui-catalog.json"));
    let as_folder = output.is_dir() || output.to_string_lossy().ends_with(std::path::is_separator);
    let files = if as_folder {
        pack_files(&captured, &output)
    } else {
        vec![(output, captured.to_text().into_bytes())]
    };
    let mut text = String::new();
    for (path, _) in output::write_all_atomic(files)? {
        let _ = writeln!(text, "{}", path.display());
    }
    let identity = captured.identity();
    let version = identity.comfyui.unwrap_or_else(|| "of an unknown version".to_owned());
    let _ = writeln!(
        text,
        "{} classes of {} packs, ComfyUI {version}",
        captured.class_count(),
        identity.packs.len()
    );
    print(&text)?;
    Ok(Exit::Clean)
}

fn pack_files(captured: &Captured, folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let texts = captured.pack_texts().into_iter();
    texts.map(|(pack, text)| (folder.join(pack_file_name(&pack)), text.into_bytes())).collect()
}

fn show(name: &str, catalog: &Catalog) -> Result<Exit, ToolError> {
    let Some(class) = catalog.class(name) else {
        let near = catalog.suggest(name).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(ToolError::new(format!("there is no node class `{name}` in this catalog{near}")));
    };
    print(&describe(&class))?;
    Ok(Exit::Clean)
}

fn describe(class: &NodeClass) -> String {
    let mut text = format!("{} ({})\n", class.name, class.pack);
    if let Some(display) = &class.display_name {
        let _ = writeln!(text, "  shown as {display}, under {}", class.category);
    }
    let marks = [
        (class.output_node, "an output node: a workflow needs at least one"),
        (class.deprecated, "deprecated"),
        (class.experimental, "experimental"),
        (class.api_node, "calls a paid service"),
    ];
    for (_, mark) in marks.iter().filter(|(is, _)| *is) {
        let _ = writeln!(text, "  {mark}");
    }
    let inputs = class.known_inputs(&|_| None);
    for (title, required) in [("required inputs", true), ("optional inputs", false)] {
        let mut inputs = inputs.iter().filter(|input| input.required == required).peekable();
        if inputs.peek().is_some() {
            let _ = writeln!(text, "{title}:");
        }
        inputs.for_each(|input| describe_input(input, &mut text));
    }
    if !class.outputs.is_empty() {
        text.push_str("outputs:\n");
    }
    for (slot, output) in class.outputs.iter().enumerate() {
        let _ = writeln!(text, "  {slot} {}: {}", output.name, output.types);
    }
    text
}

fn describe_input(input: &InputSpec, text: &mut String) {
    let _ = write!(text, "  {}: {}", input.name, input.kind.type_name());
    let range = |min: Option<String>, max: Option<String>, step: Option<String>| {
        let mut range = match (min, max) {
            (Some(min), Some(max)) => format!(" {min} to {max}"),
            (Some(min), None) => format!(" from {min}"),
            (None, Some(max)) => format!(" to {max}"),
            (None, None) => String::new(),
        };
        if let Some(step) = step {
            let _ = write!(range, " step {step}");
        }
        range
    };
    let shown = match &input.kind {
        InputKind::Int { min, max, step } => {
            range(min.map(|n| n.to_string()), max.map(|n| n.to_string()), step.map(|n| n.to_string()))
        }
        InputKind::Float { min, max, step } => {
            range(min.map(|n| n.to_string()), max.map(|n| n.to_string()), step.map(|n| n.to_string()))
        }
        InputKind::Combo(combo) => match (&combo.options, &combo.folder) {
            (None, Some(folder)) => format!(" a file of the folder {folder}"),
            (None, None) => " of the server".to_owned(),
            (Some(options), _) => {
                format!(" {}", options.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
            }
        },
        InputKind::DynamicCombo(options) => {
            format!(
                " {}",
                options.iter().map(|option| format!("\"{}\"", option.key)).collect::<Vec<_>>().join(", ")
            )
        }
        _ => String::new(),
    };
    text.push_str(&shown);
    if let Some(default) = input.default.as_ref().filter(|default| !default.is_null()) {
        let _ = write!(text, " (default {default})");
    }
    text.push('\n');
}
