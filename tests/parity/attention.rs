//! Every record of `data/golden/attention.json`: attention, blocks of a transformer, their derivatives to second order,
//! and the training of two blocks. An unknown option is a failure.

use downhill::nn::{
    AttentionMask, Gelu, LayerNorm, Linear, Module, MultiheadAttention, MultiheadOptions, Relu,
    ScaledDotProductAttention, TransformerEncoderLayer, cross_entropy,
};
use downhill::optim::{AdamW, Optimizer};
use downhill::{Params, Tensor, concat, rng};
use ndarray::ArrayD;
use serde_json::Value;

use crate::golden::{self, tensor};
use crate::parity::ledger;

type Tensor64 = Tensor<f64>;

/// Relative to the element, or to 1 if that is larger: the size of the terms that cancel in it.
const TOLERANCE: f64 = 2e-13;

fn check(name: &str, record: &Value, f: impl FnOnce(&[Tensor64]) -> Tensor64) {
    golden::check_derivatives(name, &record["options"], record, TOLERANCE, f);
}

/// The name with the kind of its mask.
fn masked(name: &str, record: &Value) -> String {
    match record["mask"].as_str() {
        Some(mask) => format!("{name}, mask `{mask}`"),
        None => name.to_owned(),
    }
}

fn bits(value: &Value) -> ArrayD<bool> {
    golden::indices(value).mapv(|bit| bit == 1)
}

/// The tensor of that name among the `inputs` of a record.
fn named(record: &Value, xs: &[Tensor64], name: &str) -> Option<Tensor64> {
    let at = golden::list(&record["wrt"]).iter().position(|n| n.as_str() == Some(name))?;
    Some(xs[at].clone())
}

/// Every record of its section.
pub fn attention() {
    let file = golden::file("attention.json");
    for case in golden::records(&file, "sdpa", 21) {
        let attn_mask = match case["mask"].as_str() {
            None => None,
            Some("keep") => Some(AttentionMask::Keep(bits(&case["attn_mask"]))),
            Some("add") => Some(AttentionMask::Add(tensor(&case["attn_mask"]))),
            Some(other) => panic!("unknown mask {other}"),
        };
        let mut options = ScaledDotProductAttention { attn_mask, ..ScaledDotProductAttention::default() };
        for (name, value) in case["options"].as_object().unwrap() {
            match name.as_str() {
                "scale" => options.scale = Some(golden::float(value)),
                "is_causal" => options.is_causal = value.as_bool().unwrap(),
                other => panic!("unknown option {other}"),
            }
        }
        check(&masked("scaled_dot_product_attention", case), case, |xs| options.of(&xs[0], &xs[1], &xs[2]));
    }
}

/// The layer with the parameters of a record, whose names have this prefix.
fn heads(record: &Value, xs: &[Tensor64], prefix: &str) -> MultiheadAttention<f64> {
    let of = |name: &str| named(record, xs, &format!("{prefix}{name}"));
    MultiheadAttention {
        in_proj_weight: of("in_proj_weight").unwrap(),
        in_proj_bias: of("in_proj_bias"),
        out_proj: Linear { weight: of("out_proj.weight").unwrap(), bias: of("out_proj.bias") },
        num_heads: 2,
        dropout: 0.0,
        batch_first: record["options"]["batch_first"].as_bool().unwrap(),
    }
}

/// Every record of its section.
pub fn several_heads() {
    let file = golden::file("attention.json");
    for case in golden::records(&file, "multihead", 8) {
        let mask = |name: &str| match case["mask"].as_str() {
            None => None,
            Some("bool") => Some(AttentionMask::Ignore(bits(&case["masks"][name]))),
            Some("float") => Some(AttentionMask::Add(tensor(&case["masks"][name]))),
            Some(other) => panic!("unknown mask {other}"),
        };
        let options = MultiheadOptions {
            key_padding_mask: mask("key_padding_mask"),
            attn_mask: mask("attn_mask"),
            need_weights: true,
            average_attn_weights: case["options"]["average_attn_weights"].as_bool().unwrap(),
            ..MultiheadOptions::default()
        };
        check(&masked("MultiheadAttention", case), case, |xs| {
            let layer = heads(case, xs, "");
            let (y, weights) = match case["options"]["self"].as_bool() {
                Some(true) => layer.self_attend(&xs[0], &options),
                _ => layer.attend(&xs[0], &xs[1], &xs[2], &options),
            };
            concat(&[y.flatten(0, -1), weights.unwrap().flatten(0, -1)], 0)
        });
    }
}

