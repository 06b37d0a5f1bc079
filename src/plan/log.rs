//! What logs say of a card's memory: torch's messages when it runs out, the lines of WanVideoWrapper, and those of ComfyUI
//! about loading. Their MB and GB are binary, and so are all amounts here: bytes.

use super::need::Kind;

const STAGES: &str = include_str!("../../schemas/log_stages.csv");

/// What lines are looked for, for whoever finds none.
pub const LOOKED_FOR: &str = "torch's `CUDA out of memory. Tried to allocate …` and `Allocation on device`, WanVideoWrapper's \
    `Max allocated memory`, `Transformer blocks on` and `Seq len`, ComfyUI's `Requested to load`, `loaded completely` and \
    `loaded partially`";

/// So much of a log belongs to one message, in bytes.
const MESSAGE: usize = 1600;

/// A message that memory ran out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lack {
    /// What was to be allocated.
    pub wanted: Option<f64>,
    /// All of the card.
    pub total: Option<f64>,
    /// What was free of it.
    pub free: Option<f64>,
    /// What this process had, as the driver counts.
    pub process: Option<f64>,
    /// What other processes had.
    pub others: Option<f64>,
    /// Live tensors.
    pub allocated: Option<f64>,
    /// What torch had reserved, live tensors included.
    pub reserved: Option<f64>,
}

impl Lack {
    /// What torch had reserved and not used.
    #[must_use]
    pub fn unused(&self) -> Option<f64> {
        Some((self.reserved? - self.allocated?).max(0.0))
    }

    /// What other processes had: as said, else what is neither free nor this process's.
    #[must_use]
    pub fn elsewhere(&self) -> Option<f64> {
        let rest = || Some((self.total? - self.free? - self.process?).max(0.0));
        self.others.or_else(rest)
    }
}

/// The peaks of a step, as WanVideoWrapper prints them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logged {
    /// `max_memory_allocated`.
    pub allocated: f64,
    /// `max_memory_reserved`, if it is said.
    pub reserved: Option<f64>,
}

/// A model that ComfyUI loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Its class, if it is said.
    pub model: Option<String>,
    /// What it laid on the card.
    pub loaded: Option<f64>,
    /// What it left in main memory.
    pub offloaded: Option<f64>,
}

/// What a log says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// Each message once.
    pub lacks: Vec<Lack>,
    /// In their order.
    pub peaks: Vec<Logged>,
    /// In their order.
    pub loads: Vec<Load>,
    /// Transformer blocks in main memory.
    pub blocks_off: Option<f64>,
    /// Transformer blocks on the card.
    pub blocks_on: Option<f64>,
    /// Tokens of a pass.
    pub tokens: Option<f64>,
    /// The class of the node that failed.
    pub class: Option<String>,
    /// The id of the node that failed.
    pub id: Option<String>,
    /// The step that failed, by the traceback.
    pub kind: Option<Kind>,
}

impl Log {
    /// Reads a log, or the part of one that somebody has copied.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut log = Self { lacks: lacks(text), ..Self::default() };
        let mut requested = None;
        for line in text.lines() {
            log.line(line, &mut requested);
        }
        log.kind = kind(text);
        log
    }

    /// True if nothing of it was understood.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lacks.is_empty() && self.peaks.is_empty() && self.loads.is_empty() && self.tokens.is_none()
    }

    fn line(&mut self, line: &str, requested: &mut Option<String>) {
        if let Some(allocated) = after(line, "max_memory=") {
            self.peaks.push(Logged { allocated, reserved: None });
        }
        if let (Some(reserved), Some(peak)) = (after(line, "max_reserved="), self.peaks.last_mut()) {
            peak.reserved = Some(reserved);
        }
        if let Some((_, rest)) = split(line, "blocks on ") {
            let amount = rest.split_once(':').and_then(|_| rest.split([' ', '=']).rev().find_map(amount));
            if rest.to_ascii_lowercase().starts_with("cpu") {
                self.blocks_off = amount.or(self.blocks_off);
            } else {
                self.blocks_on = amount.or(self.blocks_on);
            }
        }
        if let Some((_, rest)) = split(line, "seq len") {
            self.tokens =
                number(rest.trim_start_matches([':', ' ', '='])).map(|(tokens, _)| tokens).or(self.tokens);
        }
        if let Some((_, rest)) = split(line, "requested to load ") {
            *requested = rest.split_whitespace().next().map(str::to_owned);
        }
        for way in ["loaded completely", "loaded partially"] {
            let Some((_, rest)) = split(line, way) else { continue };
            // Older versions print numbers in MB alone: usable, loaded.
            let bare: Vec<f64> = rest
                .split_whitespace()
                .filter_map(|word| word.parse().ok())
                .filter(|n: &f64| n.is_finite())
                .collect();
            let mib = 1024.0 * 1024.0;
            let loaded = before(rest, " loaded").or_else(|| bare.get(1).map(|loaded| loaded * mib));
            self.loads.push(Load { model: requested.take(), loaded, offloaded: before(rest, " offloaded") });
        }
        for name in ["node type", "node_type"] {
            self.class = split(line, name).and_then(|(_, rest)| named(rest)).or_else(|| self.class.take());
        }
        for name in ["node id", "node_id"] {
            self.id = split(line, name).and_then(|(_, rest)| named(rest)).or_else(|| self.id.take());
        }
    }
}

