//! All rules: a file each, or one line where a reader finds the defect on its way.
//!
//! `cargo xtask new-rule NAME` makes a rule's file, its page in `docs/rules/` and its lines here.

mod api_node;
mod batched_cfg;
mod block_swap_with_vram_management;
mod bridge_without_negative;
mod cfg_with_distilled_model;
mod clip_vision_of_another_loader;
mod clip_vision_of_another_model;
mod coerced_value;
mod control_embeds_without_control_model;
mod deprecated_class;
mod dropped_output;
mod empty_embeds_for_image_model;
mod fast_fp8_on_old_card;
mod fast_fp8_with_unmerged_lora;
mod float_noise;
mod fp8_compile_on_old_card;
mod frames_off_grid;
mod image_embeds_for_text_model;
mod latent_of_another_family;
mod literal_for_link;
mod merged_lora_in_set_loras;
mod misspelt_model_file;
mod model_larger_than_card;
mod needs_optional_package;
mod not_a_main_model;
mod off_step;
mod outside_policy;
mod policy_against_model;
mod radial_attention_not_loaded;
mod sageattn3_off_blackwell;
mod scaled_quantization_of_unscaled_file;
mod shared_file_name_prefix;
mod shared_prompt_cache;
mod size_off_grid;
mod text_encode_without_encoder;
mod text_encoder_of_another_format;
mod text_encoder_of_another_model;
mod text_encoder_type_mismatch;
mod too_many_blocks_to_swap;
mod unfit_for_gguf;
mod unknown_input;
mod unknown_model_file;
mod unreachable_node;
mod unusable_size;
mod vace_on_image_model;
mod windows_separator;

use super::{Check, Group, Rule, Subject, page};
use crate::diag::Severity;

/// All rules, sorted by name.
pub static RULES: &[&Rule] = &[
    &api_node::RULE,
    &batched_cfg::RULE,
    &block_swap_with_vram_management::RULE,
    &bridge_without_negative::RULE,
    &cfg_with_distilled_model::RULE,
    &clip_vision_of_another_loader::RULE,
    &clip_vision_of_another_model::RULE,
    &coerced_value::RULE,
    &control_embeds_without_control_model::RULE,
    &elsewhere(
        "date-in-file-name",
        Group::Reproducibility,
        Subject::Ui,
        "a `%date%` in a file name, which the editor replaces when it exports",
        page!("date-in-file-name"),
    ),
    &elsewhere(
        "declared-extra",
        Group::Style,
        Subject::Source,
        "an input under `extra` that the class declares",
        page!("declared-extra"),
    ),
    &deprecated_class::RULE,
    &dropped_output::RULE,
    &elsewhere(
        "duplicate-input",
        Group::Correctness,
        Subject::Api,
        "an input that stands twice in a workflow",
        page!("duplicate-input"),
    ),
    &elsewhere(
        "duplicate-node-id",
        Group::Correctness,
        Subject::Api,
        "two nodes of a workflow with the same id",
        page!("duplicate-node-id"),
    ),
    &elsewhere(
        "duplicate-set-name",
        Group::Correctness,
        Subject::Ui,
        "two SetNodes of a name, of which every GetNode takes the first",
        page!("duplicate-set-name"),
    ),
    &elsewhere(
        "dynamic-prompt",
        Group::Reproducibility,
        Subject::Ui,
        "a choice `{a|b}` in a prompt, which the editor makes at random when it exports",
        page!("dynamic-prompt"),
    ),
    &empty_embeds_for_image_model::RULE,
    &fast_fp8_on_old_card::RULE,
    &fast_fp8_with_unmerged_lora::RULE,
    &float_noise::RULE,
    &fp8_compile_on_old_card::RULE,
    &frames_off_grid::RULE,
    &image_embeds_for_text_model::RULE,
    &latent_of_another_family::RULE,
    &elsewhere(
        "link-from-nowhere",
        Group::Correctness,
        Subject::Ui,
        "a link of the editor that starts at a node or slot that does not exist",
        page!("link-from-nowhere"),
    ),
    &elsewhere(
        "link-mismatch",
        Group::Correctness,
        Subject::Ui,
        "a link whose two ends disagree about where it leads",
        page!("link-mismatch"),
    ),
    &elsewhere(
        "link-to-nowhere",
        Group::Correctness,
        Subject::Ui,
        "a link of the editor that ends at nothing",
        page!("link-to-nowhere"),
    ),
    &literal_for_link::RULE,
    &elsewhere(
        "made-in-editor",
        Group::Portability,
        Subject::Ui,
        "a value that only the editor can make, such as a picture of a 3D view",
        page!("made-in-editor"),
    ),
    &merged_lora_in_set_loras::RULE,
    &elsewhere(
        "missing-link",
        Group::Correctness,
        Subject::Ui,
        "an input of the editor with a link that does not exist",
        page!("missing-link"),
    ),
    &misspelt_model_file::RULE,
    &model_larger_than_card::RULE,
    &needs_optional_package::RULE,
    &elsewhere(
        "negative-slot",
        Group::Correctness,
        Subject::Api,
        "a link to an output slot below 0, which Python counts from the end",
        page!("negative-slot"),
    ),
    &not_a_main_model::RULE,
    &elsewhere(
        "odd-link",
        Group::Correctness,
        Subject::Ui,
        "an entry of the editor's links that is none",
        page!("odd-link"),
    ),
    &off_step::RULE,
    &outside_policy::RULE,
    &elsewhere(
        "param-without-effect",
        Group::Correctness,
        Subject::Source,
        "a value in a preset without which the workflow would be the same",
        page!("param-without-effect"),
    ),
    &policy_against_model::RULE,
    &radial_attention_not_loaded::RULE,
    &sageattn3_off_blackwell::RULE,
    &scaled_quantization_of_unscaled_file::RULE,
    &shared_file_name_prefix::RULE,
    &shared_prompt_cache::RULE,
    &size_off_grid::RULE,
    &text_encode_without_encoder::RULE,
    &text_encoder_of_another_format::RULE,
    &text_encoder_of_another_model::RULE,
    &text_encoder_type_mismatch::RULE,
    &too_many_blocks_to_swap::RULE,
    &unfit_for_gguf::RULE,
    &unknown_input::RULE,
    &unknown_model_file::RULE,
    &unreachable_node::RULE,
    &unusable_size::RULE,
    &elsewhere(
        "unused-model",
        Group::Style,
        Subject::Source,
        "a model slot of a graph that no input uses",
        page!("unused-model"),
    ),
    &elsewhere(
        "unused-param",
        Group::Style,
        Subject::Source,
        "a parameter of a graph that nothing uses",
        page!("unused-param"),
    ),
    &vace_on_image_model::RULE,
    &elsewhere(
        "widget-count-mismatch",
        Group::Correctness,
        Subject::Ui,
        "a node saved by the editor with more or fewer widget values than its class has",
        page!("widget-count-mismatch"),
    ),
    &windows_separator::RULE,
];

const fn elsewhere(
    name: &'static str,
    group: Group,
    subject: Subject,
    summary: &'static str,
    page: &'static str,
) -> Rule {
    Rule {
        name,
        summary,
        group,
        subject,
        severity: Some(Severity::Warning),
        repairs: None,
        page,
        check: Check::Elsewhere,
    }
}
