//! Tens of thousands of randomly corrupted files, the same ones in every run: each is rejected, or the optimizer
//! continues without a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use downhill_optim::{Optimizer, OptimizerState, Schedule, Scheduler, SchedulerState, Sgd, WeightAverage};
use serde_json::{Value, json};

use super::{Model, RULES, binary, from_binary, loss, model, saved};

/// A random number generator (SplitMix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// The path of every value inside a JSON value.
fn places(value: &Value, way: &str, all: &mut Vec<String>) {
    all.push(way.to_owned());
    match value {
        Value::Array(list) => list.iter().enumerate().for_each(|(i, item)| places(item, &format!("{way}/{i}"), all)),
        Value::Object(map) => map.iter().for_each(|(key, item)| places(item, &format!("{way}/{key}"), all)),
        _ => {}
    }
}

fn change(value: &mut Value, draw: &mut Draw) {
    let mut all = Vec::new();
    places(value, "", &mut all);
    let at = draw.below(all.len());
    let other = value.pointer(&all[draw.below(all.len())]).cloned().unwrap();
    let place = value.pointer_mut(&all[at]).unwrap();
    let numbers = [
        json!(0),
        json!(1),
        json!(-1),
        json!(u64::MAX),
        json!(u64::MAX - 1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(0.5),
        json!(-0.0),
        json!(1e308),
        json!(5e-324),
        json!("NaN"),
        json!("inf"),
        json!("-inf"),
        Value::Null,
        json!([]),
        json!({}),
        json!(""),
        json!(true),
    ];
    match (draw.below(6), &mut *place) {
        (0, Value::Array(list)) if !list.is_empty() => drop(list.remove(draw.below(list.len()))),
        (1, Value::Array(list)) if !list.is_empty() => list.push(list[draw.below(list.len())].clone()),
        (2, Value::Array(list)) => list.push(other),
        (0 | 1, Value::Object(map)) if !map.is_empty() => {
            let key = map.keys().nth(draw.below(map.len())).unwrap().clone();
            let item = map.remove(&key).unwrap();
            if draw.below(2) == 0 {
                map.insert(["0", "1", "5", "*", "", "x"][draw.below(6)].to_owned(), item);
            }
        }
        (0..=3, Value::String(text)) if !text.is_empty() => {
            let mut bytes = std::mem::take(text).into_bytes();
            spoil(&mut bytes, draw);
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        (4, place) => *place = other,
        (_, place) => *place = numbers[draw.below(numbers.len())].clone(),
    }
}

/// Changes, removes, inserts or swaps bytes.
fn spoil(bytes: &mut Vec<u8>, draw: &mut Draw) {
    for _ in 0..1 + draw.below(3) {
        if bytes.is_empty() {
            return;
        }
        let at = draw.below(bytes.len());
        match draw.below(6) {
            0 => bytes[at] ^= 1 << draw.below(8),
            1 => bytes[at] = [0, 1, 127, 128, 250, 251, 252, 253, 255][draw.below(9)],
            2 => drop(bytes.remove(at)),
            3 => bytes.insert(at, draw.next() as u8),
            4 => {
                let other = draw.below(bytes.len());
                bytes.swap(at, other);
            }
            _ => bytes[at] = b"0123456789-.eN=,:[]"[draw.below(19)],
        }
    }
}

/// Loads a state and, if that succeeds, takes two steps. Returns whether it was loaded.
fn survives(rule: &str, model: &Model<f64>, state: &OptimizerState<f64>, what: &dyn Fn() -> String) -> bool {
    let run = AssertUnwindSafe(|| {
        let mut opt: Optimizer<f64> = rule.parse().unwrap();
        let before = binary(&opt.state_dict());
        if opt.load_state_dict(state, model).is_err() {
            assert!(binary(&opt.state_dict()) == before, "rejected, but changed");
            return false;
        }
        let mut model = model.clone();
        opt.step_with(&mut model, loss);
        opt.step_with(&mut model, loss);
        true
    });
    catch_unwind(run).unwrap_or_else(|_| panic!("{rule}: a panic after {}", what()))
}

#[test]
fn optimizers_as_text() {
    let (mut draw, mut taken, mut all) = (Draw(1), 0, 0);
    for rule in RULES {
        let (model, json) = saved(rule);
        for _ in 0..1500 {
            let mut broken = json.clone();
            (0..1 + draw.below(2)).for_each(|_| change(&mut broken, &mut draw));
            if let Ok(state) = serde_json::from_value(broken.clone()) {
                taken += usize::from(survives(rule, &model, &state, &|| broken.to_string()));
            }
            let mut text = json.to_string().into_bytes();
            spoil(&mut text, &mut draw);
            if let Ok(state) = serde_json::from_slice(&text) {
                taken += usize::from(survives(rule, &model, &state, &|| String::from_utf8_lossy(&text).into_owned()));
            }
            all += 2;
        }
    }
    // Most changes hit elements, which may be any number, but some must be rejected.
    assert!((all / 50..all * 9 / 10).contains(&taken), "{taken} of {all} were accepted");
}

#[test]
fn optimizers_as_bytes() {
    let (mut draw, mut taken, mut all) = (Draw(2), 0, 0);
    for rule in RULES {
        let (model, json) = saved(rule);
        let state: OptimizerState<f64> = serde_json::from_value(json).unwrap();
        let bytes = binary(&state);
        for _ in 0..2000 {
            let mut broken = bytes.clone();
            spoil(&mut broken, &mut draw);
            if let Ok(state) = from_binary(&broken) {
                taken += usize::from(survives(rule, &model, &state, &|| format!("{broken:?}")));
            }
            all += 1;
        }
    }
    assert!((all / 50..all * 9 / 10).contains(&taken), "{taken} of {all} were accepted");
}

/// Schedules of every kind, including composed ones.
const SCHEDULES: [&str; 13] = [
    "warmup:steps=3; 3: cosine:t_max=7",
    "constant * exponential:gamma=0.9 * multi_step:milestones=[2,5]",
    "linear; 4: step:step_size=2; 9: one_cycle:max_lr=0.3,total_steps=9",
    "cosine:t_max=5,eta_min=0.01,hold",
    "cyclic:base_lr=0.01,max_lr=0.1,step_size_up=2,mode=exp_range,gamma=0.9,group_max_lrs=[0.5]",
    "lambda:factors=[1,0.5,0.1]",
    "multiplicative:factors=[0.9,0.5]",
    "one_cycle:max_lr=0.1,total_steps=12,anneal=linear,three_phase",
    "one_cycle:max_lr=0.1,total_steps=12,group_max_lrs=[0.2]",
    "plateau:patience=1,factor=0.5,cooldown=2",
    "polynomial:total_iters=4,power=2",
    "swa:swa_lr=0.05,anneal=linear",
    "warm_restarts:t_0=2,t_mult=2",
];

#[test]
fn schedulers_as_text_and_as_bytes() {
    let (mut draw, mut taken, mut all) = (Draw(3), 0, 0);
    for text in SCHEDULES {
        let fresh = || {
            let schedule: Box<dyn Schedule> = text.parse().unwrap();
            let mut opt = Optimizer::<f64>::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() });
            let scheduler = Scheduler::new(schedule, &mut opt);
            (opt, scheduler)
        };
        let (mut opt, mut scheduler) = fresh();
        (0..4).for_each(|_| scheduler.step_with(&mut opt, 1.0));
        let state = scheduler.state_dict(&opt);
        let (json, bytes) = (serde_json::to_value(&state).unwrap(), binary(&state));
        for round in 0..3000 {
            let state: Option<SchedulerState> = if round % 2 == 0 {
                let mut broken = json.clone();
                change(&mut broken, &mut draw);
                serde_json::from_value(broken).ok()
            } else {
                let mut broken = bytes.clone();
                spoil(&mut broken, &mut draw);
                from_binary(&broken).ok()
            };
            all += 1;
            let Some(state) = state else { continue };
            let run = AssertUnwindSafe(|| {
                let (mut opt, mut scheduler) = fresh();
                let before = (binary(&opt.state_dict()), binary(&scheduler.state_dict(&opt)));
                if scheduler.load_state_dict(&state, &mut opt).is_err() {
                    let after = (binary(&opt.state_dict()), binary(&scheduler.state_dict(&opt)));
                    assert!(before == after, "rejected, but changed");
                    return false;
                }
                for _ in 0..5 {
                    if scheduler.schedule().end().is_some_and(|end| scheduler.t() >= end) {
                        break;
                    }
                    scheduler.step_with(&mut opt, 0.5);
                    assert!((0.0..f64::INFINITY).contains(&opt.lr()), "{}", opt.lr());
                }
                true
            });
            taken += usize::from(catch_unwind(run).unwrap_or_else(|_| panic!("{text}: a panic after {state:?}")));
        }
    }
    assert!((all / 50..all * 9 / 10).contains(&taken), "{taken} of {all} were accepted");
}

#[test]
fn averages_as_text_and_as_bytes() {
    let mut average = WeightAverage::<f64>::exponential(0.9);
    let here = model("sgd");
    (0..3).for_each(|_| average.update(&here));
    let (json, bytes) = (serde_json::to_value(&average).unwrap(), binary(&average));
    let (mut draw, mut taken) = (Draw(4), 0);
    for round in 0..10_000 {
        let read: Option<WeightAverage<f64>> = if round % 2 == 0 {
            let mut broken = json.clone();
            change(&mut broken, &mut draw);
            serde_json::from_value(broken).ok()
        } else {
            let mut broken = bytes.clone();
            spoil(&mut broken, &mut draw);
            from_binary(&broken).ok()
        };
        if let Some(read) = read {
            let _ = read.state_dict();
            taken += 1;
        }
    }
    assert!((200..9000).contains(&taken), "{taken} were accepted");
}
