//! All rules: a file each, or one line where a reader finds the defect on its way.
//!
//! `cargo xtask new-rule NAME` makes a rule's file, its page in `docs/rules/` and its lines here.

mod animate_frame_counts;
mod animate_half_mix;
mod animate_part_from_start;
mod animate_untrimmed;
mod api_node;
mod audio_length_mismatch;
mod base_model_with_distilled_recipe;
mod batched_cfg;
mod blank_around_prompt;
mod block_swap_with_vram_management;
mod cache_never_used;
mod cache_of_other_model;
mod cfg_with_distilled_model;
mod clip_vision_of_another_loader;
mod clip_vision_of_another_model;
mod coerced_value;
mod context_frames_off_grid;
mod context_overlap_too_large;
mod context_windows_in_loop;
mod context_windows_unused;
mod control_embeds_without_control_model;
mod controlnet_of_other_kind;
mod denoise_applied_twice;
mod denoise_ignores_samples;
mod denoise_lengthens_schedule;
mod denoise_with_start_step;
mod deprecated_class;
mod dropped_output;
mod edit_without_reference;
mod editor_token_in_file_name;
mod empty_embeds_for_image_model;
mod empty_file_name_prefix;
mod encoder_of_older_edit_model;
mod extra_latents_skipped;
mod fast_fp8_on_old_card;
mod fast_fp8_with_unmerged_lora;
mod float_noise;
mod flux2_schedule_for_other_size;
mod fp8_compile_on_old_card;
mod frame_rate_mismatch;
mod frames_off_grid;
mod freeinit_without_samples;
mod guide_on_av_latent;
mod half_bound_parameter;
mod image_embeds_for_text_model;
mod intermediate_output;
mod late_start_on_empty_latent;
mod latent_of_another_family;
mod leftover_noise_decoded;
mod literal_for_link;
mod looped_video_decoded_twice;
mod lora_of_other_expert;
mod malformed_sigmas;
mod merged_lora_in_set_loras;
mod missing_negative_embeds;
mod misspelt_model_file;
mod mixed_scail_versions;
mod model_larger_than_card;
mod more_frames_than_loaded;
mod needs_optional_package;
mod negative_prompt_without_effect;
mod no_steps_left;
mod noise_added_twice;
mod noise_left_in_result;
mod noise_missing;
mod non_finite_number;
mod not_a_main_model;
mod off_step;
mod only_temporary_outputs;
mod outside_policy;
mod path_outside_folder;
mod policy_against_model;
mod pose_at_full_size;
mod pose_not_half_size;
mod pose_size_from_elsewhere;
mod prompt_names_missing_picture;
mod radial_attention_not_loaded;
mod reference_only_on_positive;
mod relight_lora_in_move_mode;
mod renamed_input;
mod render_without_scail;
mod render_without_uni3c;
mod repeated_node;
mod rope_function_omitted;
mod runpod_returns_nothing;
mod s2v_doubled_reference;
mod s2v_frame_rate;
mod s2v_longer_than_audio;
mod sageattn3_off_blackwell;
mod samples_of_other_size;
mod scail_after_uni3c;
mod scail_reference_without_clip;
mod scail_with_other_model;
mod scail_without_pose;
mod scaled_quantization_of_unscaled_file;
mod scheduler_ignores_setting;
mod scheduler_refuses_steps;
mod second_stage_drops_sound;
mod secret_in_workflow;
mod seed_without_effect;
mod shared_file_name_prefix;
mod shared_prompt_cache;
mod shared_scail_embeds;
mod sigmas_count_off_by_one;
mod sigmas_on_fixed_scheduler;
mod size_off_grid;
mod skipped_sampler;
mod sound_may_be_missing;
mod split_off_boundary;
mod split_schedules_differ;
mod steps_unfit_for_distilled_model;
mod swapped_experts;
mod switch_without_its_settings;
mod text_encode_without_encoder;
mod text_encoder_of_another_format;
mod text_encoder_of_another_model;
mod text_encoder_type_mismatch;
mod tile_not_larger_than_stride;
mod too_many_blocks_to_swap;
mod undeclared_link_to_nowhere;
mod unfit_for_gguf;
mod uni3c_fp8_undeclared;
mod uni3c_on_one_expert;
mod uni3c_on_small_model;
mod uni3c_past_scail;
mod uni3c_precision_mismatch;
mod uni3c_render_mask;
mod uni3c_render_size;
mod uni3c_without_render_latent;
mod unknown_input;
mod unknown_model_file;
mod unreachable_node;
mod untouched_cfg;
mod unusable_size;
mod vace_on_image_model;
mod video_format_of_another_model;
mod vram_near_budget;
mod vram_over_budget;
mod windows_separator;
mod zero_init_wastes_steps;

