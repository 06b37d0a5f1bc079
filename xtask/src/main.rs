//! Tasks of the repository: `cargo xtask generate [--check]`, `cargo xtask new-rule NAME`, `cargo xtask eval-vram`,
//! `cargo xtask eval-times`, `cargo xtask eval-diff`.

mod eval_diff;
mod eval_times;
mod eval_vram;
mod new_rule;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask generate [--check]
       cargo xtask new-rule NAME [--group GROUP] [--kind KIND] [--root FOLDER]
       cargo xtask eval-vram [--write]
       cargo xtask eval-times [--write | --coefficients]
       cargo xtask eval-diff [CASES]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["generate"] => generate(false),
        ["generate", "--check"] => generate(true),
        ["new-rule", arguments @ ..] => match new_rule::run(arguments, root()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                report(&message);
                ExitCode::from(2)
            }
        },
        ["eval-diff", arguments @ ..] => match eval_diff::run(arguments, root()) {
            Ok(text) => print(&text),
            Err(message) => {
                report(&message);
                ExitCode::from(2)
            }
        },
        ["eval-times", arguments @ ..] => match eval_times::run(arguments, root()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                report(&message);
                ExitCode::from(2)
            }
        },
        ["eval-vram"] => print(&eval_vram::report()),
        ["eval-vram", "--write"] => match eval_vram::write(root()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                report(&message);
                ExitCode::from(2)
            }
        },
        _ => {
            report(USAGE);
            ExitCode::from(2)
        }
    }
}

/// The repository.
fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Writes the generated files, or tells which of them are out of date.
fn generate(check: bool) -> ExitCode {
    let mut exit = ExitCode::SUCCESS;
    for (name, text) in wfc::cli::reference::files() {
        let path = root().join(&name);
        if std::fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        if check {
            report(&format!("{name} is out of date: run `cargo xtask generate`"));
            exit = ExitCode::FAILURE;
        } else if let Err(error) = wfc::cli::output::write_atomic(&path, text.as_bytes()) {
            report(&error.to_string());
            exit = ExitCode::FAILURE;
        } else {
            report(&format!("wrote {name}"));
        }
    }
    exit
}

#[expect(clippy::print_stdout, reason = "a task of the repository talks to its developer")]
fn print(text: &str) -> ExitCode {
    print!("{text}");
    ExitCode::SUCCESS
}

#[expect(clippy::print_stderr, reason = "a task of the repository talks to its developer")]
fn report(text: &str) {
    eprintln!("{text}");
}
