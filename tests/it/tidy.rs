//! The house rules, checked on the repository's own files. Every rule lists all its violations.

mod tables;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tables::{ARROWS, PLACES};
use wfc::catalog::Catalog;
use wfc::lower::library;

/// Modules of `std` that reach out of the program, and where they may be used. `main` has an exit code.
const OUTSIDE: (&[&str], &[&str]) = (
    &["env", "fs", "net", "process"],
    &["src/source.rs", "src/exec", "src/sim/admin.rs", "src/sim/life.rs", "src/cli", "src/main.rs"],
);

const MAX_LINES: usize = 600;
const MAX_MAIN_LINES: usize = 30;

/// What lies at the top of the repository, besides dotfiles, licences, and what git ignores.
const TOP: &[&str] = &[
    "ARCHITECTURE.md",
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "action.yml",
    "benches",
    "clippy.toml",
    "docs",
    "examples",
    "graphs",
    "policies",
    "presets",
    "rustfmt.toml",
    "schemas",
    "src",
    "tests",
    "xtask",
];

/// A text file of the repository.
struct File {
    /// From the repository's root, with `/`.
    path: String,
    text: String,
    /// The text of a Rust file with blanks in place of comments and of what stands in quotes.
    code: String,
}

/// The text files of the repository, without what git ignores, sorted.
static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let walk = ignore::WalkBuilder::new(root())
        .hidden(false)
        .parents(false)
        .git_global(false)
        .require_git(false)
        .filter_entry(|entry| ![".git", "target"].iter().any(|name| entry.file_name() == *name))
        .sort_by_file_path(Path::cmp)
        .build();
    walk.filter_map(|entry| {
        let entry = entry.expect("the repository can be read");
        let text = std::fs::read(entry.path()).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
        let path = entry.path().strip_prefix(root()).expect("below the root");
        let names: Vec<_> = path.iter().map(|name| name.to_string_lossy()).collect();
        let path = names.join("/");
        let code = if has_extension(&path, "rs") { blanked(&text) } else { String::new() };
        Some(File { path, text, code })
    })
    .collect()
});

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

/// The files below `folder`, or all for an empty one, with this extension. There is at least one.
fn files(folder: &str, extension: &str) -> Vec<&'static File> {
    let is_wanted = |file: &&File| {
        file.path.strip_prefix(folder).is_some_and(|rest| folder.is_empty() || rest.starts_with('/'))
            && has_extension(&file.path, extension)
    };
    let found: Vec<_> = FILES.iter().filter(is_wanted).collect();
    assert!(!found.is_empty(), "no .{extension} file in {folder}");
    found
}

impl File {
    /// `file:line: message` for a byte of the text.
    fn at(&self, offset: usize, message: impl std::fmt::Display) -> String {
        let line = self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1;
        format!("{}:{line}: {message}", self.path)
    }

    /// True if the file is one of `places`, or in one of them.
    fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| match self.path.strip_prefix(place) {
            Some(rest) => rest.is_empty() || rest == ".rs" || rest.starts_with('/'),
            None => false,
        })
    }

    /// The code without modules of unit tests.
    fn code_without_tests(&self) -> String {
        let file_is_test = self.path.ends_with("/tests.rs") || self.path.contains("/tests/");
        if file_is_test {
            return String::new();
        }
        let mut code = self.code.clone();
        for (start, found) in self.code.match_indices("#[cfg(test)]") {
            let rest = &self.code[start + found.len()..];
            let Some(open) = rest.find(['{', ';']).filter(|_| rest.trim_start().starts_with("mod ")) else {
                continue;
            };
            let end = start + found.len() + open + group(&rest[open..]).len();
            code.replace_range(start..end, &blank(&self.code[start..end]));
        }
        code
    }
}

/// Fails with all violations, if there are any.
fn none(rule: &str, violations: &[String]) {
    let count = violations.len();
    assert!(count == 0, "{rule}; {count} violations:\n{}", violations.join("\n"));
}

