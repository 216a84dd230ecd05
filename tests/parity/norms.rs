//! Every record of `data/golden/norms.json`: normalization, and layers that gate or mix, with their derivatives to second
//! order. An unknown option is a failure.

use downhill::nn::{
    AlphaDropout, BatchNorm2d, Bilinear, Glu, GroupNorm, InstanceNorm, LayerNorm, Module, PRelu, RmsNorm, Softmax2d,
    geglu, glu, swiglu,
};
use downhill::{Params, Tensor, rng, training};
use serde_json::Value;

use crate::golden::{self, tensor};

type Tensor64 = Tensor<f64>;

/// Relative to the element, or to 1 if that is larger: the size of the terms that cancel in it.
const TOLERANCE: f64 = 2e-13;

fn check(name: &str, record: &Value, f: impl FnOnce(&[Tensor64]) -> Tensor64) {
    golden::check_derivatives(name, &record["options"], record, TOLERANCE, f);
}

/// The tensor of that name among the `inputs` of a record.
fn named(record: &Value, xs: &[Tensor64], name: &str) -> Option<Tensor64> {
    let at = golden::list(&record["wrt"]).iter().position(|n| n.as_str() == Some(name))?;
    Some(xs[at].clone())
}

/// The options of a record, without those in `known`.
fn others<'a>(record: &'a Value, known: &[&str]) -> Vec<(&'a str, &'a Value)> {
    let options = record["options"].as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value));
    options.filter(|(name, _)| !known.contains(name)).collect()
}

fn sizes(value: &Value) -> Vec<usize> {
    golden::list(value).iter().map(golden::integer).collect()
}

/// Every record of its section.
pub fn layer_norms() {
    let file = golden::file("norms.json");
    for case in golden::records(&file, "layer_norm", 20) {
        let mut norm = LayerNorm::<f64>::new(&sizes(&case["options"]["normalized_shape"]));
        for (name, value) in others(case, &["normalized_shape"]) {
            norm = match name {
                "eps" => LayerNorm { eps: golden::float(value), ..norm },
                "bias" if value == false => LayerNorm { bias: None, ..norm },
                "elementwise_affine" => norm.elementwise_affine(value.as_bool().unwrap()),
                other => panic!("unknown option {other}"),
            };
        }
        check("LayerNorm", case, |xs| {
            let [weight, bias] = ["weight", "bias"].map(|name| named(case, xs, name));
            assert_eq!((weight.is_some(), bias.is_some()), (norm.weight.is_some(), norm.bias.is_some()));
            LayerNorm { weight, bias, ..norm }.forward(&xs[0])
        });
    }
}

/// Every record of its section.
pub fn rms_norms() {
    let file = golden::file("norms.json");
    for case in golden::records(&file, "rms_norm", 9) {
        let mut norm = RmsNorm::<f64>::new(&sizes(&case["options"]["normalized_shape"]));
        for (name, value) in others(case, &["normalized_shape"]) {
            norm = match name {
                "eps" => RmsNorm { eps: Some(golden::float(value)), ..norm },
                "elementwise_affine" => norm.elementwise_affine(value.as_bool().unwrap()),
                other => panic!("unknown option {other}"),
            };
        }
        check("RmsNorm", case, |xs| {
            let weight = named(case, xs, "weight");
            assert_eq!(weight.is_some(), norm.weight.is_some());
            RmsNorm { weight, ..norm }.forward(&xs[0])
        });
    }
}

/// Every record of its section.
pub fn group_norms() {
    let file = golden::file("norms.json");
    for case in golden::records(&file, "group_norm", 15) {
        let [groups, channels] = ["num_groups", "num_channels"].map(|name| golden::integer(&case["options"][name]));
        let mut norm = GroupNorm::<f64>::new(groups, channels);
        for (name, value) in others(case, &["num_groups", "num_channels"]) {
            norm = match name {
                "eps" => GroupNorm { eps: golden::float(value), ..norm },
                "affine" => norm.affine(value.as_bool().unwrap()),
                other => panic!("unknown option {other}"),
            };
        }
        check("GroupNorm", case, |xs| {
            let [weight, bias] = ["weight", "bias"].map(|name| named(case, xs, name));
            assert_eq!((weight.is_some(), bias.is_some()), (norm.weight.is_some(), norm.bias.is_some()));
            GroupNorm { weight, bias, ..norm }.forward(&xs[0])
        });
    }
}

/// A layer with running statistics: its buffers after each of two batches, the derivatives in training on the second,
/// and those in evaluation, which changes nothing.
fn stateful<L: Params<f64>>(
    case: &Value,
    name: &str,
    mut layer: L,
    set: impl Fn(&mut L, [Option<Tensor64>; 2]),
    forward: impl Fn(&L, &Tensor64) -> Tensor64,
) {
    let what = format!("{name} with {}", case["options"]);
    let mut rng = rng(1);
    let states = golden::list(&case["states"]);
    let assert_buffers = |layer: &L, state: &Value| {
        let theirs = state.as_object().unwrap();
        assert_eq!(layer.buffers().len(), theirs.len(), "{what}");
        for (path, buffer) in layer.buffers() {
            golden::assert_close(buffer, &tensor(&theirs[&path]), 1e-15, 1.0, || format!("{what}: {path}"));
        }
    };
    training(&mut layer, &mut rng, |layer| forward(layer, &tensor(&case["batch"])));
    assert_buffers(&layer, &states[0]);
    let mode = |mode: &str| (format!("{name}, {mode}"), &case["options"], &case[mode]);
    let (line, options, record) = mode("training");
    golden::check_derivatives(&line, options, record, TOLERANCE, |xs| {
        set(&mut layer, ["weight", "bias"].map(|name| named(case, xs, name)));
        training(&mut layer, &mut rng, |layer| forward(layer, &xs[0]))
    });
    assert_buffers(&layer, &states[1]);
    let (line, options, record) = mode("evaluation");
    golden::check_derivatives(&line, options, record, TOLERANCE, |xs| {
        set(&mut layer, ["weight", "bias"].map(|name| named(case, xs, name)));
        forward(&layer, &xs[0])
    });
    assert_buffers(&layer, &states[1]);
}

