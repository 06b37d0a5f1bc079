//! Expressions over the parameters: conditions, computed inputs, constraints.
//!
//! The language is MiniJinja's expression language, cut down to what is deterministic and bounded:
//! no functions, the filters listed in [`FILTERS`], strict about undefined names, limited fuel.

mod filters;
mod guard;

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Object, ValueKind};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};

use crate::diag::{self, Diagnostic};
use crate::ir::Value;
use crate::source::{Sources, Span, Spanned};

/// Longest expression, in bytes. Real ones are under a hundred; the parser's recursion is bounded by it.
pub const MAX_LENGTH: usize = 1000;

/// Longest text that an expression may give, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// Steps that one evaluation may take. Real expressions take about ten; a longest one of nothing but
/// operators would take a thousand.
const FUEL: u64 = 400;

/// The filters that expressions may use, for the documentation.
pub const FILTERS: [&str; 14] = [
    "abs",
    "bool",
    "ceil",
    "falls_to_zero",
    "float",
    "floor",
    "int",
    "length",
    "lower",
    "round",
    "string",
    "trim",
    "upper",
    "words",
];

/// Compiles expressions.
#[derive(Debug)]
pub struct Engine {
    environment: Environment<'static>,
}

impl Default for Engine {
    fn default() -> Self {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_debug(true);
        filters::add(&mut environment);
        Self { environment }
    }
}

/// A compiled expression.
#[derive(Debug)]
pub struct Expression<'e> {
    compiled: minijinja::Expression<'e, 'static>,
    source: Spanned<Arc<str>>,
    /// Indices of the parameters that it reads, in order.
    pub reads: Vec<usize>,
    /// Whether it reads the current item of a `for_each`.
    pub reads_item: bool,
}

/// The name by which expressions in a node with `for_each` see the current item.
pub const ITEM: &str = "item";

/// The names that an expression may use.
#[derive(Clone, Copy)]
pub struct Names<'n> {
    /// The parameters.
    pub params: &'n [Arc<str>],
    /// The fields of the current item, inside `for_each`.
    pub item: Option<&'n [Arc<str>]>,
    /// Tells of a parameter, or of a field written `item.field`, whether it is anything but a number.
    pub is_text: &'n dyn Fn(&str) -> bool,
}

impl Engine {
    /// Compiles `source`, which may use `names`.
    ///
    /// # Errors
    /// When it is too long, not an expression, names something else, or could take all memory.
    pub fn compile(
        &self,
        source: &Spanned<Arc<str>>,
        names: Names<'_>,
        sources: &Sources,
    ) -> Result<Expression<'_>, Vec<Diagnostic>> {
        let text = &source.value;
        let bad = |message: String| vec![Diagnostic::format("bad-expression", message).at(source.span, "")];
        if text.len() > MAX_LENGTH {
            return Err(bad(format!("the expression is longer than {MAX_LENGTH} bytes")));
        }
        if text.trim().is_empty() {
            return Err(bad("the expression is empty".into()));
        }
        let compiled = match self.environment.compile_expression_owned(text.to_string()) {
            Ok(compiled) => compiled,
            Err(error) => return Err(vec![syntax_error(&error, source, sources)]),
        };
        if let Some(refusal) = guard::refusal(text, names.is_text) {
            let span = place(source, refusal.range, sources);
            let problem = Diagnostic::format("bad-expression", refusal.message).at(span, "");
            return Err(vec![problem.help(refusal.help)]);
        }
        let mut used: Vec<String> = compiled.undeclared_variables(false).into_iter().collect();
        used.sort();
        let mut reads = Vec::new();
        let mut unknown = Vec::new();
        let mut reads_item = false;
        for name in used {
            match (names.params.iter().position(|known| **known == *name), names.item) {
                (Some(index), _) => reads.push(index),
                (None, Some(fields)) if name == ITEM => {
                    reads_item = true;
                    unknown.extend(unknown_fields(&compiled, source, fields, sources));
                }
                (None, _) => unknown.push(unknown_name(&name, source, names.params, sources)),
            }
        }
        if unknown.is_empty() {
            Ok(Expression { compiled, source: source.clone(), reads, reads_item })
        } else {
            Err(unknown)
        }
    }
}

