//! The faults that the server has on demand, one line of a table each.

use std::fmt;
use std::str::FromStr;

use crate::diag::did_you_mean;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The worker thread dies.
    Zombie,
    /// The process ends and is started again.
    Crash,
    /// A node runs out of the card's memory.
    Oom,
    /// A node raises an exception.
    Error,
    /// A node never ends.
    Hang,
    /// An interrupt or cancellation is forgotten.
    LostInterrupt,
    /// An answer is late.
    Slow,
    /// A proxy answers instead.
    BadGateway,
    /// A socket is cut.
    WsCut,
    /// An upload finds no room.
    DiskFull,
    /// A node that saves finds no room.
    OutputFull,
    /// An answer is no JSON.
    Garbage,
    /// An answer does not end.
    TooMuch,
    /// An answer ends too early.
    CutBody,
    /// The answer of `/object_info` is very long.
    BigObjectInfo,
    /// The clock is wrong.
    Skew,
    /// The server runs on Windows.
    Windows,
    /// The device has no index.
    NullIndex,
    /// Node packs send messages of their own.
    CustomEvents,
    /// Numbers that JSON does not have.
    Nan,
}

/// What is known of a kind of fault.
#[derive(Clone, Copy, Debug)]
pub struct FaultInfo {
    /// The kind.
    pub kind: FaultKind,
    /// Its name for `--fault`.
    pub name: &'static str,
    /// What is counted: fault `@3` hits the third of these.
    pub counts: &'static str,
    /// What the number behind `=` means and what it is without one.
    pub value: Option<(&'static str, f64)>,
    /// True if it goes on from its first hit unless something else is said; false if it hits once.
    pub lasts: bool,
    /// What happens.
    pub doc: &'static str,
}

/// All faults, in the order of the documentation.
pub const FAULTS: &[FaultInfo] = &[
    FaultInfo {
        kind: FaultKind::Zombie,
        name: "zombie",
        counts: "prompts taken from the queue",
        value: None,
        lasts: false,
        doc: "the worker thread dies as it takes the prompt: the server accepts prompts and runs none until it is restarted",
    },
    FaultInfo {
        kind: FaultKind::Crash,
        name: "crash",
        counts: "nodes that start",
        value: None,
        lasts: false,
        doc: "the process ends as the node starts: sockets and connections are cut, queue and history are lost, connections are refused until it is back (`--restart`)",
    },
    FaultInfo {
        kind: FaultKind::Oom,
        name: "oom",
        counts: "nodes that start",
        value: None,
        lasts: false,
        doc: "the node fails with torch.OutOfMemoryError",
    },
    FaultInfo {
        kind: FaultKind::Error,
        name: "error",
        counts: "nodes that start",
        value: None,
        lasts: false,
        doc: "the node raises a RuntimeError",
    },
    FaultInfo {
        kind: FaultKind::Hang,
        name: "hang",
        counts: "nodes that start",
        value: None,
        lasts: false,
        doc: "the node never ends, makes no progress and sees no interrupt",
    },
    FaultInfo {
        kind: FaultKind::LostInterrupt,
        name: "lost-interrupt",
        counts: "interrupts and cancellations",
        value: Some(("probability", 0.5)),
        lasts: true,
        doc: "the request is answered as ever, and nothing happens",
    },
    FaultInfo {
        kind: FaultKind::Slow,
        name: "slow",
        counts: "requests",
        value: Some(("seconds", 2.0)),
        lasts: true,
        doc: "the answer comes so much later",
    },
    FaultInfo {
        kind: FaultKind::BadGateway,
        name: "bad-gateway",
        counts: "requests",
        value: None,
        lasts: false,
        doc: "a proxy answers 502 with a page of HTML; the request does not reach the server",
    },
    FaultInfo {
        kind: FaultKind::WsCut,
        name: "ws-cut",
        counts: "WebSocket messages sent, over all sockets",
        value: None,
        lasts: false,
        doc: "the connection is cut in place of the message, without a closing frame",
    },
    FaultInfo {
        kind: FaultKind::DiskFull,
        name: "disk-full",
        counts: "uploads",
        value: None,
        lasts: false,
        doc: "the upload is answered 500, since the disk is full",
    },
    FaultInfo {
        kind: FaultKind::OutputFull,
        name: "output-full",
        counts: "nodes that save files",
        value: None,
        lasts: false,
        doc: "the node fails with OSError: No space left on device",
    },
    FaultInfo {
        kind: FaultKind::Garbage,
        name: "garbage",
        counts: "requests",
        value: None,
        lasts: false,
        doc: "the answer says 200 and JSON, and is no JSON; the request is not carried out",
    },
    FaultInfo {
        kind: FaultKind::TooMuch,
        name: "too-much",
        counts: "requests",
        value: Some(("megabytes", 1024.0)),
        lasts: false,
        doc: "the answer says 200 and JSON, and is a list of so many megabytes; the request is not carried out",
    },
    FaultInfo {
        kind: FaultKind::CutBody,
        name: "cut-body",
        counts: "requests",
        value: None,
        lasts: false,
        doc: "the request is carried out, and the connection ends in the middle of the answer's body",
    },
    FaultInfo {
        kind: FaultKind::BigObjectInfo,
        name: "big-object-info",
        counts: "requests of /object_info",
        value: Some(("megabytes", 30.0)),
        lasts: true,
        doc: "the answer is at least so long, as with many node packs",
    },
    FaultInfo {
        kind: FaultKind::Skew,
        name: "skew",
        counts: "starts of the server",
        value: Some(("seconds", 3600.0)),
        lasts: true,
        doc: "the server's clock is so much fast; below 0, slow",
    },
    FaultInfo {
        kind: FaultKind::Windows,
        name: "windows",
        counts: "starts of the server",
        value: None,
        lasts: true,
        doc: "the server runs on Windows: `os` is win32, and names of files in folders have backslashes",
    },
    FaultInfo {
        kind: FaultKind::NullIndex,
        name: "null-index",
        counts: "requests of /system_stats",
        value: None,
        lasts: true,
        doc: "the device's `index` is null, as on a CPU",
    },
    FaultInfo {
        kind: FaultKind::CustomEvents,
        name: "custom-events",
        counts: "nodes that start",
        value: None,
        lasts: true,
        doc: "messages of types that node packs made up come in between, texts and bytes",
    },
    FaultInfo {
        kind: FaultKind::Nan,
        name: "nan",
        counts: "outputs of nodes, and requests of /object_info",
        value: None,
        lasts: true,
        doc: "the output has NaN, Infinity and -Infinity in it, and so have the bounds of inputs, which Python writes and JSON does not know",
    },
];

impl FaultKind {
    /// What is known of it.
    #[must_use]
    pub fn info(self) -> &'static FaultInfo {
        let info = FAULTS.iter().find(|info| info.kind == self);
        info.unwrap_or(&FAULTS[0])
    }
}

