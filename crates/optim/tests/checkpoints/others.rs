//! Files of averages and schedulers.

use downhill_optim::{Optimizer, Scheduler, Sgd, StepLr, WeightAverage};
use downhill_tensor::Tensor;
use serde_json::{Value, json};

#[test]
fn an_average_that_does_not_fit_itself_is_refused() {
    let mut average = WeightAverage::exponential(0.5);
    average.update(&(Tensor::param([[1.0, f64::NAN]]), Tensor::from(f64::NEG_INFINITY)));
    let json = serde_json::to_value(&average).unwrap();
    let read = |json: Value| serde_json::from_value::<WeightAverage<f64>>(json).map_err(|error| error.to_string());
    let back = read(json.clone()).unwrap();
    assert_eq!(format!("{back:?}"), format!("{average:?}"));
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut json = json.clone();
        change(&mut json);
        read(json).unwrap_err()
    };
    let entry = |field: &'static str, value: Value| changed(&|json| json["entries"][0][field] = value.clone());
    assert_eq!(entry("elements", json!([1.0])), "the saved average of 0 has shape [1, 2] and 1 elements");
    assert_eq!(entry("shape", json!([2, 2])), "the saved average of 0 has shape [2, 2] and 2 elements");
    for shape in [json!([1_u64 << 63, 2]), json!([2, u64::MAX]), json!([1_u64 << 62, 1_u64 << 62, 0])] {
        assert!(entry("shape", shape).contains("and 2 elements"), "a product that overflows");
    }
    let mut none = json.clone();
    (none["entries"][0]["shape"], none["entries"][0]["elements"]) = (json!([1_u64 << 62, 0]), json!([]));
    assert!(read(none).unwrap_err().ends_with("and 0 elements"));
    assert_eq!(entry("path", json!("1")), "the saved average has 1 twice");
    for decay in [json!(1.5), json!(-0.1), json!("NaN"), json!("inf")] {
        assert!(changed(&|json| json["decay"] = decay.clone()).contains("decay must be in [0, 1]"));
    }
    for count in [0, u64::MAX, (1 << 53) + 1] {
        let error = changed(&|json| json["count"] = json!(count));
        assert_eq!(error, format!("the saved average has an invalid number of points: {count}"));
    }
}

/// A scheduler's file: invalid learning rates, impossible epochs, lines that do not belong.
#[test]
fn a_schedule_that_does_not_fit_is_refused_and_nothing_changes() {
    let fresh = || {
        let mut opt = Optimizer::<f64>::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() });
        let schedule: Box<dyn downhill_optim::Schedule> = "one_cycle:max_lr=0.5,total_steps=20".parse().unwrap();
        let scheduler = Scheduler::new(schedule, &mut opt);
        (opt, scheduler)
    };
    let (mut opt, mut scheduler) = fresh();
    scheduler.step(&mut opt);
    let json = serde_json::to_value(scheduler.state_dict(&opt)).unwrap();
    let load = |json: Value| {
        let (mut opt, mut scheduler) = fresh();
        let state = serde_json::from_value(json).map_err(|error| error.to_string())?;
        let before = (opt.state_dict(), scheduler.state_dict(&opt));
        scheduler.load_state_dict(&state, &mut opt).map_err(|error| {
            assert_eq!((opt.state_dict(), scheduler.state_dict(&opt)), before, "{error}");
            error.to_string()
        })
    };
    assert_eq!(load(json.clone()), Ok(()));
    let refused = |change: &dyn Fn(&mut Value), because: &str| {
        let mut json = json.clone();
        change(&mut json);
        let why = load(json).unwrap_err();
        assert!(why.contains(because), "got `{why}`, expected `{because}`");
    };
    for number in [json!("NaN"), json!("inf"), json!(-0.1)] {
        for place in [0, 1] {
            refused(
                &|json| json["groups"][0][place] = number.clone(),
                "group \"*\": Sgd: lr must be a finite number ≥ 0",
            );
        }
        refused(&|json| json["groups"][0][2] = number.clone(), "Sgd: momentum must be a finite number ≥ 0");
        refused(&|json| json["fraction"] = number.clone(), "its fraction in [0, 1)");
    }
    refused(
        &|json| json["fraction"] = json!(0.5),
        "the saved epoch 1.5 is invalid: OneCycleLr has no learning rate at",
    );
    for t in [u64::MAX, 1 << 63, (1 << 53) + 1] {
        refused(&|json| json["t"] = json!(t), "the epoch must be at most 2^53");
    }
    refused(&|json| json["t"] = json!(21), "OneCycleLr ends at epoch 20");
    let line = |json: &mut Value| json["schedule"].as_array_mut().unwrap().push(json!("StepLr:step_size=2"));
    refused(&line, "StepLr:step_size=2 is not part of this schedule");
    let parts = |json: &mut Value| json["schedule"][0] = json!("OneCycleLr:schedules=[linear]");
    refused(&parts, "lists its parts twice");
    let nonsense = |json: &mut Value| json["schedule"][0] = json!("OneCycleLr:max_lr=-1,total_steps=20");
    refused(&nonsense, "OneCycleLr: max_lr must be ≥ 0, got -1");

    // The last possible epoch is valid, and there is none after it.
    let mut opt = Optimizer::<f64>::new(Sgd { lr: 0.1, ..Sgd::default() });
    let mut endless = Scheduler::new(StepLr { step_size: 2, gamma: 1.0 }, &mut opt);
    let mut json = serde_json::to_value(endless.state_dict(&opt)).unwrap();
    json["t"] = json!(1_u64 << 53);
    json["groups"][0] = json!([0.75, 0.5, 0.25]);
    endless.load_state_dict(&serde_json::from_value(json).unwrap(), &mut opt).unwrap();
    let group = &opt.groups()[0];
    assert_eq!((group.initial_lr(), group.lr(), opt.momentum()), (Some(0.75), 0.5, Some(0.25)));
    let step = std::panic::AssertUnwindSafe(|| endless.step(&mut opt));
    let message = *std::panic::catch_unwind(step).unwrap_err().downcast::<String>().unwrap();
    assert_eq!(message, "step: the epoch must be at most 2^53, got 9007199254740993");

    // A rule without momentum rejects a saved momentum.
    let mut opt = Optimizer::<f64>::new(downhill_optim::Adagrad::default());
    let mut still = Scheduler::new(StepLr { step_size: 2, gamma: 0.5 }, &mut opt);
    let mut json = serde_json::to_value(still.state_dict(&opt)).unwrap();
    json["groups"][0][2] = json!(0.5);
    let error = still.load_state_dict(&serde_json::from_value(json).unwrap(), &mut opt).unwrap_err();
    assert!(error.to_string().contains("Adagrad: momentum must be none, got 0.5"), "{error}");
}
