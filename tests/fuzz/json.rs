//! JSON trees: both readers give the same tree, and places lie in the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wfc::front::json::{Json, JsonKind};

fuzz_target!(|text: &str| {
    let fast = Json::parse(text);
    let placed = Json::parse_with_places(text);
    for error in [fast.as_ref().err(), placed.as_ref().err()].into_iter().flatten() {
        assert!(error.offset <= text.len() && !error.message.is_empty(), "{error:?}");
    }
    if let Ok(fast) = &fast {
        let placed = placed.expect("what the fast reader takes, the other takes too");
        assert_same(fast, &placed, text);
    }
});

fn assert_same(fast: &Json<'_>, placed: &Json<'_>, text: &str) {
    let (start, end) = placed.place.expect("it was asked for");
    let range = start as usize..end as usize;
    assert!(!range.is_empty() && text.get(range.clone()).is_some(), "{range:?}");
    match (&fast.kind, &placed.kind) {
        (JsonKind::Array(fast), JsonKind::Array(placed)) => {
            assert_eq!(fast.len(), placed.len());
            fast.iter().zip(placed).for_each(|(fast, placed)| assert_same(fast, placed, text));
        }
        (JsonKind::Object(fast), JsonKind::Object(placed)) => {
            assert_eq!(fast.len(), placed.len());
            for (fast, placed) in fast.iter().zip(placed) {
                assert_eq!(fast.key, placed.key);
                assert_same(&fast.value, &placed.value, text);
            }
        }
        (fast, placed) => assert_eq!(fast, placed),
    }
}
