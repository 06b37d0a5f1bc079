//! Names of rules as arguments: shells complete them, and commands say themselves what is wrong with one.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

use super::explain;
use crate::lint::{Group, RULES};

/// Which names are offered. Any is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleName {
    /// Those of rules, and of their groups.
    Leveled,
    /// Those of everything that can be explained.
    All,
}

impl TypedValueParser for RuleName {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(match self {
            Self::Leveled => {
                let groups = Group::ALL.into_iter().map(Group::name);
                Box::new(RULES.iter().map(|rule| rule.name).chain(groups).map(PossibleValue::new))
            }
            Self::All => Box::new(explain::names().map(PossibleValue::new)),
        })
    }
}
