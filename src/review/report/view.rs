//! What the page shows of a report, for its templates: texts, and nothing to decide.

use serde::Serialize;

use super::chart::{Chart, PARTS};
use super::rows::{self, Parts};
use super::{Entry, Report, State};
use crate::ir::Value;
use crate::plan;
use crate::review::changes::{Change, Diff, Finding, Group, NodeName};
use crate::review::drawing;
use crate::review::words::{self, Row, printable};

/// What says what a rule is about: its page, in Markdown.
pub type Explain<'e> = dyn Fn(&str) -> Option<String> + 'e;

/// A part of a text: `same`, `differs` or `code`.
#[derive(Debug, Serialize)]
pub(super) struct Part {
    kind: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
pub(super) struct PageView {
    title: String,
    old: String,
    new: String,
    headline: String,
    pub(super) entries: Vec<EntryView>,
    same: Vec<String>,
    notes: Vec<String>,
    files: Vec<RawView>,
    marks: [&'static str; 3],
}

#[derive(Debug, Serialize)]
pub(super) struct EntryView {
    id: String,
    name: String,
    state: &'static str,
    /// For classes of elements.
    sort: &'static str,
    summary: String,
    sides: Option<[String; 2]>,
    notes: Vec<String>,
    amounts: Vec<RowView>,
    fits: Option<FitsView>,
    remarks: Vec<String>,
    models: Vec<ModelView>,
    parameters: Vec<ParameterView>,
    nodes: Vec<NodeView>,
    links: Vec<LinkView>,
    others: Vec<Vec<Part>>,
    findings: Vec<FindingView>,
    kept: usize,
    interface: Vec<InterfaceView>,
    breaks: usize,
    chart: Option<ChartView>,
    problems: Vec<ProblemView>,
    raw: Option<RawView>,
    files: Vec<String>,
    /// SVG, made by [`drawing`], which escapes.
    pub(super) picture: Option<String>,
    /// JSON in which nothing ends a script.
    pub(super) data: String,
    new_findings: usize,
    gone_findings: usize,
}

#[derive(Debug, Serialize)]
struct RowView {
    /// The first word of the name.
    sort: String,
    name: String,
    old: String,
    new: String,
    trend: String,
    about: String,
    /// `up`, `down` or nothing.
    direction: &'static str,
}

#[derive(Debug, Serialize)]
struct FitsView {
    old: &'static str,
    new: &'static str,
    /// `good` or `bad`, for the new one.
    is: &'static str,
    is_same: bool,
}

#[derive(Debug, Serialize)]
struct ModelView {
    place: String,
    key: String,
    old: Vec<Part>,
    new: Vec<Part>,
    old_about: String,
    new_about: String,
}

#[derive(Debug, Serialize)]
struct ParameterView {
    name: String,
    key: String,
    old: Vec<Part>,
    new: Vec<Part>,
    trend: String,
    places: Vec<String>,
}

#[derive(Debug, Serialize)]
struct NodeView {
    what: &'static str,
    sign: &'static str,
    name: String,
    key: String,
    about: String,
}

#[derive(Debug, Serialize)]
struct LinkView {
    place: String,
    key: String,
    old: String,
    new: String,
}

#[derive(Debug, Serialize)]
struct FindingView {
    /// `new`, `gone`, or nothing where there is one side only.
    what: &'static str,
    severity: &'static str,
    rule: String,
    place: String,
    key: String,
    message: Vec<Part>,
    why: Vec<Vec<Part>>,
}

#[derive(Debug, Serialize)]
struct InterfaceView {
    name: String,
    breaks: bool,
    what: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct ProblemView {
    which: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
struct RawView {
    id: String,
    name: String,
    lines: Vec<LineView>,
}

#[derive(Debug, Serialize)]
struct LineView {
    /// `add`, `del`, `at` or nothing.
    kind: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
struct ChartView {
    parts: [&'static str; 5],
    usable: Vec<UsableView>,
    steps: Vec<StepView>,
    unknown: String,
}

#[derive(Debug, Serialize)]
struct UsableView {
    which: &'static str,
    size: String,
    /// From the left, in percent.
    at: String,
}

#[derive(Debug, Serialize)]
struct StepView {
    node: String,
    kind: &'static str,
    bars: Vec<BarView>,
    is_same: bool,
}

#[derive(Debug, Serialize)]
struct BarView {
    which: &'static str,
    /// In percent of the scale; nothing if it does not run there.
    parts: Vec<String>,
    low: String,
    width: String,
    typical: String,
    limits: String,
    over: bool,
}

impl PageView {
    pub(super) fn of(report: &Report, explain: &Explain<'_>) -> Self {
        let entries = report.entries.iter().enumerate();
        let raw =
            |(at, file): (usize, &super::FileDiff)| raw(format!("file-{}", at + 1), &file.name, &file.text);
        Self {
            title: format!("{} → {}", printable(&report.old), printable(&report.new)),
            old: printable(&report.old),
            new: printable(&report.new),
            headline: report.headline(),
            entries: entries.map(|(at, entry)| EntryView::of(at + 1, entry, explain)).collect(),
            same: report.same.iter().map(|name| printable(name)).collect(),
            notes: report.notes.iter().map(|note| printable(note)).collect(),
            files: report.files.iter().enumerate().map(raw).collect(),
            marks: ["added", "removed", "changed"],
        }
    }
}

impl EntryView {
    fn of(number: usize, entry: &Entry, explain: &Explain<'_>) -> Self {
        let id = format!("w{number}");
        let options = drawing::Options { id: &format!("{id}-picture"), has_style: false };
        let diff = entry.diff.as_ref();
        let changes = diff.map(|diff| diff.changes.as_slice()).unwrap_or_default();
        let findings = findings(entry, explain);
        let count = |what: &str| findings.iter().filter(|found| found.what == what).count();
        let interface = diff.map(|diff| diff.consequences.interface.as_slice()).unwrap_or_default();
        let mut notes = diff.map(words::notes).unwrap_or_default();
        notes.extend(diff.and_then(words::looks));
        Self {
            name: printable(&entry.name),
            state: entry.state.name(),
            sort: sort(entry.state),
            summary: entry.summary(),
            sides: diff.map(|diff| [printable(&diff.old.name), printable(&diff.new.name)]),
            notes,
            amounts: diff.map(words::amounts).unwrap_or_default().into_iter().map(RowView::of).collect(),
            fits: diff.and_then(fits),
            remarks: diff.map(remarks).unwrap_or_default(),
            models: changes.iter().filter_map(model).collect(),
            parameters: words::grouped_parameters(changes).into_iter().map(parameter).collect(),
            nodes: changes.iter().filter_map(|change| node(change, changes)).collect(),
            links: changes.iter().filter_map(link).collect(),
            others: changes.iter().filter_map(other).collect(),
            new_findings: count("new"),
            gone_findings: count("gone"),
            findings,
            kept: diff.and_then(|diff| diff.consequences.findings.as_ref()).map_or(0, |found| found.kept),
            breaks: interface.iter().filter(|change| change.breaks).count(),
            interface: interface
                .iter()
                .map(|change| InterfaceView {
                    name: printable(&change.name),
                    breaks: change.breaks,
                    what: prose(&change.what),
                })
                .collect(),
            chart: entry.chart.as_ref().map(|it| chart(it, entry.state)),
            problems: entry
                .problems
                .iter()
                .map(|(which, text)| ProblemView { which, text: lines_printable(text) })
                .collect(),
            raw: (!entry.raw.is_empty()).then(|| raw(format!("{id}-raw"), &entry.name, &entry.raw)),
            files: entry.files.iter().map(|name| printable(name)).collect(),
            picture: entry.picture.as_ref().map(|picture| drawing::write(picture, &options)),
            data: safe_json(&entry.nodes),
            id,
        }
    }
}

const fn sort(state: State) -> &'static str {
    match state {
        State::Same => "same",
        State::Changed => "changed",
        State::Added | State::Repaired => "added",
        State::Removed => "removed",
        State::Broken | State::Unreadable => "broken",
    }
}

impl RowView {
    fn of(row: Row) -> Self {
        let direction = match row.trend.chars().next() {
            Some('↑') => "up",
            Some('↓') => "down",
            _ => "",
        };
        let sort = row.name.split(' ').next().unwrap_or_default().to_owned();
        Self {
            sort,
            name: row.name,
            old: row.old,
            new: row.new,
            trend: row.trend,
            about: row.reaches,
            direction,
        }
    }
}

fn fits(diff: &Diff) -> Option<FitsView> {
    let (old, new) = diff.consequences.memory.as_ref()?.fits?;
    let is = if new.runs() { "good" } else { "bad" };
    Some(FitsView { old: old.text(), new: new.text(), is, is_same: old == new })
}

/// What is left to say once the verdicts are shown.
fn remarks(diff: &Diff) -> Vec<String> {
    let all = words::remarks(diff);
    let has_verdict = fits(diff).is_some() && !diff.same;
    all.into_iter().skip(usize::from(has_verdict)).collect()
}

fn key(name: &NodeName) -> String {
    name.new.as_deref().or(name.old.as_deref()).unwrap_or_default().to_owned()
}

fn model(change: &Change) -> Option<ModelView> {
    let Change::Model { node, input, old, new } = change else { return None };
    let (before, after) = rows::words(&old.file, &new.file);
    Some(ModelView {
        place: words::place(node, input),
        key: key(node),
        old: parts(before),
        new: parts(after),
        old_about: printable(&words::model(old)),
        new_about: printable(&words::model(new)),
    })
}

fn parameter(parameter: words::Parameter<'_>) -> ParameterView {
    let shown = |value: Option<&Value>| match (value, parameter.unit) {
        (Some(Value::Str(text)), _) if !text.is_empty() => text.to_string(),
        (Some(value @ (Value::Int(_) | Value::Float(_))), Some(unit)) => format!("{value} {unit}"),
        (Some(value), _) => value.to_string(),
        (None, _) => "–".to_owned(),
    };
    let (old, new) = (shown(parameter.old), shown(parameter.new));
    let are_texts = matches!((parameter.old, parameter.new), (Some(Value::Str(_)), Some(Value::Str(_))));
    let plain = |text: &str| vec![Part { kind: "same", text: printable(text) }];
    let (old, new) = if are_texts {
        let (before, after) = rows::words(&old, &new);
        (parts(before), parts(after))
    } else {
        (plain(&super::details::cut(&old, 1_000)), plain(&super::details::cut(&new, 1_000)))
    };
    ParameterView {
        name: parameter.name,
        key: key(parameter.node),
        old,
        new,
        trend: parameter.trend,
        places: parameter.places,
    }
}

fn node(change: &Change, changes: &[Change]) -> Option<NodeView> {
    let step = |stage: &Option<String>| {
        stage.as_ref().map(|stage| format!(", step {}", printable(stage))).unwrap_or_default()
    };
    let (what, sign, name, about) = match change {
        Change::Added { node, stage, .. } => {
            ("added", "+", node, format!("{}{}", printable(&node.class_type), step(stage)))
        }
        Change::Removed { node, stage } => {
            ("removed", "−", node, format!("{}{}", printable(&node.class_type), step(stage)))
        }
        Change::Replaced { node, old, new } => {
            let differing = words::differing(changes, node);
            ("changed", "~", node, format!("{} → {}{differing}", printable(old), printable(new)))
        }
        _ => return None,
    };
    Some(NodeView { what, sign, name: words::node(name), key: key(name), about })
}

fn link(change: &Change) -> Option<LinkView> {
    let Change::Link { node, input, old, new } = change else { return None };
    Some(LinkView {
        place: words::place(node, input),
        key: key(node),
        old: words::given(old.as_ref()),
        new: words::given(new.as_ref()),
    })
}

/// Changes that have no table of their own.
fn other(change: &Change) -> Option<Vec<Part>> {
    let said = |text: String| Some(prose(&text));
    match change {
        Change::Reordered { first, second } => {
            let (first, second) = (words::node(first), words::node(second));
            said(format!("Order: `{first}` came before `{second}`, and now comes behind it"))
        }
        Change::Stages { old, new } => said(format!("Steps: `{}` → `{}`", old.join(", "), new.join(", "))),
        Change::PackNeeded { pack, classes } => {
            said(format!("Node pack needed: `{pack}` for `{}`", classes.join(", ")))
        }
        Change::PackUnneeded { pack } => said(format!("Node pack no longer needed: `{pack}`")),
        _ => {
            debug_assert!(!matches!(change.group(), Group::Order | Group::Packs), "every change is shown");
            None
        }
    }
}

fn findings(entry: &Entry, explain: &Explain<'_>) -> Vec<FindingView> {
    let view = |what, found: &Finding| FindingView {
        what,
        severity: found.severity.0.name(),
        rule: printable(&found.rule),
        place: found.node.as_ref().map_or_else(String::new, |node| match &found.input {
            Some(input) => printable(&format!("{node}.{input}")),
            None => printable(node),
        }),
        key: found.node.clone().unwrap_or_default(),
        message: prose(&found.message),
        why: explain(&found.rule).map(|page| explanation(&page)).unwrap_or_default(),
    };
    let diff = entry.diff.as_ref().and_then(|diff| diff.consequences.findings.as_ref());
    let new = diff.into_iter().flat_map(|found| &found.new).map(|found| view("new", found));
    let gone = diff.into_iter().flat_map(|found| &found.gone).map(|found| view("gone", found));
    new.chain(gone).chain(entry.findings.iter().map(|found| view("", found))).collect()
}

/// The paragraphs of a rule's page, without its head and its examples.
fn explanation(page: &str) -> Vec<Vec<Part>> {
    let text = page.split_once('\n').map_or("", |(_, rest)| rest);
    let text = text.split("\n## ").next().unwrap_or_default();
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
    let paragraphs = paragraphs.map(|paragraph| paragraph.trim().to_owned());
    let is_prose = |paragraph: &String| {
        !paragraph.is_empty() && !paragraph.starts_with("```") && !paragraph.starts_with("Group `")
    };
    paragraphs.filter(is_prose).map(|paragraph| prose(&paragraph)).collect()
}

/// A text in which what stands in backticks is code.
fn prose(text: &str) -> Vec<Part> {
    let parts = printable(text);
    let parts = parts.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts
        .map(|(at, part)| Part { kind: if at % 2 == 1 { "code" } else { "same" }, text: part.to_owned() })
        .collect()
}

fn parts(parts: Parts) -> Vec<Part> {
    parts
        .into_iter()
        .map(|(differs, text)| Part { kind: if differs { "differs" } else { "same" }, text })
        .collect()
}

fn raw(id: String, name: &str, text: &str) -> RawView {
    let line = |line: &str| {
        let kind = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] | [b'@', b'@', ..] => "at",
            [b'+', ..] => "add",
            [b'-', ..] => "del",
            _ => "",
        };
        LineView { kind, text: line.to_owned() }
    };
    RawView { id, name: printable(name), lines: text.lines().map(line).collect() }
}

fn lines_printable(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

fn chart(chart: &Chart, state: State) -> ChartView {
    const SIDES: [&str; 2] = ["before", "after"];
    let percent = |bytes: f64| format!("{:.2}", bytes / chart.scale * 100.0);
    let usable = SIDES.into_iter().zip(chart.usable);
    let mut usable: Vec<UsableView> = usable
        .filter_map(|(which, usable)| usable.map(|bytes| (which, bytes)))
        .map(|(which, bytes)| UsableView { which, size: plan::size(bytes), at: percent(bytes) })
        .collect();
    if let [old, new] = usable.as_slice()
        && old.size == new.size
    {
        usable.truncate(1);
    }
    if let [one] = usable.as_mut_slice() {
        one.which = "";
    }
    let has = match state {
        State::Added | State::Repaired => [false, true],
        State::Removed | State::Broken => [true, false],
        State::Same | State::Changed | State::Unreadable => [true, true],
    };
    let steps = chart.steps.iter().map(|step| {
        let is_same = step.bars[0] == step.bars[1];
        let bars = SIDES.into_iter().zip(step.bars).zip(chart.usable).zip(has);
        let bars = bars.filter(|(_, has)| *has).map(|(((which, bar), usable), _)| {
            let Some(bar) = bar else {
                return BarView {
                    which,
                    parts: Vec::new(),
                    low: String::new(),
                    width: String::new(),
                    typical: "does not run".to_owned(),
                    limits: String::new(),
                    over: false,
                };
            };
            let (low, high) = (bar.whole.low, bar.whole.high);
            BarView {
                which,
                parts: bar.parts.into_iter().map(percent).collect(),
                low: percent(low),
                width: percent((high - low).max(0.0)),
                typical: plan::size(bar.whole.typical),
                limits: format!("{}–{}", plan::size(low), plan::size(high)),
                over: usable.is_some_and(|usable| bar.whole.typical > usable),
            }
        });
        let mut bars: Vec<BarView> = bars.collect();
        if let ([_, new], true) = (bars.as_mut_slice(), is_same) {
            new.which = "";
            bars.remove(0);
        }
        StepView { node: printable(&step.node), kind: step.kind, bars, is_same }
    });
    let [old, new] = chart.unknown;
    let unknown = if (old, new) == (0, 0) {
        String::new()
    } else {
        format!("Steps of which nothing can be told: {old} → {new}; `wfc plan` says why")
    };
    ChartView { parts: PARTS, usable, steps: steps.collect(), unknown }
}

/// JSON that may stand in a script of a page: nothing in it ends one, or begins a comment.
fn safe_json(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).unwrap_or_else(|_| "[]".to_owned());
    let mut safe = String::with_capacity(json.len() + json.len() / 16);
    for c in json.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cannot_end_a_script() {
        let json = safe_json(&["</script><!--", "a & b", "\u{2028}"]);
        assert_eq!(json, r#"["\u003c/script\u003e\u003c!--","a \u0026 b","\u2028"]"#);
        let read: Vec<String> = serde_json::from_str(&json).unwrap();
        assert_eq!(read, ["</script><!--", "a & b", "\u{2028}"]);
    }

    #[test]
    fn a_rule_is_explained_by_its_prose() {
        let page = "# rule\n\nGroup `order`, error.\n\nIt costs\n`cfg` twice.\n\nMore.\n\n## Example\n\n```json\n```\n";
        let text = |paragraph: &Vec<Part>| paragraph.iter().map(|part| part.text.clone()).collect::<String>();
        let paragraphs: Vec<String> = explanation(page).iter().map(text).collect();
        assert_eq!(paragraphs, ["It costs cfg twice.", "More."]);
    }
}
