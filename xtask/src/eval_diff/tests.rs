//! What is promised of the diff holds on the repository's presets.

use super::*;

fn run(kind: Kind, edits: usize, ids: Ids) -> Tally {
    let presets = workflows::presets(crate::root()).unwrap();
    Script::new(kind, edits, ids).run(&presets, 1)
}

#[test]
fn one_edit_is_told_by_no_more_changes_than_it_takes() {
    for kind in [
        Kind::Nothing,
        Kind::Value,
        Kind::Swap,
        Kind::Rewire,
        Kind::Insert,
        Kind::Copy,
        Kind::Remove,
        Kind::Class,
    ] {
        let tally = run(kind, 1, Ids::New);
        assert!(tally.cases >= 40 && tally.pairs > 800, "{kind:?}: {tally:?}");
        assert_eq!(tally.longer, 0, "{kind:?}: {}", tally.worst.1);
    }
}

#[test]
fn most_nodes_find_their_partners_after_ten_edits() {
    for ids in [Ids::Kept, Ids::New, Ids::Half] {
        let tally = run(Kind::Any, 10, ids);
        let (true_pairs, found) =
            (Tally::share(tally.right, tally.found), Tally::share(tally.right, tally.pairs));
        assert!(true_pairs > 0.94 && found > 0.94, "{ids:?}: {tally:?}");
        assert!(Tally::share(tally.told, tally.changes) < 1.1, "{ids:?}: {tally:?}");
    }
}

#[test]
fn a_workflow_without_edits_is_the_same_and_knows_its_nodes() {
    let tally = run(Kind::Untitled, 0, Ids::New);
    assert_eq!((tally.told, tally.changes), (0, 0));
    assert_eq!((tally.right, tally.found), (tally.pairs, tally.pairs));
}