/// Every record of its section.
pub fn instance_norms() {
    fn run<const D: usize>(case: &Value) {
        let mut norm = InstanceNorm::<f64, D>::new(golden::integer(&case["options"]["num_features"]));
        for (name, value) in others(case, &["num_features"]) {
            norm = match name {
                "eps" => InstanceNorm { eps: golden::float(value), ..norm },
                "momentum" => InstanceNorm { momentum: golden::float(value), ..norm },
                "affine" => norm.affine(value.as_bool().unwrap()),
                "track_running_stats" => norm.track_running_stats(value.as_bool().unwrap()),
                other => panic!("unknown option {other}"),
            };
        }
        let set = |norm: &mut InstanceNorm<f64, D>, affine| [norm.weight, norm.bias] = affine;
        stateful(case, &format!("InstanceNorm{D}d"), norm, set, |norm, x| norm.forward(x));
    }
    let file = golden::file("norms.json");
    for (number, case) in golden::records(&file, "instance_norm", 16).iter().enumerate() {
        // The first eight are of sequences, the others of images.
        if number < 8 { run::<1>(case) } else { run::<2>(case) }
    }
}

/// Every record of its section.
pub fn batch_norms_of_images() {
    let file = golden::file("norms.json");
    for case in golden::records(&file, "batch_norm2d", 16) {
        let mut norm = BatchNorm2d::<f64>::new(golden::integer(&case["options"]["num_features"]));
        for (name, value) in others(case, &["num_features"]) {
            norm = match name {
                "momentum" => BatchNorm2d { momentum: value.as_f64(), ..norm },
                "affine" => norm.affine(value.as_bool().unwrap()),
                "track_running_stats" => norm.track_running_stats(value.as_bool().unwrap()),
                other => panic!("unknown option {other}"),
            };
        }
        let set = |norm: &mut BatchNorm2d<f64>, affine| [norm.weight, norm.bias] = affine;
        stateful(case, "BatchNorm2d", norm, set, |norm, x| norm.forward(x));
    }
}

/// Every record of its section.
pub fn prelus() {
    let file = golden::file("norms.json");
    for case in golden::records(&file, "prelu", 5) {
        let count = golden::integer(&case["options"]["num_parameters"]);
        assert_eq!(PRelu::<f64>::new(count).weight, Tensor::full(&[count], 0.25));
        check("PRelu", case, |xs| PRelu { weight: named(case, xs, "weight").unwrap() }.forward(&xs[0]));
    }
}

/// Every record of its section.
pub fn gated_linear_units() {
    let file = golden::file("norms.json");
    for case in golden::records(&file, "glu", 6) {
        check("glu", case, |xs| match case["options"]["function"].as_str() {
            Some("geglu") => geglu(&xs[0], -1),
            Some("swiglu") => swiglu(&xs[0], -1),
            Some(other) => panic!("unknown function {other}"),
            None => {
                let axis = case["options"]["dim"].as_i64().unwrap() as isize;
                let y = glu(&xs[0], axis);
                assert_eq!(Glu { axis, ..Glu::default() }.forward(&xs[0]), y);
                y
            }
        });
    }
}

/// Every record of its section.
pub fn softmax_over_channels() {
    let file = golden::file("norms.json");
    for case in golden::records(&file, "softmax2d", 2) {
        check("Softmax2d", case, |xs| Softmax2d.forward(&xs[0]));
    }
}

/// Every record of its section.
pub fn bilinear_maps() {
    let file = golden::file("norms.json");
    for case in golden::records(&file, "bilinear", 6) {
        check("Bilinear", case, |xs| {
            let bias = named(case, xs, "bias");
            assert_eq!(bias.is_some(), case["options"]["bias"] == true);
            Bilinear { weight: named(case, xs, "weight").unwrap(), bias }.forward(&xs[0], &xs[1])
        });
    }
}

/// What a kept element and a replaced one become.
pub fn alpha_dropout() {
    let file = golden::file("norms.json");
    for case in golden::records(&file, "alpha_dropout", 3) {
        let [p, x, replaced, kept] = ["p", "x", "replaced", "kept"].map(|name| golden::float(&case[name]));
        let mut dropout = AlphaDropout::new(p);
        let y = training::<f64, _, _>(&mut dropout, &mut rng(1), |d| d.forward(&Tensor::full(&[1000], x))).to_vec();
        let near = |y: f64, value: f64| (y - value).abs() < 1e-14;
        assert!(y.iter().all(|&y| near(y, replaced) || near(y, kept)), "{case}");
        assert!(y.iter().any(|&y| near(y, replaced)) && y.iter().any(|&y| near(y, kept)), "{case}");
    }
}

/// All of these comparisons.
pub const CHECKS: &[fn()] = &[
    layer_norms,
    rms_norms,
    group_norms,
    instance_norms,
    batch_norms_of_images,
    prelus,
    gated_linear_units,
    softmax_over_channels,
    bilinear_maps,
    alpha_dropout,
];
