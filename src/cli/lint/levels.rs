//! The levels from the command line.

use super::Args;
use crate::check::ServerVersion;
use crate::cli::ToolError;
use crate::cli::session::Session;
use crate::front::toml::decode::Named;
use crate::front::toml::lint::{Level, LintLevel, LintLevels};
use crate::lint::Levels;
use crate::source::{Span, Spanned};

/// What the command line says, and no file can change.
pub(super) struct Overrides {
    pub(super) server: ServerVersion,
    /// On top of what projects and presets say.
    pub(super) levels: LintLevels,
    /// Report also what rules could not judge.
    pub(super) verbose: bool,
}

impl Overrides {
    pub(super) fn of(args: &Args, session: &mut Session) -> Result<Self, ToolError> {
        // Of several levels for one name the last one counts.
        let all = [(&args.allow, Level::Allow), (&args.warn, Level::Warn), (&args.deny, Level::Deny)];
        let mut layer = Named::default();
        for (name, level) in
            all.into_iter().flat_map(|(names, level)| names.iter().map(move |name| (name, level)))
        {
            Levels::default().set(name, level).map_err(|help| {
                let is_guess = help.starts_with("did you mean");
                let others = if is_guess { "" } else { "; what ComfyUI refuses cannot be switched off" };
                ToolError::new(format!("there is no lint rule `{name}`{others}; {help}"))
            })?;
            let file = session.sources.add("the command line", name.as_str());
            let name = Spanned::new(name.as_str().into(), Span::new(file, 0..name.len()));
            layer.set(name, LintLevel { level, reason: None });
        }
        Ok(Self { server: args.server_version, levels: layer.into(), verbose: args.verbose })
    }

    /// On top of `levels`.
    pub(super) fn on(&self, mut levels: LintLevels) -> LintLevels {
        levels.merge(self.levels.clone());
        levels
    }
}
