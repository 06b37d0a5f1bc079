//! Diagnostics as test results in `JUnit`'s XML: a suite for each file, a failed case for each problem.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::human::{self, HumanOptions};
use super::place::{Place, slashed};
use super::snippet::printable;
use super::{FileReport, Summary};
use crate::diag::{Diagnostic, NodeRef, Severity};
use crate::source::Sources;

/// One document. What is worth knowing only is a case that passed, and so is a file without problems.
pub(super) fn render(sources: &Sources, files: &[FileReport]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let cases = files.iter().map(|file| file.diagnostics.len().max(1)).sum::<usize>();
    let Summary { errors, warnings, .. } = Summary::of(files);
    let counts = counts(cases, errors + warnings);
    let _ = writeln!(out, "<testsuites name=\"wfc\" {counts}>");
    for file in files {
        push_suite(&mut out, sources, file);
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts(cases: usize, failures: usize) -> String {
    format!("tests=\"{cases}\" failures=\"{failures}\" errors=\"0\"")
}

fn push_suite(out: &mut String, sources: &Sources, file: &FileReport) {
    let path = attribute(&slashed(&file.path));
    let cases = file.diagnostics.len().max(1);
    let failures = file.diagnostics.iter().filter(|it| it.severity > Severity::Info).count();
    let _ = writeln!(out, "  <testsuite name=\"{path}\" {} skipped=\"0\">", counts(cases, failures));
    if file.diagnostics.is_empty() {
        let _ = writeln!(out, "    <testcase name=\"no problems\" classname=\"{path}\" file=\"{path}\"/>");
    }
    let mut names = BTreeMap::new();
    for diagnostic in &file.diagnostics {
        let name = name(diagnostic);
        // Cases of one name count as one.
        let count = names.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
        let name = if *count > 1 { format!("{name} ({count})") } else { name };
        push_case(out, sources, file, diagnostic, &name);
    }
    out.push_str("  </testsuite>\n");
}

/// What tells a problem from others, however the lines move: without a place, but with its node.
fn name(diagnostic: &Diagnostic) -> String {
    let node = match &diagnostic.node {
        Some(NodeRef { key, input: Some(input), .. }) => format!(" (node {key}, input {input})"),
        Some(NodeRef { key, .. }) => format!(" (node {key})"),
        None => String::new(),
    };
    format!("{}: {}{node}", diagnostic.rule, printable(&diagnostic.message))
}

fn push_case(out: &mut String, sources: &Sources, file: &FileReport, diagnostic: &Diagnostic, name: &str) {
    let suite = attribute(&slashed(&file.path));
    let place = diagnostic.span().map(|span| Place::of(sources, span));
    let path = place.map_or_else(|| suite.clone(), |place| attribute(&slashed(place.path)));
    let region = place.and_then(|place| place.region);
    let line = region.map(|region| format!(" line=\"{}\"", region.start.line)).unwrap_or_default();
    let name = attribute(name);
    let _ = writeln!(out, "    <testcase name=\"{name}\" classname=\"{suite}\" file=\"{path}\"{line}>");
    let mut text = String::new();
    human::push_diagnostic(&mut text, sources, file, diagnostic, HumanOptions::default());
    let text = escaped(&text);
    if diagnostic.severity > Severity::Info {
        let message = attribute(&printable(&diagnostic.message));
        let kind = diagnostic.severity.name();
        let _ = writeln!(out, "      <failure message=\"{message}\" type=\"{kind}\">{text}</failure>");
    } else {
        let _ = writeln!(out, "      <system-out>{text}</system-out>");
    }
    out.push_str("    </testcase>\n");
}

/// Text for an attribute, in which a line break would be read as a blank.
fn attribute(text: &str) -> String {
    escaped(text).replace('\t', "&#9;").replace('\n', "&#10;")
}

/// Text between tags. XML has no way at all to write most control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    #[test]
    fn files_are_suites_and_problems_are_failed_cases() {
        let mut sources = Sources::new();
        let prompt = sources.add("./a&b.json", "{\n \"<\": \"dmp\",\n \"x\": \"dmp\"\n}");
        let graph = sources.add("g.toml", "x = 1");
        let at = |key: &str, range| {
            let node = NodeRef { key: key.into(), class_type: "KSampler".into(), input: Some("cfg".into()) };
            Diagnostic::check("value-not-in-list", "value_not_in_list", "no \"<dmp>\"\n\u{1b}")
                .at(Span::new(prompt, range), "")
                .node(node)
        };
        let mut info = Diagnostic::lint("api-node", "it costs").at(Span::new(graph, 0..1), "");
        info.severity = Severity::Info;
        let nowhere = Diagnostic::lint("no-output-node", "no output");
        let diagnostics = vec![at("1", 8..13), at("2", 21..26), info, nowhere.clone(), nowhere];
        let file = |path: &str, diagnostics| FileReport { path: path.into(), kind: "api", diagnostics };
        let files = [file("./a&b.json", diagnostics), file("clean.json", vec![])];
        insta::assert_snapshot!(render(&sources, &files), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="wfc" tests="6" failures="4" errors="0">
          <testsuite name="a&amp;b.json" tests="5" failures="4" errors="0" skipped="0">
            <testcase name="value-not-in-list: no &quot;&lt;dmp&gt;&quot;&#10;� (node 1, input cfg)" classname="a&amp;b.json" file="a&amp;b.json" line="2">
              <failure message="no &quot;&lt;dmp&gt;&quot;&#10;�" type="error">error[value-not-in-list]: no &quot;&lt;dmp&gt;&quot;
            �
           ,-[./a&amp;b.json:2:7]
         1 | {
         2 |  &quot;&lt;&quot;: &quot;dmp&quot;,
           :       ^^^^^
         3 |  &quot;x&quot;: &quot;dmp&quot;
           `----
          node: `1` (KSampler), input `cfg`
        </failure>
            </testcase>
            <testcase name="value-not-in-list: no &quot;&lt;dmp&gt;&quot;&#10;� (node 2, input cfg)" classname="a&amp;b.json" file="a&amp;b.json" line="3">
              <failure message="no &quot;&lt;dmp&gt;&quot;&#10;�" type="error">error[value-not-in-list]: no &quot;&lt;dmp&gt;&quot;
            �
           ,-[./a&amp;b.json:3:7]
         2 |  &quot;&lt;&quot;: &quot;dmp&quot;,
         3 |  &quot;x&quot;: &quot;dmp&quot;
           :       ^^^^^
         4 | }
           `----
          node: `2` (KSampler), input `cfg`
        </failure>
            </testcase>
            <testcase name="api-node: it costs" classname="a&amp;b.json" file="g.toml" line="1">
              <system-out>info[api-node]: it costs
           ,-[g.toml:1:1]
         1 | x = 1
           : ^
           `----
          file: ./a&amp;b.json
        </system-out>
            </testcase>
            <testcase name="no-output-node: no output" classname="a&amp;b.json" file="a&amp;b.json">
              <failure message="no output" type="warning">warning[no-output-node]: no output
          file: ./a&amp;b.json
        </failure>
            </testcase>
            <testcase name="no-output-node: no output (2)" classname="a&amp;b.json" file="a&amp;b.json">
              <failure message="no output" type="warning">warning[no-output-node]: no output
          file: ./a&amp;b.json
        </failure>
            </testcase>
          </testsuite>
          <testsuite name="clean.json" tests="1" failures="0" errors="0" skipped="0">
            <testcase name="no problems" classname="clean.json" file="clean.json"/>
          </testsuite>
        </testsuites>
        "#);
        insta::assert_snapshot!(render(&sources, &[]), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="wfc" tests="0" failures="0" errors="0">
        </testsuites>
        "#);
    }

    #[test]
    fn every_character_can_be_written() {
        let text: String = (0..=0x2ff).chain(0xfff0..=0x1_0010).filter_map(char::from_u32).collect();
        let is_xml = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
        for escaped in [escaped(&text), attribute(&text)] {
            assert!(escaped.chars().all(is_xml) && !escaped.contains(['<', '>', '"']), "{escaped}");
        }
        assert!(!attribute(&text).contains(['\t', '\n']));
    }
}
