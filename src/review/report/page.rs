//! A report as a page: one file that needs nothing else.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value, context};

use super::Report;
use super::view::{Explain, PageView};
use crate::review::drawing;

/// The templates, ready to use. Whatever they are given is escaped, but for what is marked as safe here: the style, the
/// script, pictures, and JSON whose signs mean nothing to HTML.
static TEMPLATES: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_template("page.html", include_str!("page.html"))?;
    environment.add_template("entry.html", include_str!("entry.html"))?;
    environment.add_template("parts.html", include_str!("parts.html"))?;
    Ok(environment)
});

/// Writes a report as one HTML page. The same report gives the same bytes.
///
/// # Errors
/// When a template is wrong, which tests would show.
pub fn page(report: &Report, explain: &Explain<'_>) -> Result<String, Error> {
    let environment = TEMPLATES.as_ref().map_err(|error| Error::new(error.kind(), error.to_string()))?;
    let mut view = PageView::of(report, explain);
    // What is safe is handed over beside the rest.
    let mut safe = Vec::with_capacity(view.entries.len());
    for entry in &mut view.entries {
        let picture = entry.picture.take().map(Value::from_safe_string);
        let data = Value::from_safe_string(std::mem::take(&mut entry.data));
        safe.push(context! { picture, data });
    }
    environment.get_template("page.html")?.render(context! {
        page => Value::from(Serde(&view)),
        safe,
        style => Value::from_safe_string(format!("{}\n{}", include_str!("page.css"), drawing::style())),
        script => Value::from_safe_string(include_str!("page.js").to_owned()),
    })
}
