//! Graphics cards that a preset may name as its target.

use std::borrow::Cow;

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
    /// Where these facts come from.
    #[serde(default)]
    pub source: String,
}

impl Gpu {
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

    /// All ids, ascending.
    #[must_use]
    pub fn ids(&self) -> Vec<Cow<'_, str>> {
        self.data.as_ref().map(DataFile::names).unwrap_or_default()
    }
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