/// The fields of the current item that an expression names and that there are not.
fn unknown_fields(
    compiled: &minijinja::Expression<'_, '_>,
    source: &Spanned<Arc<str>>,
    fields: &[Arc<str>],
    sources: &Sources,
) -> Vec<Diagnostic> {
    let mut used: Vec<String> = compiled.undeclared_variables(true).into_iter().collect();
    used.sort();
    let named = used.iter().filter_map(|name| name.strip_prefix(ITEM)?.strip_prefix('.'));
    let unknown = named.filter(|field| !fields.iter().any(|known| **known == **field));
    let problem = |field: &str| {
        Diagnostic::format("unknown-key", format!("the items have no field `{field}`"))
            .at(place(source, word(&source.value, field), sources), "")
            .help(
                diag::did_you_mean(field, fields.iter().map(|field| &**field))
                    .unwrap_or_else(|| format!("their fields are: {}", fields.join(", "))),
            )
    };
    unknown.map(problem).collect()
}

fn unknown_name(name: &str, source: &Spanned<Arc<str>>, names: &[Arc<str>], sources: &Sources) -> Diagnostic {
    let range = word(&source.value, name);
    let called = source.value[range.end..].trim_start().starts_with('(');
    let span = place(source, range, sources);
    if called {
        return Diagnostic::format(
            "bad-expression",
            format!("there is no function `{name}`; expressions call none"),
        )
        .at(span, "")
        .help(format!("use a filter, as in `width | int`; there are: {}", FILTERS.join(", ")));
    }
    Diagnostic::format("unknown-param", format!("`{name}` is not a parameter of this graph"))
        .at(span, "")
        .help(diag::did_you_mean(name, names.iter().map(|name| &**name)).unwrap_or_else(|| {
            let help = if name == ITEM {
                "there is an item in the inputs of a node with `for_each`, and nowhere else"
            } else {
                "expressions see the graph's parameters and nothing else; texts go in quotes"
            };
            help.into()
        }))
}

fn syntax_error(error: &minijinja::Error, source: &Spanned<Arc<str>>, sources: &Sources) -> Diagnostic {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let span = error.range().map_or(source.span, |range| place(source, range, sources));
    Diagnostic::format("bad-expression", format!("not an expression: {detail}")).at(span, "")
}

/// The part `range` of an expression, widened to whole characters, as a place in its file; the whole
/// expression if its text is written there with escapes, so that positions do not correspond.
fn place(source: &Spanned<Arc<str>>, range: std::ops::Range<usize>, sources: &Sources) -> Span {
    let text = &source.value;
    let start = (0..=range.start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let end = (range.end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let written = sources.text(source.span);
    match written.find(&*source.value) {
        Some(at) => source.span.slice(at + start..at + end),
        _ => source.span,
    }
}

/// Where `word` stands in `text` as a whole word.
fn word(text: &str, word: &str) -> std::ops::Range<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let found = text
        .match_indices(word)
        .find(|(at, _)| !text[..*at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part));
    found.map_or(0..text.len(), |(at, _)| at..at + word.len())
}

impl Expression<'_> {
    /// Where and how it was written.
    #[must_use]
    pub const fn source(&self) -> &Spanned<Arc<str>> {
        &self.source
    }

    fn result(&self, scope: &Scope, sources: &Sources) -> Result<minijinja::Value, Box<Diagnostic>> {
        self.compiled.eval(scope.context.clone()).map_err(|error| {
            if error.kind() == ErrorKind::OutOfFuel {
                return Self::failure(
                    format!("the expression takes more than {FUEL} steps"),
                    self.source.span,
                );
            }
            let span = error.range().map_or(self.source.span, |range| place(&self.source, range, sources));
            let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            Self::failure(format!("the expression fails: {detail}"), span)
        })
    }

    fn failure(message: String, span: Span) -> Box<Diagnostic> {
        Box::new(Diagnostic::format("expression-failed", message).at(span, ""))
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// When it fails (mixed types, division by zero), runs too long or gives no plain value.
    pub fn evaluate(&self, scope: &Scope, sources: &Sources) -> Result<Value, Box<Diagnostic>> {
        let result = self.result(scope, sources)?;
        from_minijinja(&result).ok_or_else(|| {
            let what = match result.kind() {
                ValueKind::Number => "a number that no input takes".to_owned(),
                ValueKind::String => format!("a text of more than {MAX_TEXT} bytes"),
                kind => format!("{kind}, which no input takes"),
            };
            Self::failure(format!("the expression gives {what}"), self.source.span)
        })
    }

    /// Evaluates it as a condition; like in MiniJinja, empty texts and lists, `0` and `none` are false.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn is_true(&self, scope: &Scope, sources: &Sources) -> Result<bool, Box<Diagnostic>> {
        Ok(self.result(scope, sources)?.is_true())
    }
}

