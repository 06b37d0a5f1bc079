//! Diffusion networks by their widths: `schemas/networks.csv`; and what a parameter weighs: `schemas/precisions.csv`.

use std::sync::LazyLock;

use super::amount::Amount;

const NETWORKS: &str = include_str!("../../schemas/networks.csv");
const PRECISIONS: &str = include_str!("../../schemas/precisions.csv");

/// A diffusion network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Network {
    /// Its name in the table of coefficients.
    pub name: &'static str,
    /// What people call it, separated by spaces.
    pub names: &'static str,
    /// The families of model files that are it, separated by spaces.
    pub families: &'static str,
    /// Transformer blocks.
    pub blocks: f64,
    /// Parameters of a block.
    pub block_params: f64,
    /// Parameters outside of the blocks.
    pub rest_params: f64,
    /// Parameters that GGUF files leave in 16 bits.
    pub kept_params: f64,
    /// Width of the hidden state.
    pub hidden: f64,
    /// Width inside the feed-forward network.
    pub ffn: f64,
    /// Pixels of one token's side.
    pub pixels: f64,
    /// Frames of one token after the first; 1 for pictures.
    pub stride: f64,
    /// Latent frames that conditions add.
    pub extra_frames: f64,
    /// A second stream of tokens, as a part of the first.
    pub pose: f64,
    /// Tokens of text among the others.
    pub text: f64,
    /// Tokens of sound a second.
    pub audio: f64,
    /// What a checkpoint holds besides it, in bytes.
    pub beside: f64,
    /// The family of its VAE.
    pub vae: &'static str,
    /// The family of its text encoder.
    pub encoder: &'static str,
    /// How many such networks share the noise levels.
    pub experts: f64,
}

/// The lines of a table, without its comments and its head.
fn rows(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#')).skip(1)
}

static ALL: LazyLock<Vec<Network>> = LazyLock::new(|| rows(NETWORKS).filter_map(network).collect());

fn network(line: &'static str) -> Option<Network> {
    let mut fields = line.split(',');
    let mut text = || fields.next();
    let (name, names, families) = (text()?, text()?, text()?);
    let mut number = || text().and_then(|field| field.parse::<f64>().ok());
    Some(Network {
        name,
        names,
        families,
        blocks: number()?,
        block_params: number()?,
        rest_params: number()?,
        kept_params: number()?,
        hidden: number()?,
        ffn: number()?,
        pixels: number()?,
        stride: number()?,
        extra_frames: number()?,
        pose: number()?,
        text: number()?,
        audio: number()?,
        beside: number()?,
        vae: text()?,
        encoder: text()?,
        experts: text()?.parse().ok()?,
    })
}

/// A name without case, dots, underscores and the like: `Wan2.2-I2V-A14B` is `wan22-i2v-a14b`.
pub(super) fn plain(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace(['_', ' '], "-");
    name.replace('.', "")
}

/// A name in its letters and digits alone: `Gemma 3 12B` is `gemma312b`.
pub(super) fn squeezed(name: &str) -> String {
    plain(name).replace('-', "")
}

