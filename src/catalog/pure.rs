//! The classes whose output is a function of their inputs and of nothing else, which `/object_info` does not tell.

use std::sync::LazyLock;

use super::class::NodeClass;

/// The table that comes with the tool. Its head says what a class in it has been found to be.
const EMBEDDED: &str = include_str!("../../schemas/pure_classes.csv");

/// The head line of the table.
const HEAD: &str = "class,pack,source";

impl NodeClass {
    /// True if two nodes of this class with equal inputs are known to give equal results, so that one of
    /// them can stand for both. What is not known is not said.
    #[must_use]
    pub fn is_pure(&self) -> bool {
        // A captured catalog spells a pack as its folder is spelled.
        let is_own = |pack: &str| pack.eq_ignore_ascii_case(&self.pack);
        // Who asks for its own id, or for the prompt it is in, answers by it; an output node does something.
        let is_alone = self.hidden.is_empty() && !self.output_node && !self.api_node;
        is_alone && pack(&self.name).is_some_and(is_own)
    }
}

fn rows() -> impl Iterator<Item = &'static str> {
    EMBEDDED.lines().filter(|line| !line.starts_with('#') && *line != HEAD)
}

/// The pack of each class in the table, sorted by class.
static PACKS: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let fields = |row: &'static str| {
        let (class, rest) = row.split_once(',')?;
        Some((class, rest.split(',').next()?))
    };
    let mut packs: Vec<(&str, &str)> = rows().filter_map(fields).collect();
    packs.sort_unstable();
    packs
});

fn pack(class: &str) -> Option<&'static str> {
    let at = PACKS.binary_search_by_key(&class, |(known, _)| known).ok()?;
    Some(PACKS[at].1)
}

#[cfg(test)]
mod tests {
    use super::super::Catalog;
    use super::*;

    #[test]
    fn every_line_names_a_class_of_its_pack_that_is_pure_and_a_source() {
        let catalog = Catalog::embedded();
        assert!(EMBEDDED.lines().any(|line| line == HEAD) && rows().is_sorted());
        for row in rows() {
            let fields: Vec<&str> = row.split(',').collect();
            let [class, pack, source] = fields[..] else { panic!("{row}") };
            let class = catalog.class(class).unwrap_or_else(|| panic!("no class: {row}"));
            assert!(*class.pack == *pack && class.is_pure(), "{row}");
            assert!(
                source
                    .rsplit_once(':')
                    .is_some_and(|(file, line)| { file.contains(".py") && line.parse::<u32>().is_ok() }),
                "{row}"
            );
        }
    }

    #[test]
    fn what_saves_draws_or_asks_who_it_is_is_not_pure() {
        let catalog = Catalog::embedded();
        for name in [
            "KSampler",
            "KSamplerAdvanced",
            "SamplerCustomAdvanced",
            "RandomNoise",
            "SaveImage",
            "SaveLatent",
            "LoadLatent",
            "LoadImage",
            "PreviewAny",
            "GetImageSize",
            "VHS_LoadVideo",
            "WanVideoSampler",
            "WanVideoModelLoader",
        ] {
            assert!(!catalog.class(name).unwrap_or_else(|| panic!("no class {name}")).is_pure(), "{name}");
        }
    }

    #[test]
    fn a_class_of_the_same_name_in_another_pack_is_another() {
        let mut class = (*Catalog::embedded().class("VAELoader").unwrap()).clone();
        assert!(class.is_pure());
        class.pack = "someone-elses-nodes".into();
        assert!(!class.is_pure());
    }
}
