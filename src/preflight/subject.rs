//! What was asked about: a workflow, its plan, and the files that it names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::server::Server;
use crate::analysis::Analysis;
use crate::catalog::{Identity, Models};
use crate::ir::Graph;
use crate::plan::{Assume, Options, Plan, Residency, Setup};

/// A preset or a workflow.
#[derive(Debug)]
pub struct Subject {
    /// Its file, as it was given.
    pub file: String,
    /// What became of it; if it does not compile, the problems, a line each.
    pub compiled: Result<Compiled, Vec<String>>,
}

/// A workflow that compiles, or all of a preset's that may need something different.
#[derive(Debug)]
pub struct Compiled {
    /// Its file, as commands take it.
    pub file: String,
    /// How many workflows it stands for.
    pub workflows: u64,
    /// The workflows, in API format; the first one's nodes are counted.
    pub texts: Vec<String>,
    /// The same as graphs.
    pub graphs: Vec<Graph>,
    /// The catalog that they were checked with.
    pub checked_with: Identity,
    /// The files that its inputs name, once each.
    pub inputs: Vec<InputFile>,
    /// The model files, if a folder was named to look in, or why they were not looked for.
    pub models: Result<Vec<LocalModel>, String>,
    /// Sizes that are assumed because only a run can tell them.
    pub assume: Assume,
    /// What of a card must stay free, in bytes.
    pub headroom: f64,
}

/// A file that an input names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// What the workflow says.
    pub value: String,
    /// The file here, with its length in bytes, if it is here.
    pub here: Option<(PathBuf, u64)>,
}

/// A model file on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalModel {
    /// What people call it.
    pub name: String,
    /// What is wrong with it, and what to do; nothing if it is as it should be.
    pub problem: Option<(String, Option<String>)>,
    /// True if what is wrong keeps the workflow from running.
    pub is_error: bool,
    /// True if it is not there.
    pub is_missing: bool,
    /// Its length in bytes, if that is known.
    pub bytes: Option<u64>,
}

/// What was found on this machine, whatever the workflow.
#[derive(Clone, Debug, Default)]
pub struct Local {
    /// Programs and where they are; nothing for those that are not.
    pub programs: BTreeMap<&'static str, Option<PathBuf>>,
    /// Room on the disk of the models folder, if one was named.
    pub space: Option<FreeSpace>,
    /// How fast model files are read.
    pub storage: Option<crate::plan::Storage>,
}

/// Room on a disk.
#[derive(Clone, Debug, PartialEq)]
pub struct FreeSpace {
    /// A folder on it.
    pub folder: PathBuf,
    /// Bytes that are free, or why that is not known.
    pub bytes: Result<u64, String>,
}

/// The plan of the workflow that needs the most memory.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The nodes of which nothing can be told.
    pub open: Vec<String>,
    /// The node that decides the peak.
    pub tightest: Option<String>,
}

impl Compiled {
    /// The plan of the workflow that needs the most memory, as the server keeps models.
    #[must_use]
    pub fn planned(&self, server: Option<&Server>) -> Planned {
        let residency = server.map_or(Residency::default(), |server| server.residency);
        let setup = server.map_or_else(Setup::default, Server::setup);
        let options = Options::on(setup, self.assume, residency);
        let models = Models::embedded();
        let plans = self.graphs.iter().map(|graph| plan(graph, &models, &options));
        let need = |planned: &Planned| planned.plan.least.device.typical;
        let worst = plans.reduce(|worst, other| if need(&other) > need(&worst) { other } else { worst });
        worst.unwrap_or_else(|| Planned { plan: Plan::default(), open: Vec::new(), tightest: None })
    }

    /// The nodes of all workflows.
    pub fn nodes(&self) -> impl Iterator<Item = (&Graph, crate::ir::NodeId, &crate::ir::Node)> {
        self.graphs.iter().flat_map(|graph| graph.nodes().map(move |(id, node)| (graph, id, node)))
    }
}

/// Plans a workflow.
pub(super) fn plan(graph: &Graph, models: &Models, options: &Options<'_>) -> Planned {
    let analysis = Analysis::new(graph, models);
    let plan = Plan::new(graph, &analysis, options);
    let key = |id| graph.node(id).key.to_string();
    Planned {
        open: plan.gaps.iter().map(|gap| key(gap.node)).collect(),
        tightest: plan.tightest().map(|step| key(step.node)),
        plan,
    }
}