/// The parameter values that expressions see.
#[derive(Clone, Debug)]
pub struct Scope {
    params: Arc<Params>,
    context: minijinja::Value,
}

#[derive(Debug)]
struct Params {
    names: Arc<[Arc<str>]>,
    values: Vec<minijinja::Value>,
}

/// The parameters and the current item.
#[derive(Debug)]
struct WithItem {
    params: Arc<Params>,
    item: minijinja::Value,
}

impl Object for WithItem {
    fn get_value(self: &Arc<Self>, key: &minijinja::Value) -> Option<minijinja::Value> {
        if key.as_str() == Some(ITEM) { Some(self.item.clone()) } else { self.params.get_value(key) }
    }
}

impl Object for Params {
    fn get_value(self: &Arc<Self>, key: &minijinja::Value) -> Option<minijinja::Value> {
        let key = key.as_str()?;
        let index = self.names.iter().position(|name| **name == *key)?;
        self.values.get(index).cloned()
    }
}

impl Scope {
    /// Names and values in the same order.
    pub fn new<'v>(names: Arc<[Arc<str>]>, values: impl Iterator<Item = &'v Value>) -> Self {
        let params = Arc::new(Params { names, values: values.map(to_minijinja).collect() });
        Self { context: minijinja::Value::from_dyn_object(params.clone()), params }
    }

    /// The same with the current item of a `for_each`.
    #[must_use]
    pub fn with_item(&self, item: &Value) -> Self {
        let with_item = WithItem { params: self.params.clone(), item: to_minijinja(item) };
        Self { params: self.params.clone(), context: minijinja::Value::from_object(with_item) }
    }
}

fn to_minijinja(value: &Value) -> minijinja::Value {
    match value {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(bool) => minijinja::Value::from(*bool),
        Value::Int(int) => minijinja::Value::from(*int),
        Value::Float(float) => minijinja::Value::from(*float),
        Value::Str(text) => minijinja::Value::from(text.clone()),
        Value::List(items) => items.iter().map(to_minijinja).collect(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.clone(), to_minijinja(value)));
            entries.collect::<BTreeMap<_, _>>().into()
        }
    }
}

fn from_minijinja(value: &minijinja::Value) -> Option<Value> {
    match value.kind() {
        ValueKind::None => Some(Value::Null),
        ValueKind::Bool => Some(Value::Bool(value.is_true())),
        ValueKind::Number if value.is_integer() => i128::try_from(value.clone()).ok().map(Value::Int),
        ValueKind::Number => {
            f64::try_from(value.clone()).ok().filter(|float| float.is_finite()).map(Value::Float)
        }
        ValueKind::String => {
            value.as_str().filter(|text| text.len() <= MAX_TEXT).map(|text| Value::Str(text.into()))
        }
        _ => None,
    }
}
