//! Graphics cards that a preset may name as its target.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;

use super::data::DataFile;
use super::lines::LineFileError;

/// The cards that come with the tool. Each entry names the source of its facts.
const EMBEDDED: &str = include_str!("../../schemas/gpus.json");

/// Cards by id, parsed on demand.
#[derive(Debug)]
pub struct Gpus {
    /// None if there are no cards at all.
    data: Option<DataFile>,
}

/// One graphics card.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Gpu {
    /// Its id in presets, e.g. `a100-80gb`.
    #[serde(skip)]
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its architecture, e.g. `Ampere`.
    pub arch: String,
    /// CUDA's compute capability, e.g. `8.0`.
    pub compute_capability: String,
    /// Its memory as sold, in GiB.
    pub vram_gib: f64,
    /// Its memory as its driver reports it, in MiB, where somebody has published that.
    #[serde(rename = "vram_mib")]
    pub reported_mib: Option<f64>,
    /// Bandwidth of its memory, in GB (10⁹ bytes) a second.
    #[serde(default)]
    pub bandwidth_gb_s: Option<f64>,
    /// Speed of its tensor cores in bf16 without sparsity and with sums in 32 bits, in 10¹² operations a second.
    #[serde(default)]
    pub bf16_tflops: Option<f64>,
    /// The same in fp8, where it computes in fp8.
    #[serde(default)]
    pub fp8_tflops: Option<f64>,
    /// The precisions that it computes in: `bf16`, `fp8`, `fp4`. It can store weights in the others as well.
    #[serde(default)]
    pub computes: Vec<String>,
    /// True if `FlashAttention` 2 runs on it.
    #[serde(default)]
    pub flash_attention: bool,
    /// What `RunPod` calls it, where it has it.
    #[serde(default)]
    pub runpod: RunPod,
    /// What it costs to rent.
    #[serde(default)]
    pub prices: Vec<Price>,
    /// The keys of this entry whose values nobody has looked up.
    #[serde(default)]
    pub inferred: Vec<String>,
    /// Where sources disagree, and what to mind.
    #[serde(default)]
    pub note: String,
    /// Where these facts come from.
    #[serde(default)]
    pub source: String,
}

/// What `RunPod` calls a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct RunPod {
    /// Its id in `RunPod`'s interfaces, e.g. `NVIDIA A100-SXM4-80GB`.
    #[serde(default)]
    pub id: Option<String>,
    /// The serverless pool that it is in, e.g. `AMPERE_80`.
    #[serde(default)]
    pub pool: Option<String>,
}

/// How a machine is rented.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Rent {
    /// What `wfc.toml` says.
    Own,
    /// An instance of AWS, on demand.
    Aws,
    /// A pod in `RunPod`'s secure cloud, on demand.
    Secure,
    /// A pod in `RunPod`'s community cloud.
    Community,
    /// A serverless worker of `RunPod` that is always on.
    Active,
    /// A serverless worker of `RunPod` that runs while there is work.
    Flex,
}

impl Rent {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "wfc.toml",
            Self::Aws => "AWS on demand",
            Self::Secure => "RunPod secure cloud",
            Self::Community => "RunPod community cloud",
            Self::Active => "RunPod serverless, active worker",
            Self::Flex => "RunPod serverless, flex worker",
        }
    }
}

/// For how long a price is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Per {
    /// An hour.
    #[serde(rename = "h")]
    Hour,
    /// A second.
    #[serde(rename = "s")]
    Second,
}

/// A price, as somebody published it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Price {
    /// How it is rented.
    pub kind: Rent,
    /// US dollars.
    pub usd: f64,
    /// For how long.
    pub per: Per,
    /// The day, month or year of the price; `unknown` where the source has none.
    pub date: String,
    /// Where the price comes from.
    pub source: String,
}

impl Price {
    /// US dollars an hour.
    #[must_use]
    pub fn per_hour(&self) -> f64 {
        match self.per {
            Per::Hour => self.usd,
            Per::Second => self.usd * 3600.0,
        }
    }
}

impl Gpu {
    /// True if it computes in a precision, rather than only storing weights in it.
    #[must_use]
    pub fn computes_in(&self, precision: &str) -> bool {
        self.computes.iter().any(|name| name == precision)
    }

    /// CUDA's compute capability as a number.
    #[must_use]
    pub fn capability(&self) -> Option<f64> {
        self.compute_capability.parse().ok()
    }

    /// Its memory in MiB: as reported, else as sold.
    #[must_use]
    pub fn vram_mib(&self) -> f64 {
        self.reported_mib.unwrap_or(self.vram_gib * 1024.0)
    }
}

impl Gpus {
    /// The cards that come with the tool.
    #[must_use]
    pub fn embedded() -> Self {
        // A test proves that the embedded file is a data file.
        Self { data: DataFile::parse(EMBEDDED, "gpus").ok() }
    }

    /// Cards from the text of a data file: `{"wfc_data":"gpus","format":1,`, then `"entries":{`,
    /// then one entry a line sorted by id, then `}}`.
    ///
    /// # Errors
    /// When the frame or the first line are not those of such a file.
    pub fn from_text(text: impl Into<Cow<'static, str>>) -> Result<Self, LineFileError> {
        Ok(Self { data: Some(DataFile::parse(text, "gpus")?) })
    }

    /// The card called `id`.
    #[must_use]
    pub fn gpu(&self, id: &str) -> Option<Gpu> {
        let gpu = self.data.as_ref()?.entry(id)?;
        Some(Gpu { id: id.to_owned(), ..gpu })
    }

