//! What a server answered, read into what the checks need.

use std::fmt;

use serde_json::Value;

use crate::catalog::{Gpus, Machine, device_name};
use crate::compile::Compiler;
use crate::plan::{Residency, Setup};

/// Why something could not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The answers of a server, as they came.
#[derive(Debug)]
pub struct Answers {
    /// `/system_stats`.
    pub stats: Value,
    /// `/object_info`: a compiler against these classes.
    pub classes: Result<Compiler, Refusal>,
    /// `/queue`, as often as it was looked at, over several seconds if it seemed stuck.
    pub queue: Result<Vec<Value>, Refusal>,
    /// `/features`.
    pub features: Result<Value, Refusal>,
    /// How far its clock is ahead of ours, in seconds; nothing if it does not say the time.
    pub ahead_seconds: Option<f64>,
}

/// A server that was asked.
#[derive(Debug)]
pub struct Asked {
    /// Its address, without credentials.
    pub address: String,
    /// What it said, or why nothing.
    pub server: Result<Server, Refusal>,
}

/// What is known of a server that answers.
#[derive(Debug)]
pub struct Server {
    /// ComfyUI's version.
    pub comfyui: Option<String>,
    /// Its operating system, as Python calls it.
    pub os: String,
    /// `PyTorch`'s version.
    pub pytorch: Option<String>,
    /// The host's memory, in bytes: all, and what is free.
    pub ram: Option<(f64, f64)>,
    /// The device that computes.
    pub device: Option<Device>,
    /// How many devices there are; one computes.
    pub devices: usize,
    /// How it keeps models in memory.
    pub residency: Residency,
    /// A compiler against its classes, or why there is none.
    pub classes: Result<Compiler, Refusal>,
    /// Its queue, or why it is not known.
    pub queue: Result<Queue, Refusal>,
    /// The longest body that it takes, in bytes, if it says so.
    pub max_upload: Option<f64>,
    /// How far its clock is ahead of ours, in seconds.
    pub ahead_seconds: Option<f64>,
    /// True if it only plays a server.
    pub is_simulated: bool,
    /// True if it runs on this machine.
    pub is_here: bool,
}

/// A device that computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Its name, as its driver has it.
    pub name: String,
    /// True if it is the processor.
    pub is_cpu: bool,
    /// All its memory, in bytes.
    pub total: f64,
    /// What of it is free, in bytes.
    pub free: f64,
    /// What ComfyUI itself holds of it, in bytes: it gives that back for the next workflow.
    pub own: f64,
    /// The card, if it is a known one.
    pub machine: Option<Machine>,
}

/// The workflows that a server has before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queue {
    /// Those that run, in API format.
    pub running: Vec<Value>,
    /// Those that wait.
    pub waiting: Vec<Value>,
    /// True if some waited and none ran, however often it was looked at.
    pub is_stuck: bool,
}

impl Server {
    /// Reads a server's answers; nothing if they are not ComfyUI's.
    #[must_use]
    pub fn read(answers: Answers, is_here: bool) -> Option<Self> {
        let Answers { stats, classes, queue, features, ahead_seconds } = answers;
        let system = stats.get("system")?.as_object()?;
        let text = |key: &str| system.get(key).and_then(Value::as_str).map(str::to_owned);
        let number = |key: &str| system.get(key).and_then(Value::as_f64);
        let devices = stats.get("devices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let device = devices.first().and_then(Device::read);
        let argv = system.get("argv").and_then(Value::as_array);
        let argv: Vec<&str> = argv.into_iter().flatten().filter_map(Value::as_str).collect();
        let comfyui = text("comfyui_version");
        let is_simulated = system.get("simulated") == Some(&Value::Bool(true))
            || text("deploy_environment").as_deref() == Some("wfc-sim");
        Some(Self {
            residency: residency(&argv, comfyui.as_deref(), device.as_ref()),
            comfyui,
            os: text("os").unwrap_or_default(),
            pytorch: text("pytorch_version"),
            ram: number("ram_total").zip(number("ram_free")),
            device,
            devices: devices.len(),
            classes,
            queue: queue.and_then(|looks| {
                Queue::read(&looks).ok_or_else(|| Refusal {
                    message: "/queue does not answer as ComfyUI does".to_owned(),
                    help: None,
                })
            }),
            max_upload: features.ok().and_then(|features| features.get("max_upload_size")?.as_f64()),
            ahead_seconds,
            is_simulated,
            is_here,
        })
    }

    /// What decides how much memory it needs.
    #[must_use]
    pub fn setup(&self) -> Setup {
        let machine = self.device.as_ref().and_then(|device| device.machine.as_ref());
        Setup::of(machine.map(|machine| &machine.gpu), self.pytorch.as_deref())
    }

    /// True if it runs on Windows, where paths have other separators.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        // `nt` until 0.3, `win32` since.
        matches!(&*self.os, "nt" | "win32")
    }
}

