//! The project format, `wfc.toml` at the root of a project.

use std::path::Path;
use std::sync::Arc;

use super::decode::{At, Named, table};
use super::lint::{LintLevels, Override};
use super::types::{Dollars, Target};

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
        /// The folder in which `wfc snapshot` keeps what presets compile to, as a path from this file. Without it, they
        /// are kept beside the presets.
        "snapshots" => snapshots: At<Arc<str>>, optional;
        /// The machine for presets that name none.
        "target" => target: Target, optional;
        /// What machines cost, for plans: the id of a card or machine and US dollars an hour, in place of the price that
        /// the GPU catalog has.
        "prices" => prices: Named<At<Dollars>>, default;
        /// ComfyUI's folder on this machine, or its models folder, as a path from this file: where `wfc doctor` and `wfc
        /// models check` look for model files unless they are told another one.
        "models" => models: At<Arc<str>>, optional;
        /// Servers that run workflows, by name: `wfc run --on NAME`. The one called `default` needs no `--on`.
        "servers" => servers: Named<Server>, default;
        /// The policies that all presets and workflows keep to: names (looked up in the project's `policies/`, then
        /// among the ones that come with wfc) or paths ending in `.toml`, from this file.
        "policies" => policies: Vec<At<Arc<str>>>, optional;
        /// Levels of lint rules and groups of rules; presets override them.
        "lint" => lint: LintLevels, default;
        /// What holds for some files only.
        "overrides" => overrides: Vec<Override>, default;
    }
}

table! {
    /// A server. Credentials stand in environment variables, whose names are here.
    pub struct Server ("[servers.NAME]") {
        /// Its address: `http://127.0.0.1:8188`.
        "url" => url: At<Arc<str>>, required;
        /// Where this machine sees the server's model files, if that is not where the project has them: ComfyUI's folder or
        /// its models folder, as a path from this file.
        "models" => models: At<Arc<str>>, optional;
        /// The variable with a token, which is sent as `Authorization: Bearer`.
        "token_env" => token_env: At<Arc<str>>, optional;
        /// The variable with a user's name, where the server asks for name and password.
        "user_env" => user_env: At<Arc<str>>, optional;
        /// The variable with the user's password.
        "password_env" => password_env: At<Arc<str>>, optional;
        /// Further headers: name, and the variable with the value.
        "headers_env" => headers_env: Named<At<Arc<str>>>, default;
        /// A PEM file with the certificates of the authorities that may have signed the server's certificate, as a path
        /// from this file. Without it, those that the machine trusts, or those of `SSL_CERT_FILE`.
        "ca" => ca: At<Arc<str>>, optional;
        /// The proxy that leads to it, `http://HOST:PORT`, or `https`, `socks5` or `socks5h` for `http`; `none` for none.
        /// Without it, what `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
        "proxy" => proxy: At<Arc<str>>, optional;
        /// The variable with a user's name, where the proxy asks for name and password.
        "proxy_user_env" => proxy_user_env: At<Arc<str>>, optional;
        /// The variable with that user's password.
        "proxy_password_env" => proxy_password_env: At<Arc<str>>, optional;
    }
}

impl Project {
    /// The numbers of the overrides that hold for a file, given as a path from wfc.toml's folder.
    #[must_use]
    pub fn overrides_for(&self, path: &Path) -> Vec<usize> {
        let holds = |number: &usize| self.overrides.get(*number).is_some_and(|over| over.holds_for(path));
        (0..self.overrides.len()).filter(holds).collect()
    }

    /// The levels with these overrides.
    #[must_use]
    pub fn levels(&self, overrides: &[usize]) -> LintLevels {
        let mut levels = self.lint.clone();
        for over in overrides.iter().filter_map(|number| self.overrides.get(*number)) {
            levels.merge(over.lint.clone());
        }
        levels
    }
}
