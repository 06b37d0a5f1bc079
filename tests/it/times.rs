//! How long workflows take, and what that costs.

use serde_json::Value as Json;
use wfc::analysis::Analysis;
use wfc::catalog::{Catalog, Machine, Machines, Models};
use wfc::diag::Diagnostics;
use wfc::front::json::{self, Arena, Document};
use wfc::plan::{
    Amount, Basis, Coefficients, Engine, Network, Options, Plan, Session, Storage, Timer, Times, Work,
    dollars, times,
};
use wfc::source::Sources;

use crate::support::{Folder, repository, toml_files};

fn machine(id: &str) -> Machine {
    Machines::embedded().machine(id).unwrap()
}

fn plan(workflow: &Json) -> Plan {
    let text = workflow.to_string();
    let mut sources = Sources::new();
    let file = sources.add("w.json", text.as_str());
    let (arena, mut problems) = (Arena::new(), Diagnostics::new());
    let tree = json::parse(file, &text, &arena, &mut problems).unwrap();
    let graph = Document::of(tree).read(file, &Catalog::embedded(), &mut problems).unwrap();
    let models = Models::embedded();
    Plan::new(&graph, &Analysis::new(&graph, &models), &Options::default())
}

fn preset(name: &str, set: &[&str]) -> Plan {
    let preset = repository(&format!("presets/{name}.toml"));
    let set: Vec<&str> = set.iter().flat_map(|value| ["--set", value]).collect();
    plan(&Folder::new().workflow(preset.to_str().unwrap(), &set))
}

fn first(plan: &Plan, card: &str, storage: &str) -> Times {
    times(plan, &machine(card), &Session::first(Storage::called(storage).unwrap()))
}

/// Measured on a 24 GB Ada card: 640x480x25 and 1280x720x121 are made as 640x448 and 1280x704. Nothing was fitted on it.
#[test]
fn the_measured_times_of_the_ltx2_endpoint_lie_inside_the_limits() {
    let small = preset("ltx2-t2v", &["width=640", "height=448", "frames=25"]);
    let large = preset("ltx2-t2v", &["width=1280", "height=704", "frames=121"]);
    // The checkpoint, the text encoder, the LoRA and the upscaler, as they are downloaded.
    assert_eq!(format!("{:.0}", small.files.typical / 1e9), "45");
    for card in ["rtx-4090", "l4"] {
        let total = |plan, storage| first(plan, card, storage).total;
        let inside = [
            total(&small, "download").contains(17.7 * 60.0),
            total(&small, "network").contains(228.9),
            total(&small, "network").contains(2.8 * 60.0),
            total(&large, "network").contains(277.7),
        ];
        assert_eq!(inside, [true; 4], "{card}");
        // The limits say something: not a minute for a first start, not an hour for a cached one.
        assert!(total(&small, "download").low > 60.0 && total(&large, "network").high < 1800.0, "{card}");
        // More pixels and frames take longer, limit by limit.
        let (small, large) = (first(&small, card, "memory").run, first(&large, card, "memory").run);
        assert!(small.low < large.low && small.typical < large.typical && small.high < large.high, "{card}");
    }
}

#[test]
fn every_preset_has_a_time_on_every_card_that_computes_in_bf16() {
    let machines = Machines::embedded();
    for (name, _) in toml_files("presets") {
        let path = repository(&format!("presets/{}.workflow_api.json", name.trim_end_matches(".toml")));
        // A batch has no workflow of its own beside it.
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let plan = plan(&serde_json::from_str(&text).unwrap());
        for id in machines.ids() {
            let machine = machines.machine(&id).unwrap();
            let session = Session::first(Storage::called("local").unwrap());
            let times = times(&plan, &machine, &session);
            assert_eq!(times.steps.len(), plan.steps.len());
            let all = [times.load, times.start, times.run, times.total];
            for Amount { low, typical, high } in
                all.into_iter().chain(times.steps.iter().flatten().map(|step| step.amount))
            {
                assert!(
                    0.0 <= low && low <= typical && typical <= high && high.is_finite(),
                    "{name} on {id}"
                );
            }
            // What is not known is counted, never made up.
            let unknown = times.steps.iter().filter(|step| step.is_none()).count() + plan.gaps.len();
            assert_eq!(times.unknown, unknown, "{name} on {id}");
            if machine.gpu.bf16_tflops.is_some() {
                let samplers = plan.steps.iter().zip(&times.steps).filter(|(step, _)| step.work.is_some());
                assert!(samplers.clone().all(|(_, seconds)| seconds.is_some()), "{name} on {id}");
            } else {
                assert!(
                    plan.steps
                        .iter()
                        .zip(&times.steps)
                        .all(|(step, seconds)| step.work.is_none() || seconds.is_none())
                );
            }
            // ComfyUI uses one card.
            assert_eq!(times.cards, 1);
        }
    }
}

