//! Two workflows in one picture: the new one, with what is gone from the old one beside it, and marks on what is new,
//! gone and changed.

use std::sync::Arc;

use super::matching::{Inputs, Matching};
use super::picture::{
    Block, Fact, Link, MAX_FACTS, MAX_LINE, MIN_VALUE, Mark, Options, Picture, Port, one_line, short, shown,
};
use super::side::Side;
use crate::ir::{Argument, Graph, NodeId, Value};

/// Draws both in one. What is in both stands where the new workflow has it. Links that are drawn with the mark
/// [`Mark::Removed`] end at inputs and outputs that may be gone.
#[must_use]
pub fn compose(old: &Side<'_>, new: &Side<'_>, matching: &Matching, title: &str) -> Picture {
    let stages = stages(old, new);
    let draw =
        |side: &Side<'_>| Picture::of(side.graph, &Options { title, stages: &stages, models: side.models });
    let mut composer = Composer {
        old,
        new,
        matching,
        picture: draw(new),
        before: draw(old),
        block_of: Vec::with_capacity(old.graph.len()),
    };
    composer.stages();
    composer.blocks();
    composer.links();
    composer.picture
}

/// The stages that both say, in order: those of the new workflow, and others behind what they stood behind.
fn stages(old: &Side<'_>, new: &Side<'_>) -> Vec<Arc<str>> {
    let said = |side: &Side<'_>| -> Vec<Arc<str>> {
        let stages = side.manifest.map(|manifest| manifest.graph.stages.as_slice()).unwrap_or_default();
        stages.iter().map(|stage| stage.as_str().into()).collect()
    };
    merged(&said(old), said(new))
}

fn merged(old: &[Arc<str>], mut new: Vec<Arc<str>>) -> Vec<Arc<str>> {
    for (at, stage) in old.iter().enumerate() {
        if !new.contains(stage) {
            let before = old[..at].iter().rev().find_map(|before| new.iter().position(|it| it == before));
            new.insert(before.map_or(0, |before| before + 1), Arc::clone(stage));
        }
    }
    new
}

struct Composer<'c> {
    old: &'c Side<'c>,
    new: &'c Side<'c>,
    matching: &'c Matching,
    picture: Picture,
    before: Picture,
    /// By node of the old workflow: its block.
    block_of: Vec<usize>,
}

