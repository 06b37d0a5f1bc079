//! The graphs and policies that come with wfc. Adding one is adding a file to `graphs/` or `policies/` and a line here.

macro_rules! graphs {
    ($($name:literal),* $(,)?) => {
        /// Name and text of every built-in graph, sorted by name.
        pub const GRAPHS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../graphs/", $name, ".toml")))),*];
    };
}

graphs![
    "dance-scail",
    "flux2-klein-4b",
    "flux2-klein-9b-edit",
    "ltx2-t2v",
    "qwen-image",
    "qwen-image-edit",
    "qwen-image-edit-2509",
    "qwen-multi-angle-2509",
    "qwen-multi-angle-2511",
    "scail-uni3c-wan21",
    "scail-uni3c-wan22",
    "smoke",
    "wan22-5b",
    "wan22-5b-wrapper",
    "wan22-a14b",
    "wan22-a14b-long",
    "wan22-a14b-wrapper",
    "wan22-animate",
    "wan22-animate-wrapper",
    "wan22-s2v",
    "z-image-turbo",
];

/// The text of the built-in graph `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static str> {
    GRAPHS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of all built-in graphs, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    GRAPHS.iter().map(|(name, _)| *name)
}

/// Name and text of every built-in policy, sorted by name.
pub const POLICIES: &[(&str, &str)] = &[
    ("distilled", include_str!("../../policies/distilled.toml")),
    ("rapid", include_str!("../../policies/rapid.toml")),
];
