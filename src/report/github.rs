//! Diagnostics as workflow commands of GitHub Actions, which shows them at their lines of a pull request.

use std::fmt::Write as _;

use super::place::{Place, Region, slashed};
use super::snippet::printable;
use super::{FileReport, Summary, human};
use crate::diag::{Diagnostic, Severity};
use crate::source::Sources;

/// A line for each diagnostic, and the summary, which is no command.
pub(super) fn render(sources: &Sources, files: &[FileReport]) -> String {
    let mut out = String::new();
    for file in files {
        for diagnostic in &file.diagnostics {
            push(&mut out, sources, file, diagnostic);
        }
    }
    let _ = writeln!(out, "{}", human::summary_line(Summary::of(files)));
    out
}

fn push(out: &mut String, sources: &Sources, file: &FileReport, diagnostic: &Diagnostic) {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let place = diagnostic.span().map(|span| Place::of(sources, span));
    let path = slashed(place.map_or(&file.path, |place| place.path));
    let _ = write!(out, "::{command} title={},file={}", property(diagnostic.rule), property(&path));
    // The log shows the message alone, so that says where, too.
    let mut message = printable(&path);
    if let Some(Region { start, end }) = place.and_then(|place| place.region) {
        let _ = write!(out, ",line={}", start.line);
        if let Some(end) = end {
            // Columns go with one line only, and the last one is the last character's.
            if end.line == start.line {
                let last = end.column.saturating_sub(1).max(start.column);
                let _ = write!(out, ",endLine={},col={},endColumn={last}", end.line, start.column);
            } else {
                let _ = write!(out, ",endLine={}", end.line);
            }
        }
        let _ = write!(message, ":{}:{}", start.line, start.column);
    }
    let _ = write!(message, ": {}", printable(&diagnostic.message));
    if let Some(help) = &diagnostic.help {
        let _ = write!(message, "\nhelp: {}", printable(help));
    }
    let _ = writeln!(out, "::{}", data(&message));
}

/// The text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{LineColumn, Span};

    #[test]
    fn each_problem_is_one_command() {
        let mut sources = Sources::new();
        let prompt = sources.add("./a,b:50%.json", "{\n \"é\": \"dmp\",\n \"x\": [\n1]\n}");
        let program = sources.add_unread("src/x.rs");
        let value = Diagnostic::check("value-not-in-list", "value_not_in_list", "no sampler \"dmp\"\r\n50%")
            .at(Span::new(prompt, 9..14), "")
            .help("did you mean: `dpm`, or what?");
        let lines = Diagnostic::lint("odd-list", "a list").at(Span::new(prompt, 22..27), "");
        let empty = Diagnostic::lint("odd-list", "nothing").at(Span::new(prompt, 9..9), "");
        let place = Span::at_place(program, LineColumn { line: 12, column: 5 });
        let elsewhere = Diagnostic::format("in-program", "in a program").at(place, "");
        let mut nowhere = Diagnostic::lint("no-output-node", "::error::no output");
        nowhere.severity = Severity::Info;
        let diagnostics = vec![value, lines, empty, elsewhere, nowhere];
        let files = [FileReport { path: "./a,b:50%.json".into(), kind: "api", diagnostics }];
        insta::assert_snapshot!(render(&sources, &files), @r#"
        ::error title=value-not-in-list,file=a%2Cb%3A50%25.json,line=2,endLine=2,col=7,endColumn=11::a,b:50%25.json:2:7: no sampler "dmp"�%0A50%25%0Ahelp: did you mean: `dpm`, or what?
        ::warning title=odd-list,file=a%2Cb%3A50%25.json,line=3,endLine=5::a,b:50%25.json:3:7: a list
        ::warning title=odd-list,file=a%2Cb%3A50%25.json,line=2,endLine=2,col=7,endColumn=7::a,b:50%25.json:2:7: nothing
        ::error title=in-program,file=src/x.rs,line=12::src/x.rs:12:5: in a program
        ::notice title=no-output-node,file=a%2Cb%3A50%25.json::a,b:50%25.json: ::error::no output
        2 errors, 2 warnings, 1 info in 1 file
        "#);
    }

    #[test]
    fn a_clean_run_says_so() {
        let files = [FileReport { path: "x".into(), kind: "api", diagnostics: Vec::new() }];
        assert_eq!(render(&Sources::new(), &files), "no problems in 1 file\n");
    }
}
