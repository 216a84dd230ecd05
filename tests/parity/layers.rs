//! Every record of `data/golden/layers.json`: layers with state, their statistics, and their derivatives to second
//! order. An unknown record is a failure.

use downhill::nn::{
    BatchNorm1d, Embedding, Gru, GruCell, Lstm, LstmCell, Module, RecurrentOptions, Rnn, RnnCell, RnnNonlinearity,
};
use downhill::{Params, Path, Tensor, concat, rng, stack, training};
use serde_json::Value;

use crate::golden::{self, tensor};

type Tensor64 = Tensor<f64>;

/// Relative to the element, or to 1 if that is larger: the size of the terms that cancel in it.
const TOLERANCE: f64 = 2e-13;

fn check(name: &str, record: &Value, f: impl FnOnce(&[Tensor64]) -> Tensor64) {
    golden::check_derivatives(name, &record["options"], record, TOLERANCE, f);
}

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

/// Every record of its section.
pub fn batch_normalization() {
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
        for (mode, train) in [("training", true), ("evaluation", false)] {
            let name = format!("BatchNorm1d, {mode}");
            golden::check_derivatives(&name, options, &case[mode], TOLERANCE, |xs| forward(xs, train));
        }
        assert_buffers(&norm, &states[2], &what);
    }
    let [twice] = golden::records(&file, "batch_norm_twice", 1) else { panic!("one record") };
    let [first, second] = [0, 1].map(|i| tensor::<f64>(&twice["inputs"][i]));
    let mut norm = BatchNorm1d { momentum: Some(0.5), ..BatchNorm1d::new(2) };
    training(&mut norm, &mut rng, |norm| norm.forward(&(norm.forward(&first) + &second)));
    assert_buffers(&norm, &twice["states"][0], "twice");
}

