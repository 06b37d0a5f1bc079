//! Wan 2.2 S2V: speech to video.

use super::{Difference, Is, Reference};

const COUNTED: &str = "the seed counts up from chunk to chunk";

pub(super) const REFERENCES: &[Reference] = &[Reference {
    file: "L_s2v",
    preset: "wan22-s2v",
    set: &["trim=false"],
    switches: None,
    graph: "wan22-s2v",
    settled: &["PrimitiveInt", "PrimitiveFloat"],
    differences: &[
        Difference::At { node: "79:77", input: "seed", ours: Is::Whole(21), reason: COUNTED },
        Difference::At { node: "85:77", input: "seed", ours: Is::Whole(22), reason: COUNTED },
    ],
}];
