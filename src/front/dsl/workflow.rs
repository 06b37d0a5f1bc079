//! A workflow that a program puts together, and the graph that comes of it.

use std::cell::RefCell;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::node::{Draft, Node, Outputs};
use crate::diag::Diagnostic;

/// Nodes and the links between them. A shared reference is enough to add nodes, so calls nest:
/// `w.add(VAEDecode::new(w.add(sampler), vae))`.
#[derive(Debug)]
pub struct Workflow {
    /// Tells its outputs from those of other workflows of the program.
    pub(super) id: u32,
    name: String,
    stage: RefCell<Option<Arc<str>>>,
    pub(super) nodes: RefCell<Vec<Added>>,
    pub(super) problems: RefCell<Vec<Problem>>,
}

/// A node and the line that added it.
#[derive(Debug)]
pub(super) struct Added {
    pub(super) draft: Draft,
    pub(super) place: &'static Location<'static>,
}

/// A problem that whoever builds the workflow found, and its places.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) diagnostic: Diagnostic,
    pub(super) place: &'static Location<'static>,
}

static NEXT_ID: AtomicU32 = AtomicU32::new(0);

impl Workflow {
    /// An empty workflow. `name` is what its manifest calls it.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            name: name.into(),
            stage: RefCell::default(),
            nodes: RefCell::default(),
            problems: RefCell::default(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many nodes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.borrow().len()
    }

    /// True if it has no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Says which generation step (`scail`, `wan`, `output`, …) the nodes belong to that are added from
    /// here on.
    pub fn stage(&self, name: impl AsRef<str>) {
        self.stage.replace(Some(name.as_ref().into()));
    }

    /// Reports a mistake of whoever called: `message` says what is wrong, `help` what to do. The workflow
    /// does not compile then, and the problem is shown with the others, at the line of this call.
    #[track_caller]
    pub fn reject(&self, message: impl Into<String>, help: impl Into<String>) {
        let diagnostic = Diagnostic::format("constraint-violated", message).help(help);
        self.reject_at(Location::caller(), diagnostic);
    }

    pub(super) fn reject_at(&self, place: &'static Location<'static>, diagnostic: Diagnostic) {
        self.problems.borrow_mut().push(Problem { diagnostic, place });
    }

    /// Adds a node and gives its outputs. What is wrong with the node is said when the workflow is
    /// compiled, with the line of this call or of the input's.
    #[track_caller]
    pub fn add<N: Node>(&self, node: N) -> N::Outputs {
        self.add_at(node, Location::caller())
    }

    /// The same with another line than the caller's.
    pub(super) fn add_at<N: Node>(&self, mut node: N, place: &'static Location<'static>) -> N::Outputs {
        N::outputs(self.add_draft(node.draft().clone(), place))
    }

    fn add_draft(&self, mut draft: Draft, place: &'static Location<'static>) -> Outputs {
        if draft.stage.is_none() {
            draft.stage.clone_from(&self.stage.borrow());
        }
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Added { draft, place });
        Outputs { workflow: self.id, node: u32::try_from(nodes.len() - 1).unwrap_or(u32::MAX) }
    }
}