/// Every record of its section.
pub fn blocks() {
    let file = golden::file("attention.json");
    for case in golden::records(&file, "block", 4) {
        let mask = |name: &str| case["masks"].get(name).map(|mask| AttentionMask::Ignore(bits(mask)));
        let options = MultiheadOptions {
            key_padding_mask: mask("src_key_padding_mask"),
            attn_mask: mask("src_mask"),
            ..MultiheadOptions::default()
        };
        let activation = match case["options"]["activation"].as_str().unwrap() {
            "gelu" => Gelu.into(),
            "relu" => Relu.into(),
            other => panic!("unknown activation {other}"),
        };
        let norm_first = case["options"]["norm_first"].as_bool().unwrap();
        check("TransformerEncoderLayer", case, |xs| {
            let of = |name: &str| named(case, xs, name);
            let linear = |name: &str| Linear {
                weight: of(&format!("{name}.weight")).unwrap(),
                bias: of(&format!("{name}.bias")),
            };
            let norm = |name: &str| LayerNorm {
                weight: of(&format!("{name}.weight")),
                bias: of(&format!("{name}.bias")),
                ..LayerNorm::new(&[4])
            };
            let block = TransformerEncoderLayer {
                self_attn: heads(case, xs, "self_attn."),
                linear1: linear("linear1"),
                linear2: linear("linear2"),
                norm1: norm("norm1"),
                norm2: norm("norm2"),
                activation,
                norm_first,
                ..TransformerEncoderLayer::new(4, 2, 3, &mut rng(1))
            };
            block.forward_masked(&xs[0], &options)
        });
    }
}

/// The largest of 200,000 weights is near the bound that both draw from.
pub fn where_they_start() {
    let file = golden::file("attention.json");
    let [start] = golden::records(&file, "start", 1) else { panic!("one record") };
    let layer = MultiheadAttention::<f64>::new(golden::integer(&start["embed_dim"]), 2, &mut rng(1));
    for (name, weight) in [("in_proj", &layer.in_proj_weight), ("out_proj", &layer.out_proj.weight)] {
        let (ours, theirs) = (weight.abs().max().item(), tensor::<f64>(&start[name]).item());
        assert!((ours / theirs - 1.0).abs() < 1e-3, "{name}: {ours}, not {theirs}");
    }
}

#[derive(Params)]
struct Model {
    embed: Linear<f64>,
    blocks: Vec<TransformerEncoderLayer<f64>>,
    norm: LayerNorm<f64>,
    head: Linear<f64>,
}

/// The same weights and data give PyTorch's losses for 50 steps of AdamW.
pub fn the_losses_of_two_blocks() {
    let file = golden::file("attention.json");
    let [record] = golden::records(&file, "training", 1) else { panic!("one record") };
    let rng = &mut rng(1);
    let mut block = || TransformerEncoderLayer::new(4, 2, 6, rng).dropout(0.0).batch_first(true);
    let blocks = vec![TransformerEncoderLayer { norm_first: true, activation: Gelu.into(), ..block() }, block()];
    let (embed, head) = (Linear::new(3, 4, rng), Linear::new(4, 2, rng));
    let mut model = Model { embed, blocks, norm: LayerNorm::new(&[4]), head };
    let start = record["start"].as_object().unwrap();
    assert_eq!(model.params().count(), start.len());
    for (path, mut parameter) in model.params_mut() {
        parameter.assign(tensor(&start[&path]));
    }
    let x = tensor::<f64>(&record["x"]);
    let labels: Vec<usize> = golden::indices(&record["labels"]).into_iter().collect();
    let causal = MultiheadOptions { is_causal: true, ..MultiheadOptions::default() };
    let mut optimizer = Optimizer::new(AdamW { lr: golden::float(&record["lr"]), ..AdamW::default() });
    let name = "two transformer blocks";
    ledger::record(name, &serde_json::json!({ "optimizer": "AdamW" }));
    for (step, expected) in tensor::<f64>(&record["losses"]).to_vec().into_iter().enumerate() {
        let mut hidden = model.embed.forward(&x);
        for block in &model.blocks {
            hidden = block.forward_masked(&hidden, &causal);
        }
        let logits = model.head.forward(&model.norm.forward(&hidden));
        let loss = cross_entropy(&logits.flatten(0, 1), &labels);
        let difference = (loss.item() - expected).abs();
        assert!(difference < 1e-9, "step {step}: {}, not {expected}", loss.item());
        ledger::note(name, "loss", difference, 1e-9);
        let gradients = loss.backward();
        optimizer.step(&mut model, &gradients);
    }
}

/// All of these comparisons.
pub const CHECKS: &[fn()] = &[attention, several_heads, blocks, where_they_start, the_losses_of_two_blocks];
