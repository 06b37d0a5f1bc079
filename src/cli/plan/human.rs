//! A plan for people: tables, a chart, and what to do.

use std::fmt::Write as _;

use super::document::{Batch, Document, Fit, PlanEntry, StepEntry, Time};
use super::{assume, chart};
use crate::plan::{Amount, Basis, Verdict, size};
use crate::report::{HumanOptions, Paint};

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
pub(super) const BOLD: &str = "1";
pub(super) const DIM: &str = "2";
const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const GREEN: &str = "1;32";

/// All plans; of a batch a table, and the plan of the workflow that needs the most.
pub(super) fn render(document: &Document, options: HumanOptions) -> String {
    let page = Page { paint: Paint(options.color), width: options.width };
    let mut out = String::new();
    for group in document.plans.chunk_by(|one, other| one.file == other.file) {
        if !out.is_empty() {
            out.push('\n');
        }
        let batch = document.batches.iter().find(|batch| group.iter().any(|plan| plan.file == batch.file));
        page.group(group, batch, &mut out);
    }
    out
}

pub(super) struct Page {
    pub(super) paint: Paint,
    pub(super) width: usize,
}

/// `19.1-21.8`, in GiB
pub(super) fn range(amount: Amount) -> String {
    let (low, high) = (gib(amount.low), gib(amount.high));
    if low == high { low } else { format!("{low}-{high}") }
}

fn gib(bytes: f64) -> String {
    // No zero below zero.
    let tenths = (bytes / GIB * 10.0).round() / 10.0;
    format!("{:.1}", if tenths == 0.0 { 0.0 } else { tenths })
}

/// A text that takes so many columns at most.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

const fn color(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fits | Verdict::Streams => GREEN,
        Verdict::MayNotFit | Verdict::Unknown => YELLOW,
        Verdict::DoesNotFit => RED,
    }
}

impl Page {
    fn group(&self, group: &[PlanEntry], batch: Option<&Batch>, out: &mut String) {
        let need = |plan: &PlanEntry| plan.least.device.typical;
        let worst = group.iter().rev().max_by(|one, other| need(one).total_cmp(&need(other)));
        let Some(worst) = worst else { return };
        let workflows: u64 = group.iter().map(|plan| plan.workflows).sum();
        let of_batch = if workflows > 1 { format!(": {workflows} workflows") } else { String::new() };
        let _ = writeln!(out, "{}{of_batch}", self.paint.text(BOLD, &worst.file));
        if let Some((batch, seconds)) = batch.and_then(|batch| Some((batch, batch.seconds?))) {
            let cost = batch.dollars.map_or_else(String::new, |dollars| format!(", {}", money(dollars)));
            let _ = writeln!(out, "all of them one after another: {}{cost}", durations(seconds));
        }
        out.push('\n');
        if group.len() > 1 {
            self.batch(group, out);
            let _ = writeln!(
                out,
                "{}\n",
                self.paint.text(BOLD, &format!("The most is needed by {}", label(worst)))
            );
        }
        self.plan(worst, out);
    }

    /// The different needs of a batch.
    fn batch(&self, group: &[PlanEntry], out: &mut String) {
        let fixed = 11 + 2 + 11 + 2 + 15 + 2 + 23;
        let room = self.width.saturating_sub(fixed).clamp(10, 48);
        let head = format!(
            "{:>11}  {:<room$}  {:>11}  {:>15}",
            "WORKFLOWS", "FIRST OF THEM", "LEAST, GiB", "WITHOUT STREAM."
        );
        let _ = writeln!(out, "{}", self.paint.text(DIM, &head));
        for plan in group {
            let verdict = plan.target.as_ref().map(|fit| fit.verdict);
            let verdict = verdict.map_or_else(String::new, |verdict| {
                format!("  {}", self.paint.text(color(verdict), verdict.text()))
            });
            let _ = writeln!(
                out,
                "{:>11}  {:<room$}  {:>11}  {:>15}{verdict}",
                plan.workflows,
                cut(&label(plan), room),
                range(plan.least.device),
                range(plan.without_streaming.device)
            );
        }
        out.push('\n');
    }

