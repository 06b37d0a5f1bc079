//! `wfc models`: what workflows need of model files, whether a machine has it, and a script that fetches it.

mod check;
mod inventory;
mod list;
mod needs;
mod places;
mod script;

pub(super) use check::ModelsHere;

use std::path::PathBuf;

use clap::Subcommand;

use super::{Exit, Terminal, ToolError};
use crate::report::Format;

/// List, check and fetch the model files of presets.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the model files that presets need: names, folders, sizes and their total.
    List {
        #[command(flatten)]
        workflows: Workflows,
        /// The format of the list.
        #[arg(long, value_enum, default_value = "human")]
        format: ListFormat,
    },
    /// Check that model files are there, in their places and whole.
    ///
    /// A size that the model catalog knows must be exact, and a safetensors file must be as long as its
    /// header says, so a download that broke off is found without reading the file. Without presets,
    /// everything in the folder is checked. Exit code 0 if all is well, 1 if not, 2 if the folder or a
    /// file of wfc's cannot be read.
    Check {
        /// Presets, graphs, workflows or manifests whose model files must be there, or folders with presets.
        #[arg(value_name = "PRESET")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        options: Options,
        /// ComfyUI's folder, or its models folder [default: `models` in wfc.toml].
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// A file with further model folders [default: `extra_model_paths.yaml` beside the models folder, if
        /// there is one].
        #[arg(long, value_name = "FILE")]
        extra_model_paths: Vec<PathBuf>,
        /// The format of diagnostics.
        #[arg(long, value_enum, default_value = "human")]
        format: Format,
    },
    /// Print a shell script that downloads the model files that presets need.
    ///
    /// The script resumes what broke off, skips what is complete, verifies sizes, and SHA-256 where it is
    /// known. It needs sh, and curl or wget. Where a licence must be accepted, it takes a token from the
    /// environment variable `HF_TOKEN`.
    FetchScript {
        #[command(flatten)]
        workflows: Workflows,
        /// The models folder to download to; the script's first argument wins over it.
        #[arg(long, value_name = "DIR")]
        dir: Option<String>,
    },
    /// Print an `extra_model_paths.yaml` for a volume whose folders are not called as ComfyUI's.
    ///
    /// It maps the folders `wan2.2`, `scail`, `lora` and `uni3c` that lie in DIR. Save it as
    /// `extra_model_paths.yaml` in ComfyUI's folder.
    Paths {
        /// The volume's models folder.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
}

/// The formats of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ListFormat {
    /// A table, for a terminal.
    Human,
    /// One JSON document.
    Json,
}

/// What needs model files.
#[derive(Debug, clap::Args)]
struct Workflows {
    /// Presets, graphs, workflows or manifests, or folders with presets.
    #[arg(required = true, value_name = "PRESET")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// How presets are read.
#[derive(Debug, clap::Args)]
struct Options {
    /// Set a parameter (`seed=7`) or a model slot (`models.vae=wan21-vae`); may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The node catalog: `embedded`, some of its packs (`comfyui,kjnodes`), a captured catalog, an
    /// `/object_info` file, or a server's URL [default: the project's, or `embedded`].
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    match &args.command {
        Command::List { workflows, format } => list::run(workflows, *format, terminal),
        Command::Check { paths, options, dir, extra_model_paths, format } => {
            let request =
                check::Request { paths, options, dir: dir.as_deref(), extra_model_paths, format: *format };
            check::run(&request, terminal)
        }
        Command::FetchScript { workflows, dir } => script::run(workflows, dir.as_deref(), terminal),
        Command::Paths { dir } => places::print_mapping(dir),
    }
}

/// A size in bytes for people, in powers of ten as download pages count; `~` if it is not exact.
fn size(bytes: u64, is_exact: bool) -> String {
    let about = if is_exact { "" } else { "~" };
    let scaled = |unit: u64| {
        let tenths = (u128::from(bytes) * 10 + u128::from(unit) / 2) / u128::from(unit);
        format!("{about}{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        1_000_000_000.. => format!("{} GB", scaled(1_000_000_000)),
        1_000_000.. => format!("{} MB", scaled(1_000_000)),
        1_000.. => format!("{} kB", scaled(1_000)),
        _ => format!("{about}{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_rounded_for_people() {
        let sizes = [0, 999, 1_000, 1_234_567, 14_294_742_832, u64::MAX];
        assert_eq!(
            sizes.map(|bytes| size(bytes, true)),
            ["0 bytes", "999 bytes", "1.0 kB", "1.2 MB", "14.3 GB", "18446744073.7 GB"]
        );
        assert_eq!(size(27_100_000_000, false), "~27.1 GB");
    }
}
