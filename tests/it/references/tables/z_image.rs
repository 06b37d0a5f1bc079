//! Z-Image-Turbo.

use super::Reference;

pub(super) const REFERENCES: &[Reference] = &[Reference {
    file: "G_z_image_turbo",
    preset: "z-image-turbo",
    set: &[],
    switches: None,
    graph: "z-image-turbo",
    settled: &[],
    differences: &[],
}];