/// A pass of Wan's 14B networks at 720p.
fn work(network: &str) -> Work {
    let network = Network::called(network).unwrap();
    let tokens = network.tokens(1280.0, 720.0, 81.0);
    Work {
        network,
        flops: network.flops(tokens),
        attention: network.attention(tokens),
        passes: 80.0,
        tokens,
        precision: None,
        multiplies_fp8: None,
    }
}

#[test]
fn wans_own_runner_divides_heads_among_cards() {
    let heads = |machine: &Machine, network: &str| {
        let timer = Timer { machine, coefficients: Coefficients::embedded(), headroom: 0.0 };
        timer.heads_per_card(Network::called(network).unwrap()).map_err(|uneven| (uneven.heads, uneven.cards))
    };
    assert_eq!(heads(&machine("p5.48xlarge"), "wan22-t2v-a14b"), Ok(5.0));
    assert_eq!(heads(&machine("3xh100-80gb"), "wan22-t2v-a14b"), Err((40.0, 3)));
    assert_eq!(heads(&machine("3xh100-80gb"), "wan22-ti2v-5b"), Ok(8.0));
    assert_eq!(heads(&machine("8xh100-80gb"), "wan21-t2v-1.3b"), Err((12.0, 8)));

    let seconds = |id: &str, engine: Engine| {
        let machine = machine(id);
        let timer = Timer { machine: &machine, coefficients: Coefficients::embedded(), headroom: 0.0 };
        timer.sampling(&work("wan22-t2v-a14b"), engine, Amount::exact(28e9), Amount::ZERO)
    };
    // As its makers measured it: 1041.5, 288.7 and 155.1 s.
    let one = seconds("h100-80gb", Engine::Reference).unwrap();
    assert!(one.amount.contains(1041.5) && one.basis == Basis::Measured);
    assert!(seconds("4xh100-80gb", Engine::Reference).unwrap().amount.contains(288.7));
    assert!(seconds("p5.48xlarge", Engine::Reference).unwrap().amount.contains(155.1));
    assert_eq!(seconds("3xh100-80gb", Engine::Reference), None);
    assert_eq!(
        seconds("p5.48xlarge", Engine::Native).unwrap().amount,
        seconds("h100-80gb", Engine::Native).unwrap().amount,
    );
    // Nobody measured ComfyUI on this architecture.
    assert!(seconds("h100-80gb", Engine::Native).unwrap().basis > Basis::Measured);
    assert_eq!(seconds("t4", Engine::Native), None);
}

#[test]
fn streamed_weights_take_longer() {
    let machine = machine("rtx-4090");
    let timer = Timer { machine: &machine, coefficients: Coefficients::embedded(), headroom: 0.0 };
    let of = |streamed: f64| {
        let weights = Amount::exact(14e9);
        timer.sampling(&work("wan22-t2v-a14b"), Engine::Wrapper, weights, Amount::exact(streamed)).unwrap()
    };
    let (none, some) = (of(0.0), of(12e9));
    assert!(none.amount.typical < some.amount.typical && none.amount.low <= some.amount.low);
    assert_eq!(some.basis, Basis::Assumed);
}

#[test]
fn cost_is_time_by_price_and_absurd_prices_cost_nothing() {
    let hour = Amount { low: 1800.0, typical: 3600.0, high: 7200.0 };
    let cents = dollars(hour, 0.89) * 100.0;
    assert_eq!(cents.map(f64::round), Amount { low: 45.0, typical: 89.0, high: 178.0 });
    for absurd in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(dollars(hour, absurd), Amount::ZERO);
    }
    for absurd in [0.0, -5.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Storage::of_speed(absurd), None);
    }
    assert_eq!(Storage::called("floppy"), None);
    assert_eq!(Storage::names().collect::<Vec<_>>(), ["memory", "local", "network", "download"]);
}
