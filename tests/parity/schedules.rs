//! The section `records` of `schedules.json`: the learning rate at every step, for every schedule.

use downhill::optim::{
    Adam, ChainedLr, LambdaLr, MultiplicativeLr, Optimizer, Rule, Schedule, Scheduler, SequentialLr, Sgd,
};
use serde_json::Value;

use super::{Row, describe, largest};
use crate::golden::{self, float, integer, list};

/// Every record, with our difference from it.
pub fn rows() -> Vec<Row> {
    let file = golden::file("schedules.json");
    golden::records(&file, "records", 109).iter().map(row).collect()
}

/// Our counterpart of PyTorch's schedule, with the record's options.
///
/// # Panics
/// If there is no such schedule or option.
pub fn schedule(spec: &Value) -> Box<dyn Schedule> {
    let name = spec["scheduler"].as_str().expect("a name");
    let parts = || spec["parts"].as_array().expect("parts").iter().map(schedule).collect();
    match name {
        "LambdaLR" => return Box::new(LambdaLr::new(function(&spec["options"]["function"]))),
        "MultiplicativeLR" => return Box::new(MultiplicativeLr::new(function(&spec["options"]["function"]))),
        "SequentialLR" => {
            let milestones = list(&spec["options"]["milestones"]).iter().map(|t| integer(t) as u64).collect();
            return Box::new(SequentialLr { schedules: parts(), milestones });
        }
        "ChainedScheduler" => return Box::new(ChainedLr { schedules: parts() }),
        _ => {}
    }
    let options = spec.get("options").and_then(Value::as_object);
    let options = options.into_iter().flatten().map(|(option, value)| option_text(option, value));
    let text = format!("{name}:{}", options.collect::<Vec<_>>().join(","));
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn option_text(option: &str, value: &Value) -> String {
    let per_group = ["base_lr", "max_lr", "min_lr"].contains(&option);
    let name = match option {
        "T_max" => "t_max",
        "T_0" => "t_0",
        "T_mult" => "t_mult",
        "anneal_strategy" => "anneal",
        other => other,
    };
    match value {
        // One value per group, and the first as the value without groups.
        Value::Array(list) if per_group => format!("{name}={},group_{name}s={value}", list[0]),
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    }
}

fn function(name: &Value) -> fn(u64) -> f64 {
    match name.as_str() {
        Some("0.95^t") => |t| 0.95_f64.powf(t as f64),
        Some("1/(1+t)") => |t| 1.0 / (1.0 + t as f64),
        Some("min(1,(t+1)/10)") => |t| ((t as f64 + 1.0) / 10.0).min(1.0),
        Some("0.9") => |_| 0.9,
        Some("t odd: 0.5, t even: 1.5") => |t| if t % 2 == 1 { 0.5 } else { 1.5 },
        other => panic!("unknown function {other:?}"),
    }
}

fn row(case: &Value) -> Row {
    let base: Vec<f64> = list(&case["initial_lr"]).iter().map(float).collect();
    let momentum = case.get("momentum_at_start").map_or(0.0, float);
    let rule = |&lr: &f64| -> Box<dyn Rule<f64>> {
        match case["optimizer"].as_str() {
            Some("SGD") => Box::new(Sgd { lr, momentum, ..Sgd::default() }),
            Some("Adam") => Box::new(Adam { lr, ..Adam::default() }),
            other => panic!("unknown optimizer {other:?}"),
        }
    };
    let mut opt = Optimizer::new(rule(&base[0]));
    for (number, lr) in base.iter().enumerate().skip(1) {
        opt = opt.with_group(&number.to_string(), rule(lr));
    }
    let schedule = schedule(case);
    let mut scheduler = Scheduler::new(schedule.clone(), &mut opt);
    let mut steps = list(&case["lr"][0]).len();
    if let ("OneCycleLR", Some(total)) = (case["scheduler"].as_str().expect("a name"), schedule.end()) {
        // PyTorch's learning rate for the step after the last continues past the end, up or below 0; ours stays.
        assert_eq!(steps as u64, total + 1, "there is one more rate than steps");
        steps -= 1;
    }
    let mut differences = Vec::new();
    for t in 0..steps {
        if let Some(epochs) = case.get("epochs") {
            scheduler.step_to(&mut opt, float(&epochs[t]));
        } else {
            let direct = schedule.lr_at(base[0], t as u64).expect("a function of t");
            differences.push(compare(direct, &case["lr"][0][t]));
        }
        for (group, rates) in opt.groups().iter().zip(list(&case["lr"])) {
            differences.push(compare(group.lr(), &rates[t]));
        }
        if let Some(momenta) = case.get("momentum") {
            differences.push(compare(opt.momentum().expect("it has one"), &momenta[t]));
        }
        if case.get("epochs").is_none() && t + 1 < steps {
            scheduler.step(&mut opt);
        }
    }
    let mut options = describe(&case["options"]);
    for part in case.get("parts").map(list).unwrap_or_default() {
        let separator = if options.is_empty() { "" } else { "; " };
        let name = part["scheduler"].as_str().expect("a name");
        options += &format!("{separator}{name}({})", describe(&part["options"]));
    }
    let mut what = format!("{} steps", steps - 1);
    if base.len() > 1 {
        what += ", two groups";
    }
    if case["optimizer"] == "Adam" {
        what += ", beta1";
    }
    if case.get("epochs").is_some() {
        what += ", fractions";
    }
    let (difference, tolerance) = (largest(differences), tolerance(case));
    Row { name: schedule.name().to_owned(), options, what, difference, tolerance }
}

/// Relative; for rates below 1e-4, relative to 1e-4: where one rate is 0, the other may be an ulp of the base rate.
fn compare(ours: f64, theirs: &Value) -> f64 {
    let theirs = float(theirs);
    if ours == theirs { 0.0 } else { (ours - theirs).abs() / theirs.abs().max(1e-4) }
}

fn tolerance(case: &Value) -> f64 {
    let undone = case["scheduler"] == "ConstantLR" && case["options"]["total_iters"] == 0;
    // PyTorch never removes the factor then; the deliberate difference is the whole factor.
    if undone { f64::INFINITY } else { 1e-12 }
}
