//! Ports: outputs with their types, and what may be given to an input.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::macros::literals;
use super::types::{Any, Bool, Choice, Float, Int, Text};
use crate::ir::Value;

/// One of ComfyUI's types. Implemented by the generated [`types`](super::types).
pub trait Type: 'static {
    /// Its name in ComfyUI.
    const NAME: &'static str;
}

/// Implemented where ComfyUI lets an output of one type into an input of another: the types are equal,
/// have a member in common, or one of them is [`Any`].
#[diagnostic::on_unimplemented(
    message = "an output of type `{Self}` does not go into an input of type `{To}`",
    label = "wrong type of output",
    note = "find the node that turns one into the other, such as `VAEDecode` for a `Latent` that is to be an `Image`"
)]
pub trait Connects<To> {}

/// An output of a node that was added to a [`Workflow`](super::Workflow). It is a handle: copy it freely.
pub struct Out<T> {
    pub(super) link: Link,
    marker: PhantomData<fn() -> T>,
}

/// Which output of which node of which workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) workflow: u32,
    pub(super) node: u32,
    pub(super) slot: Slot,
}

/// An output of a node, by position or by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Index(u32),
    Name(&'static str),
}

impl<T> Out<T> {
    pub(super) const fn new(link: Link) -> Self {
        Self { link, marker: PhantomData }
    }

    /// The same output as one of another type, on the program's word. Compiling checks what the class
    /// says.
    #[must_use]
    pub const fn cast<U>(self) -> Out<U> {
        Out::new(self.link)
    }
}

impl<T> Clone for Out<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Out<T> {}

impl<T: Type> fmt::Debug for Out<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Out<{}>(node {}, {:?})", T::NAME, self.link.node, self.link.slot)
    }
}

/// What an input is given.
#[derive(Clone, Debug)]
pub struct Given(pub(super) Argument);

#[derive(Clone, Debug)]
pub(super) enum Argument {
    Value(Value),
    Link(Link),
    /// A name of the model catalog, or a file.
    Model(Arc<str>),
}

impl Given {
    pub(super) const fn model(name: Arc<str>) -> Self {
        Self(Argument::Model(name))
    }

    pub(super) const fn value(value: Value) -> Self {
        Self(Argument::Value(value))
    }
}

/// What may be given to an input of type `T`: an output of a type that connects, or a value.
#[diagnostic::on_unimplemented(
    message = "an input of type `{T}` does not take a `{Self}`",
    label = "does not fit the input",
    note = "an input takes the output of a node, or a value: integers for `Int`, numbers for `Float`, texts for `Text` and `Choice`"
)]
pub trait Feeds<T> {
    /// As the workflow keeps it.
    fn feed(self) -> Given;
}

impl<A: Type + Connects<B>, B> Feeds<B> for Out<A> {
    fn feed(self) -> Given {
        Given(Argument::Link(self.link))
    }
}

/// A model file, to be looked up in the model catalog. Made by [`model`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile(pub(super) Arc<str>);

/// The file of the model that the model catalog calls `name` (`wan21-vae-bf16`). A file name stays as
/// it is. A name that is neither is reported where it is used.
#[must_use]
pub fn model(name: &str) -> ModelFile {
    ModelFile(name.into())
}

#[diagnostic::do_not_recommend]
impl Feeds<Any> for serde_json::Value {
    /// The value as it is. A list is wrapped as ComfyUI wants it, which takes a bare one for a link.
    fn feed(self) -> Given {
        let value = Value::from_json(&self);
        Given::value(match value {
            list @ Value::List(_) => Value::Map(vec![("__value__".into(), list)]),
            value => value,
        })
    }
}

literals!(Int: int);
literals!(Float: float whole_float);
literals!(Bool: bool);
literals!(Text: text model);
literals!(Choice: int float bool text model);
literals!(Any: int float bool text model);
