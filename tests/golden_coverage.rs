//! The golden data covers every option: each option of each rule and schedule takes at least two values in PyTorch's
//! recorded trajectories, so that an option without effect would be noticed.

use std::collections::{BTreeMap, BTreeSet};

use downhill::optim::{
    ChainedLr, CosineAnnealingLr, CosineAnnealingWarmRestarts, CyclicLr, ExponentialLr, LambdaLr, MultiplicativeLr,
    OneCycleLr, Rule, Schedule, SequentialLr, StepLr, SwaLr, rule_names, schedule_names,
};
use downhill_tests::golden;
use downhill_tests::parity::{optimizers, schedules};
use serde_json::Value;

/// The values of every option of every rule or schedule.
#[derive(Default)]
struct Values(BTreeMap<&'static str, BTreeMap<&'static str, BTreeSet<String>>>);

impl Values {
    fn note(&mut self, of: &'static str, options: Vec<(&'static str, String)>) {
        for (option, value) in options {
            self.0.entry(of).or_default().entry(option).or_default().insert(value);
        }
    }

    /// The options with a single value, as `Adam.eps`.
    fn untried(&self) -> Vec<String> {
        let all = self.0.iter().flat_map(|(of, options)| options.iter().map(move |option| (of, option)));
        all.filter(|(_, (_, values))| values.len() < 2).map(|(of, (option, _))| format!("{of}.{option}")).collect()
    }
}

#[test]
fn every_option_of_every_rule() {
    let file = golden::file("optimizers.json");
    let mut values = Values::default();
    for case in golden::records(&file, "records", 279).iter().chain(golden::records(&file, "quadratic", 19)) {
        let rule = optimizers::rule::<f64>(case["optimizer"].as_str().unwrap(), &case["options"]);
        values.note(rule.name(), rule.options());
    }
    for case in golden::records(&file, "lbfgs", 26) {
        let rule = optimizers::rule::<f64>("LBFGS", &case["options"]);
        values.note(rule.name(), rule.options());
    }
    // PyTorch's Muon does not have it; `to_maximize_is_to_minimize_the_opposite` tests it.
    assert_eq!(values.untried(), ["Muon.maximize"]);

    let rules = rule_names().iter().map(|name| name.parse::<Box<dyn Rule<f64>>>().unwrap());
    let others: Vec<&str> = rules.map(|rule| rule.name()).filter(|name| !values.0.contains_key(name)).collect();
    // Rules that PyTorch does not have: `crates/optim/tests/formulas.rs` tests all combinations of their options.
    assert_eq!(others, ["ClassicalMomentum", "Lamb", "Lion", "SignSgd"]);
}

#[test]
fn every_option_of_every_schedule() {
    fn note(values: &mut Values, schedule: &dyn Schedule) {
        values.note(schedule.name(), schedule.options());
        schedule.parts().iter().for_each(|part| note(values, &**part));
    }
    let file = golden::file("schedules.json");
    let mut values = Values::default();
    // Its records have one `max_lr`; the default has none.
    note(&mut values, &OneCycleLr::default());
    for case in golden::records(&file, "records", 109).iter().chain(golden::records(&file, "plateau", 49)) {
        note(&mut values, &*schedules::schedule(case));
    }
    let untried = values.untried();
    // The options that avoid PyTorch's traps, and the state of a plateau schedule before its first metric.
    let ours = [
        "CosineAnnealingLr.hold",
        "CyclicLr.spare_zero_momentum",
        "OneCycleLr.hold",
        "ReduceLrOnPlateau.bad_epochs",
        "ReduceLrOnPlateau.best",
        "ReduceLrOnPlateau.cooldown_left",
        "ReduceLrOnPlateau.falling",
        "ReduceLrOnPlateau.relative_to_magnitude",
    ];
    assert_eq!(untried, ours);
    assert!(!values.0.contains_key("WarmupLr"), "which PyTorch does not have");
    let seen = values.0.len();
    // These have no options to list: two take functions, one only has parts.
    assert_eq!(seen + ["ChainedLr", "LambdaLr", "MultiplicativeLr", "WarmupLr"].len(), schedule_names().len());
}

