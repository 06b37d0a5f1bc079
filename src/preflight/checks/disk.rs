//! Whether there is room for the model files that are missing.

use crate::plan::size;
use crate::preflight::{Compiled, Local, Outcome, Server};

pub(super) fn look(compiled: &Compiled, local: &Local, server: Option<&Server>) -> Outcome {
    let Some(space) = &local.space else {
        return Outcome::skipped(if server.is_some_and(|server| !server.is_here) {
            "ComfyUI does not say how much room its disk has"
        } else {
            "no models folder was named: `--models DIR`, or `models` in wfc.toml"
        });
    };
    let folder = space.folder.display();
    let free = match &space.bytes {
        Ok(free) => float(*free),
        Err(reason) => return Outcome::skipped(format!("the room in {folder} is not known: {reason}")),
    };
    let missing = compiled.models.as_ref().map_or(&[][..], Vec::as_slice);
    // What a node downloads when it first runs needs room as well.
    let missing: Vec<_> = missing.iter().filter(|model| model.is_missing).collect();
    let need: f64 = missing.iter().filter_map(|model| model.bytes).map(float).sum();
    let unknown = missing.iter().filter(|model| model.bytes.is_none()).count();
    let unknown = if unknown == 0 { String::new() } else { format!(" and {unknown} of unknown size") };
    if need > free {
        return Outcome::fail(format!(
            "the missing model files take {}{unknown}, and {} are free in {folder}",
            size(need),
            size(free)
        ))
        .fix("make room, or put them on a larger disk that extra_model_paths.yaml names");
    }
    if missing.is_empty() {
        Outcome::pass(format!("{} are free in {folder}, and no model file is missing", size(free)))
    } else {
        Outcome::pass(format!(
            "{} are free in {folder}; missing model files take {}{unknown}",
            size(free),
            size(need)
        ))
    }
}

#[expect(clippy::cast_precision_loss, reason = "disks are far below what a float holds exactly")]
fn float(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::{FreeSpace, LocalModel, Outcome};

    fn said(missing: &[Option<u64>], bytes: Result<u64, String>) -> Outcome {
        let models = missing.iter().map(|&bytes| LocalModel {
            name: "x".to_owned(),
            problem: Some(("`x` is missing".to_owned(), None)),
            is_error: true,
            is_missing: true,
            bytes,
        });
        let compiled = Compiled {
            file: "p.toml".to_owned(),
            workflows: 1,
            texts: Vec::new(),
            graphs: Vec::new(),
            checked_with: crate::catalog::Identity::default(),
            inputs: Vec::new(),
            models: Ok(models.collect()),
            assume: crate::plan::Assume::default(),
            headroom: 0.0,
        };
        let space = Some(FreeSpace { folder: "/models".into(), bytes });
        look(&compiled, &Local { space, ..Local::default() }, None)
    }

    #[test]
    fn missing_files_need_room() {
        const GIB: u64 = 1 << 30;
        let fail = Outcome::fail(
            "the missing model files take 12.0 GiB and 1 of unknown size, and 10.0 GiB are free in /models",
        )
        .fix("make room, or put them on a larger disk that extra_model_paths.yaml names");
        assert_eq!(said(&[Some(8 * GIB), Some(4 * GIB), None], Ok(10 * GIB)), fail);
        let pass = Outcome::pass("10.0 GiB are free in /models; missing model files take 8.0 GiB");
        assert_eq!(said(&[Some(8 * GIB)], Ok(10 * GIB)), pass);
        let pass = Outcome::pass("10.0 GiB are free in /models, and no model file is missing");
        assert_eq!(said(&[], Ok(10 * GIB)), pass);
        let unknown = Outcome::skipped("the room in /models is not known: gone");
        assert_eq!(said(&[], Err("gone".to_owned())), unknown);
    }
}
