//! LTX-2: video with sound in two stages.

use super::{BIT_DEPTH, Difference, Is, Reference};

pub(super) const REFERENCES: &[Reference] = &[Reference {
    file: "C_ltx2_t2v",
    preset: "ltx2-t2v",
    set: &[],
    switches: None,
    graph: "ltx2-t2v",
    settled: &["PrimitiveInt", "PrimitiveFloat"],
    differences: &[
        Difference::Input {
            class: "EmptyImage",
            input: "height",
            theirs: Is::Whole(720),
            ours: Is::Whole(704),
            reason: "720 is no multiple of 64, and what comes out has 704 rows",
        },
        BIT_DEPTH,
    ],
}];