/// The text with every character but line breaks replaced by as many blanks as it has bytes.
fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// Rust code with blanks in place of comments and of what stands in quotes; offsets stay.
fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let raw = rest.strip_prefix('r').and_then(|after| {
            let hashes = after.len() - after.trim_start_matches('#').len();
            let inner = after[hashes..].strip_prefix('"')?;
            let is_word = out.ends_with(|c: char| c.is_alphanumeric() && c != 'b' && c != 'c');
            let close = format!("\"{}", "#".repeat(hashes));
            (!is_word).then(|| inner.find(&close).map_or(rest.len(), |at| hashes + 2 + at + close.len()))
        });
        let length = if let Some(length) = raw {
            length
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if first == '"' {
            quoted(rest, '"').unwrap_or(rest.len())
        } else if first == '\'' {
            // Otherwise a lifetime.
            quoted(rest, '\'').filter(|_| is_char(&rest[1..])).unwrap_or(0)
        } else {
            0
        };
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out += &blank(&rest[..length]);
            rest = &rest[length..];
        }
    }
    out
}

/// The length of the literal at the start of `text`, with its quotes.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map(|(at, _)| at + 1)
}

/// True if what follows a `'` is one character and another `'`.
fn is_char(after: &str) -> bool {
    after.starts_with('\\') || after.chars().nth(1) == Some('\'')
}

/// What stands in brackets at the start of `code`, with them; one character where there is no bracket.
fn group(code: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return &code[..at + c.len_utf8()];
        }
    }
    code
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where `word` stands in `code` and is no part of a longer word.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| !code[..at].ends_with(is_word) && !code[at + word.len()..].starts_with(is_word))
}

/// The first name of every path that starts with `prefix` (`crate::`), and where it stands; of
/// `crate::{a, b::c}` both.
fn names_after<'a>(code: &'a str, prefix: &str) -> Vec<(usize, &'a str)> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix).filter(|(at, _)| !code[..*at].ends_with(is_word)) {
        let start = at + prefix.len();
        let rest = &code[start..];
        if !rest.starts_with('{') {
            names.push((start, first_word(rest)));
            continue;
        }
        let inner = group(rest);
        let mut at = 1;
        while at < inner.len() {
            let item = &inner[at..];
            let skipped = item.len() - item.trim_start().len();
            names.push((start + at + skipped, first_word(item.trim_start())));
            let mut end = 0;
            while end < item.len() && !item[end..].starts_with([',', '}']) {
                end += group(&item[end..]).len();
            }
            at += end + 1;
        }
    }
    names.retain(|(_, name)| !name.is_empty());
    names
}

fn first_word(code: &str) -> &str {
    &code[..code.find(|c| !is_word(c)).unwrap_or(code.len())]
}

/// Where a comment starts in a line of TOML.
fn toml_comment(line: &str) -> Option<usize> {
    let mut rest = 0;
    while let Some(at) = line[rest..].find(['"', '\'', '#']).map(|at| rest + at) {
        match line[at..].chars().next() {
            Some('#') => return Some(at),
            Some(quote) => rest = at + quoted(&line[at..], quote)?,
            None => break,
        }
    }
    None
}