use super::{Check, Group, Rule, Subject, page};
use crate::diag::Severity;

/// All rules, sorted by name.
pub static RULES: &[&Rule] = &[
    &animate_frame_counts::RULE,
    &animate_half_mix::RULE,
    &animate_part_from_start::RULE,
    &animate_untrimmed::RULE,
    &api_node::RULE,
    &audio_length_mismatch::RULE,
    &base_model_with_distilled_recipe::RULE,
    &batched_cfg::RULE,
    &blank_around_prompt::RULE,
    &block_swap_with_vram_management::RULE,
    &cache_never_used::RULE,
    &cache_of_other_model::RULE,
    &cfg_with_distilled_model::RULE,
    &clip_vision_of_another_loader::RULE,
    &clip_vision_of_another_model::RULE,
    &coerced_value::RULE,
    &context_frames_off_grid::RULE,
    &context_overlap_too_large::RULE,
    &context_windows_in_loop::RULE,
    &context_windows_unused::RULE,
    &control_embeds_without_control_model::RULE,
    &controlnet_of_other_kind::RULE,
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
    &denoise_applied_twice::RULE,
    &denoise_ignores_samples::RULE,
    &denoise_lengthens_schedule::RULE,
    &denoise_with_start_step::RULE,
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
    &edit_without_reference::RULE,
    &editor_token_in_file_name::RULE,
    &empty_embeds_for_image_model::RULE,
    &empty_file_name_prefix::RULE,
    &encoder_of_older_edit_model::RULE,
    &extra_latents_skipped::RULE,
    &fast_fp8_on_old_card::RULE,
    &fast_fp8_with_unmerged_lora::RULE,
    &float_noise::RULE,
    &flux2_schedule_for_other_size::RULE,
    &fp8_compile_on_old_card::RULE,
    &frame_rate_mismatch::RULE,
    &frames_off_grid::RULE,
    &freeinit_without_samples::RULE,
    &guide_on_av_latent::RULE,
    &half_bound_parameter::RULE,
    &image_embeds_for_text_model::RULE,
    &intermediate_output::RULE,
    &late_start_on_empty_latent::RULE,
    &latent_of_another_family::RULE,
    &leftover_noise_decoded::RULE,
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
    &looped_video_decoded_twice::RULE,
    &lora_of_other_expert::RULE,
    &elsewhere(
        "made-in-editor",
        Group::Portability,
        Subject::Ui,
        "a value that only the editor can make, such as a picture of a 3D view",
        page!("made-in-editor"),
    ),
    &malformed_sigmas::RULE,
    &merged_lora_in_set_loras::RULE,
    &elsewhere(
        "missing-link",
        Group::Correctness,
        Subject::Ui,
        "an input of the editor with a link that does not exist",
        page!("missing-link"),
    ),
    &missing_negative_embeds::RULE,
    &misspelt_model_file::RULE,
    &mixed_scail_versions::RULE,
    &model_larger_than_card::RULE,
    &more_frames_than_loaded::RULE,
    &needs_optional_package::RULE,
    &negative_prompt_without_effect::RULE,
    &elsewhere(
        "negative-slot",
        Group::Correctness,
        Subject::Api,
        "a link to an output slot below 0, which Python counts from the end",
        page!("negative-slot"),
    ),
    &no_steps_left::RULE,
    &noise_added_twice::RULE,
    &noise_left_in_result::RULE,
    &noise_missing::RULE,
    &non_finite_number::RULE,
    &not_a_main_model::RULE,
    &elsewhere(
        "odd-link",
        Group::Correctness,
        Subject::Ui,
        "an entry of the editor's links that is none",
        page!("odd-link"),
    ),
    &off_step::RULE,
    &only_temporary_outputs::RULE,
    &outside_policy::RULE,
    &elsewhere(
        "param-without-effect",
        Group::Correctness,
        Subject::Source,
        "a value in a preset without which the workflow would be the same",
        page!("param-without-effect"),
    ),
    &path_outside_folder::RULE,
    &policy_against_model::RULE,
    &pose_at_full_size::RULE,
    &pose_not_half_size::RULE,
    &pose_size_from_elsewhere::RULE,
    &prompt_names_missing_picture::RULE,
    &radial_attention_not_loaded::RULE,
    &reference_only_on_positive::RULE,
    &relight_lora_in_move_mode::RULE,
    &renamed_input::RULE,
    &render_without_scail::RULE,
    &render_without_uni3c::RULE,
    &repeated_node::RULE,
    &rope_function_omitted::RULE,
    &runpod_returns_nothing::RULE,
    &s2v_doubled_reference::RULE,
    &s2v_frame_rate::RULE,
    &s2v_longer_than_audio::RULE,
    &sageattn3_off_blackwell::RULE,
    &samples_of_other_size::RULE,
    &scail_after_uni3c::RULE,
    &scail_reference_without_clip::RULE,
    &scail_with_other_model::RULE,
    &scail_without_pose::RULE,
    &scaled_quantization_of_unscaled_file::RULE,
    &scheduler_ignores_setting::RULE,
    &scheduler_refuses_steps::RULE,
    &second_stage_drops_sound::RULE,
    &secret_in_workflow::RULE,
    &seed_without_effect::RULE,
    &shared_file_name_prefix::RULE,
    &shared_prompt_cache::RULE,
    &shared_scail_embeds::RULE,
    &sigmas_count_off_by_one::RULE,
    &sigmas_on_fixed_scheduler::RULE,
    &size_off_grid::RULE,
    &skipped_sampler::RULE,
    &sound_may_be_missing::RULE,
    &split_off_boundary::RULE,
    &split_schedules_differ::RULE,
    &steps_unfit_for_distilled_model::RULE,
    &swapped_experts::RULE,
    &switch_without_its_settings::RULE,
    &text_encode_without_encoder::RULE,
    &text_encoder_of_another_format::RULE,
    &text_encoder_of_another_model::RULE,
    &text_encoder_type_mismatch::RULE,
    &tile_not_larger_than_stride::RULE,
    &too_many_blocks_to_swap::RULE,
    &undeclared_link_to_nowhere::RULE,
    &unfit_for_gguf::RULE,
    &uni3c_fp8_undeclared::RULE,
    &uni3c_on_one_expert::RULE,
    &uni3c_on_small_model::RULE,
    &uni3c_past_scail::RULE,
    &uni3c_precision_mismatch::RULE,
    &uni3c_render_mask::RULE,
    &uni3c_render_size::RULE,
    &uni3c_without_render_latent::RULE,
    &unknown_input::RULE,
    &unknown_model_file::RULE,
    &unreachable_node::RULE,
    &untouched_cfg::RULE,
    &unusable_size::RULE,
    &elsewhere(
        "unused-allowance",
        Group::Style,
        Subject::Source,
        "an allowed finding that is not found",
        page!("unused-allowance"),
    ),
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
    &video_format_of_another_model::RULE,
    &vram_near_budget::RULE,
    &vram_over_budget::RULE,
    &elsewhere(
        "widget-count-mismatch",
        Group::Correctness,
        Subject::Ui,
        "a node saved by the editor with more or fewer widget values than its class has",
        page!("widget-count-mismatch"),
    ),
    &windows_separator::RULE,
    &zero_init_wastes_steps::RULE,
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