    fn plan(&self, plan: &PlanEntry, out: &mut String) {
        for assumed in &plan.assumed {
            let by = match assumed.by {
                "command line" => "given with --assume".to_owned(),
                by => format!("assumed by the {by}; --assume {}=… says otherwise", assumed.what),
            };
            let _ = writeln!(out, "{} {}: only the input file tells; {by}", assumed.what, assumed.value);
        }
        for note in &plan.notes {
            let _ = writeln!(out, "{} {note}", self.paint.text(YELLOW, "note:"));
        }
        if !(plan.assumed.is_empty() && plan.notes.is_empty()) {
            out.push('\n');
        }
        self.steps(plan, out);
        self.gaps(plan, out);
        if plan.steps.is_empty() {
            return;
        }
        chart::draw(self, plan, out);
        self.peak(plan, out);
        self.measures(plan, out);
        if let Some(fit) = &plan.target {
            self.fit(fit, out);
        }
        let _ = writeln!(
            out,
            "Host memory for weights and pictures: {} GiB. Model files: {}.",
            range(plan.ram),
            size(plan.files.typical)
        );
        if !plan.machines.is_empty() {
            self.machines(plan, out);
        }
        if !plan.changes.is_empty() {
            let _ = writeln!(out, "\n{}", self.paint.text(BOLD, "What would make the peak smaller"));
            for change in &plan.changes {
                let _ = writeln!(out, "  {change}");
            }
        }
    }

    /// One or two lines for each step.
    fn steps(&self, plan: &PlanEntry, out: &mut String) {
        if plan.steps.is_empty() {
            return;
        }
        let has_parts = self.width >= 96;
        let has_both = self.width >= 58;
        let fixed = 2
            + 2
            + 13
            + if has_parts { 5 * 2 + 7 + 6 + 7 + 6 + 6 } else { 0 }
            + 2
            + 11
            + if has_both { 2 + 11 } else { 0 };
        let longest = plan.steps.iter().map(|step| step.node.chars().count()).max().unwrap_or_default();
        let room = self.width.saturating_sub(fixed).clamp(8, 28).min(longest.max(8));
        let line = |node: &str, does: &str, parts: [&str; 5], least: &str, whole: &str| {
            let mut line = format!("  {:<room$}  {does:<13}", cut(node, room));
            if has_parts {
                let [weights, kept, buffers, active, others] = parts;
                let _ = write!(line, "  {weights:>7}  {kept:>6}  {buffers:>7}  {active:>6}  {others:>6}");
            }
            let _ = write!(line, "  {least:>11}");
            if has_both {
                let _ = write!(line, "  {whole:>11}");
            }
            line
        };
        let parts = ["WEIGHTS", "KEPT", "BUFFERS", "ACTIVE", "OTHERS"];
        let head = line("NODE", "STEP", parts, "AT LEAST", "UNSTREAMED");
        let _ = writeln!(out, "{}", self.paint.text(DIM, &format!("{head}  GiB")));
        for (at, step) in plan.steps.iter().enumerate() {
            let typical =
                |amount: Amount| if amount.high > 0.0 { gib(amount.typical) } else { "-".to_owned() };
            let amounts =
                [step.weights, step.resident, step.buffers, step.activations, step.others].map(typical);
            let row = line(
                &step.node,
                step.kind.name(),
                amounts.each_ref().map(String::as_str),
                &range(step.least.device),
                &range(step.without_streaming.device),
            );
            let is_peak = plan.decides == Some(at);
            let _ = writeln!(
                out,
                "{}{}",
                if is_peak { self.paint.text(BOLD, &row) } else { row },
                if is_peak { " <" } else { "" }
            );
            let mut about: Vec<&str> = step.notes.iter().map(|note| &**note).collect();
            about.push(step.basis.text());
            let about = about.join("; ");
            // Of what is too long, the file's name gives way first.
            let room = self.width.saturating_sub(6);
            let model = cut(&step.model, room.saturating_sub(about.chars().count() + 2).max(16));
            let about = if model.is_empty() { about } else { format!("{model}; {about}") };
            let about = cut(&about, room);
            let _ = writeln!(out, "      {}", self.paint.text(DIM, &about));
        }
        out.push('\n');
    }

