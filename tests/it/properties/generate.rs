//! Random inputs: mutations of real files, and parameter values within their declared ranges.

use std::fmt::Write as _;
use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use wfc::front::toml::graph::{GraphFile, Param, ParamType};
use wfc::ir::Value;

/// Tokens that mean something somewhere.
const TOKENS: [&str; 45] = [
    "=",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "\"",
    "'",
    "\n",
    "#",
    " ",
    "\\",
    "\u{feff}",
    "\0",
    "é",
    "漢",
    "true",
    "nan",
    "-1",
    "0",
    "18446744073709551615",
    "1e999",
    "-0.0",
    "1979-05-27",
    "99999999999999999999999999",
    "graph",
    "params",
    "nodes",
    "class",
    "inputs",
    "node",
    "param",
    "expr",
    "when",
    "for_each",
    "prev",
    "first_of",
    "literal",
    "matrix",
    "ladder",
    "from",
    "to",
    "step",
    "models",
];

/// One change of a text: what, where (scaled to its length), and with what.
#[derive(Clone, Debug)]
pub(super) enum Mutation {
    Delete(u32),
    Duplicate(u32),
    Swap(u32, u32),
    Insert(u32, &'static str),
    Replace(u32, &'static str),
    Cut(u32),
    Byte(u32, u8),
}

pub(super) fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let token = || prop::sample::select(&TOKENS[..]);
    let mutation = prop_oneof![
        any::<u32>().prop_map(Mutation::Delete),
        any::<u32>().prop_map(Mutation::Duplicate),
        any::<(u32, u32)>().prop_map(|(one, other)| Mutation::Swap(one, other)),
        (any::<u32>(), token()).prop_map(|(at, token)| Mutation::Insert(at, token)),
        (any::<u32>(), token()).prop_map(|(at, token)| Mutation::Replace(at, token)),
        any::<u32>().prop_map(Mutation::Cut),
        any::<(u32, u8)>().prop_map(|(at, byte)| Mutation::Byte(at, byte)),
    ];
    vec(mutation, 1..4)
}

/// The text with the mutations applied, one after the other.
pub(super) fn mutated(text: &str, mutations: &[Mutation]) -> String {
    let mut text = text.to_owned();
    for mutation in mutations {
        let tokens = tokens(&text);
        if tokens.is_empty() {
            break;
        }
        let pick = |at: u32| tokens[at as usize % tokens.len()].clone();
        match *mutation {
            Mutation::Delete(at) => text.replace_range(pick(at), ""),
            Mutation::Duplicate(at) => {
                let copy = text[pick(at)].to_owned();
                text.insert_str(pick(at).end, &copy);
            }
            Mutation::Swap(one, other) => {
                let (one, other) = (pick(one).min_by_start(pick(other)), pick(one).max_by_start(pick(other)));
                let (first, second) = (text[one.clone()].to_owned(), text[other.clone()].to_owned());
                text.replace_range(other, &first);
                text.replace_range(one, &second);
            }
            Mutation::Insert(at, token) => text.insert_str(pick(at).start, token),
            Mutation::Replace(at, token) => text.replace_range(pick(at), token),
            Mutation::Cut(at) => text.truncate(pick(at).start),
            Mutation::Byte(at, byte) => {
                let mut bytes = text.into_bytes();
                let at = at as usize % bytes.len();
                bytes[at] = byte;
                text = String::from_utf8_lossy(&bytes).into_owned();
            }
        }
    }
    text
}

trait ByStart {
    fn min_by_start(self, other: Self) -> Self;
    fn max_by_start(self, other: Self) -> Self;
}

impl ByStart for Range<usize> {
    fn min_by_start(self, other: Self) -> Self {
        if self.start <= other.start { self } else { other }
    }
    fn max_by_start(self, other: Self) -> Self {
        if self.start <= other.start { other } else { self }
    }
}

/// Words, and single characters that are none.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut tokens: Vec<Range<usize>> = Vec::new();
    let mut in_word = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let joins = c.is_alphanumeric() || matches!(c, '_' | '-');
        match tokens.last_mut().filter(|_| joins && in_word) {
            Some(last) => last.end = end,
            None => tokens.push(at..end),
        }
        in_word = joins;
    }
    tokens
}

/// A preset for a graph with a value within the declared range for each parameter; `choices` decides.
pub(super) fn preset_within_ranges(name: &str, graph: &GraphFile, choices: &[u64]) -> String {
    let mut preset = format!("graph = \"{name}\"\n[params]\n");
    for ((name, param), &choice) in graph.params.iter().zip(choices.iter().cycle()) {
        if param.default.is_some() && choice % 4 == 0 {
            continue;
        }
        let value = value(param, choice / 4);
        let _ = writeln!(preset, "{} = {value}", name.value);
    }
    preset
}

