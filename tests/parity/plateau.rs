//! The sections `plateau` and `averages` of `schedules.json`.

use downhill::Tensor;
use downhill::optim::{Optimizer, Options, ReduceLrOnPlateau, Scheduler, Sgd, WeightAverage};
use serde_json::Value;

use super::{Row, describe, difference, largest, relative};
use crate::golden::{self, float, integer, list, tensor};

/// Every record, with our difference from it; the counts must equal PyTorch's.
pub fn rows() -> Vec<Row> {
    let file = golden::file("schedules.json");
    let plateaus = golden::records(&file, "plateau", 49).iter().map(plateau);
    plateaus.chain(golden::records(&file, "averages", 6).iter().map(average)).collect()
}

fn plateau(case: &Value) -> Row {
    let base: Vec<f64> = list(&case["initial_lr"]).iter().map(float).collect();
    let sgd = |&lr: &f64| Sgd { lr, ..Sgd::default() };
    let mut opt = Optimizer::<f64>::new(sgd(&base[0]));
    for (number, lr) in base.iter().enumerate().skip(1) {
        opt = opt.with_group(&number.to_string(), sgd(lr));
    }
    let mut scheduler = Scheduler::new(super::schedules::schedule(case), &mut opt);
    let mut differences = Vec::new();
    for (call, metric) in list(&case["metrics"]).iter().enumerate() {
        scheduler.step_with(&mut opt, float(metric));
        for (group, rates) in opt.groups().iter().zip(list(&case["lr"])) {
            differences.push(relative(group.lr(), float(&rates[call])));
        }
        let option = |name: &str| {
            let options = scheduler.schedule().options();
            options.into_iter().find(|(known, _)| *known == name).expect("an option").1
        };
        let worst = if option("mode") == "max" { f64::NEG_INFINITY } else { f64::INFINITY };
        let best = option("best").parse().unwrap_or(worst);
        let theirs = float(&case["best"][call]);
        assert!(best == theirs, "{case}: best {best} instead of {theirs}");
        for (ours, theirs) in [("bad_epochs", "bad"), ("cooldown_left", "cooldown")] {
            assert_eq!(option(ours), integer(&case[theirs][call]).to_string(), "{case}: {ours} after call {call}");
        }
    }
    let note = case.get("note").and_then(Value::as_str);
    let what = note.map_or_else(|| format!("{} metrics", list(&case["metrics"]).len()), str::to_owned);
    let (name, options) = (ReduceLrOnPlateau::default().name().to_owned(), describe(&case["options"]));
    Row { name, options, what, difference: largest(differences), tolerance: 1e-12 }
}

fn average(case: &Value) -> Row {
    let mut average = match case["kind"].as_str() {
        Some("swa") => WeightAverage::running_mean(),
        Some("ema") => WeightAverage::exponential(float(&case["options"]["decay"])),
        other => panic!("unknown average {other:?}"),
    };
    let [values, averages] = ["values", "averages"].map(|field| tensor::<f64>(&case[field]));
    let mut worst: f64 = 0.0;
    for t in 0..values.shape()[0] {
        average.update(&Tensor::param(values.narrow(0, t, 1)));
        let ours = average.state_dict().get("").expect("the only tensor").to_vec();
        let theirs = averages.narrow(0, t, 1).to_vec();
        worst = largest(ours.into_iter().zip(theirs).map(|(ours, theirs)| difference(ours, theirs)).chain([worst]));
    }
    let (name, what) = ("WeightAverage".to_owned(), case["kind"].as_str().unwrap_or_default().to_owned());
    Row { name, options: describe(&case["options"]), what, difference: worst, tolerance: 1e-12 }
}
