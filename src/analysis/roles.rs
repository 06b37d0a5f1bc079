//! What classes do in a pipeline.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// The table that comes with the tool. Its head says what the roles are.
const TABLE: &str = include_str!("../../schemas/class_roles.csv");

/// What a class does in a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Motion conditioning.
    Scail,
    /// Camera and character conditioning.
    Uni3c,
    /// Rendering.
    Sampler,
    /// An output that is a video.
    Video,
}

static ROLES: LazyLock<FxHashMap<&str, Role>> = LazyLock::new(|| ROWS.iter().copied().collect());

/// Classes and their roles, in the order of the table.
static ROWS: LazyLock<Vec<(&str, Role)>> = LazyLock::new(|| {
    let row = |row: &'static str| {
        let (class, rest) = row.split_once(',')?;
        Some((class, Role::named(rest.split(',').next()?)?))
    };
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(row).collect()
});

/// The classes that have a role.
pub(super) fn classes(role: Role) -> impl Iterator<Item = &'static str> {
    ROWS.iter().filter(move |(_, known)| *known == role).map(|(class, _)| *class)
}

impl Role {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "scail" => Self::Scail,
            "uni3c" => Self::Uni3c,
            "sampler" => Self::Sampler,
            "video" => Self::Video,
            _ => return None,
        })
    }

    /// The role of a class, if it has one.
    #[must_use]
    pub fn of(class: &str) -> Option<Self> {
        ROLES.get(class).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn every_line_names_a_class_and_a_role() {
        let catalog = Catalog::embedded();
        let rows: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1).collect();
        assert!(rows.is_sorted());
        assert_eq!(rows.len(), ROLES.len());
        let missing: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.split(',').next())
            .filter(|class| catalog.class(class).is_none())
            .collect();
        assert_eq!(missing, [""; 0]);
    }
}
