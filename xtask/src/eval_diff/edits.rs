//! Workflows that are edited, with what became of each node.

use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use wfc::catalog::NodeClass;
use wfc::ir::{Argument, Graph, Input, Node, NodeId, Origin, TextPlace, Value};

/// What is done to a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Nothing,
    /// A literal is another one.
    Value,
    /// Two nodes of one class change a value for one another's.
    Swap,
    /// A link comes from another node of the same class as before, or from any.
    Rewire,
    /// A node of a class that is there already is put into a link.
    Insert,
    /// A node is there twice, and some of what used it uses the other one.
    Copy,
    /// A node is taken away, and what used it uses what it was given.
    Remove,
    /// A node is of another class.
    Class,
    /// One of these.
    Any,
    /// The same, and all titles are gone.
    Untitled,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Value => "1 value",
            Self::Swap => "a value of two nodes changed for one another",
            Self::Rewire => "1 link rewired",
            Self::Insert => "1 node put into a link",
            Self::Copy => "1 node copied",
            Self::Remove => "1 node taken out",
            Self::Class => "1 node of another class",
            Self::Any => "any",
            Self::Untitled => "no title stays",
        }
    }
}

/// What becomes of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ids {
    /// They stay.
    Kept,
    /// Every node has another one, and another place in the file.
    New,
    /// Half of the nodes change theirs for one another's.
    Half,
}

impl Ids {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::New => "new",
            Self::Half => "half of them mixed up",
        }
    }
}

/// Numbers that are the same every time.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(super) fn new(name: &str, case: usize) -> Self {
        let mut hasher = rustc_hash::FxHasher::default();
        (name, case).hash(&mut hasher);
        Self(hasher.finish() | 1)
    }

    /// A number below `below`; 0 if that is 0.
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % below.max(1)
    }

    fn one_of<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        items.get(self.below(items.len())).copied()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// A node of a workflow that is edited. Links lead to indices of the draft.
#[derive(Clone, Debug)]
struct Part {
    origin: Option<usize>,
    key: Arc<str>,
    class_type: Arc<str>,
    class: Option<Arc<NodeClass>>,
    title: Option<Arc<str>>,
    inputs: Vec<(Arc<str>, Argument)>,
}

/// A workflow that is edited; nodes that were taken away leave a gap.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    parts: Vec<Option<Part>>,
}

/// An edited workflow, and which old node each of its nodes was.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(super) graph: Graph,
    pub(super) origins: Vec<Option<usize>>,
}

impl Draft {
    pub(super) fn of(graph: &Graph) -> Self {
        let parts = graph.nodes().map(|(id, node)| {
            let inputs = node.inputs().iter().map(|input| (input.name.clone(), input.value.clone()));
            Some(Part {
                origin: Some(id.index()),
                key: node.key.clone(),
                class_type: node.class_type.clone(),
                class: node.class.clone(),
                title: node.title.clone(),
                inputs: inputs.collect(),
            })
        });
        Self { parts: parts.collect() }
    }

    fn there(&self) -> impl Iterator<Item = (usize, &Part)> {
        self.parts.iter().enumerate().filter_map(|(at, part)| Some((at, part.as_ref()?)))
    }

