//! Inputs and outputs that connect to more than `/object_info` shows.

use super::class::NodeClass;

/// The table that comes with the tool. Its head explains the columns and names its source.
const EMBEDDED: &str = include_str!("../../schemas/wider_types.csv");

/// Tells the inputs and outputs of a class what else they connect to.
pub(super) fn apply(class: &mut NodeClass) {
    let name = std::sync::Arc::clone(&class.name);
    let own = EMBEDDED.lines().filter_map(|line| line.strip_prefix(&*name)?.strip_prefix(','));
    for (side, place, types) in own.filter_map(read) {
        match (side, place.parse::<usize>()) {
            ("output", Ok(slot)) => {
                if let Some(output) = class.outputs.get_mut(slot) {
                    output.types = types.into();
                }
            }
            _ => {
                if let Some(input) = class.inputs.iter_mut().find(|input| *input.name == *place) {
                    input.wider = Some(types.into());
                }
            }
        }
    }
}

/// Side, place and types of a line without its class.
fn read(rest: &str) -> Option<(&str, &str, &str)> {
    let (side, rest) = rest.split_once(',')?;
    let (place, types) = rest.split_once(',')?;
    Some((side, place, types.trim_matches('"')))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::object_info::read_class;
    use super::*;

    #[test]
    fn inputs_and_outputs_get_wider() {
        let class = json!({ "input": { "required": { "images": ["IMAGE"], "frame_rate": ["FLOAT"] } }, "output": ["X"] });
        let combine = read_class("VHS_VideoCombine", &class, "P", &mut Vec::new()).unwrap();
        assert_eq!(combine.inputs[0].link_types(), "IMAGE,LATENT");
        assert_eq!((combine.inputs[1].link_types(), &*combine.outputs[0].types), ("FLOAT,INT", "X"));
        let load = read_class("VHS_LoadVideo", &class, "P", &mut Vec::new()).unwrap();
        assert_eq!((load.inputs[0].link_types(), &*load.outputs[0].types), ("IMAGE", "IMAGE,LATENT"));
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = EMBEDDED.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.clone().all(|line| {
            let place = line.split_once(',').and_then(|(_, rest)| read(rest));
            place.is_some_and(|(side, place, types)| {
                (side == "input" || side == "output" && place.parse::<usize>().is_ok()) && types.contains(',')
            })
        }));
        assert!(lines.is_sorted());
    }
}
