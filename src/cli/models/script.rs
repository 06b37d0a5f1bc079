//! `wfc models fetch-script`: a shell script that downloads model files.

use std::fmt::Write as _;

use super::list::{Total, printable};
use super::needs::{self, Need};
use super::{Workflows, size};
use crate::cli::session::Session;
use crate::cli::{Exit, Stream, Terminal, ToolError, print};
use crate::report::Format;

/// What every script does with its list of files.
const BODY: &str = include_str!("fetch.sh");

/// Where a script may download from. An address may come from a manifest, which may come from anywhere.
const SCHEMES: [&str; 3] = ["https://", "http://", "file://"];

/// Runs the command.
pub(super) fn run(args: &Workflows, dir: Option<&str>, terminal: &Terminal) -> Result<Exit, ToolError> {
    let mut session = Session::new(args.options.catalog.clone());
    let collected = needs::collect(&args.paths, &args.options, &mut session)?;
    if !collected.reports.is_empty() {
        terminal.report(Format::Human, Stream::Error, &session.sources, &collected.reports)?;
    }
    if collected.has_failed || collected.is_incomplete() {
        // Half a list would look like a whole one on the machine that runs it.
        return Ok(if collected.has_failed { Exit::Failed } else { Exit::Findings });
    }
    print(&script(&collected.needs, &collected.given, dir.unwrap_or_default()))?;
    Ok(Exit::Clean)
}

/// The script for some files, to be run by any POSIX shell. `dir` may be empty: then its first argument is needed.
fn script(needs: &[Need], given: &[String], dir: &str) -> String {
    let given = given.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "#!/bin/sh\n{}\
         # sh THIS_FILE [MODELS_FOLDER]; run it again to resume. HF_TOKEN is used where a licence must be accepted.\n\
         # Written by `wfc models fetch-script`.\n\ndefault={}\ncount={}\n\nfiles() {{\n",
        head(needs, &given),
        quoted(dir),
        needs.len(),
    );
    // folder, file, bytes, exact sizes, SHA-256, gated, address
    for need in needs {
        let exact = need.bytes.filter(|_| need.bytes_exact);
        let sizes: Vec<String> =
            exact.into_iter().chain(need.other_bytes.iter().copied()).map(|n| n.to_string()).collect();
        let fields = [
            need.folders.first().cloned().unwrap_or_default(),
            below_the_folder(need),
            need.bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
            if exact.is_some() { sizes.join(" ") } else { String::new() },
            need.sha256.clone().unwrap_or_default(),
            if need.gated == Some(true) { "yes".to_owned() } else { String::new() },
            address(need).unwrap_or_default().to_owned(),
        ];
        let _ = writeln!(text, "    \"$1\" {}", fields.map(|field| quoted(&field)).join(" "));
    }
    if needs.is_empty() {
        text.push_str("    :\n");
    }
    text + "}\n" + BODY
}

/// What the script does, as comments: how many files it downloads, and which it does not.
fn head(needs: &[Need], given: &str) -> String {
    let (fetched, others): (Vec<&Need>, Vec<&Need>) = needs.iter().partition(|need| address(need).is_some());
    let total = Total::of(fetched.iter().copied());
    let mut text = format!("# Downloads {} of the {} model files of {given}", fetched.len(), needs.len());
    if total.unknown < total.files {
        let _ = write!(text, ": {}", size(total.bytes, total.bytes_exact));
    }
    text.push_str(".\n");
    let names = |needs: &mut dyn Iterator<Item = &&Need>| {
        needs.map(|need| printable(need.shown())).collect::<Vec<_>>().join(", ")
    };
    let uncounted = names(&mut fetched.iter().filter(|need| need.bytes.is_none()));
    let unknown = names(&mut others.iter().filter(|need| need.name.is_none() && need.url.is_none()));
    let without = names(&mut others.iter().filter(|need| need.name.is_some() || need.url.is_some()));
    for (what, names) in [
        ("Of unknown size, in neither the total nor the test of the disk's space", uncounted),
        ("Not downloaded, since no address is known that a script may download from", without),
        ("Not downloaded, since the model catalog does not know them", unknown),
    ] {
        if !names.is_empty() {
            let _ = writeln!(text, "# {what}: {names}.");
        }
    }
    text
}

/// Where the script downloads a file from.
fn address(need: &Need) -> Option<&str> {
    need.url.as_deref().filter(|url| SCHEMES.iter().any(|scheme| url.starts_with(scheme)))
}

/// Where the file goes, also if the workflow was made on Windows.
fn below_the_folder(need: &Need) -> String {
    let path = Need { value: need.value.replace('\\', "/"), ..need.clone() }.path();
    path.to_string_lossy().into_owned()
}