/// Every record of its section.
pub fn lstm_cells() {
    let file = golden::file("layers.json");
    for case in golden::records(&file, "lstm_cell", 16) {
        let names: Vec<&str> = golden::list(&case["wrt"]).iter().map(|name| name.as_str().unwrap()).collect();
        check("LstmCell", case, |xs| {
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

/// The entry `name` of a list of differentiated inputs.
fn named<'a>(record: &'a Value, xs: &'a [Tensor64]) -> impl Fn(&str) -> Option<Tensor64> + 'a {
    let names: Vec<&str> = golden::list(&record["wrt"]).iter().map(|name| name.as_str().unwrap()).collect();
    move |name| names.iter().position(|n| *n == name).map(|at| xs[at].clone())
}

fn nonlinearity(kind: &str) -> RnnNonlinearity {
    match kind {
        "rnn_tanh" => RnnNonlinearity::Tanh,
        "rnn_relu" => RnnNonlinearity::Relu,
        other => panic!("unknown kind {other}"),
    }
}

/// Every record of its section.
pub fn cells() {
    let file = golden::file("layers.json");
    for case in golden::records(&file, "cell", 24) {
        let kind = case["options"]["kind"].as_str().unwrap();
        check(if kind == "gru" { "GruCell" } else { "RnnCell" }, case, |xs| {
            let named = named(case, xs);
            let (weight_ih, weight_hh) = (named("weight_ih").unwrap(), named("weight_hh").unwrap());
            let (bias_ih, bias_hh, h) = (named("bias_ih"), named("bias_hh"), named("h"));
            match kind {
                "gru" => GruCell { weight_ih, weight_hh, bias_ih, bias_hh }.forward(&xs[0], h.as_ref()),
                _ => {
                    let nonlinearity = nonlinearity(kind);
                    RnnCell { weight_ih, weight_hh, bias_ih, bias_hh, nonlinearity }.forward(&xs[0], h.as_ref())
                }
            }
        });
    }
}

/// Replaces every parameter by that of its name: the names are PyTorch's.
fn load(layer: &mut impl Params<f64>, named: impl Fn(&str) -> Option<Tensor64>) {
    layer.visit_mut(&Path::ROOT, &mut |path, parameter| {
        *parameter = named(&path.to_string()).unwrap_or_else(|| panic!("PyTorch has no parameter {path}"));
    });
}

fn recurrent_options(options: &Value) -> RecurrentOptions {
    let flag = |name: &str| options[name].as_bool().unwrap();
    RecurrentOptions {
        num_layers: golden::integer(&options["num_layers"]),
        bias: flag("bias"),
        batch_first: flag("batch_first"),
        bidirectional: flag("bidirectional"),
        dropout: 0.0,
    }
}

/// Every record of its section.
pub fn recurrent_layers() {
    let file = golden::file("layers.json");
    let mut rng = rng(1);
    for case in golden::records(&file, "recurrent", 32) {
        let kind = case["options"]["kind"].as_str().unwrap();
        let lengths = case["lengths"].as_array().map(|lengths| lengths.iter().map(golden::integer).collect::<Vec<_>>());
        let options = recurrent_options(&case["options"]);
        let mut shapes = Vec::new();
        let name = match kind {
            "lstm" => "Lstm",
            "gru" => "Gru",
            _ => "Rnn",
        };
        let name = if lengths.is_some() { format!("{name}, sequences of different lengths") } else { name.to_owned() };
        check(&name, case, |xs| {
            let named = named(case, xs);
            let x = &xs[0];
            let parts = match kind {
                "lstm" => {
                    let mut lstm = Lstm::with_options(1, 2, options, &mut rng);
                    load(&mut lstm, &named);
                    let state = named("h").zip(named("c"));
                    let (y, (h, c)) = match &lengths {
                        Some(lengths) => lstm.forward_lengths(x, lengths, state.as_ref()),
                        None => lstm.forward(x, state.as_ref()),
                    };
                    vec![y, h, c]
                }
                "gru" => {
                    let mut gru = Gru::with_options(1, 2, options, &mut rng);
                    load(&mut gru, &named);
                    let (y, h) = match &lengths {
                        Some(lengths) => gru.forward_lengths(x, lengths, named("h").as_ref()),
                        None => gru.forward(x, named("h").as_ref()),
                    };
                    vec![y, h]
                }
                _ => {
                    let nonlinearity = nonlinearity(kind);
                    let mut rnn = Rnn { nonlinearity, ..Rnn::with_options(1, 2, options, &mut rng) };
                    load(&mut rnn, &named);
                    let (y, h) = match &lengths {
                        Some(lengths) => rnn.forward_lengths(x, lengths, named("h").as_ref()),
                        None => rnn.forward(x, named("h").as_ref()),
                    };
                    vec![y, h]
                }
            };
            shapes = parts.iter().map(|part| part.shape().to_vec()).collect();
            let flat: Vec<Tensor64> = parts.iter().map(|part| part.reshape(&[part.len()])).collect();
            concat(&flat, 0)
        });
        assert_eq!(serde_json::json!(shapes), case["shapes"], "{}", case["options"]);
    }
}

/// The gradients that a training step takes, without a record, and from the forward pass in `no_grad` the same values.
pub fn gradients_of_a_training_step() {
    let file = golden::file("layers.json");
    let mut rng = rng(1);
    for case in golden::records(&file, "recurrent", 32) {
        if case["options"]["kind"] != "lstm" || !case["lengths"].is_null() {
            continue;
        }
        let xs: Vec<Tensor64> = golden::list(&case["inputs"]).iter().map(|x| Tensor::param(tensor(x))).collect();
        let named = named(case, &xs);
        let mut lstm = Lstm::with_options(1, 2, recurrent_options(&case["options"]), &mut rng);
        load(&mut lstm, &named);
        let (y, (h, c)) = lstm.forward(&xs[0], named("h").zip(named("c")).as_ref());
        let flat = [y, h, c].map(|part| part.reshape(&[part.len()]));
        let grads = (concat(&flat, 0) * tensor::<f64>(&case["cotangent"])).sum().backward();
        for (i, x) in xs.iter().enumerate() {
            let theirs = tensor(&case["grads"][i]);
            golden::assert_close(&grads[x], &theirs, TOLERANCE, 1.0, || format!("{}: gradient {i}", case["options"]));
        }
    }
}

/// Every record of its section.
pub fn embeddings() {
    let file = golden::file("layers.json");
    for case in golden::records(&file, "embedding", 16) {
        let padding_idx = case["options"]["padding_idx"].as_i64().map(|index| index.rem_euclid(4) as usize);
        check("Embedding", case, |xs| {
            Embedding { weight: xs[0].clone(), padding_idx }.forward(&golden::indices(&case["indices"]))
        });
    }
}

/// All of these comparisons.
pub const CHECKS: &[fn()] =
    &[batch_normalization, lstm_cells, cells, recurrent_layers, gradients_of_a_training_step, embeddings];