    /// Inputs, as node and index, that are linked or not.
    fn inputs(&self, linked: bool) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (at, part) in self.there() {
            let inputs = part.inputs.iter().enumerate();
            let wanted = inputs.filter(|(_, (_, value))| matches!(value, Argument::Link { .. }) == linked);
            found.extend(wanted.map(|(input, _)| (at, input)));
        }
        found
    }

    fn value(&mut self, (at, input): (usize, usize)) -> Option<&mut Argument> {
        self.parts.get_mut(at)?.as_mut()?.inputs.get_mut(input).map(|(_, value)| value)
    }

    /// Edits it once, if there is anything to edit in this way.
    pub(super) fn edit(&mut self, kind: Kind, random: &mut Random) -> Option<()> {
        match kind {
            Kind::Nothing => Some(()),
            Kind::Value => self.change_value(random),
            Kind::Swap => self.swap(random),
            Kind::Rewire => self.rewire(random),
            Kind::Insert => self.insert(random),
            Kind::Copy => self.copy(random),
            Kind::Remove => self.remove(random),
            Kind::Class => self.change_class(random),
            Kind::Any | Kind::Untitled => {
                // Values are what people change most.
                let kinds = [
                    Kind::Value,
                    Kind::Value,
                    Kind::Value,
                    Kind::Swap,
                    Kind::Rewire,
                    Kind::Insert,
                    Kind::Copy,
                    Kind::Remove,
                    Kind::Class,
                ];
                self.edit(random.one_of(&kinds)?, random)
            }
        }
    }

    fn change_value(&mut self, random: &mut Random) -> Option<()> {
        let input = random.one_of(&self.inputs(false))?;
        // Half of the time, what another node has there: it becomes more like that one.
        let name = self.parts[input.0].as_ref()?.inputs[input.1].0.clone();
        let same_name = |(at, of_node): &(usize, usize)| {
            self.parts[*at].as_ref().is_some_and(|part| part.inputs[*of_node].0 == name)
        };
        let others: Vec<_> = self.inputs(false).into_iter().filter(same_name).collect();
        let other = if random.below(2) == 0 { random.one_of(&others) } else { None };
        let other = other.and_then(|other| self.value(other).cloned());
        let value = self.value(input)?;
        if let Some(other) = other.filter(|other| other != value) {
            *value = other;
            return Some(());
        }
        *value = match value {
            Argument::Literal(Value::Int(number)) => Argument::Literal(Value::Int(number.wrapping_add(3))),
            Argument::Literal(Value::Float(number)) => Argument::Literal(Value::Float(*number * 1.5 + 0.25)),
            Argument::Literal(Value::Bool(is)) => Argument::Literal(Value::Bool(!*is)),
            Argument::Literal(Value::Str(text)) => {
                Argument::Literal(Value::Str(format!("{text}, in snow").into()))
            }
            _ => Argument::Literal(Value::Str("another".into())),
        };
        Some(())
    }

    fn swap(&mut self, random: &mut Random) -> Option<()> {
        let inputs = self.inputs(false);
        let one = random.one_of(&inputs)?;
        let part = self.parts[one.0].as_ref()?;
        let (class, name, value) = (&part.class_type, &part.inputs[one.1].0, &part.inputs[one.1].1);
        let is_other = |(at, input): &(usize, usize)| {
            self.parts[*at].as_ref().is_some_and(|other| {
                let (of_other, theirs) = &other.inputs[*input];
                other.class_type == *class && of_other == name && theirs != value
            })
        };
        let others: Vec<_> = inputs.iter().copied().filter(is_other).collect();
        let other = random.one_of(&others)?;
        let value = value.clone();
        let theirs = std::mem::replace(self.value(other)?, value);
        *self.value(one)? = theirs;
        Some(())
    }

    fn rewire(&mut self, random: &mut Random) -> Option<()> {
        let input = random.one_of(&self.inputs(true))?;
        let Argument::Link { from, .. } = *self.value(input)? else { return None };
        let class = self.parts[from.index()].as_ref()?.class_type.clone();
        let others = |same: bool| -> Vec<usize> {
            let is_other =
                |(at, part): &(usize, &Part)| *at != from.index() && (part.class_type == class) == same;
            self.there().filter(is_other).map(|(at, _)| at).collect()
        };
        let other = random.one_of(&others(true)).or_else(|| random.one_of(&others(false)))?;
        if let Argument::Link { from, .. } = self.value(input)? {
            *from = NodeId::new(other);
        }
        Some(())
    }

    fn insert(&mut self, random: &mut Random) -> Option<()> {
        let input = random.one_of(&self.inputs(true))?;
        let before = self.value(input)?.clone();
        let models: Vec<usize> = self.there().map(|(at, _)| at).collect();
        let model = random.one_of(&models)?;
        let mut part = self.parts[model].clone()?;
        (part.origin, part.key) = (None, format!("new{}", self.parts.len()).into());
        // Its first link is what the place gave, the others are those of its model.
        match part.inputs.iter_mut().find(|(_, value)| matches!(value, Argument::Link { .. })) {
            Some((_, value)) => *value = before,
            None => part.inputs.push(("input".into(), before)),
        }
        *self.value(input)? = Argument::Link { from: NodeId::new(self.parts.len()), slot: 0 };
        self.parts.push(Some(part));
        Some(())
    }

    fn copy(&mut self, random: &mut Random) -> Option<()> {
        let there: Vec<usize> = self.there().map(|(at, _)| at).collect();
        let model = random.one_of(&there)?;
        let mut part = self.parts[model].clone()?;
        let number = self.parts.len();
        (part.origin, part.key) = (None, format!("new{number}").into());
        self.parts.push(Some(part));
        for input in self.inputs(true) {
            if let Some(Argument::Link { from, .. }) = self.value(input)
                && from.index() == model
                && random.below(3) == 0
            {
                *from = NodeId::new(number);
            }
        }
        Some(())
    }

    fn remove(&mut self, random: &mut Random) -> Option<()> {
        let there: Vec<usize> = self.there().map(|(at, _)| at).collect();
        let gone = random.one_of(&there)?;
        let part = self.parts[gone].take()?;
        let is_led = |value: &&Argument| matches!(value, Argument::Link { from, .. } if from.index() != gone);
        let led = part.inputs.iter().map(|(_, value)| value).find(is_led);
        for input in self.inputs(true) {
            let led = led.cloned().unwrap_or(Argument::Literal(Value::Null));
            if let Some(value @ Argument::Link { .. }) = self.value(input)
                && matches!(value, Argument::Link { from, .. } if from.index() == gone)
            {
                *value = led;
            }
        }
        Some(())
    }

    fn change_class(&mut self, random: &mut Random) -> Option<()> {
        let there: Vec<usize> = self.there().map(|(at, _)| at).collect();
        let at = random.one_of(&there)?;
        let other = random.one_of(&there)?;
        let other = self.parts[other].as_ref()?;
        let (class_type, class) = (other.class_type.clone(), other.class.clone());
        let part = self.parts[at].as_mut()?;
        if part.class_type == class_type {
            (part.class_type, part.class) = (format!("{class_type}Advanced").into(), None);
        } else {
            (part.class_type, part.class) = (class_type, class);
        }
        // Another class has not all of its inputs.
        if let Some(last) = part.inputs.iter().rposition(|(_, value)| matches!(value, Argument::Literal(_))) {
            part.inputs.remove(last);
        }
        Some(())
    }

    pub(super) fn forget_titles(&mut self) {
        for part in self.parts.iter_mut().flatten() {
            part.title = None;
        }
    }

    /// The edited workflow.
    pub(super) fn finish(mut self, ids: Ids, random: &mut Random) -> Made {
        let mut order: Vec<usize> = self.there().map(|(at, _)| at).collect();
        match ids {
            Ids::Kept => {}
            Ids::New => {
                random.shuffle(&mut order);
                for (number, at) in order.iter().enumerate() {
                    if let Some(part) = &mut self.parts[*at] {
                        part.key = (number + 1).to_string().into();
                    }
                }
            }
            Ids::Half => {
                let mut mixed: Vec<usize> = order.iter().copied().filter(|_| random.below(2) == 0).collect();
                let keys: Vec<_> =
                    mixed.iter().filter_map(|at| Some(self.parts[*at].as_ref()?.key.clone())).collect();
                random.shuffle(&mut mixed);
                for (at, key) in mixed.into_iter().zip(keys) {
                    if let Some(part) = &mut self.parts[at] {
                        part.key = key;
                    }
                }
            }
        }
        let mut places = vec![None; self.parts.len()];
        let mut made = Made { graph: Graph::new(), origins: Vec::new() };
        let mut parts = Vec::new();
        for at in order {
            let Some(part) = self.parts[at].take() else { continue };
            let mut node = Node::new(part.key, part.class_type, part.class, Origin::Unknown);
            node.title = part.title;
            if let Ok(id) = made.graph.add(node) {
                places[at] = Some(id);
                made.origins.push(part.origin);
                parts.push((id, part.inputs));
            }
        }
        for (id, inputs) in parts {
            for (name, value) in inputs {
                let value = match value {
                    Argument::Link { from, slot } => match places[from.index()] {
                        Some(from) => Argument::Link { from, slot },
                        None => Argument::Literal(Value::Null),
                    },
                    literal @ Argument::Literal(_) => literal,
                };
                let input = Input { name, value, origin: Origin::Unknown, text: TextPlace::Nowhere };
                made.graph.push_input(id, input);
            }
        }
        made
    }
}