/// The rooms that the library has.
fn rooms() -> BTreeSet<&'static str> {
    let top = |file: &'static File| file.path["src/".len()..].split(['/', '.']).next();
    files("src", "rs").into_iter().filter_map(top).filter(|name| !["lib", "main"].contains(name)).collect()
}

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let rooms = rooms();
    let listed: BTreeSet<_> = ARROWS.iter().map(|(room, _)| *room).collect();
    let mut violations: Vec<_> = rooms
        .symmetric_difference(&listed)
        .map(|room| format!("src/{room}: a room, or a line of ARROWS in tests/it/tidy.rs, without the other"))
        .collect();
    for (room, allowed) in ARROWS.iter().filter(|(room, _)| rooms.contains(room)) {
        let is_in_room = |file: &&File| file.is_in(&[&format!("src/{room}")]);
        for file in files("src", "rs").into_iter().filter(is_in_room) {
            let folders = file.path.matches('/').count();
            let used = names_after(&file.code, "crate::").into_iter();
            // `super` as often as the file is deep leads to the root too.
            let used = used.chain(names_after(&file.code, &"super::".repeat(folders)));
            let forbidden =
                used.filter(|(_, name)| rooms.contains(name) && name != room && !allowed.contains(name));
            violations.extend(forbidden.map(|(at, name)| file.at(at, format!("{room} -> {name}"))));
        }
    }
    none("a room uses another that it may not know", &violations);
}

#[test]
fn main_is_short_and_uses_the_command_line_only() {
    let main = files("src", "rs").into_iter().find(|file| file.path == "src/main.rs").expect("main.rs");
    let mut violations = Vec::new();
    if main.text.lines().count() > MAX_MAIN_LINES {
        violations.push(main.at(main.text.len(), format!("more than {MAX_MAIN_LINES} lines")));
    }
    for (at, name) in names_after(&main.code, "wfc::").into_iter().filter(|(_, name)| *name != "cli") {
        violations.push(main.at(at, format!("wfc::{name}")));
    }
    none("main.rs only hands over to wfc::cli", &violations);
}

#[test]
fn rust_files_are_short_clean_and_say_what_they_are_for() {
    let mut violations = Vec::new();
    for file in files("", "rs") {
        if !file.text.starts_with("//!") {
            violations.push(file.at(0, "does not start with a `//!` comment"));
        }
        if file.text.lines().count() > MAX_LINES {
            violations.push(file.at(file.text.len(), format!("more than {MAX_LINES} lines")));
        }
        for (at, line) in file.text.split_inclusive('\n').scan(0, |next, line| {
            let at = *next;
            *next += line.len();
            Some((at, line.trim_end_matches(['\n', '\r'])))
        }) {
            if line.ends_with([' ', '\t']) {
                violations.push(file.at(at, "spaces at the end of a line"));
            }
        }
        // Split, so that this file does not contain them.
        for mark in ["\t", concat!("FIX", "ME"), concat!("XX", "X")] {
            let found = file.text.match_indices(mark);
            violations.extend(found.map(|(at, _)| file.at(at, format!("{mark:?}"))));
        }
        for mark in ["#[ignore", "#[should_panic", "#[allow(", "#![allow(", "todo!"] {
            violations.extend(file.code.match_indices(mark).map(|(at, _)| file.at(at, mark)));
        }
        for (at, _) in file.code.match_indices("[expect(") {
            if words(group(&file.code[at..]), "reason").next().is_none() {
                violations.push(file.at(at, "an expected lint without a reason"));
            }
        }
    }
    none("the habits of Rust files", &violations);
}

#[test]
fn files_network_and_screen_belong_to_the_command_line() {
    let (modules, places) = OUTSIDE;
    let mut violations = Vec::new();
    for file in files("src", "rs") {
        // Unit tests may say what they skip; clippy.toml allows them to print.
        let code = file.code_without_tests();
        for name in ["println!", "eprintln!", "print!", "eprint!", "dbg!"] {
            let found = code.match_indices(name).filter(|(at, _)| !code[..*at].ends_with(is_word));
            violations.extend(found.map(|(at, _)| file.at(at, name)));
        }
        if !file.is_in(places) {
            let found = names_after(&code, "std::").into_iter().filter(|(_, name)| modules.contains(name));
            violations.extend(found.map(|(at, name)| file.at(at, format!("std::{name}"))));
        }
    }
    none("only cli prints, and only cli and source reach out of the program", &violations);
}

