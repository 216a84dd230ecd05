//! Groups, tied parameters, and which models a file fits.

use downhill_optim::{Adam, AdamW, MissingGradient, Optimizer, OptimizerState, Scheduler, StepLr};
use downhill_tensor::Tensor;
use serde_json::{Value, json};

use super::{Model, loss, model, refusal, saved};

/// With two groups, each gets its own saved options and state; those of other groups are rejected.
#[test]
fn groups_are_looked_at_one_by_one() {
    let grouped = |pattern: &str| {
        let rule = AdamW { lr: 0.1, ..AdamW::default() };
        Optimizer::new(rule.clone()).with_group(pattern, AdamW { lr: 0.01, weight_decay: 0.0, ..rule })
    };
    let mut here = model::<f64>("adamw");
    let mut opt = grouped("2");
    Scheduler::new(StepLr { step_size: 1, gamma: 0.5 }, &mut opt).step(&mut opt);
    opt.groups_mut()[1].rule_mut().set_option("eps", "1e-3").unwrap();
    opt.step_with(&mut here, loss);
    let json = serde_json::to_value(opt.state_dict()).unwrap();
    let load = |json: &Value, mut into: Optimizer<f64>| {
        let state: OptimizerState<f64> = serde_json::from_value(json.clone()).unwrap();
        let here = model("adamw");
        into.load_state_dict(&state, &here).map(|()| into).map_err(|error| error.to_string())
    };

    let again = load(&json, grouped("2")).unwrap();
    let of = |opt: &Optimizer<f64>| -> Vec<(f64, Option<f64>, String)> {
        opt.groups().iter().map(|group| (group.lr(), group.initial_lr(), group.rule().to_string())).collect()
    };
    assert_eq!(of(&again), of(&opt));
    assert_eq!(of(&again)[1].0, 0.005);
    assert_eq!((of(&again)[0].1, of(&again)[1].1), (Some(0.1), Some(0.01)));

    // The same number of groups, but different ones.
    let error = load(&json, grouped("1")).unwrap_err();
    assert_eq!(error, "the saved optimizer has the groups [\"*\", \"2\"], this one has [\"*\", \"1\"]");
    let change = |path: &str, field: &str, value: Value| {
        let mut json = json.clone();
        json["params"][path][field] = value;
        load(&json, grouped("2")).unwrap_err()
    };
    assert!(change("2", "group", json!(0)).contains("2 was saved in group number 0, but belongs to group \"2\""));
    assert!(change("0", "group", json!(1)).contains("0 was saved in group number 1, but belongs to group \"*\""));
    assert!(change("0", "group", json!(2)).contains("0 was saved in group number 2, but belongs to group \"*\""));
    assert!(change("0", "group", json!(u32::MAX)).contains("but belongs to group \"*\""));
    assert!(change("0", "shape", json!([2, 3])).contains("0: shape mismatch: saved [2, 3], model [3, 2]"));
}

/// The walk goes in numeric order, the saved map in alphabetical order: states are restored in the order of the walk.
#[test]
fn states_come_back_in_the_order_of_the_walk() {
    let mut model: Vec<Tensor<f64>> = (0..12).map(|i| Tensor::param(f64::from(i))).collect();
    let mut opt = Optimizer::new(Adam::default());
    opt.step_with(&mut model, |model| model.iter().fold(Tensor::from(0.0), |sum, p| sum + p.square()));
    let mut again = Optimizer::new(Adam::default());
    again.load_state_dict(&opt.state_dict(), &model).unwrap();
    let paths: Vec<String> = again.states().map(|(path, _)| path.to_owned()).collect();
    assert_eq!(paths, (0..12).map(|i| i.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_tied_parameter_has_its_state_at_its_first_path() {
    let (model, mut json) = saved("adam");
    assert!(json["params"]["0"]["state"]["steps"] == json!(2));
    // Nothing is saved for the second path, and nothing is required there.
    if let Some(second) = json["params"].as_object_mut().unwrap().remove("5") {
        assert_eq!(second["state"], json!({ "steps": 0, "numbers": [], "buffers": [] }));
    }
    assert_eq!(refusal("adam", &model, &json), None);
    // State at the second path alone is not enough.
    let mut moved = json.clone();
    let state = moved["params"]["0"].take();
    moved["params"].as_object_mut().unwrap().remove("0");
    moved["params"]["5"] = state;
    assert!(refusal("adam", &model, &moved).unwrap().contains("no saved state for 0"));
    // Two untied parameters need two states.
    let mut untied = model.clone();
    untied[5] = Tensor::param(&untied[5]);
    assert!(refusal("adam", &untied, &json).unwrap().contains("no saved state for 5"));
    // But not if parameters may lack a gradient.
    let state: OptimizerState<f64> = serde_json::from_value(json).unwrap();
    let mut opt = Optimizer::new(Adam::default());
    opt.missing_gradient = MissingGradient::Skip;
    assert!(opt.load_state_dict(&state, &untied).is_ok());
}

#[test]
fn a_parameter_that_the_rule_does_not_take_is_refused() {
    let (_, mut json) = saved("muon");
    let vector = vec![Tensor::param([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), Tensor::param(ndarray::Array2::zeros((2, 3)))];
    json["params"]["0"]["shape"] = json!([6]);
    assert!(refusal_of("muon", &vector, &json).contains("0: it is for matrices; give other parameters another rule"));
}

fn refusal_of(rule: &str, model: &Model<f64>, json: &Value) -> String {
    let state: OptimizerState<f64> = serde_json::from_value(json.clone()).unwrap();
    rule.parse::<Optimizer<f64>>().unwrap().load_state_dict(&state, model).unwrap_err().to_string()
}
