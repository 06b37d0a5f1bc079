//! The project format, `wfc.toml` at the root of a project.

use std::sync::Arc;

use super::decode::{At, Named, table};
use super::preset::LintLevel;
use super::types::Target;

/// The file's name.
pub const FILE_NAME: &str = "wfc.toml";

table! {
    /// What all presets of a project share.
    pub struct Project ("wfc.toml") {
        /// The node catalog to compile against, as a path from this file: a captured catalog or a saved
        /// `/object_info`. Without it, the catalog that comes with wfc.
        "catalog" => catalog: At<Arc<str>>, optional;
        /// The folder with the project's graphs, as a path from this file. Without it, `graphs`.
        "graphs" => graphs: At<Arc<str>>, optional;
        /// The machine for presets that name none.
        "target" => target: Target, optional;
        /// The policies that all presets and workflows keep to: names (looked up in the project's `policies/`, then
        /// among the ones that come with wfc) or paths ending in `.toml`, from this file.
        "policies" => policies: Vec<At<Arc<str>>>, optional;
        /// Levels of lint rules; presets override them.
        "lint" => lint: Named<LintLevel>, default;
    }
}