    /// The card that a driver or ComfyUI calls `name` and that has so many bytes of memory; nothing where that is not certain.
    #[must_use]
    pub fn of_device(&self, name: &str, bytes: f64) -> Option<Gpu> {
        /// Drivers keep a few percent for themselves, and memory with error correction has less.
        const SIZES: std::ops::RangeInclusive<f64> = 0.88..=1.02;
        const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
        let name = device_name(name);
        let words = words(name);
        let ids = self.ids();
        let cards = ids.iter().filter_map(|id| self.gpu(id));
        let mut found = cards.filter(|card| {
            let is_called = card.runpod.id.as_deref() == Some(name)
                || !words.is_empty() && words == self::words(&card.name);
            is_called && SIZES.contains(&(bytes / GIB / card.vram_gib))
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// All ids, ascending.
    #[must_use]
    pub fn ids(&self) -> Vec<Cow<'_, str>> {
        self.data.as_ref().map(DataFile::names).unwrap_or_default()
    }
}

/// What a driver calls a device that ComfyUI calls `cuda:0 NAME : ALLOCATOR`.
#[must_use]
pub fn device_name(name: &str) -> &str {
    let name = name.strip_prefix("cuda:").and_then(|rest| Some(rest.split_once(' ')?.1)).unwrap_or(name);
    name.rsplit_once(" : ").map_or(name, |(name, _)| name).trim()
}

/// The words of a card's name that tell it from others of its maker, without sizes.
fn words(name: &str) -> BTreeSet<String> {
    const COMMON: [&str; 6] = ["nvidia", "geforce", "tesla", "generation", "graphics", "hbm3"];
    let parts = name.split(|letter: char| !letter.is_alphanumeric()).map(str::to_lowercase);
    let parts = parts.map(|part| if part.starts_with("sxm") { "sxm".to_owned() } else { part });
    let is_size = |part: &str| {
        part.strip_suffix("gb").is_some_and(|size| size.bytes().all(|byte| byte.is_ascii_digit()))
    };
    parts.filter(|part| !part.is_empty() && !COMMON.contains(&&**part) && !is_size(part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_card_reads() {
        let gpus = Gpus::from_text(EMBEDDED).unwrap();
        gpus.data.as_ref().unwrap().verify().unwrap();
        assert!(gpus.ids().len() > 10);
        for id in gpus.ids() {
            let gpu = gpus.gpu(&id).unwrap();
            let nominal = gpu.vram_gib * 1024.0;
            assert!((nominal * 0.9..=nominal * 1.05).contains(&gpu.vram_mib()), "{id}: {}", gpu.vram_mib());
            // Sums in fp8 are at most twice as fast, and only where the card computes in fp8.
            if let Some(fp8) = gpu.fp8_tflops {
                let times = fp8 / gpu.bf16_tflops.unwrap();
                assert!((1.9..=2.1).contains(&times) && gpu.computes_in("fp8"), "{id}: {times}");
            }
            assert!(gpu.bandwidth_gb_s.is_some_and(|speed| (200.0..9000.0).contains(&speed)), "{id}");
            assert!(gpu.prices.iter().all(|price| (0.05..10.0).contains(&price.per_hour())), "{id}");
            assert_ne!(gpu.runpod.pool.as_deref(), Some("BLACKWELL_24"), "no such pool");
        }
    }

    #[test]
    fn a_card_is_known_by_what_its_driver_calls_it() {
        let gpus = Gpus::embedded();
        let id = |name: &str, gib: f64| gpus.of_device(name, gib * 1_073_741_824.0).map(|gpu| gpu.id);
        for (name, gib, expected) in [
            ("NVIDIA GeForce RTX 4090", 23.6, Some("rtx-4090")),
            ("NVIDIA GeForce RTX 4090 Laptop GPU", 15.7, None),
            ("NVIDIA A100-SXM4-80GB", 79.1, Some("a100-80gb")),
            ("NVIDIA A100-SXM4-40GB", 39.4, Some("a100-40gb")),
            ("NVIDIA A100 80GB PCIe", 79.1, Some("a100-pcie-80gb")),
            ("NVIDIA H100 80GB HBM3", 79.2, Some("h100-80gb")),
            ("NVIDIA GeForce RTX 3060", 11.8, Some("rtx-3060-12gb")),
            ("Tesla V100-SXM2-32GB", 31.7, None),
            ("Tesla T4", 14.7, Some("t4")),
            ("", 24.0, None),
        ] {
            assert_eq!(id(name, gib).as_deref(), expected, "{name}");
        }
        for known in gpus.ids() {
            let gpu = gpus.gpu(&known).unwrap();
            assert_eq!(id(&gpu.name, gpu.vram_mib() / 1024.0).as_deref(), Some(&*known));
        }
    }

    #[test]
    fn reported_memory_comes_before_that_on_the_box() {
        let text = concat!(
            "{\"wfc_data\":\"gpus\",\"format\":1,\n\"entries\":{\n",
            r#""a":{"name":"A","arch":"x","compute_capability":"8.0","vram_gib":24,"vram_mib":22590},"#,
            "\n",
            r#""b":{"name":"B","arch":"x","compute_capability":"8.0","vram_gib":24}"#,
            "\n}}\n"
        );
        let gpus = Gpus::from_text(text).unwrap();
        assert_eq!(gpus.gpu("a").map(|gpu| gpu.vram_mib()), Some(22590.0));
        assert_eq!(gpus.gpu("b").map(|gpu| gpu.vram_mib()), Some(24576.0));
        assert_eq!(gpus.gpu("c"), None);
    }
}
