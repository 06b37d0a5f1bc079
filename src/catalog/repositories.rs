//! Where node packs come from.

/// The table that comes with the tool. Its head says what the columns are.
const TABLE: &str = include_str!("../../schemas/node_packs.csv");

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines.filter_map(|line| line.split_once(','))
}

/// The repository of a node pack, if it is known.
#[must_use]
pub fn repository(pack: &str) -> Option<&'static str> {
    rows().find(|(name, _)| *name == pack).map(|(_, repository)| repository)
}

#[cfg(test)]
mod tests {
    use super::super::Catalog;
    use super::*;

    #[test]
    fn every_embedded_pack_has_a_repository() {
        assert!(rows().map(|(name, _)| name).is_sorted());
        for pack in Catalog::embedded().pack_names() {
            assert!(repository(&pack).is_some_and(|url| url.ends_with(&*pack)), "{pack}");
        }
        assert_eq!(repository("ComfyUI-Nothing"), None);
    }
}