/// How ComfyUI was started, as far as it decides where weights are.
fn residency(argv: &[&str], version: Option<&str>, device: Option<&Device>) -> Residency {
    let has = |option: &str| argv.contains(&option);
    if has("--highvram") || has("--gpu-only") {
        Residency::High
    } else if has("--novram") {
        Residency::None
    } else if has("--lowvram") {
        Residency::Low
    } else if has("--disable-dynamic-vram")
        || device.is_some_and(|device| device.is_cpu)
        || version.and_then(numbers).is_some_and(|version| version < vec![0, 27])
    {
        Residency::Normal
    } else {
        Residency::Dynamic
    }
}

/// The numbers of a version: `0.27.1` or `v0.27.1-3-gabc`.
pub(super) fn numbers(version: &str) -> Option<Vec<u32>> {
    let version = version.trim_start_matches('v').split(['-', '+']).next()?;
    version.split('.').map(|part| part.parse().ok()).collect()
}

impl Device {
    fn read(device: &Value) -> Option<Self> {
        let bytes = |key: &str| device.get(key).and_then(Value::as_f64);
        let name = device.get("name").and_then(Value::as_str).unwrap_or("a device without a name");
        let name = device_name(name);
        let total = bytes("vram_total")?;
        let own =
            bytes("torch_vram_total").unwrap_or_default() - bytes("torch_vram_free").unwrap_or_default();
        let is_cpu = device.get("type").and_then(Value::as_str) == Some("cpu");
        Some(Self {
            name: name.to_owned(),
            is_cpu,
            total,
            free: bytes("vram_free")?,
            own: if is_cpu { 0.0 } else { own.max(0.0) },
            machine: Gpus::embedded().of_device(name, total).map(Machine::of),
        })
    }

    /// What is there for a workflow once ComfyUI has given back its own.
    #[must_use]
    pub fn available(&self) -> f64 {
        (self.free + self.own).min(self.total)
    }
}

impl Queue {
    /// What was seen last; nothing if that is no queue of ComfyUI.
    fn read(looks: &[Value]) -> Option<Self> {
        let prompts = |look: &Value, key: &str| -> Option<Vec<Value>> {
            let items = look.get(key)?.as_array()?.iter();
            Some(items.map(|item| item.get(2).cloned().unwrap_or_default()).collect())
        };
        let last = looks.last()?;
        Some(Self {
            running: prompts(last, "queue_running")?,
            waiting: prompts(last, "queue_pending")?,
            is_stuck: looks.len() > 1 && looks.iter().all(Self::seems_stuck),
        })
    }

    /// True if a look at `/queue` seems to show a server that accepts work and does none.
    #[must_use]
    pub fn seems_stuck(look: &Value) -> bool {
        let seen = Self::read(std::slice::from_ref(look)).unwrap_or_default();
        seen.running.is_empty() && !seen.waiting.is_empty()
    }
}
