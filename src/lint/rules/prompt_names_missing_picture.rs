//! A prompt about a picture that is not there.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

use super::edit_without_reference::{ENCODERS, PICTURES};

pub(super) static RULE: Rule = Rule {
    name: "prompt-names-missing-picture",
    summary: "a prompt that names a picture by number, where no such picture is connected",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("prompt-names-missing-picture"),
    check: Check::Class(&ENCODERS, check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    let text = inputs.text("prompt")?;
    let numbered = ["image1", "image2", "image3"];
    let is_single = &*workflow.node(id).class_type == ENCODERS[0];
    let is_there = |number: u32| {
        let input = if is_single { (number == 1).then_some("image") } else { name(&numbered, number) };
        input.is_some_and(|input| inputs.has(input))
    };
    // A prompt without any picture is for another kind of work.
    if !PICTURES.iter().any(|picture| inputs.has(picture)) {
        return Ok(None);
    }
    let Some((said, number)) = mentioned(&text).into_iter().find(|(_, number)| !is_there(*number)) else {
        return Ok(None);
    };
    let there: Vec<&str> = PICTURES.into_iter().filter(|picture| inputs.has(picture)).collect();
    let message = format!("the prompt names {said:?}, and only {} is connected", there.join(" and "));
    let message = if there.len() > 1 { message.replace(" is connected", " are connected") } else { message };
    let help = match (is_single, number) {
        (true, _) => "this encoder takes one picture; TextEncodeQwenImageEditPlus takes three".to_owned(),
        (false, 1..=3) => format!(
            "connect image{number}, or name a picture that is there: they are counted by their inputs"
        ),
        _ => "the encoder takes three pictures; name one that is there".to_owned(),
    };
    Ok(Some(workflow.at(&RULE, id, "prompt", message).help(help)))
}

fn name<'n>(names: &[&'n str], number: u32) -> Option<&'n str> {
    names.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

/// The pictures that a prompt names by number, as they are written there.
fn mentioned(text: &str) -> Vec<(&str, u32)> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for word in ["image", "picture", "figure", "图片", "图像", "图"] {
        for (start, _) in lower.match_indices(word) {
            let is_start = !lower[..start].ends_with(|c: char| c.is_ascii_alphanumeric());
            let after = &text[start + word.len()..];
            let gap = after.len() - after.trim_start_matches([' ', '#']).len();
            let digits = after[gap..].bytes().take_while(u8::is_ascii_digit).count();
            // Not `image 4k`, `image 2.5` or `images 10 times larger`.
            let rest = &after[gap + digits..];
            let is_number = digits == 1
                && gap < 3
                && !rest
                    .starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '%' | ':' | '/' | '°'))
                && !rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            if let Some(number) = after[gap..].chars().next().and_then(|c| c.to_digit(10))
                && is_start
                && is_number
            {
                found.push((&text[start..start + word.len() + gap + digits], number));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::mentioned;

    #[test]
    fn pictures_are_named_by_word_and_number() {
        let numbers = |text: &str| mentioned(text).into_iter().map(|(_, number)| number).collect::<Vec<_>>();
        assert_eq!(numbers("the dress of Picture 2 on the woman of image1"), [1, 2]);
        assert_eq!(numbers("图2里的人"), [2]);
        for text in [
            "an image 4k sharp",
            "image 10",
            "a picture, 2 people",
            "images 3",
            "image 2.5 times",
            "image 2: x",
        ] {
            let none: Vec<u32> = Vec::new();
            assert_eq!(numbers(text), none, "{text}");
        }
    }
}