    fn gaps(&self, plan: &PlanEntry, out: &mut String) {
        if plan.gaps.is_empty() {
            return;
        }
        let _ = writeln!(out, "{}", self.paint.text(YELLOW, "What cannot be told"));
        for gap in &plan.gaps {
            let _ = writeln!(out, "  {} ({}): {}", gap.node, gap.class, gap.reason);
        }
        let mut names: Vec<&str> = plan.gaps.iter().filter_map(|gap| gap.assume).collect();
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            let names: Vec<&str> = names.into_iter().map(assume::example).collect();
            let _ = writeln!(
                out,
                "  help: give a size to take in its place, such as `--assume {}`",
                names.join(",")
            );
        }
        out.push('\n');
    }

    /// What the peak is made of.
    fn peak(&self, plan: &PlanEntry, out: &mut String) {
        let Some(step) = plan.deciding() else { return };
        let stage = step.stage.as_ref().map_or_else(String::new, |stage| format!(", stage {stage}"));
        let head = format!("The peak: {} ({}{stage})", step.node, step.kind.name());
        let _ = writeln!(out, "{}", self.paint.text(BOLD, &head));
        let parts = parts(step);
        let whole = step.least.device.typical.max(1.0);
        let biggest = parts.iter().map(|(_, amount)| amount.typical).fold(0.0, f64::max);
        for (name, amount) in parts.iter().filter(|(_, amount)| amount.high > 0.0) {
            let share = amount.typical / whole * 100.0;
            let mark = if amount.typical >= biggest { "  < most" } else { "" };
            let _ = writeln!(out, "  {name:<26} {:>11} GiB  {share:>3.0} %{mark}", range(*amount));
        }
        if step.basis == Basis::Assumed {
            let _ = writeln!(
                out,
                "  {}",
                self.paint.text(YELLOW, "not calibrated: nobody has measured this network")
            );
        }
        out.push('\n');
    }

    /// The three measures, which must not be mixed.
    fn measures(&self, plan: &PlanEntry, out: &mut String) {
        let head =
            format!("  {:<26} {:>11}  {:>18}  GiB", "PEAK, AS MEASURED BY", "AT LEAST", "WITHOUT STREAMING");
        let _ = writeln!(out, "{}", self.paint.text(DIM, &head));
        let (least, whole) = (plan.least, plan.without_streaming);
        for (name, least, whole) in [
            ("torch, allocated", least.allocated, whole.allocated),
            ("torch, reserved", least.reserved, whole.reserved),
            ("nvidia-smi, the device", least.device, whole.device),
        ] {
            let _ = writeln!(out, "  {name:<26} {:>11}  {:>18}", range(least), range(whole));
        }
        out.push('\n');
    }

    /// Whether it fits, and how much is left.
    fn fit(&self, fit: &Fit, out: &mut String) {
        let headroom = if fit.headroom > 0.0 {
            format!(" of which {} stay free", size(fit.headroom))
        } else {
            String::new()
        };
        let memory = format!(" ({}{headroom})", size(fit.memory));
        let name = if fit.gpu.is_some() {
            format!("{}{memory}", fit.name)
        } else {
            format!("{}{headroom}", fit.name)
        };
        let verdict = self.paint.text(color(fit.verdict), fit.verdict.text());
        let known = if fit.verdict == Verdict::Unknown { "; of what is known:" } else { "" };
        let condition = if fit.conditions.is_empty() { "" } else { ", if" };
        let _ = writeln!(out, "{}: {verdict}{condition}{known}", self.paint.text(BOLD, &name));
        for (at, condition) in fit.conditions.iter().enumerate() {
            let and = if at + 1 < fit.conditions.len() { " and" } else { "" };
            let _ = writeln!(out, "  {condition}{and}");
        }
        let _ = writeln!(out, "  at least           {}", left(fit.margin));
        let _ = writeln!(out, "  without streaming  {}", left(fit.margin_without_streaming));
        if fit.streamed > 0.0 {
            let _ = writeln!(
                out,
                "  streamed           {} of weights go over the bus in each pass",
                size(fit.streamed)
            );
        }
        if let Some(time) = fit.time {
            let [start, load, run] = [time.start, time.load, time.run].map(|part| duration(part.typical));
            let total = durations(time.total);
            let _ = writeln!(out, "  time               {total}");
            let parts = format!("start {start}, loading {load}, run {run}; {}", rests(&time));
            let _ = writeln!(out, "                     {}", self.paint.text(DIM, &parts));
        }
        if let (Some(dollars), Some(price)) = (fit.dollars, &fit.price) {
            let date = if price.date.is_empty() { String::new() } else { format!(", {}", price.date) };
            let (cost, hour, kind) = (money(dollars), price.per_hour, price.kind.name());
            let _ = writeln!(out, "  money              {cost} at ${hour:.2} an hour ({kind}{date})");
        }
        out.push('\n');
    }

    /// The machines that were compared, in their order.
    fn machines(&self, plan: &PlanEntry, out: &mut String) {
        let ids = plan.machines.iter().filter_map(|fit| fit.gpu.as_deref()).map(str::len);
        let room = ids.max().unwrap_or_default().max(7);
        let has_all = self.width >= room + 83;
        let has_dollars = self.width >= room + 63;
        let line = |id: &str, gib: &str, spare: &str, streamed: &str, minutes: &str, dollars: &str| {
            let mut line = format!("  {id:<room$}  {gib:>6}");
            if has_all {
                let _ = write!(line, "  {spare:>8}  {streamed:>8}");
            }
            let _ = write!(line, "  {minutes:>11}");
            if has_dollars {
                let _ = write!(line, "  {dollars:>13}");
            }
            line
        };
        let head = line("MACHINE", "GiB", "TO SPARE", "STREAMED", "MINUTES", "DOLLARS");
        let _ = writeln!(out, "\n{}", self.paint.text(DIM, &head));
        let between = |low: String, high: String| if low == high { low } else { format!("{low}-{high}") };
        for fit in &plan.machines {
            let minutes = fit.time.filter(|time| time.unknown == 0).map_or_else(
                || "?".to_owned(),
                |time| {
                    let minutes = |seconds: f64| format!("{:.1}", seconds / 60.0);
                    between(minutes(time.total.low), minutes(time.total.high))
                },
            );
            let dollars = fit.dollars.map_or_else(
                || "?".to_owned(),
                |dollars| between(format!("{:.3}", dollars.low), format!("{:.3}", dollars.high)),
            );
            let row = line(
                fit.gpu.as_deref().unwrap_or_default(),
                &gib(fit.memory),
                &gib(fit.margin.typical),
                &if fit.streamed > 0.0 { gib(fit.streamed) } else { "-".to_owned() },
                &minutes,
                &dollars,
            );
            let _ = writeln!(out, "{row}  {}", self.paint.text(color(fit.verdict), fit.verdict.text()));
        }
        let about =
            "Prices of the GPU catalog, on demand where there are such; [prices] in wfc.toml says otherwise.";
        let _ = writeln!(out, "  {}", self.paint.text(DIM, about));
    }
}

