//! `cargo xtask new-rule` in a copy of the repository: what it writes compiles, and what exists is refused.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn new_rule(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("new-rule").args(arguments).arg("--root").arg(root).output().unwrap()
}

#[test]
fn a_new_rule_of_each_kind_compiles() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    // A fixed place, so that a second run compiles only the library itself.
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-rule");
    if root.exists() {
        std::fs::remove_dir_all(&root).unwrap();
    }
    std::fs::create_dir_all(&root).unwrap();
    for entry in std::fs::read_dir(repository).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let to = root.join(&name);
        match name.as_str() {
            "target" | "tests" => {}
            hidden if hidden.starts_with('.') => {}
            _ if entry.path().is_dir() => copy(&entry.path(), &to),
            _ => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
    copy(&repository.join("tests/seeded"), &root.join("tests/seeded"));
    for (kind, group) in [
        ("class", "order"),
        ("sampler", "correctness"),
        ("node", "budget"),
        ("input", "portability"),
        ("workflow", "pedantic"),
    ] {
        let name = format!("new-{kind}-rule");
        let run = new_rule(&root, &[&name, "--kind", kind, "--group", group]);
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let page = std::fs::read_to_string(root.join(format!("docs/rules/{name}.md"))).unwrap();
        assert!(page.starts_with(&format!("# {name}\n\nGroup `{group}`, warning, no fix.\n")), "{page}");
        let defects = std::fs::read_to_string(root.join(format!("tests/seeded/{name}.json"))).unwrap();
        assert!(defects.contains("\"workflow\""), "{defects}");
    }
    for (arguments, said) in [
        (&["new-class-rule"][..], "there is a rule `new-class-rule`"),
        (&["float-noise"][..], "there is a rule `float-noise`"),
        (&["date-in-file-name"][..], "there is a rule `date-in-file-name`"),
        (&["Float-noise"][..], "is not a name of a rule"),
        (&["new-rule", "--kind", "graph"][..], "there is no kind `graph`; there are: class, sampler, "),
        (&["new-rule", "--group", "taste"][..], "there is no group `taste`; there are: correctness, "),
    ] {
        let run = new_rule(&root, arguments);
        let error = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.code() == Some(2) && error.contains(said), "{arguments:?}: {error}");
    }
    // What the repository itself depends on is there already.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let check = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--lib", "--no-default-features", "--offline"])
        .env("CARGO_TARGET_DIR", target)
        .current_dir(&root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&check.stderr);
    assert!(check.status.success() && !said.contains("src/lint/rules/new_"), "{said}");
}