impl Network {
    /// All networks.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The network that files of a family are.
    #[must_use]
    pub fn of_family(family: &str) -> Option<&'static Self> {
        ALL.iter().find(|network| network.families.split(' ').any(|name| name == family))
    }

    /// The network that somebody calls `name`, in whatever spelling.
    #[must_use]
    pub fn called(name: &str) -> Option<&'static Self> {
        let wanted = squeezed(name);
        let is_it = |known: &str| squeezed(known) == wanted;
        let named = |network: &&Self| {
            network.names.split(' ').any(is_it)
                || network.families.split(' ').any(is_it)
                || is_it(network.name)
        };
        ALL.iter().find(named)
    }

    /// All parameters.
    #[must_use]
    pub fn params(&self) -> f64 {
        self.blocks.mul_add(self.block_params, self.rest_params)
    }

    /// Bytes of its weights in a precision. GGUF files leave some parameters in 16 bits; the least is of files that do not.
    #[must_use]
    pub fn weights(&self, stored: Precision) -> Amount {
        let all = stored.bytes * self.params();
        if !stored.is_gguf() {
            return all;
        }
        let packed = stored.bytes * (self.params() - self.kept_params);
        Amount { low: all.low, ..packed + Amount::exact(2.0 * self.kept_params) }
    }

    /// Latent frames of so many frames.
    #[must_use]
    pub fn latent_frames(&self, frames: f64) -> f64 {
        ((frames - 1.0).max(0.0) / self.stride).floor() + 1.0
    }

    /// Tokens of a picture of so many pixels.
    #[must_use]
    pub fn tokens_of_frame(&self, width: f64, height: f64) -> f64 {
        (width / self.pixels).floor() * (height / self.pixels).floor()
    }

    /// Tokens that its blocks see at once, without text, sound and references.
    #[must_use]
    pub fn tokens(&self, width: f64, height: f64, frames: f64) -> f64 {
        let latents = self.latent_frames(frames);
        self.tokens_of_frame(width, height) * self.pose.mul_add(latents, latents + self.extra_frames)
    }

    /// The bytes of its widest layer in 16 bits: what must be on the card at least.
    #[must_use]
    pub fn widest_layer(&self) -> f64 {
        self.hidden * self.ffn * 2.0
    }

    /// Floating-point operations of one pass over so many tokens: two for each parameter and token, and the products of
    /// attention.
    #[must_use]
    pub fn flops(&self, tokens: f64) -> f64 {
        (2.0 * self.params()).mul_add(tokens, self.attention(tokens))
    }

    /// Those of them that are products of attention, which are computed in 16 bits however the weights are stored.
    #[must_use]
    pub fn attention(&self, tokens: f64) -> f64 {
        4.0 * self.blocks * self.hidden * tokens * tokens
    }
}

/// How parameters are stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Precision {
    /// `bf16`, `fp8`, `q4_k`, …
    pub name: &'static str,
    /// Bytes a parameter.
    pub bytes: Amount,
}

static PRECISION: LazyLock<Vec<(&str, Precision)>> = LazyLock::new(|| {
    let precision = |line: &'static str| {
        let fields: Vec<&str> = line.split(',').collect();
        let [name, words, low, typical, high] = fields[..] else { return None };
        let number = |text: &str| text.parse().ok();
        let bytes = Amount { low: number(low)?, typical: number(typical)?, high: number(high)? };
        Some((words, Precision { name, bytes }))
    };
    rows(PRECISIONS).filter_map(precision).collect()
});

impl Precision {
    /// The precision that a word, a loader's choice or a file's name tells: `fp8_e4m3fn_scaled`, `x-Q4_K_M.gguf`.
    #[must_use]
    pub fn told_by(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase().replace(['_', '.', ' '], "-");
        let has = |word: &str| {
            text.match_indices(word).any(|(at, _)| {
                let before = text[..at].chars().next_back();
                before.is_none_or(|before| !before.is_ascii_alphanumeric())
            })
        };
        let found = PRECISION.iter().find(|(words, _)| words.split(' ').any(has));
        found.map(|(_, precision)| *precision)
    }