/// The name that follows a colon, in quotes or Markdown or neither.
fn named(rest: &str) -> Option<String> {
    let value = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    let end = value.find(['"', ',', '*']).unwrap_or(value.len());
    let value = value.get(..end)?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// What stands before and after a phrase, whatever its case.
fn split<'t>(text: &'t str, phrase: &str) -> Option<(&'t str, &'t str)> {
    let at = text.to_ascii_lowercase().find(phrase)?;
    Some((&text[..at], &text[at + phrase.len()..]))
}

/// The number at the start of a text, and what follows it.
fn number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(text.len());
    let digits = text[..end].trim_end_matches([',', '.']).replace(',', "");
    let number: f64 = digits.parse().ok()?;
    (number.is_finite()).then_some((number, &text[end..]))
}

/// An amount at the start of a text: `2.00 GiB`, `12734.40MB`, `0 bytes`.
fn amount(text: &str) -> Option<f64> {
    let (number, rest) = number(text)?;
    let unit: String = rest.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    let power = match &*unit.to_ascii_lowercase() {
        "b" | "bytes" => 0,
        "kb" | "kib" => 1,
        "mb" | "mib" => 2,
        "gb" | "gib" => 3,
        "tb" | "tib" => 4,
        _ => return None,
    };
    // What torch prints for no limit is none.
    let bytes = number * 1024f64.powi(power);
    (bytes < 1e15).then_some(bytes)
}

fn after(text: &str, phrase: &str) -> Option<f64> {
    let (_, rest) = split(text, phrase)?;
    amount(rest.trim_start_matches([' ', ':', '=']))
}

/// The amount right before a phrase.
fn before(text: &str, phrase: &str) -> Option<f64> {
    let (head, _) = split(text, phrase)?;
    let head = head.trim_end();
    let unit = head.rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    let digits = head.get(..unit)?.trim_end();
    let start = digits.rfind(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').map_or(0, |at| at + 1);
    amount(head.get(start..)?)
}

fn lacks(text: &str) -> Vec<Lack> {
    let lower = text.to_ascii_lowercase();
    let mut starts: Vec<usize> = ["out of memory", "allocation on device"]
        .iter()
        .flat_map(|mark| lower.match_indices(mark))
        .map(|(at, _)| at)
        .collect();
    starts.sort_unstable();
    let mut lacks: Vec<Lack> = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        // Both marks of one message.
        if index > 0 && starts.get(index - 1).is_some_and(|last| start - last < 120) {
            continue;
        }
        let next = starts.get(index + 1..).and_then(|rest| rest.iter().find(|next| *next - start >= 120));
        let mut end = next.copied().unwrap_or(text.len()).min(start + MESSAGE);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let lack = lack(text.get(*start..end).unwrap_or_default());
        if !lacks.contains(&lack) {
            lacks.push(lack);
        }
    }
    // A message without numbers says nothing beside one with them.
    if lacks.iter().any(|lack| *lack != Lack::default()) {
        lacks.retain(|lack| *lack != Lack::default());
    }
    lacks
}

fn lack(text: &str) -> Lack {
    let allocated = before(text, " is allocated by pytorch")
        .or_else(|| before(text, " already allocated"))
        .or_else(|| after(text, "currently allocated"));
    let unused = before(text, " is reserved by pytorch but unallocated");
    let reserved = before(text, " reserved in total by pytorch")
        .or_else(|| allocated.zip(unused).map(|(allocated, unused)| allocated + unused));
    Lack {
        wanted: after(text, "tried to allocate").or_else(|| after(text, "requested")),
        total: after(text, "total capacity of")
            .or_else(|| after(text, "total capacty of"))
            .or_else(|| before(text, " total capacity"))
            .or_else(|| after(text, "device limit")),
        free: before(text, " is free")
            .or_else(|| before(text, " free;"))
            .or_else(|| after(text, "free (according to cuda)")),
        process: after(text, "this process has"),
        others: others(text),
        allocated,
        reserved,
    }
}

