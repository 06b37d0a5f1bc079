//! Workflows in pictures: any bytes give texts or an error.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use wfc::front::json::{Embedded, EmbeddedError};

fuzz_target!(|bytes: &[u8]| match Embedded::read(Cursor::new(bytes)) {
    Ok(found) => assert!(found.prompt.is_some() || found.workflow.is_some()),
    Err(EmbeddedError::Read(error)) => panic!("a file in memory can be read: {error}"),
    Err(error) => assert!(!error.to_string().is_empty()),
});