    /// The precision that somebody calls `name`: its name, or a word that tells it with what files add to it, such as
    /// `fp8_e4m3fn_scaled` and `q4_k_m`. Other than in the name of a file the word must come first.
    #[must_use]
    pub fn called(name: &str) -> Option<Self> {
        let wanted = plain(name.trim());
        let begins = |word: &str| {
            wanted.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let found = PRECISION
            .iter()
            .find(|(words, precision)| plain(precision.name) == wanted || words.split(' ').any(begins));
        found.map(|(_, precision)| *precision)
    }

    /// True for the formats of GGUF files.
    #[must_use]
    pub fn is_gguf(self) -> bool {
        self.name.starts_with('q')
    }

    /// True for 16 and 32 bits.
    #[must_use]
    pub fn is_full(self) -> bool {
        self.bytes.typical >= 2.0
    }

    /// The names of all.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PRECISION.iter().map(|(_, precision)| precision.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Models;

    #[test]
    fn every_line_reads() {
        assert_eq!(Network::all().len(), rows(NETWORKS).count());
        assert_eq!(PRECISION.len(), rows(PRECISIONS).count());
    }

    #[test]
    fn networks_are_found_however_people_write_them() {
        let name = |text| Network::called(text).map(|network| network.name);
        assert_eq!(name("wan2.2-i2v-a14b"), Some("wan-14b-i2v"));
        assert_eq!(name("Wan2.2_TI2V-5B"), Some("wan-5b"));
        assert_eq!(name("wan22-t2v-14b-low"), Some("wan-14b-t2v"));
        assert_eq!(name("wan21-t2v-1.3b"), Some("wan-1.3b"));
        assert_eq!(name("Wan2.1-T2V-14B"), Some("wan21-14b-t2v"));
        assert_eq!(name("nothing"), None);
    }

    #[test]
    fn the_catalog_of_models_has_the_same_parameters() {
        let models = Models::embedded();
        for file in models.files() {
            let model = models.by_file(file).unwrap();
            let network = Network::of_family(&model.family);
            let (Some(network), Some(params), "dit" | "checkpoint") = (
                network,
                model.params.and_then(|params| params.to_string().parse::<f64>().ok()),
                &*model.role,
            ) else {
                continue;
            };
            let off = (network.params() - params).abs() / network.params();
            assert!(off < 0.001, "{}: {} {params}", model.name, network.params());
        }
    }

    #[test]
    fn tokens_are_those_that_logs_print() {
        let tokens = |name, width, height, frames| {
            format!("{:.0}", Network::called(name).unwrap().tokens(width, height, frames))
        };
        assert_eq!(tokens("wan2.2-i2v-a14b", 1280.0, 704.0, 81.0), "73920");
        assert_eq!(tokens("wan21-t2v-14b", 832.0, 480.0, 81.0), "32760");
        assert_eq!(tokens("wan22-ti2v-5b", 1280.0, 704.0, 121.0), "27280");
        assert_eq!(tokens("scail", 416.0, 672.0, 81.0), "29757");
        assert_eq!(tokens("ltx2", 1280.0, 704.0, 121.0), "14080");
        assert_eq!(tokens("z-image", 1024.0, 1024.0, 1.0), "4096");
    }

    #[test]
    fn gguf_files_have_the_size_that_is_told() {
        let weighs = |network, precision| {
            let network = Network::called(network).unwrap();
            network.weights(Precision::called(precision).unwrap()).typical / 1e9
        };
        for (network, precision, told) in [
            ("wan2.2-i2v-a14b", "Q8_0", 15.4066),
            ("wan2.2-i2v-a14b", "Q4_K_M", 9.6517),
            ("qwen-image-edit", "Q4_K_M", 13.2448),
            ("z-image-turbo", "Q8_0", 7.22),
            ("z-image-turbo", "Q6_K", 5.91),
            ("z-image-turbo", "Q5_K_M", 5.52),
            ("z-image-turbo", "Q5_K_S", 5.19),
            ("z-image-turbo", "Q4_K_M", 4.98),
            ("z-image-turbo", "Q4_K_S", 4.66),
            ("z-image-turbo", "Q3_K_M", 4.12),
            ("z-image-turbo", "Q3_K_S", 3.79),
            ("ltx-2", "Q6_K", 16.6),
            ("ltx-2", "Q4_K_M", 13.4),
            ("ltx-2", "Q4_K_S", 12.3),
            ("ltx-2", "Q3_K_S", 9.57),
        ] {
            let weighs = weighs(network, precision);
            assert!((weighs / told - 1.0).abs() < 0.025, "{network} {precision}: {weighs}, told {told}");
        }
    }

    #[test]
    fn precisions_are_read_from_names() {
        let told = |text| Precision::told_by(text).map(|precision| precision.name);
        assert_eq!(told("fp8_e4m3fn_scaled"), Some("fp8"));
        assert_eq!(told("Wan2.2-I2V-A14B-HighNoise-Q4_K_M.gguf"), Some("q4_k_m"));
        assert_eq!(told("wan2.1_t2v_14B_bf16.safetensors"), Some("bf16"));
        assert_eq!(told("fp8_mixed"), Some("fp8"));
        assert_eq!(told("model.safetensors"), None);
    }
}