impl Composer<'_> {
    /// Gives the picture the stages of what is gone.
    fn stages(&mut self) {
        let all = merged(&self.before.stages, self.picture.stages.clone());
        for picture in [&mut self.picture, &mut self.before] {
            let place = |stage: &Arc<str>| all.iter().position(|known| known == stage).unwrap_or_default();
            let places: Vec<usize> = picture.stages.iter().map(place).collect();
            for block in &mut picture.blocks {
                block.stage = places.get(block.stage).copied().unwrap_or_default();
            }
            picture.stages.clone_from(&all);
        }
    }

    fn blocks(&mut self) {
        for (id, _) in self.new.graph.nodes() {
            match self.matching.old_of(id) {
                Some(before) => self.changed(before, id),
                None => self.picture.blocks[id.index()].mark = Mark::Added,
            }
        }
        for (id, _) in self.old.graph.nodes() {
            if let Some(after) = self.matching.new_of(id) {
                self.block_of.push(after.index());
                continue;
            }
            let mut block = self.before.blocks[id.index()].clone();
            block.mark = Mark::Removed;
            while self.new.graph.find(&block.key).is_some() || self.is_taken(&block.key) {
                block.key += " (before)";
            }
            self.block_of.push(self.picture.blocks.len());
            self.picture.blocks.push(block);
        }
        let kept: Vec<bool> = (0..self.picture.stages.len())
            .map(|stage| self.picture.blocks.iter().any(|block| block.stage == stage))
            .collect();
        keep_stages(&mut self.picture, &kept);
    }

    /// True if a node that is gone has this key in the picture.
    fn is_taken(&self, key: &str) -> bool {
        self.picture.blocks[self.new.graph.len()..].iter().any(|block| block.key == key)
    }

    /// Marks a node that is in both.
    fn changed(&mut self, before: NodeId, after: NodeId) {
        let (old, new) = (self.old.graph.node(before), self.new.graph.node(after));
        let mut changes: Vec<Fact> = Vec::new();
        let mut is_changed = false;
        let (was, now) = (Inputs::of(old), Inputs::of(new));
        let gone = old.inputs().iter().filter(|input| now.get(&input.name).is_none());
        for input in new.inputs().iter().chain(gone) {
            let name = &input.name;
            let (was, now) = (was.get(name), now.get(name));
            if let Some((was, now)) = was.zip(now)
                && self.matching.is_same((old, &was.value), (new, &now.value), name)
            {
                continue;
            }
            is_changed = true;
            let literal = |value: &Argument| match value {
                Argument::Literal(value) => Some(value.clone()),
                Argument::Link { .. } => None,
            };
            let value = match (was.and_then(|it| literal(&it.value)), now.and_then(|it| literal(&it.value))) {
                (Some(was), Some(now)) => (Mark::Changed, both(name, &was, &now)),
                (Some(was), None) => (Mark::Removed, shown(old, name, &was, self.old.models)),
                (None, Some(now)) => (Mark::Added, shown(new, name, &now, self.new.models)),
                (None, None) => continue,
            };
            changes.push(Fact { name: name.to_string(), value: value.1, mark: value.0 });
        }
        let block = &mut self.picture.blocks[after.index()];
        if old.class_type != new.class_type {
            block.class = format!("{}, was {}", block.class, old.class_type);
            is_changed = true;
        }
        if !is_changed {
            return;
        }
        block.mark = Mark::Changed;
        show_first(block, changes);
    }

    fn links(&mut self) {
        let (before, after) = (keyed(self.old.graph), keyed(self.new.graph));
        let mut links = std::mem::take(&mut self.picture.links);
        for link in &mut links {
            let input = &self.picture.blocks[link.to].inputs[link.input].name;
            if !self.is_kept(self.matching.old_of(after[link.to]), after[link.to], input) {
                link.mark = Mark::Added;
            }
        }
        for link in &self.before.links {
            let block = &self.before.blocks[link.to];
            let Some((output, input)) =
                self.before.blocks[link.from].outputs.get(link.output).zip(block.inputs.get(link.input))
            else {
                continue;
            };
            let to = self.matching.new_of(before[link.to]);
            if to.is_some_and(|to| self.is_kept(Some(before[link.to]), to, &input.name)) {
                continue;
            }
            let (from, to) = (self.block_of[link.from], self.block_of[link.to]);
            let output = port(&mut self.picture.blocks[from].outputs, output, |known| known.at == output.at);
            let input = port(&mut self.picture.blocks[to].inputs, input, |known| known.name == input.name);
            links.push(Link { from, output, to, input, mark: Mark::Removed, ..link.clone() });
        }
        self.picture.links = links;
    }

    /// True if an input is given the same in both.
    fn is_kept(&self, before: Option<NodeId>, after: NodeId, input: &str) -> bool {
        let Some(before) = before else { return false };
        let (old, new) = (self.old.graph.node(before), self.new.graph.node(after));
        let values = Inputs::of(old).get(input).zip(Inputs::of(new).get(input));
        values.is_some_and(|(was, now)| self.matching.is_same((old, &was.value), (new, &now.value), input))
    }
}

/// The nodes by their index.
fn keyed(graph: &Graph) -> Vec<NodeId> {
    graph.nodes().map(|(id, _)| id).collect()
}

/// The place of a port among others; it is added if it is not there.
fn port(ports: &mut Vec<Port>, wanted: &Port, is_it: impl Fn(&Port) -> bool) -> usize {
    ports.iter().position(is_it).unwrap_or_else(|| {
        ports.push(wanted.clone());
        ports.len() - 1
    })
}

/// Puts changed values before others. None of them is left out.
fn show_first(block: &mut Block, changes: Vec<Fact>) {
    let is_other = |fact: &Fact| !changes.iter().any(|change| change.name == fact.name);
    let mut others: Vec<Fact> = block.facts.drain(..).filter(is_other).collect();
    let room = MAX_FACTS.saturating_sub(changes.len());
    block.more += others.len().saturating_sub(room);
    others.truncate(room);
    block.facts = changes;
    block.facts.append(&mut others);
}

/// A value before and after, in a line: of long texts, what differs.
fn both(name: &str, old: &Value, new: &Value) -> String {
    let room = (MAX_LINE.saturating_sub(name.chars().count() + 3) / 2).max(MIN_VALUE);
    let text = |value: &Value| match value {
        Value::Str(text) => one_line(text),
        other => other.to_json().to_string(),
    };
    let (old, new) = (text(old), text(new));
    let (old, new) =
        if old.chars().count().max(new.chars().count()) > room { differing(&old, &new) } else { (old, new) };
    let shown = |text: &str| if text.is_empty() { "\"\"".to_owned() } else { short(text, room) };
    format!("{} → {}", shown(&old), shown(&new))
}

