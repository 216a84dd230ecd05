//! Every record of `data/golden/init.json`: gains and fans, the distributions that PyTorch's initializers and layers
//! draw from, and the moments of the truncated normal distribution. An unknown record is a failure.

use downhill::nn::init::{self, Fan, Nonlinearity};
use downhill::nn::{Gru, Linear, Lstm, LstmCell, RecurrentOptions, Rnn};
use downhill::{Params, Tensor};
use downhill_tests::golden;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

fn records(section: &str, at_least: usize) -> Vec<Value> {
    let file = golden::file("init.json");
    let sections: Vec<&String> = file.as_object().unwrap().keys().collect();
    assert_eq!(sections, ["distributions", "fans", "gains", "header", "layers", "truncated_normal"]);
    golden::records(&file, section, at_least).to_vec()
}

fn number(record: &Value, name: &str) -> f64 {
    golden::float(&record[name])
}

fn shape(record: &Value) -> Vec<usize> {
    golden::list(&record["shape"]).iter().map(golden::integer).collect()
}

fn nonlinearity(name: &str, slope: Option<f64>) -> Nonlinearity {
    match name {
        "linear" | "conv1d" | "conv2d" | "conv3d" => Nonlinearity::Linear,
        "conv_transpose1d" | "conv_transpose2d" | "conv_transpose3d" => Nonlinearity::Linear,
        "sigmoid" => Nonlinearity::Sigmoid,
        "tanh" => Nonlinearity::Tanh,
        "relu" => Nonlinearity::Relu,
        // PyTorch's default.
        "leaky_relu" => Nonlinearity::LeakyRelu(slope.unwrap_or(0.01)),
        "selu" => Nonlinearity::Selu,
        other => panic!("unknown nonlinearity {other}"),
    }
}

#[test]
fn gains() {
    for record in records("gains", 17) {
        let ours = nonlinearity(record["nonlinearity"].as_str().unwrap(), record["param"].as_f64()).gain();
        assert!((ours - number(&record, "gain")).abs() < 1e-15, "{record}: {ours}");
    }
}

#[test]
fn fans() {
    for record in records("fans", 9) {
        let (fan_in, fan_out) = init::fans(&shape(&record));
        assert_eq!(
            (fan_in as f64, fan_out as f64),
            (number(&record, "fan_in"), number(&record, "fan_out")),
            "{record}"
        );
    }
}

/// For a given seed, the values drawn are those that the record's distribution gives with the same seed.
#[test]
fn distributions() {
    for record in records("distributions", 306) {
        let (shape, options) = (shape(&record), &record["options"]);
        let kaiming = || {
            let fan = match options["mode"].as_str().unwrap() {
                "fan_in" => Fan::In,
                "fan_out" => Fan::Out,
                other => panic!("unknown mode {other}"),
            };
            (fan, nonlinearity(options["nonlinearity"].as_str().unwrap(), options["a"].as_f64()))
        };
        let rng = &mut ChaCha8Rng::seed_from_u64(5);
        let ours: Tensor<f64> = match record["init"].as_str().unwrap() {
            "xavier_uniform" => init::xavier_uniform(&shape, number(options, "gain"), rng),
            "xavier_normal" => init::xavier_normal(&shape, number(options, "gain"), rng),
            "kaiming_uniform" => init::kaiming_uniform(&shape, kaiming().0, kaiming().1, rng),
            "kaiming_normal" => init::kaiming_normal(&shape, kaiming().0, kaiming().1, rng),
            other => panic!("unknown initializer {other}"),
        };
        assert_drawn(&ours, &record, &shape, &mut ChaCha8Rng::seed_from_u64(5), &record);
    }
}

/// Asserts that `ours` was drawn from the distribution of `draw`, starting from `rng`.
fn assert_drawn(ours: &Tensor<f64>, draw: &Value, shape: &[usize], rng: &mut ChaCha8Rng, record: &Value) {
    let expected: Tensor<f64> = match draw["low"].as_f64() {
        Some(low) => init::uniform(shape, low..=number(draw, "high"), rng),
        None => init::normal(shape, number(draw, "mean"), number(draw, "std"), rng),
    };
    assert_eq!(ours.shape(), expected.shape(), "{record}");
    let difference = (ours - expected).to_vec().into_iter().map(f64::abs).fold(0.0, f64::max);
    assert!(difference < 1e-15, "{record}: off by {difference:e}");
}

#[test]
fn layers() {
    for record in records("layers", 9) {
        let name = record["layer"].as_str().unwrap();
        let rng = &mut ChaCha8Rng::seed_from_u64(5);
        let layer: Box<dyn Params<f64>> = match name {
            "Linear(784, 128)" => Box::new(Linear::new(784, 128, rng)),
            "Linear(4, 5)" => Box::new(Linear::new(4, 5, rng)),
            "LSTM(3, 4, 2, bidirectional)" => {
                let options = RecurrentOptions { num_layers: 2, bidirectional: true, ..RecurrentOptions::default() };
                Box::new(Lstm::with_options(3, 4, options, rng))
            }
            "GRU(3, 4)" => Box::new(Gru::new(3, 4, rng)),
            "RNN(3, 4)" => Box::new(Rnn::new(3, 4, rng)),
            "LSTMCell(3, 4)" => Box::new(LstmCell::new(3, 4, rng)),
            // We have no such layers.
            "Conv2d(3, 16, 3)" | "Conv2d(4, 8, 5, groups=2)" | "Embedding(10, 4)" => continue,
            other => panic!("unknown layer {other}"),
        };
        let rng = &mut ChaCha8Rng::seed_from_u64(5);
        let draws = golden::list(&record["draws"]);
        assert_eq!(layer.params().count(), draws.len(), "{record}");
        for ((_, ours), draw) in layer.params().zip(draws) {
            assert_drawn(ours, draw, &shape(draw), rng, &record);
        }
    }
}

#[test]
fn truncated_normal() {
    for record in records("truncated_normal", 6) {
        let (low, high) = (number(&record, "a"), number(&record, "b"));
        let rng = &mut ChaCha8Rng::seed_from_u64(5);
        let n = 100_000.0;
        let (mean, std) = (number(&record, "mean"), number(&record, "std"));
        let draws = init::truncated_normal::<f64>(&[100_000], mean, std, low..=high, rng).to_vec();
        assert!(draws.iter().all(|x| (low..=high).contains(x)), "{record}");
        let (true_mean, true_std) = (number(&record, "true_mean"), number(&record, "true_std"));
        let found = draws.iter().sum::<f64>() / n;
        assert!((found - true_mean).abs() < 5.0 * true_std / n.sqrt(), "{record}: mean {found}");
        let variance = draws.iter().map(|x| (x - true_mean).powi(2)).sum::<f64>() / n;
        // The kurtosis of these distributions is at most that of the normal distribution, 3.
        let error = true_std.powi(2) * (2.0 / n).sqrt();
        assert!((variance - true_std.powi(2)).abs() < 5.0 * error, "{record}: variance {variance}");
    }
}