/// For each rule or schedule, the options that differ from their defaults in some record, and the pairs that do so in
/// the same record.
#[derive(Default)]
struct Pairs(BTreeMap<&'static str, Changed>);

#[derive(Default)]
struct Changed {
    options: BTreeSet<&'static str>,
    pairs: BTreeSet<(&'static str, &'static str)>,
}

impl Pairs {
    fn note(&mut self, of: &'static str, defaults: &[(&'static str, String)], options: &[(&'static str, String)]) {
        let differs = |(option, value): &&(&'static str, String)| !defaults.contains(&(option, value.clone()));
        let changed: BTreeSet<&str> = options.iter().filter(differs).map(|(option, _)| *option).collect();
        let Changed { options, pairs } = self.0.entry(of).or_default();
        for &one in &changed {
            pairs.extend(changed.range(one..).skip(1).map(|&other| (one, other)));
        }
        options.extend(changed);
    }

    /// The pairs that never occur, as `Adam.eps+lr`.
    fn untried(&self) -> Vec<String> {
        let mut untried = Vec::new();
        for (of, Changed { options, pairs }) in &self.0 {
            for &one in options {
                let others = options.range(one..).skip(1).filter(|&&other| !pairs.contains(&(one, other)));
                untried.extend(others.map(|other| format!("{of}.{one}+{other}")));
            }
        }
        untried
    }
}

/// Pairs of options: those missing from PyTorch's records are tested in every combination against the formulas, in
/// `crates/optim/tests/formulas.rs` and `schedule_formulas.rs`; pairs that neither covers fail here.
#[test]
fn every_pair_of_options() {
    let (optimizers, mut pairs) = (golden::file("optimizers.json"), Pairs::default());
    let mut note = |rule: Box<dyn Rule<f64>>| {
        let defaults = rule.name().parse::<Box<dyn Rule<f64>>>().unwrap().options();
        pairs.note(rule.name(), &defaults, &rule.options());
    };
    for case in golden::records(&optimizers, "records", 279) {
        note(optimizers::rule(case["optimizer"].as_str().unwrap(), &case["options"]));
    }
    for case in golden::records(&optimizers, "lbfgs", 26) {
        note(optimizers::rule("LBFGS", &case["options"]));
    }
    let schedules = golden::file("schedules.json");
    for case in golden::records(&schedules, "records", 109).iter().chain(golden::records(&schedules, "plateau", 49)) {
        let schedule = schedules::schedule(case);
        let defaults = defaults(&*schedule).options();
        pairs.note(schedule.name(), &defaults, &schedule.options());
    }
    let formulas = [
        "Adadelta",
        "Adagrad",
        "Adam",
        "AdamW",
        "Adamax",
        "Asgd",
        "CyclicLr",
        "Lbfgs",
        "Muon",
        "NAdam",
        "OneCycleLr",
        "RAdam",
        "ReduceLrOnPlateau",
        "RmsProp",
        "Rprop",
        "Sgd",
    ];
    let untried = pairs.untried();
    let elsewhere = |pair: &&String| !formulas.contains(&pair.split('.').next().unwrap());
    assert_eq!(untried.iter().filter(elsewhere).collect::<Vec<_>>(), [""; 0]);
    // The list is not longer than necessary.
    let needed: BTreeSet<&str> = untried.iter().map(|pair| pair.split('.').next().unwrap()).collect();
    for name in ["CyclicLr", "Lbfgs", "Muon", "OneCycleLr", "ReduceLrOnPlateau"] {
        assert!(needed.contains(name), "{name} has every pair in PyTorch's records by now");
    }
}

/// A schedule of the same kind with default options.
fn defaults(schedule: &dyn Schedule) -> Box<dyn Schedule> {
    match schedule.name() {
        "ChainedLr" => Box::new(ChainedLr::default()),
        "CosineAnnealingLr" => Box::new(CosineAnnealingLr::default()),
        "CosineAnnealingWarmRestarts" => Box::new(CosineAnnealingWarmRestarts::default()),
        "CyclicLr" => Box::new(CyclicLr::default()),
        "ExponentialLr" => Box::new(ExponentialLr::default()),
        "LambdaLr" => Box::new(LambdaLr::default()),
        "MultiplicativeLr" => Box::new(MultiplicativeLr::default()),
        "OneCycleLr" => Box::new(OneCycleLr::default()),
        "SequentialLr" => Box::new(SequentialLr::default()),
        "StepLr" => Box::new(StepLr::default()),
        "SwaLr" => Box::new(SwaLr::default()),
        name => name.parse().unwrap_or_else(|error| panic!("{error}")),
    }
}

/// At least 100 steps of each rule and 60 of each schedule are recorded (fewer if a schedule ends earlier).
#[test]
fn the_trajectories_are_long() {
    let optimizers = golden::file("optimizers.json");
    assert_eq!(optimizers["snapshots"].as_array().unwrap().last(), Some(&Value::from(120)));
    let mut longest = BTreeMap::new();
    let schedules = golden::file("schedules.json");
    for case in golden::records(&schedules, "records", 109) {
        let steps = case["lr"][0].as_array().unwrap().len() - 1;
        let name = case["scheduler"].as_str().unwrap();
        assert!(steps >= 60 || name == "OneCycleLR", "{name}: {steps} steps");
        let longest = longest.entry(name).or_insert(0);
        *longest = steps.max(*longest);
    }
    for case in golden::records(&schedules, "plateau", 49) {
        let longest = longest.entry("ReduceLROnPlateau").or_insert(0);
        *longest = case["metrics"].as_array().unwrap().len().max(*longest);
    }
    assert!(longest.len() == 16 && longest.values().all(|&steps| steps >= 60), "{longest:?}");
}
