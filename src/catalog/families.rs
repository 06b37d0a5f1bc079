//! What the families of models are, and what file names tell of models that the catalog does not have.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

const FAMILIES: &str = include_str!("../../schemas/model_families.csv");
const NAMES: &str = include_str!("../../schemas/model_names.csv");

/// What is known of a family of models; empty where nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name, as in [`Model::family`](super::Model::family).
    pub name: &'static str,
    /// What joins families whose LoRAs, text encoders and recipes belong together.
    pub line: &'static str,
    /// Its kind of VAE: `wan21`, `wan22`, `ltx`, `flux2`, `flux1` or `sd`.
    pub latent: &'static str,
    /// Whether its weights take few steps without guidance, if known.
    pub distilled: Option<bool>,
    /// `high` or `low`, for the experts of a pair.
    pub expert: &'static str,
    /// What it was trained for: `t2v`, `i2v`, `edit`, …
    pub task: &'static str,
}

/// The lines of a table, without its comments and its head.
fn rows(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#')).skip(1)
}

/// The families by name.
static BY_NAME: LazyLock<FxHashMap<&str, Family>> = LazyLock::new(|| {
    let family = |row: &'static str| {
        let mut fields = row.split(',');
        let mut next = || fields.next().unwrap_or_default();
        let name = next();
        let family = Family {
            name,
            line: next(),
            latent: next(),
            distilled: match next() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            expert: next(),
            task: next(),
        };
        (name, family)
    };
    rows(FAMILIES).map(family).collect()
});

impl Family {
    /// The family called `name`.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        BY_NAME.get(name).copied()
    }
}

/// The patterns of names, taken apart at their stars, with family and role.
static PATTERNS: LazyLock<Vec<(Vec<&str>, &str, &str)>> = LazyLock::new(|| {
    let parsed = |row: &'static str| {
        let mut fields = row.split(',');
        Some((fields.next()?.split('*').collect(), fields.next()?, fields.next()?))
    };
    rows(NAMES).filter_map(parsed).collect()
});

/// The family and the role that the name of a model's file tells; either may be empty.
#[must_use]
pub fn by_name(file: &str) -> Option<(&'static str, &'static str)> {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let name = name.to_ascii_lowercase().replace(['_', '.', ' '], "-");
    let (_, family, role) = PATTERNS.iter().find(|(parts, ..)| fits(&name, parts))?;
    Some((family, role))
}

/// True if the parts of a pattern stand in `name` one behind the other.
fn fits(name: &str, parts: &[&str]) -> bool {
    let [first, middle @ .., last] = parts else { return parts == [name] };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::super::Models;
    use super::*;

    #[test]
    fn names_tell_what_the_catalog_knows() {
        let models = Models::embedded();
        for file in models.files() {
            let model = models.by_file(file).unwrap();
            let Some((family, role)) = by_name(file) else { continue };
            if !family.is_empty() {
                assert_eq!((family, role), (&*model.family, &*model.role), "{file}");
            } else if role == "distill_lora" {
                assert_eq!(role, model.role, "{file}");
            }
        }
    }

    #[test]
    fn every_family_of_a_diffusion_model_or_vae_is_known() {
        let models = Models::embedded();
        for file in models.files() {
            let model = models.by_file(file).unwrap();
            if ["dit", "vae", "checkpoint"].contains(&&*model.role) {
                assert!(Family::find(&model.family).is_some(), "{}", model.family);
            }
        }
        assert_eq!(Family::find("wan22-i2v-14b-low").unwrap().expert, "low");
        assert_eq!(Family::find("nothing"), None);
    }

    #[test]
    fn a_name_that_tells_nothing_is_no_guess() {
        assert_eq!(by_name("my_model.safetensors"), None);
        assert_eq!(by_name("sub/Wan2_2-T2V-A14B_HIGH_mine.safetensors"), Some(("wan22-t2v-14b-high", "dit")));
        assert_eq!(by_name("wan2.2_i2v_lightx2v_4steps_mine.safetensors"), Some(("", "distill_lora")));
    }
}