#[test]
fn libraries_stay_in_the_rooms_that_hide_them() {
    let mut violations = Vec::new();
    for file in files("src", "rs") {
        for (name, _) in PLACES.iter().filter(|(_, places)| !file.is_in(places)) {
            violations.extend(words(&file.code, name).map(|at| file.at(at, name)));
        }
    }
    none("a library is named outside the room that hides it", &violations);
}

/// The names of the files of a folder, without extension, sorted.
fn stems(folder: &str, extension: &str) -> Vec<String> {
    let stem = |file: &File| Some(Path::new(&file.path).file_stem()?.to_string_lossy().into_owned());
    files(folder, extension).into_iter().filter_map(stem).collect()
}

/// What is in one of two lists only.
fn lone(found: &[String], listed: &[&str], list: &str, folder: &str) -> Vec<String> {
    let unlisted = found.iter().filter(|name| !listed.contains(&name.as_str()));
    let unlisted = unlisted.map(|name| format!("{folder}/{name}: not in {list}"));
    let missing = listed.iter().filter(|name| !found.iter().any(|known| known == *name));
    unlisted.chain(missing.map(|name| format!("{list}: `{name}` is not in {folder}/"))).collect()
}

#[test]
fn every_graph_and_node_pack_is_built_in() {
    let names: Vec<_> = library::names().collect();
    let mut violations = lone(&stems("graphs", "toml"), &names, "src/lower/library.rs", "graphs");
    if !names.is_sorted() {
        violations.push(format!("src/lower/library.rs: GRAPHS is not sorted: {}", names.join(", ")));
    }
    let packs: Vec<_> = Catalog::embedded_names().collect();
    violations.extend(lone(&stems("schemas/nodes", "json"), &packs, "src/catalog.rs", "schemas/nodes"));
    none("files and the lists of them", &violations);
}

#[test]
fn presets_and_graphs_name_their_schema() {
    let mut violations = Vec::new();
    for file in files("presets", "toml").into_iter().chain(files("graphs", "toml")) {
        let schema = file.text.lines().next().and_then(|line| line.strip_prefix("#:schema "));
        let folder = root().join(&file.path);
        let is_there = |schema: &str| folder.with_file_name(schema.trim()).is_file();
        match schema {
            None => violations.push(file.at(0, "does not start with a `#:schema` line")),
            Some(schema) if is_there(schema) => {}
            Some(schema) => violations.push(file.at(0, format!("{schema} does not exist"))),
        }
    }
    none("editors need the schema of a file", &violations);
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let mut violations = Vec::new();
    for file in files("", "toml").into_iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        let mut section = "";
        for (number, line) in file.text.lines().enumerate() {
            if line.starts_with('[') {
                section = line;
            }
            let is_entry = line.starts_with(|c: char| is_word(c)) && section.ends_with("dependencies]");
            let is_entry = is_entry || (line.starts_with('[') && line.contains("dependencies."));
            let purpose = toml_comment(line).map_or("", |at| line[at + 1..].trim());
            if is_entry && purpose.is_empty() {
                violations.push(format!("{}:{}: {line}", file.path, number + 1));
            }
        }
    }
    none("a dependency has a comment at its end", &violations);
}

/// The targets of the links of a Markdown text, outside of code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    let (mut at, mut in_code) = (0, false);
    for line in text.split_inclusive('\n') {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        let inline = line.match_indices("](");
        let below = line.match_indices("]: ").filter(|_| line.starts_with('['));
        for (found, mark) in inline.chain(below).filter(|_| !in_code && !is_fence) {
            let is_quoted = line[..found].matches('`').count() % 2 == 1;
            let target = &line[found + mark.len()..];
            let end = target.find([')', ' ', '\n']).unwrap_or(target.len());
            if !is_quoted {
                links.push((at + found, &target[..end]));
            }
        }
        at += line.len();
    }
    links
}