/// What a step's least peak on the device is made of. The last part is what torch keeps and the CUDA context.
pub(super) fn parts(step: &StepEntry) -> [(&'static str, Amount); 5] {
    let (allocated, device) = (step.least.allocated, step.least.device);
    let around = Amount {
        low: (device.low - allocated.low).max(0.0),
        typical: (device.typical - allocated.typical).max(0.0),
        high: (device.high - allocated.high).max(0.0),
    };
    [
        ("weights on the card", step.resident),
        ("buffers for streaming", step.buffers),
        ("activations", step.activations),
        ("other models", step.others),
        ("allocator and CUDA context", around),
    ]
}

/// `3.1 to 5.2 GiB to spare`
fn left(margin: Amount) -> String {
    let (low, high) = (gib(margin.low), gib(margin.high));
    if margin.low >= 0.0 {
        format!("{low} to {high} GiB to spare")
    } else if margin.high < 0.0 {
        format!("{} to {} GiB too little", gib(-margin.high), gib(-margin.low))
    } else {
        format!("between {} GiB too little and {high} GiB to spare", gib(-margin.low))
    }
}

/// `48 s`, `3.2 min`, `1.5 h`
fn duration(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{seconds:.0} s")
    } else if seconds < 5400.0 {
        format!("{:.1} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}

/// `2.1 min to 6.4 min, 3.5 min expected`
fn durations(seconds: Amount) -> String {
    let [low, typical, high] = [seconds.low, seconds.typical, seconds.high].map(duration);
    if low == high { low } else { format!("{low} to {high}, {typical} expected") }
}

/// `$0.03 to $0.12`
fn money(dollars: Amount) -> String {
    let shown =
        |dollars: f64| if dollars < 0.1 { format!("${dollars:.3}") } else { format!("${dollars:.2}") };
    let (low, high) = (shown(dollars.low), shown(dollars.high));
    if low == high { low } else { format!("{low} to {high}") }
}

/// What a time rests on.
fn rests(time: &Time) -> String {
    let missing = match time.unknown {
        0 => String::new(),
        1 => "; 1 step is not counted: its time cannot be told".to_owned(),
        more => format!("; {more} steps are not counted: their times cannot be told"),
    };
    format!("{}{missing}", time.basis.text())
}

/// What tells a workflow from the others of its batch.
fn label(plan: &PlanEntry) -> String {
    let rung = plan.rung.iter().map(|rung| format!("rung {rung}"));
    let values = plan.values.iter().map(|(name, value)| format!("{name} = {value}"));
    rung.chain(values).collect::<Vec<_>>().join(", ")
}
