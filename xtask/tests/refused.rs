//! Programs that must not compile, `tests/trybuild/*.rs`, and what the compiler says about them. Not among the
//! library's own tests, since the first run builds the library and what it depends on once more.
//!
//! The messages name the generated file of a class, so the cases use classes of small packs, which stay where
//! they are. `TRYBUILD=overwrite cargo test -p xtask` writes the messages anew.

use std::process::Command;

/// The compiler whose words are in `tests/trybuild/*.stderr`; others say the same in other words.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn wrong_programs_do_not_compile_and_the_message_says_why() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap();
    let version = String::from_utf8_lossy(&version.stdout);
    if !version.starts_with(COMPILER) {
        println!("skipped: the messages are those of {COMPILER}x, this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("../tests/trybuild/*.rs");
}