/// A word for a POSIX shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::process::{Command, Output, Stdio};

    const HASH_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn need(file: &str, bytes: u64, url: &str) -> Need {
        Need {
            folders: vec!["loras".into()],
            value: file.into(),
            bytes: Some(bytes),
            bytes_exact: true,
            url: Some(url.into()),
            ..Need::default()
        }
    }

    fn sh(script: &str, folder: &Path, environment: &[(&str, &str)]) -> Output {
        let file = folder.join("fetch script.sh");
        std::fs::write(&file, script).unwrap();
        let mut command = Command::new("sh");
        command.arg(&file).current_dir(folder).env_remove("HF_TOKEN").stdin(Stdio::null());
        command.envs(environment.iter().copied()).output().unwrap()
    }

    fn has_curl() -> bool {
        let found =
            Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success());
        if !found {
            println!("skipped: curl is not installed");
        }
        found
    }

    #[test]
    fn it_downloads_resumes_skips_and_verifies() {
        if !has_curl() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let source = |name: &str, text: &str| {
            std::fs::write(at(name), text).unwrap();
            format!("file://{}", at(name).display())
        };
        let models = at("it's models");
        std::fs::create_dir_all(models.join("loras")).unwrap();
        let in_models = |name: &str| std::fs::read_to_string(models.join("loras").join(name)).ok();
        let set = |name: &str, text: &str| std::fs::write(models.join("loras").join(name), text).unwrap();
        let hashed =
            |name: &str, url: &str, hash: &str| Need { sha256: Some(hash.into()), ..need(name, 3, url) };
        let needs = [
            need("wan/new $(touch x) 'a'.bin", 6, &source("s1", "abcdef")),
            // Had the download begun anew, the first letters were the source's.
            need("resumed.bin", 6, &source("s2", "abcdef")),
            need("there.bin", 6, "file:///nowhere"),
            need("finished.bin", 2, "file:///nowhere"),
            hashed("hashed.bin", &source("s3", "abc"), HASH_OF_ABC),
            Need { bytes: None, bytes_exact: false, ..need("unknown.bin", 0, &source("s4", "any")) },
        ];
        set("resumed.bin.part", "ABC");
        set("there.bin", "ABCDEF");
        set("finished.bin.part", "ab");
        let dir = models.to_string_lossy();
        for round in 0..2 {
            let output = sh(&script(&needs, &["a\nb".into()], &dir), folder.path(), &[]);
            assert!(output.status.success(), "{round}: {output:?}");
        }
        assert_eq!(in_models("wan/new $(touch x) 'a'.bin").as_deref(), Some("abcdef"));
        assert_eq!(in_models("resumed.bin").as_deref(), Some("ABCdef"));
        assert_eq!(in_models("there.bin").as_deref(), Some("ABCDEF"));
        assert_eq!(in_models("finished.bin").as_deref(), Some("ab"));
        assert_eq!(in_models("hashed.bin").as_deref(), Some("abc"));
        assert_eq!(in_models("unknown.bin").as_deref(), Some("any"));
        assert!(!at("x").exists(), "names are words, not commands");

        let bad = [
            need("short.bin", 9, &source("s5", "page")),
            hashed("other.bin", &source("s6", "xyz"), HASH_OF_ABC),
            need("there.bin", 7, "file:///nowhere"),
            need("gone.bin", 7, "file:///nowhere/at/all"),
            need("odd.bin", 7, "--output=/x"),
            Need {
                gated: Some(true),
                ..need("gated.bin", 7, "https://huggingface.co/a/b/resolve/main/gated.bin")
            },
        ];
        let output = sh(&script(&bad, &[], &dir), folder.path(), &[]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("6 of 6 files are not there"), "{output:?}");
        for expected in [
            "short.bin: has 4 bytes, expected 9",
            "other.bin: its SHA-256 is",
            "there.bin has 6 bytes, expected 7",
            "gone.bin: the download failed",
            "odd.bin: no address is known",
            "gated.bin: accept its licence at https://huggingface.co/a/b,",
        ] {
            assert!(errors.contains(expected), "{expected}: {errors}");
        }
        for name in ["short.bin", "other.bin", "gone.bin", "odd.bin", "gated.bin"] {
            assert_eq!(in_models(name), None, "{name} must not look complete");
        }
        assert_eq!(in_models("there.bin").as_deref(), Some("ABCDEF"), "what is there is never touched");
    }

    #[test]
    fn it_refuses_before_it_begins() {
        if !has_curl() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().to_string_lossy();
        let huge = [need("huge.bin", 1 << 60, "file:///nowhere")];
        for (text, environment, expected) in [
            (script(&huge, &[], &here), None, "are still to be downloaded"),
            (script(&[], &[], ""), None, "usage: sh "),
            (script(&[], &[], "none"), None, "none is no folder"),
            (script(&[], &[], "-n"), None, "./-n is no folder"),
            (script(&[], &[], &here), Some(("HF_TOKEN", "a\"\nb")), "characters that no token has"),
        ] {
            let output = sh(&text, folder.path(), environment.as_slice());
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            assert!(String::from_utf8_lossy(&output.stderr).contains(expected), "{expected}: {output:?}");
        }
        let output = sh(&script(&[], &[], &here), folder.path(), &[("HF_TOKEN", "hf_aB3")]);
        assert!(output.status.success(), "{output:?}");
    }

    #[test]
    fn words_are_quoted() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
