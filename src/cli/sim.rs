//! `wfc sim`: a simulated ComfyUI server.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use super::{Exit, ToolError, note, session};
use crate::catalog::{Machine, Machines, Models};
use crate::diag::did_you_mean;
use crate::front::toml::types::Size;
use crate::plan::{Budget, Storage};
use crate::sim::{self, ClassTime, Config, FAULTS, Fault, FaultInfo, MAX_UPLOAD, Speed, Version};

const MIB: f64 = 1024.0 * 1024.0;

/// The card whose time is taken where none is named.
const USUAL_GPU: &str = "rtx-4090";

/// Simulate a ComfyUI server: it validates prompts, runs nothing, and speaks ComfyUI's protocol.
///
/// Clients and scripts can be tested against it without a GPU: it answers in the order and at the moments in which a real
/// server does, takes the time that `wfc plan` tells, runs out of memory where the workflow does not fit the card, and goes
/// wrong on demand (`--fault`). Pictures and videos that it "makes" are small, valid, and of the right size. Nothing is
/// read from or written to the disk. docs/sim.md says what is simulated and how faithfully.
///
/// The first line on standard output is `listening on http://HOST:PORT`; with `--admin-port`, the second one says where the
/// admin routes are. It serves until it is stopped.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The port; 0 for any free one.
    #[arg(long, value_name = "N", default_value = "8188")]
    port: u16,
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: String,
    /// Serve the admin routes on this port, where faults can be added while it runs; 0 for any free one.
    #[arg(long, value_name = "N")]
    admin_port: Option<u16>,
    /// The card or machine: its memory and how long nodes take [default: rtx-4090].
    #[arg(long, value_name = "ID")]
    gpu: Option<String>,
    /// The card's memory, in place of that of the card: `24GiB`.
    #[arg(long, value_name = "SIZE")]
    vram: Option<String>,
    /// Where the model files are: `memory`, `local` for a disk of the machine, `network` for a volume, `download`; or how
    /// fast it is, in gigabytes a second.
    #[arg(long, value_name = "WHERE", default_value = "local")]
    storage: String,
    /// The node catalog: `embedded`, some of its packs (`comfyui,kjnodes`), a captured catalog, an
    /// `/object_info` file, or a server's URL [default: embedded].
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
    /// How fast the server's time passes: `1x`, `100x`; or `max`, where nothing waits.
    #[arg(long, value_name = "SPEED", default_value = "1x", value_parser = speed)]
    speed: Speed,
    /// What goes wrong, and when: `crash@3`, `slow=0.5`, `bad-gateway@2x5`; may be repeated. `--faults` lists them.
    #[arg(long, value_name = "KIND[=VALUE][@N]", value_parser = str::parse::<Fault>)]
    fault: Vec<Fault>,
    /// List the faults and exit.
    #[arg(long)]
    faults: bool,
    /// The version of ComfyUI to behave as.
    #[arg(long = "as", value_name = "VERSION", default_value_t)]
    version: Version,
    /// Where chance begins: ids, colors and lost interrupts are the same again with the same number.
    #[arg(long, value_name = "N", default_value = "0")]
    seed: u64,
    /// How long nodes of a class take, in place of what the plan says: `KSampler=12` seconds, `KSampler=12/20` with 20 ticks
    /// of progress. Each may be the name of an input of the node; may be repeated.
    #[arg(long, value_name = "CLASS=SECONDS", value_parser = str::parse::<ClassTime>)]
    time: Vec<ClassTime>,
    /// Nodes of a class fail with this message, such as `KSampler=boom`; may be repeated.
    #[arg(long, value_name = "CLASS=MESSAGE", value_parser = failing)]
    fail: Vec<(String, String)>,
    /// The time between the message that a prompt has ended and its entry in the history; none at `--speed max`.
    #[arg(long, value_name = "TIME", default_value = "20ms", value_parser = time)]
    history_gap: Duration,
    /// How long the server is away after a crash.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    restart: Duration,
    /// Most bytes of a request's body.
    #[arg(long, value_name = "SIZE", default_value = "100MiB")]
    max_upload_size: String,
    /// Tell of every request and job on standard error.
    #[arg(long, short)]
    verbose: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Exit, ToolError> {
    if args.faults {
        super::print(&faults())?;
        return Ok(Exit::Clean);
    }
    let config = config(args)?;
    let is_verbose = args.verbose;
    let log = Box::new(move |line: &str| {
        if is_verbose {
            note(&format!("{line}\n"));
        }
    });
    let place = format!("{}:{}", args.host, args.port);
    let running = sim::start(config, log).map_err(|error| {
        ToolError::new(format!(
            "cannot listen on {place}: {error}; choose another `--port`, or 0 for any free one"
        ))
    })?;
    let mut text = format!("listening on http://{}\n", running.addr());
    if let Some(admin) = running.admin_addr() {
        let _ = writeln!(text, "admin on http://{admin}");
    }
    super::print(&text)?;
    super::ignore_closed_pipe(io::stdout().lock().flush())?;
    running.wait();
    Err(ToolError::new("the server could not listen on its port again after a crash"))
}

