//! The evaluation on the committed table: what is promised holds, and the page and the coefficients are of today.

use std::collections::BTreeSet;

use super::*;

/// True for a measurement of time, which another table has: `t25`.
fn is_of_times(id: &str) -> bool {
    id.starts_with('t')
}

fn rows_of(found: &Evaluation, id: &str) -> Compared {
    found.compared.iter().find(|it| it.row.get("id") == id).unwrap().clone()
}

#[test]
fn the_page_has_the_report_of_today() {
    let present = std::fs::read_to_string(crate::root().join(PAGE)).unwrap();
    let today = page(&present).unwrap();
    assert!(
        present == today,
        "{PAGE} is out of date: run `cargo xtask eval-vram --write`, and read what changed"
    );
}

#[test]
fn targets_hold() {
    let found = evaluate();
    // The logs of the wrapper and the VAE rows, in GiB allocated.
    for id in ["1", "3", "5", "7", "9", "12", "214", "215", "301", "310", "318"] {
        let it = rows_of(&found, id);
        let error = it.predicted.typical / it.measured - 1.0;
        assert!(error.abs() < 0.03, "{id}: {error}");
    }
    // Where most of it is weights.
    let is_weights = |it: &&Compared| it.weights > 0.5 && it.engine == Engine::Reference;
    for it in found.compared.iter().filter(is_weights) {
        let error = it.predicted.typical / it.measured - 1.0;
        assert!(error.abs() < 0.05, "{}: {error}", it.row.get("id"));
    }
    for it in found.bounds.iter().filter(|it| it.is_oom) {
        assert!(!it.verdict.runs(), "{} is known to run out of memory", it.row.get("id"));
    }
    let measured: Vec<&Compared> = found.compared.iter().filter(|it| it.row.get("use") != "claim").collect();
    let inside = measured.iter().filter(|it| it.predicted.contains(it.measured)).count();
    assert!(inside * 10 >= measured.len() * 9, "{inside} of {}", measured.len());
}

#[test]
fn fitting_anew_gives_the_committed_coefficients() {
    let found = evaluate();
    let is_memory = |row: &&wfc::plan::Coefficient| {
        row.basis == wfc::plan::Basis::Measured && row.fitted_on.split(' ').all(|id| !is_of_times(id))
    };
    let measured = Coefficients::embedded().rows().iter().filter(is_memory);
    assert_eq!(found.fits.len(), measured.count());
    for (name, committed, fitted, least, most) in &found.fits {
        assert!(
            (committed / fitted - 1.0).abs() < 0.01,
            "{name}: {committed}, fitted {fitted} ({least} to {most})"
        );
    }
}

#[test]
fn measurements_are_whole_and_coefficients_name_them() {
    let rows = rows();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.get("id")).collect();
    assert_eq!(ids.len(), rows.len(), "an id is there twice");
    for row in &rows {
        assert!(row.is_complete(), "{row:?}");
        assert!(!row.get("source").is_empty() && !row.get("kind").is_empty(), "{row:?}");
        let uses = ["calibrate", "check", "repeat", "claim", "bound", "refuse"];
        assert!(uses.contains(&row.get("use")), "{row:?}");
        assert_eq!(row.get("use") == "refuse", !row.get("note").is_empty(), "{row:?}");
    }
    for row in Coefficients::embedded().rows() {
        for id in row.fitted_on.split(' ').filter(|id| !id.is_empty() && !is_of_times(id)) {
            let of = rows.iter().find(|row| row.get("id") == id);
            assert!(of.is_some_and(|of| of.get("use") != "refuse"), "{} names {id}", row.kind);
        }
    }
}
