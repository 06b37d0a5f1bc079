//! Workflows as code for ComfyUI.
//!
//! A preset (TOML) names a graph (TOML) and gives values for its parameters; together they are
//! compiled into the `workflow_api.json` that ComfyUI's `POST /prompt` takes, after proof that
//! ComfyUI would accept it whole. Data flows one way: readers ([`front`]) → one graph ([`lower`],
//! [`ir`]) → proof ([`check`]) → writers ([`back`]). [`compile`] puts the steps together,
//! [`report`] shows what went wrong, [`cli`] is the `wfc` command. `ARCHITECTURE.md` has the map.
//!
//! ```
//! use std::sync::Arc;
//! use wfc::back::api::{Ids, Layout};
//! use wfc::compile::{Compiler, workflow_bytes};
//! use wfc::{catalog::Catalog, diag::Diagnostics, lower::load, source::Sources};
//!
//! let mut sources = Sources::new();
//! let mut problems = Diagnostics::new();
//! let preset = sources.add("fox.toml", r#"
//!     graph = "wan22-a14b"
//!     [params]
//!     prompt = "a fox runs through the snow"
//!     seconds = 2
//! "#);
//! let loaded = load::preset(preset, None, &mut sources, &mut problems).ok_or("cannot be read")?;
//! let compiler = Compiler::new(Arc::new(Catalog::embedded()));
//! let mut job = compiler.job(&loaded, &sources, &mut problems).ok_or("does not compile")?;
//! let checked = job.compile(0, &mut problems).ok_or("ComfyUI would reject it")?;
//! let json = String::from_utf8(workflow_bytes(&checked, Ids::Names, Layout::Pretty))?;
//! assert!(json.contains("a fox runs through the snow"));
//! assert!(problems.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod analysis;
pub mod back;
pub mod bind;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod compile;
pub mod diag;
pub mod dsl {
    #![doc = include_str!("../docs/dsl.md")]

    pub use crate::compile::Program;
    #[doc(inline)]
    pub use crate::diag::Problems;
    #[doc(inline)]
    pub use crate::front::dsl::*;
}
#[cfg(feature = "exec")]
pub mod exec;
pub mod front;
pub mod ir;
pub mod layout;
pub mod lint;
pub mod lower;
pub mod optimize;
pub mod plan;
pub mod preflight;
pub mod report;
pub mod review;
#[cfg(feature = "sim")]
pub mod sim;
pub mod source;