fn config(args: &Args) -> Result<Config, ToolError> {
    let mut mistakes = Vec::new();
    let machine = machine(args.gpu.as_deref(), &mut mistakes);
    let vram = args.vram.as_deref().and_then(|text| size("--vram", text, &mut mistakes));
    let max_upload = size("--max-upload-size", &args.max_upload_size, &mut mistakes);
    let storage = args.storage.parse().ok().and_then(|speed: f64| Storage::of_speed(speed * 1e9));
    let storage = storage.or_else(|| Storage::called(&args.storage));
    if storage.is_none() {
        let names: Vec<&str> = Storage::names().collect();
        mistakes.push(format!(
            "`{}` of --storage is no place of model files and no speed\n  help: it is {}, or a number of gigabytes a \
             second, such as 1.5",
            args.storage,
            names.join(", ")
        ));
    }
    let (Some(machine), true) = (machine, mistakes.is_empty()) else {
        return Err(ToolError::new(mistakes.join("\nwfc: ")));
    };
    let total = vram.map_or(machine.gpu.vram_mib() * MIB, |vram| vram.mib() * MIB);
    Ok(Config {
        host: args.host.clone(),
        port: args.port,
        admin_port: args.admin_port,
        version: args.version,
        catalog: session::open_catalog(args.catalog.as_deref().unwrap_or_default())?,
        models: Models::embedded(),
        machine,
        budget: Budget { total, headroom: 0.0 },
        storage,
        speed: args.speed,
        history_gap: args.history_gap,
        restart: args.restart,
        max_upload: max_upload.map_or(MAX_UPLOAD, |size| size.bytes),
        faults: args.fault.clone(),
        seed: args.seed,
        times: args.time.clone(),
        fails: args.fail.clone(),
        model_files: std::collections::BTreeMap::new(),
    })
}

fn machine(id: Option<&str>, mistakes: &mut Vec<String>) -> Option<Machine> {
    let id = id.unwrap_or(USUAL_GPU);
    let machines = Machines::embedded();
    let machine = machines.machine(id);
    if machine.is_none() {
        let ids = machines.ids();
        let near = did_you_mean(id, ids.iter().map(AsRef::as_ref));
        let help = near.unwrap_or_else(|| format!("known are {}; or give `--vram 24GiB`", ids.join(", ")));
        mistakes.push(format!("there is no card or machine `{id}` in the GPU catalog\n  help: {help}"));
    }
    machine
}

fn size(option: &str, text: &str, mistakes: &mut Vec<String>) -> Option<Size> {
    let size = Size::parse(text.trim());
    if size.is_none() {
        mistakes.push(format!("`{text}` of {option} is not a size\n  help: {}", Size::HELP));
    }
    size
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    let factor = text.strip_suffix('x').unwrap_or(text).parse::<f64>().ok();
    factor
        .filter(|factor| factor.is_finite() && (1e-3..=1e6).contains(factor))
        .map(Speed::Times)
        .ok_or_else(|| "write a factor from 0.001x to 1000000x, such as `100x`, or `max`".to_owned())
}

fn failing(text: &str) -> Result<(String, String), String> {
    let (class, message) = text.split_once('=').unwrap_or((text, "a failure was asked for"));
    if class.is_empty() {
        return Err("write CLASS=MESSAGE, such as `KSampler=boom`".to_owned());
    }
    Ok((class.to_owned(), message.to_owned()))
}

fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1e-3),
        (None, Some(number)) => (number, 1.0),
        (None, None) => (text, f64::NAN),
    };
    let seconds = number.trim().parse::<f64>().ok().map(|number| number * unit);
    seconds
        .filter(|seconds| (0.0..=86_400.0).contains(seconds))
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "write a number and `ms` or `s`, such as `20ms`, at most a day".to_owned())
}

/// The list of faults.
fn faults() -> String {
    let mut text = String::new();
    for info in FAULTS {
        let value = info.value.map_or_else(String::new, |(what, usual)| format!("={usual} ({what})"));
        let when = usual_times(info);
        let (name, counts, doc) = (info.name, info.counts, info.doc);
        let _ = writeln!(text, "{name}{value}\n    counts {counts}; without @N: {when}\n    {doc}");
    }
    text
}

/// What a fault hits if nothing else is said.
const fn usual_times(info: &FaultInfo) -> &'static str {
    if info.lasts { "all" } else { "the first" }
}

/// The page of the documentation that lists the faults.
pub(super) fn faults_page() -> String {
    let mut page = String::from(
        "# Faults of the simulated server\n\nGenerated by `cargo xtask generate`; do not edit. [sim.md](sim.md#faults) \
         says how they are asked for.\n\n| fault | value | counts | without `@` | what happens |\n| --- | --- | --- | \
         --- | --- |\n",
    );
    for info in FAULTS {
        let value =
            info.value.map_or_else(String::new, |(what, usual)| format!("{what}, {usual} unless given"));
        let (name, counts, when, doc) = (info.name, info.counts, usual_times(info), info.doc);
        let _ = writeln!(page, "| `{name}` | {value} | {counts} | {when} | {doc} |");
    }
    page
}