/// A value that the declaration allows, as TOML.
fn value(param: &Param, choice: u64) -> String {
    let pick = |words: &[&str]| words[usize::try_from(choice).unwrap() % words.len()].to_owned();
    match param.kind.get() {
        ParamType::Int => whole(param, choice).to_string(),
        ParamType::Float => {
            let (min, max) = (bound(param.min.as_ref(), -1000.0), bound(param.max.as_ref(), 1000.0));
            #[expect(clippy::cast_precision_loss, reason = "any number of the range will do")]
            let part = (choice / 8 % 1001) as f64 / 1000.0;
            let value = match choice % 8 {
                0 => min,
                1 => max,
                _ => min + (max - min) * part,
            };
            format!("{value:?}")
        }
        ParamType::Bool => pick(&["true", "false"]),
        ParamType::Seed => pick(&["0", "18446744073709551615", "9223372036854775808", "42"]),
        ParamType::Choice => {
            let choices: Vec<&str> = param.choices.iter().flatten().map(|choice| &**choice.get()).collect();
            format!("'{}'", pick(&choices))
        }
        ParamType::String => pick(&["''", "'a fox'", "\"\\u0000\\n\\\"\"", "'漢字 é {{ }} {% %}'"]),
        ParamType::Image => pick(&["'a.png'", "'sub/ä b.png [output]'"]),
        ParamType::Video => pick(&["'a.mp4'", "'sub/ä b.mp4'"]),
        ParamType::Audio => pick(&["'a.wav'", "'sub/ä b.wav'"]),
        ParamType::Model => pick(&["'wan21-vae'", "'my.safetensors'"]),
        ParamType::LoraList => pick(&[
            "[]",
            "['a.safetensors']",
            "['a.safetensors', { file = 'b.safetensors', strength = 0.5 }]",
        ]),
        ParamType::List => {
            let items = (0..choice % 4).map(|item| {
                let fields = param
                    .fields
                    .iter()
                    .map(|(name, field)| format!("{} = {}", name.value, value(field, choice / 4 + item)));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            });
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A whole number that the declaration allows: its least, its largest or one between.
fn whole(param: &Param, choice: u64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "declared bounds are small whole numbers")]
    let limit = |item, default: f64| bound(item, default) as i64;
    let (min, max) = (limit(param.min.as_ref(), -1000.0), limit(param.max.as_ref(), 1000.0));
    let divisor = param.multiple_of.as_ref().map_or(1, |divisor| i64::from(divisor.get().get()));
    let fits = |number: &i64| {
        let form = param.form.as_ref().is_none_or(|form| form.get().contains(i128::from(*number)));
        form && number % divisor == 0
    };
    let width = u64::try_from(max - min).unwrap() + 1;
    let start = match choice % 8 {
        0 => min,
        1 => return (min..=max).rev().find(fits).expect("the range has a number"),
        _ => min + i64::try_from(choice / 8 % width).unwrap(),
    };
    (start..=max).chain(min..start).find(fits).expect("the range has a number")
}

fn bound(item: Option<&wfc::front::toml::Item>, default: f64) -> f64 {
    item.and_then(|item| Value::as_f64(&item.value.to_value())).unwrap_or(default)
}

/// Texts that are nearly expressions.
pub(super) fn expressions() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        prop::sample::select(
            &["width", "name", "on", "loras", "ratio", "none", "true", "widht", "width.x"][..]
        )
        .prop_map(str::to_owned),
        (-1000_i32..1000).prop_map(|number| number.to_string()),
        any::<f32>().prop_map(|number| format!("{number:?}")),
        prop::sample::select(&["''", "'é漢'", "[]", "[1, 'a']", "{'a': 1}", "(1, 2)"][..])
            .prop_map(str::to_owned),
    ];
    let tree = atom.prop_recursive(5, 24, 3, |inner| {
        let operator = prop::sample::select(
            &[
                "+", "-", "*", "/", "//", "%", "**", "~", "<", ">=", "==", "!=", "and", "or", "in", "not in",
                "|",
            ][..],
        );
        let filter = prop::sample::select(&wfc::lower::expr::FILTERS[..]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), filter).prop_map(|(a, filter)| format!("({a} | {filter})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("({a} if {b} else {c})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            inner.clone().prop_map(|a| format!("not {a}")),
            inner.prop_map(|a| format!("-{a}")),
        ]
    });
    let pieces = [
        "width", "1", "2.5", "'a'", "(", ")", "[", "]", "{", "}", "|", ".", ",", ":", "+", "-", "*", "**",
        "//", "%", "~", "==", "<", "and", "or", "not", "in", "is", "if", "else", "é", "'", "\"", "{{", "}}",
        "{%", "#}",
    ];
    let soup = vec(prop::sample::select(pieces.to_vec()), 1..30).prop_map(|tokens| tokens.join(" "));
    prop_oneof![3 => tree, 1 => soup]
}
