//! Every record of `data/golden/layers.json`: layers with state, their statistics, and their derivatives to second
//! order. An unknown record is a failure.

use downhill::nn::{BatchNorm1d, Embedding, LstmCell, Module};
use downhill::{Params, Tensor, rng, stack, training};
use downhill_tests::derivatives::check;
use downhill_tests::golden::{self, tensor};
use serde_json::Value;

type Tensor64 = Tensor<f64>;

/// The layer of a record, with PyTorch's initial values.
fn batch_norm(options: &Value, channels: usize) -> BatchNorm1d<f64> {
    let mut norm = BatchNorm1d::new(channels);
    for (name, value) in options.as_object().unwrap() {
        norm = match name.as_str() {
            "eps" => BatchNorm1d { eps: golden::float(value), ..norm },
            "momentum" => BatchNorm1d { momentum: value.as_f64(), ..norm },
            "affine" => norm.affine(value.as_bool().unwrap()),
            "track_running_stats" => norm.track_running_stats(value.as_bool().unwrap()),
            other => panic!("unknown option {other}"),
        };
    }
    norm
}

fn assert_buffers(norm: &BatchNorm1d<f64>, state: &Value, what: &str) {
    let theirs = state.as_object().unwrap();
    assert_eq!(norm.buffers().len(), theirs.len());
    for (path, buffer) in norm.buffers() {
        golden::assert_close(buffer, &tensor(&theirs[&path]), 1e-15, 1.0, || format!("{what}: {path}"));
    }
}

#[test]
fn batch_normalization() {
    let file = golden::file("layers.json");
    let mut rng = rng(1);
    for case in golden::records(&file, "batch_norm", 40) {
        let (options, states) = (&case["options"], golden::list(&case["states"]));
        let batches: Vec<Tensor64> = golden::list(&case["batches"]).iter().map(tensor).collect();
        let what = format!("{options} of {:?}", batches[0].shape());
        let mut norm = batch_norm(options, batches[0].shape()[1]);
        for (x, state) in batches.iter().zip(states) {
            training(&mut norm, &mut rng, |norm| norm.forward(x));
            assert_buffers(&norm, state, &what);
        }
        let mut forward = |xs: &[Tensor64], train: bool| {
            if let [_, weight, bias] = xs {
                (norm.weight, norm.bias) = (Some(weight.clone()), Some(bias.clone()));
            }
            match train {
                true => training(&mut norm, &mut rng, |norm| norm.forward(&xs[0])),
                false => norm.forward(&xs[0]),
            }
        };
        check(&case["training"], &format!("{what}, training"), |xs| forward(xs, true));
        check(&case["evaluation"], &format!("{what}, evaluation"), |xs| forward(xs, false));
        assert_buffers(&norm, &states[2], &what);
    }
    let [twice] = golden::records(&file, "batch_norm_twice", 1) else { panic!("one record") };
    let [first, second] = [0, 1].map(|i| tensor::<f64>(&twice["inputs"][i]));
    let mut norm = BatchNorm1d { momentum: Some(0.5), ..BatchNorm1d::new(2) };
    training(&mut norm, &mut rng, |norm| norm.forward(&(norm.forward(&first) + &second)));
    assert_buffers(&norm, &twice["states"][0], "twice");
}

#[test]
fn lstm_cells() {
    let file = golden::file("layers.json");
    for case in golden::records(&file, "lstm_cell", 16) {
        let names: Vec<&str> = golden::list(&case["wrt"]).iter().map(|name| name.as_str().unwrap()).collect();
        check(case, &format!("LSTM cell {}", case["options"]), |xs| {
            let named = |name| names.iter().position(|n| *n == name).map(|at| xs[at].clone());
            let cell = LstmCell {
                weight_ih: named("weight_ih").unwrap(),
                weight_hh: named("weight_hh").unwrap(),
                bias_ih: named("bias_ih"),
                bias_hh: named("bias_hh"),
            };
            let state = named("h").zip(named("c"));
            let (h, c) = cell.forward(&xs[0], state.as_ref());
            stack(&[h, c], 0)
        });
    }
}

#[test]
fn embeddings() {
    let file = golden::file("layers.json");
    for case in golden::records(&file, "embedding", 16) {
        let padding_idx = case["options"]["padding_idx"].as_i64().map(|index| index.rem_euclid(4) as usize);
        check(case, &format!("embedding {}", case["options"]), |xs| {
            Embedding { weight: xs[0].clone(), padding_idx }.forward(&golden::indices(&case["indices"]))
        });
    }
}
