//! What ComfyUI's registry calls node packs.

/// The table that comes with the tool. Its head names its source.
const EMBEDDED: &str = include_str!("../../schemas/registry_ids.csv");

/// The id of a node pack in ComfyUI's registry, if it is known.
#[must_use]
pub fn registry_id(pack: &str) -> Option<&'static str> {
    rows().find(|(name, _)| *name == pack).map(|(_, id)| id)
}

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = EMBEDDED.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.filter_map(|line| line.split_once(','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_row() {
        let lines = EMBEDDED.lines().filter(|line| !line.starts_with('#')).count() - 1;
        assert_eq!(rows().filter(|(pack, id)| !pack.is_empty() && !id.is_empty()).count(), lines);
        assert_eq!((registry_id("ComfyUI"), registry_id("Nobody")), (Some("comfy-core"), None));
    }
}