/// Nodes with the same number cannot be told apart: the same depends on them and they depend on the same, many links
/// around. It knows nothing of how the diff goes about it.
pub(super) fn interchangeable(graph: &Graph) -> Vec<u64> {
    const AROUND: usize = 8;
    let hash = |of: &dyn Fn(&mut rustc_hash::FxHasher)| {
        let mut hasher = rustc_hash::FxHasher::default();
        of(&mut hasher);
        hasher.finish()
    };
    let own = graph.nodes().map(|(_, node)| {
        let mut inputs: Vec<String> = node
            .inputs()
            .iter()
            .map(|input| match &input.value {
                Argument::Literal(value) => format!("{} = {value}", input.name),
                Argument::Link { slot, .. } => format!("{} <- {slot}", input.name),
            })
            .collect();
        inputs.sort();
        hash(&|hasher| (&node.class_type, &inputs).hash(hasher))
    });
    let mut colors: Vec<u64> = own.collect();
    for _ in 0..AROUND {
        let mut around: Vec<Vec<u64>> = vec![Vec::new(); colors.len()];
        for (id, node) in graph.nodes() {
            for input in node.inputs() {
                let Argument::Link { from, slot } = &input.value else { continue };
                let wire =
                    |side: u8, color: u64| hash(&|hasher| (side, &input.name, slot, color).hash(hasher));
                around[id.index()].push(wire(0, colors[from.index()]));
                around[from.index()].push(wire(1, colors[id.index()]));
            }
        }
        for (color, mut around) in colors.iter_mut().zip(around) {
            around.sort_unstable();
            *color = hash(&|hasher| (*color, &around).hash(hasher));
        }
    }
    colors
}