/// What differs in two texts, in whole words, with `…` for what is the same.
fn differing(old: &str, new: &str) -> (String, String) {
    let is_end = |c: char| !c.is_alphanumeric();
    let same = old.char_indices().zip(new.chars()).take_while(|((_, one), other)| one == other);
    let head = same.map(|((at, c), _)| at + c.len_utf8()).last().unwrap_or_default();
    let head = old[..head].rfind(is_end).map_or(0, |at| old[..head].ceil_char_boundary(at + 1));
    let (one, other) = (&old[head..], &new[head..]);
    let same = one.char_indices().rev().zip(other.chars().rev()).take_while(|((_, one), other)| one == other);
    let tail = same.map(|((at, _), _)| one.len() - at).last().unwrap_or_default();
    let end = &one[one.len() - tail..];
    let tail = end.find(is_end).map_or(0, |at| tail - at);
    let part = |text: &str| {
        let inside = text[..text.len() - tail].trim();
        let start = if head > 0 { "…" } else { "" };
        let rest = if tail > 0 { "…" } else { "" };
        format!("{start}{inside}{rest}")
    };
    (part(one), part(other))
}

/// Leaves out the stages that have no nodes.
fn keep_stages(picture: &mut Picture, kept: &[bool]) {
    let mut places = Vec::with_capacity(kept.len());
    let mut next = 0;
    for is_kept in kept {
        places.push(next);
        next += usize::from(*is_kept);
    }
    for block in &mut picture.blocks {
        block.stage = places.get(block.stage).copied().unwrap_or_default();
    }
    let mut kept = kept.iter();
    picture.stages.retain(|_| kept.next().copied().unwrap_or_default());
}

/// The part of a picture that has marks, with what is linked to it directly. Gives how many nodes were left out.
#[must_use]
pub fn around_marks(picture: &Picture) -> (Picture, usize) {
    let mut is_near: Vec<bool> = picture.blocks.iter().map(|block| block.mark != Mark::Same).collect();
    for link in &picture.links {
        let is_marked = |at: usize| picture.blocks.get(at).is_some_and(|block| block.mark != Mark::Same);
        if link.mark != Mark::Same || is_marked(link.from) || is_marked(link.to) {
            is_near[link.from] = true;
            is_near[link.to] = true;
        }
    }
    let mut place = vec![None; is_near.len()];
    let mut part =
        Picture { title: picture.title.clone(), stages: picture.stages.clone(), ..Picture::default() };
    for (at, block) in picture.blocks.iter().enumerate().filter(|(at, _)| is_near[*at]) {
        place[at] = Some(part.blocks.len());
        part.blocks.push(block.clone());
    }
    for link in &picture.links {
        if let (Some(from), Some(to)) = (place[link.from], place[link.to]) {
            part.links.push(Link { from, to, ..link.clone() });
        }
    }
    let kept: Vec<bool> =
        (0..part.stages.len()).map(|stage| part.blocks.iter().any(|block| block.stage == stage)).collect();
    keep_stages(&mut part, &kept);
    let left_out = picture.blocks.len() - part.blocks.len();
    (part, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_long_values_the_words_that_differ_are_shown() {
        let value = |text: &str| Value::Str(text.into());
        let files =
            ["Wan21-14B-SCAIL-preview_comfy_bf16.safetensors", "Wan21-14B-SCAIL-preview_fp8_KJ.safetensors"];
        assert_eq!(both("model", &value(files[0]), &value(files[1])), "…comfy_bf16… → …fp8_KJ…");
        let text = |colour: &str| value(&format!("a woman in a {colour} coat dances on a roof at dusk"));
        assert_eq!(both("text", &text("red"), &text("blue")), "…red… → …blue…");
        assert_eq!(both("cfg", &Value::Float(1.0), &Value::Float(3.0)), "1.0 → 3.0");
        assert_eq!(both("text", &value(""), &value("é")), "\"\" → é");
    }

    #[test]
    fn stages_that_are_gone_stand_behind_what_they_stood_behind() {
        let list = |names: &[&str]| names.iter().map(|name| Arc::from(*name)).collect::<Vec<Arc<str>>>();
        assert_eq!(merged(&list(&["a", "x", "b"]), list(&["a", "b", "c"])), list(&["a", "x", "b", "c"]));
        assert_eq!(merged(&list(&["x"]), list(&["a"])), list(&["x", "a"]));
    }
}
