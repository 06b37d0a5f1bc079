//! Which inputs the editor writes although no class declares them.

/// The table that comes with the tool. Its head names its source.
const EMBEDDED: &str = include_str!("../../schemas/editor_inputs.csv");

/// True if the editor gives nodes of `class` an input called `input` that the class does not declare.
#[must_use]
pub fn is_editor_input(class: &str, input: &str) -> bool {
    rows().any(|(of, name)| {
        (of == "*" || of == class)
            && name.strip_suffix('*').map_or(name == input, |start| input.starts_with(start))
    })
}

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    EMBEDDED.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_of_any_class_of_one_and_of_a_family() {
        assert!(is_editor_input("LoadAudio", "audioUI"));
        assert!(is_editor_input("CustomCombo", "option12") && !is_editor_input("Other", "option12"));
        assert!(!is_editor_input("LoadAudio", "audioU"));
    }

    #[test]
    fn every_line_of_the_table_is_a_row() {
        let lines = EMBEDDED.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(rows().filter(|(class, input)| !class.is_empty() && !input.is_empty()).count(), lines);
    }
}
