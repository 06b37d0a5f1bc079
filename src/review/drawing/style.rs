//! The style of pictures. Colours are plain, not variables: not every program that shows SVG knows those.

use std::fmt::Write as _;

use crate::review::picture::colours::{Colour, FOUND, STAGES};
use crate::review::picture::{Kind, Mark};

/// What is the same on light and on dark paper.
const SHAPES: &str = ".wfc-graph text{font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace;\
    white-space:pre}.wfc-graph .key{font-size:12px;font-weight:700}.wfc-graph .stage{font-size:13px;font-weight:700}\
    .wfc-graph .end{text-anchor:end}.wfc-graph .link{fill:none;stroke-width:1.8}.wfc-graph .link.added,\
    .wfc-graph .link.changed,.wfc-graph .link.found,.wfc-graph .link:hover{stroke-width:3.5}\
    .wfc-graph .link.removed{stroke-width:2.5;stroke-dasharray:6 5}.wfc-graph .box{stroke-width:1}\
    .wfc-graph .unknown .box{stroke-dasharray:3 3}.wfc-graph .node.added .box,.wfc-graph .node.changed .box,\
    .wfc-graph .node.found .box{stroke-width:3}.wfc-graph .node.removed .box{stroke-width:2.5;stroke-dasharray:6 5}\n";

/// The style of every picture, as CSS. A page may set `data-theme` of its root to `light` or `dark`; otherwise the
/// reader's system decides.
#[must_use]
pub fn style() -> String {
    let light = rules(|colour| colour.light);
    let dark = rules(|colour| colour.dark);
    let with = |rules: &[String], before: &str| {
        let rules = rules.iter().map(|rule| format!("{before}.wfc-graph {rule}"));
        rules.collect::<Vec<_>>().concat()
    };
    let mut style = String::from(SHAPES);
    let _ = writeln!(style, "{}", with(&light, ""));
    let _ = writeln!(
        style,
        "@media(prefers-color-scheme:dark){{{}}}",
        with(&dark, ":root:not([data-theme=light]) ")
    );
    // In a picture by itself the root is the picture.
    let own = dark.iter().map(|rule| format!(":root.wfc-graph {rule}")).collect::<Vec<_>>().concat();
    let _ = writeln!(style, "@media(prefers-color-scheme:dark){{{own}}}");
    style += &with(&dark, ":root[data-theme=dark] ");
    style
}

fn rules(of: impl Fn(Colour) -> &'static str) -> Vec<String> {
    let of = |light, dark| of(Colour { light, dark });
    let mut rules = vec![
        format!(".paper{{fill:{}}}", of("#ffffff", "#16191d")),
        format!(".band{{fill:{};stroke:none}}", of("#f3f5f7", "#1e2227")),
        format!("text{{fill:{}}}", of("#1b1f24", "#e6eaef")),
        format!(".dim{{fill:{}}}", of("#4b535d", "#b4bdc8")),
    ];
    for kind in Kind::ALL {
        let (name, Colour { light, dark }) = (kind.name(), kind.colour());
        rules.push(format!(".k-{name}{{stroke:{0}}}", of(light, dark)));
        rules.push(format!("circle.k-{name}{{fill:{0};stroke:none}}", of(light, dark)));
    }
    for (number, (edge, filling)) in STAGES.iter().enumerate() {
        let (edge, filling) = (of(edge.light, edge.dark), of(filling.light, filling.dark));
        rules.push(format!(".s{number} .box{{fill:{filling};stroke:{edge}}}"));
        rules.push(format!(".s{number} .edge{{fill:{edge}}}"));
    }
    let marks = Mark::NAMED.into_iter().filter_map(|mark| Some((mark.name()?, mark.colour())));
    for (name, Colour { light, dark }) in marks.chain([("found", FOUND)]) {
        let colour = of(light, dark);
        rules.push(format!(".node.{name} .box{{stroke:{colour}}}"));
        rules.push(format!(".link.{name}{{stroke:{colour}}}"));
        rules.push(format!(".fact.{name}{{fill:{colour}}}"));
    }
    rules.push(format!(".why{{fill:{}}}", of(FOUND.light, FOUND.dark)));
    rules
}
