//! That "every option" is true: each option of each rule and schedule takes at least two values in PyTorch's recorded
//! trajectories, so that one that did nothing would show.

use std::collections::{BTreeMap, BTreeSet};

use downhill::optim::{OneCycleLr, Rule, Schedule, rule_names, schedule_names};
use downhill_tests::golden;
use downhill_tests::parity::{optimizers, schedules};
use serde_json::Value;

/// Every rule or schedule, every option, and the values it takes.
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
    // What PyTorch's does not have; `to_maximize_is_to_minimize_the_opposite` tries it.
    assert_eq!(values.untried(), ["Muon.maximize"]);

    let rules = rule_names().iter().map(|name| name.parse::<Box<dyn Rule<f64>>>().unwrap());
    let others: Vec<&str> = rules.map(|rule| rule.name()).filter(|name| !values.0.contains_key(name)).collect();
    assert_eq!(others, ["ClassicalMomentum", "Lamb", "Lion", "SignSgd"], "which PyTorch does not have");
}

#[test]
fn every_option_of_every_schedule() {
    fn note(values: &mut Values, schedule: &dyn Schedule) {
        values.note(schedule.name(), schedule.options());
        schedule.parts().iter().for_each(|part| note(values, &**part));
    }
    let file = golden::file("schedules.json");
    let mut values = Values::default();
    // Its records have one `max_lr`; the default is none at all.
    note(&mut values, &OneCycleLr::default());
    for case in golden::records(&file, "records", 109).iter().chain(golden::records(&file, "plateau", 49)) {
        note(&mut values, &*schedules::schedule(case));
    }
    let untried = values.untried();
    // What mends PyTorch's traps, and what a plateau has observed when nothing has happened yet.
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
    // These have no options of their own to list: two take functions, one nothing but its parts.
    assert_eq!(seen + ["ChainedLr", "LambdaLr", "MultiplicativeLr", "WarmupLr"].len(), schedule_names().len());
}

/// At least 100 steps of each rule and 60 of each schedule are recorded (fewer where a schedule ends before that).
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