#[test]
fn links_in_the_documentation_lead_somewhere() {
    let mut violations = Vec::new();
    for name in ["README.md", "ARCHITECTURE.md"].into_iter().filter(|name| !root().join(name).is_file()) {
        violations.push(format!("{name}: missing"));
    }
    for file in files("", "md") {
        for (at, target) in links(&file.text) {
            let path = target.split('#').next().unwrap_or_default();
            let is_elsewhere = target.contains("://") || target.starts_with("mailto:") || path.is_empty();
            let to: PathBuf = root().join(&file.path).with_file_name(path);
            if !is_elsewhere && !to.exists() {
                violations.push(file.at(at, format!("{target} does not exist")));
            }
        }
    }
    none("a link leads nowhere", &violations);
}

#[test]
fn the_top_of_the_repository_is_tidy() {
    let is_licence = |name: &str| name.starts_with("LICENSE");
    let mut found: Vec<_> = std::fs::read_dir(root())
        .expect("the repository can be read")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && name != "target" && !is_licence(name))
        .filter(|name| !TOP.contains(&name.as_str()))
        .collect();
    found.sort_unstable();
    none("something lies at the top that does not belong there", &found);
}

#[test]
fn the_architecture_names_every_room() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap_or_default();
    let is_named = |room: &str| {
        // The names are plain English words, so only a path or a name in code counts.
        let ends = ["`", "/", "::", ".rs"];
        [format!("`{room}"), format!("src/{room}")].iter().any(|start| {
            text.match_indices(start.as_str())
                .any(|(at, _)| ends.iter().any(|end| text[at + start.len()..].starts_with(end)))
        })
    };
    let missing = rooms().into_iter().filter(|room| !is_named(room)).map(|room| format!("src/{room}"));
    let missing: Vec<_> = missing.collect();
    none("ARCHITECTURE.md does not name a room", &missing);
}

#[test]
fn no_file_names_a_folder_of_the_developers_machine() {
    let mut violations = Vec::new();
    for file in FILES.iter().filter(|file| file.path != "tests/it/tidy.rs") {
        for folder in ["/work/", "/home/", "/root/"] {
            violations.extend(file.text.match_indices(folder).map(|(at, _)| file.at(at, folder)));
        }
    }
    none("a path that exists on one machine only", &violations);
}

#[test]
fn the_scanner_of_these_rules_sees_code_and_nothing_else() {
    let code = "use crate::{a, b::{c, d},\n  e}; // crate::f\nlet x = \"crate::g\\\" crate::h\"; '\"' 'x: &'y \
                crate::i r#\"crate::j\"# br\"crate::k\" /* crate::l */ our::crate_::m crate::n";
    let blanked = blanked(code);
    assert_eq!(blanked.len(), code.len());
    let found: Vec<_> = names_after(&blanked, "crate::").into_iter().map(|(_, name)| name).collect();
    assert_eq!(found, ["a", "b", "e", "i", "n"]);
    assert_eq!(words("ab a ab.a", "a").collect::<Vec<_>>(), [3, 8]);

    let text = "fn f() { x } #[cfg(test)]\nmod tests { fn g() { y } } fn h() { z }";
    let file = File { path: "src/cli/x.rs".into(), text: text.into(), code: text.into() };
    let code = file.code_without_tests();
    assert!(code.contains('x') && !code.contains('y') && code.contains('z'), "{code}");
    assert_eq!(file.at(30, "m"), "src/cli/x.rs:2: m");
    assert!(file.is_in(&["src/cli"]) && file.is_in(&["src/cli/x.rs"]) && !file.is_in(&["src/cli.rs"]));

    assert_eq!(toml_comment(r##"a = "#" # b"##), Some(8));
    assert_eq!(toml_comment("a = '#'"), None);
    let text = "[a](b.md) `[c](d)`\n```\n[e](f)\n```\n[g](h.md#i \"j\")\n[k]: l.md\n";
    assert_eq!(
        links(text).into_iter().map(|(_, target)| target).collect::<Vec<_>>(),
        ["b.md", "h.md#i", "l.md"]
    );
}
