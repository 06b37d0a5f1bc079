//! The cascade of the graph `scail-uni3c-wan22`, one call a step: a step is there only after the one
//! before it, so a program with the steps out of order does not compile.

mod build;
pub mod step;

use std::panic::Location;

use super::types::{
    Image, Int, Latent, Uni3cEmbeds, WanVae, WanVidImageEmbeds, WanVideoModel, WanVideoTextEmbeds,
};
use super::{Node, Out, Workflow};
use crate::diag::Diagnostic;

/// SCAIL dances, `Uni3C` holds the camera, Wan 2.2 renders.
///
/// ```
/// use wfc::dsl::{Pipeline, step};
///
/// let workflow = Pipeline::input(step::Input::new("character.png", "driving.mp4"))
///     .scail(step::Scail::new("a person is dancing"))
///     .uni3c(step::Uni3c::default())
///     .wan(step::Wan::default())
///     .sample(step::Sample { steps: 8, ..step::Sample::default() })
///     .output(step::Output::default());
/// assert!(workflow.compile()?.json().starts_with(b"{"));
/// # Ok::<(), wfc::dsl::Problems>(())
/// ```
///
/// `Uni3C` takes its camera from what SCAIL made, so it cannot come first:
///
/// ```compile_fail
/// use wfc::dsl::{Pipeline, step};
///
/// Pipeline::input(step::Input::new("character.png", "driving.mp4"))
///     .uni3c(step::Uni3c::default());
/// ```
///
/// Nodes, defaults and constraints are those of the graph file; a test compares what both give.
#[derive(Debug)]
#[must_use = "a pipeline gives its workflow at `output`"]
pub struct Pipeline<Done = after::Nothing> {
    site: Site,
    done: Done,
}

/// The workflow, and the line of the step that adds to it.
#[derive(Debug)]
struct Site {
    workflow: Workflow,
    place: &'static Location<'static>,
    machine: step::Machine,
}

/// What a [`Pipeline`] has done so far, with the outputs that the next steps need.
pub mod after {
    use super::{
        Image, Int, Latent, Out, Uni3cEmbeds, WanVae, WanVidImageEmbeds, WanVideoModel, WanVideoTextEmbeds,
    };
    use crate::front::dsl::types::{BlockSwapArgs, WanCompileArgs};

    /// Nothing.
    #[derive(Clone, Copy, Debug)]
    pub struct Nothing;

    /// Picture and video are loaded and have one size.
    #[derive(Clone, Copy, Debug)]
    pub struct Input {
        pub(super) reference: Out<Image>,
        pub(super) driving: Out<Image>,
        pub(super) width: Out<Int>,
        pub(super) height: Out<Int>,
        pub(super) driving_width: Out<Int>,
        pub(super) driving_height: Out<Int>,
        pub(super) frames: Out<Int>,
        pub(super) fps: u32,
    }

    /// The dance is made.
    #[derive(Clone, Copy, Debug)]
    pub struct Scail {
        pub(super) input: Input,
        pub(super) vae: Out<WanVae>,
        pub(super) text: Out<WanVideoTextEmbeds>,
        pub(super) compile: Option<Out<WanCompileArgs>>,
        pub(super) block_swap: Option<Out<BlockSwapArgs>>,
        pub(super) samples: Out<Latent>,
        pub(super) seed: u64,
    }

    /// The camera is known.
    #[derive(Clone, Copy, Debug)]
    pub struct Uni3c {
        pub(super) scail: Scail,
        pub(super) camera: Out<Uni3cEmbeds>,
    }

    /// The models that render are there.
    #[derive(Clone, Copy, Debug)]
    pub struct Wan {
        pub(super) uni3c: Uni3c,
        pub(super) high: Out<WanVideoModel>,
        pub(super) low: Out<WanVideoModel>,
        pub(super) embeds: Out<WanVidImageEmbeds>,
    }

    /// The video is sampled.
    #[derive(Clone, Copy, Debug)]
    pub struct Sample {
        pub(super) wan: Wan,
        pub(super) samples: Out<Latent>,
    }
}

impl Pipeline {
    /// Loads picture and video and gives them one size.
    #[track_caller]
    pub fn input(step: step::Input) -> Pipeline<after::Input> {
        let (place, machine) = (Location::caller(), step.machine.clone());
        let site = Site { workflow: Workflow::new("scail-uni3c-wan22"), place, machine };
        Pipeline { site, done: after::Nothing }.then(place, move |site, _| build::input(site, &step))
    }
}

impl Pipeline<after::Input> {
    /// Makes the character of the picture dance like the person of the video.
    #[track_caller]
    pub fn scail(self, step: step::Scail) -> Pipeline<after::Scail> {
        self.then(Location::caller(), move |site, done| build::scail(site, done, &step))
    }
}

impl Pipeline<after::Scail> {
    /// Takes the camera from the dance.
    #[track_caller]
    pub fn uni3c(self, step: step::Uni3c) -> Pipeline<after::Uni3c> {
        self.then(Location::caller(), move |site, done| build::uni3c(site, done, &step))
    }
}

impl Pipeline<after::Uni3c> {
    /// Loads the two experts of Wan 2.2.
    #[track_caller]
    pub fn wan(self, step: step::Wan) -> Pipeline<after::Wan> {
        self.then(Location::caller(), move |site, done| build::wan(site, done, &step))
    }
}

impl Pipeline<after::Wan> {
    /// Renders the dance again, from a noise level in between.
    #[track_caller]
    pub fn sample(self, step: step::Sample) -> Pipeline<after::Sample> {
        self.then(Location::caller(), move |site, done| build::sample(site, done, &step))
    }
}

impl Pipeline<after::Sample> {
    /// Decodes and writes the video. The workflow takes further nodes, or is compiled.
    #[track_caller]
    pub fn output(self, step: step::Output) -> Workflow {
        self.then(Location::caller(), move |site, done| build::output(site, done, &step)).site.workflow
    }
}

impl<Done> Pipeline<Done> {
    fn then<Next>(
        mut self,
        place: &'static Location<'static>,
        build: impl FnOnce(&Site, &Done) -> Next,
    ) -> Pipeline<Next> {
        self.site.place = place;
        let done = build(&self.site, &self.done);
        Pipeline { site: self.site, done }
    }
}

impl Site {
    /// Adds a node, at the line of the step. Its inputs have that line too.
    fn add<N: Node>(&self, key: &str, node: N) -> N::Outputs {
        let mut node = node.key(key);
        node.draft().inputs.iter_mut().for_each(|input| input.place = self.place);
        self.workflow.add_at(node, self.place)
    }

    /// Reports a broken constraint.
    fn require(&self, is_met: bool, message: &str, help: &str) {
        if !is_met {
            let problem = Diagnostic::format("constraint-violated", message).help(help);
            self.workflow.reject_at(self.place, problem);
        }
    }
}