/// The memory of the processes that a message counts up by their numbers. Where it does not tell which is its own, the
/// largest is.
fn others(text: &str) -> Option<f64> {
    let mut amounts: Vec<f64> = text
        .split("Process ")
        .skip(1)
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .filter_map(|rest| after(rest.get(..80).unwrap_or(rest), " has"))
        .collect();
    if split(text, "this process has").is_none() && !amounts.is_empty() {
        amounts.sort_by(f64::total_cmp);
        amounts.pop();
    }
    (!amounts.is_empty()).then(|| amounts.iter().sum())
}

/// The step of the last line of a traceback that tells one.
fn kind(text: &str) -> Option<Kind> {
    let mut found = None;
    for line in text.lines() {
        let line = line.replace('\\', "/");
        let Some((_, place)) = line.split_once("File \"") else { continue };
        let function = place.rsplit_once(" in ").map(|(_, function)| function.trim());
        for row in STAGES.lines().filter(|row| !row.starts_with('#')).skip(1) {
            let mut fields = row.split(',');
            let (Some(file), Some(called), Some(stage)) = (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            if place.contains(file) && (called.is_empty() || function == Some(called)) {
                found = stage_named(stage).or(found);
            }
        }
    }
    found
}

fn stage_named(name: &str) -> Option<Kind> {
    Some(match name {
        "text_encoder" => Kind::TextEncoder,
        "vision" => Kind::Vision,
        "vae_encode" => Kind::VaeEncode,
        "vae_decode" => Kind::VaeDecode,
        "sampling" => Kind::Sampling,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: f64 = 1_073_741_824.0;

    #[test]
    fn every_line_of_the_table_names_a_step() {
        for row in STAGES.lines().filter(|row| !row.starts_with('#')).skip(1) {
            assert!(row.rsplit_once(',').and_then(|(_, stage)| stage_named(stage)).is_some(), "{row}");
        }
    }

    #[test]
    fn wordings_of_all_ages_say_the_same() {
        let expected = Lack {
            wanted: Some(2.0 * GIB),
            total: Some(24.0 * GIB),
            free: Some(0.5 * GIB),
            allocated: Some(20.0 * GIB),
            reserved: Some(22.0 * GIB),
            process: None,
            others: None,
        };
        let old = "CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 24.00 GiB total capacity; 20.00 GiB already allocated; \
            512.00 MiB free; 22.00 GiB reserved in total by PyTorch)";
        assert_eq!(Log::read(old).lacks, [expected]);
        let new = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 24.00 GiB of \
            which 512.00 MiB is free. Including non-PyTorch memory, this process has 22.50 GiB memory in use. Of the allocated \
            memory 20.00 GiB is allocated by PyTorch, and 2.00 GiB is reserved by PyTorch but unallocated.";
        assert_eq!(Log::read(new).lacks, [Lack { process: Some(22.5 * GIB), ..expected }]);
        let numbered = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacty of 24.00 GiB of which 512.00 MiB \
            is free. Process 11 has 22.50 GiB memory in use. Process 12 has 1.00 GiB memory in use. Of the allocated memory 20.00 GiB \
            is allocated by PyTorch, and 2.00 GiB is reserved by PyTorch but unallocated.";
        assert_eq!(Log::read(numbered).lacks, [Lack { others: Some(GIB), ..expected }]);
        let pool = "Allocation on device 0 would exceed allowed memory. (out of memory)\nCurrently allocated     : 20.00 GiB\n\
            Requested               : 2.00 GiB\nDevice limit            : 24.00 GiB\nFree (according to CUDA): 512.00 MiB\n\
            PyTorch limit (set by user-supplied memory fraction)\n                        : 17179869184.00 GiB";
        assert_eq!(Log::read(pool).lacks, [Lack { reserved: None, ..expected }]);
    }

    #[test]
    fn strange_texts_say_nothing_and_do_no_harm() {
        for text in [
            "",
            "out of memory",
            "Tried to allocate",
            "max_memory=",
            "blocks on ",
            "Seq len: é",
            "ｏut of memory é🙂 GiB is free",
        ] {
            let _ = Log::read(text);
            let _ = Log::read(&text.repeat(50));
        }
        assert!(Log::read("all is well").is_empty());
    }
}
