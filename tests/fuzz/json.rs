//! JSON trees: places lie in the text, and what stands there is the part.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wfc::front::json::{Arena, Json};

fuzz_target!(|text: &str| match Json::parse(text, &Arena::new()) {
    Ok(json) => check(&json, text),
    Err(error) => assert!(error.offset <= text.len() && !error.message.is_empty(), "{error:?}"),
});

fn check(json: &Json<'_>, text: &str) {
    let (start, end) = json.place.expect("everything has a place");
    let written = text.get(start as usize..end.get() as usize).expect("in the text");
    // Python's `NaN` is taken, and no JSON by itself.
    if !written.contains(['N', 'I']) {
        let arena = Arena::new();
        let again = Json::parse(written, &arena).expect("a part is JSON too");
        assert_eq!(again.to_value(), json.to_value());
    }
    json.items().into_iter().flatten().for_each(|item| check(item, text));
    for entry in json.entries().into_iter().flatten() {
        check(&entry.value, text);
    }
}
