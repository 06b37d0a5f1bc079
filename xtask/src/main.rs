//! Tasks of the repository: `cargo xtask generate [--check]`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["generate"] => generate(false),
        ["generate", "--check"] => generate(true),
        _ => {
            report("usage: cargo xtask generate [--check]");
            ExitCode::from(2)
        }
    }
}

/// Writes the generated files, or tells which of them are out of date.
fn generate(check: bool) -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut exit = ExitCode::SUCCESS;
    for (name, text) in wfc::cli::reference::files() {
        let path = root.join(&name);
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

#[expect(clippy::print_stderr, reason = "a task of the repository talks to its developer")]
fn report(text: &str) {
    eprintln!("{text}");
}