/// A fault as it was asked for: `crash@3`, `slow=0.5`, `bad-gateway@2x5`, `garbage@10+`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    /// Its kind.
    pub kind: FaultKind,
    /// The number behind `=`.
    pub value: f64,
    /// Which one is hit first, counted from 1.
    pub first: u64,
    /// How many are hit; nothing for all from the first on.
    pub times: Option<u64>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.info().name)?;
        if self.kind.info().value.is_some() {
            write!(f, "={}", self.value)?;
        }
        write!(f, "@{}", self.first)?;
        match self.times {
            None => f.write_str("+"),
            Some(1) => Ok(()),
            Some(times) => write!(f, "x{times}"),
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rest, when) = match text.split_once('@') {
            Some((rest, when)) => (rest, Some(when)),
            None => (text, None),
        };
        let (name, value) = match rest.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (rest, None),
        };
        let Some(info) = FAULTS.iter().find(|info| info.name == name) else {
            let names = || FAULTS.iter().map(|info| info.name);
            let near = did_you_mean(name, names());
            let help =
                near.unwrap_or_else(|| format!("known are {}", names().collect::<Vec<_>>().join(", ")));
            return Err(format!("there is no fault `{name}`; {help}"));
        };
        let value = match (value, info.value) {
            (None, None) => 0.0,
            (None, Some((_, usual))) => usual,
            (Some(_), None) => return Err(format!("`{name}` takes no value; write `{name}` or `{name}@3`")),
            (Some(text), Some((what, _))) => read_value(info, text)
                .ok_or_else(|| format!("`{text}` are no {what}; write a number, such as `{name}=0.5`"))?,
        };
        let (first, times) = match when {
            None => (1, (!info.lasts).then_some(1)),
            Some(when) => read_when(when).ok_or_else(|| {
                format!(
                    "`@{when}` says nothing about when; `@3` hits the third of the {}, `@3x5` five from the third on, \
                     `@3+` all from the third on",
                    info.counts
                )
            })?,
        };
        Ok(Self { kind: info.kind, value, first, times })
    }
}

fn read_value(info: &FaultInfo, text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let range = match info.kind {
        FaultKind::LostInterrupt => 0.0..=1.0,
        FaultKind::Skew => -1e9..=1e9,
        _ => 0.0..=1e6,
    };
    range.contains(&value).then_some(value)
}

fn read_when(text: &str) -> Option<(u64, Option<u64>)> {
    let positive = |text: &str| text.parse().ok().filter(|number: &u64| *number > 0);
    if let Some(first) = text.strip_suffix('+') {
        return Some((positive(first)?, None));
    }
    match text.split_once('x') {
        Some((first, times)) => Some((positive(first)?, Some(positive(times)?))),
        None => Some((positive(text)?, Some(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_and_shown_in_one_way() {
        for (text, shown) in [
            ("zombie", "zombie@1"),
            ("crash@3", "crash@3"),
            ("slow", "slow=2@1+"),
            ("slow=0.5@2x3", "slow=0.5@2x3"),
            ("garbage@10+", "garbage@10+"),
            ("skew=-5", "skew=-5@1+"),
        ] {
            let fault: Fault = text.parse().expect(text);
            assert_eq!(fault.to_string(), shown);
            assert_eq!(shown.parse(), Ok(fault));
        }
        for text in [
            "",
            "crush",
            "crash=1",
            "crash@0",
            "crash@x",
            "slow=fast",
            "lost-interrupt=2",
            "slow=inf",
            "crash@1x",
        ] {
            let problem = text.parse::<Fault>().expect_err(text);
            assert!(problem.contains('`'), "{problem}");
        }
        assert_eq!(
            "crush".parse::<Fault>(),
            Err("there is no fault `crush`; did you mean `crash`?".to_owned())
        );
    }

    #[test]
    fn every_kind_has_one_line() {
        for (at, info) in FAULTS.iter().enumerate() {
            assert_eq!(info.kind.info().name, info.name);
            assert!(!FAULTS[..at].iter().any(|other| other.name == info.name), "{}", info.name);
        }
    }
}
