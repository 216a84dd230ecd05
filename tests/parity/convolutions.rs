//! Every record of `data/golden/convolutions.json`: convolutions under every option, their derivatives to second order.

use downhill::nn::{Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Module};
use downhill::{Conv, ConvPadding, ConvTranspose, Tensor, Unfold};
use serde_json::Value;

use crate::golden::{self, check_derivatives, integer};

/// Relative to the element, or to 1 if that is larger: the size of the terms that cancel in it.
const TOLERANCE: f64 = 2e-13;

/// A number, for every axis, or one for each.
fn sizes<const N: usize>(value: &Value) -> [usize; N] {
    match value.as_array() {
        Some(list) => std::array::from_fn(|axis| integer(&list[axis])),
        None => [integer(value); N],
    }
}

fn conv<const N: usize>(options: &Value) -> Conv<N> {
    let mut conv = Conv::default();
    for (name, value) in options.as_object().unwrap() {
        match (name.as_str(), value.as_str()) {
            ("stride", _) => conv.stride = sizes(value),
            ("padding", Some("same")) => conv.padding = ConvPadding::Same,
            ("padding", Some("valid")) => conv.padding = ConvPadding::Valid,
            ("padding", _) => conv.padding = sizes(value).into(),
            ("dilation", _) => conv.dilation = sizes(value),
            ("groups", _) => conv.groups = integer(value),
            (other, _) => panic!("unknown option {other}"),
        }
    }
    conv
}

fn conv_transpose<const N: usize>(options: &Value) -> ConvTranspose<N> {
    let mut conv = ConvTranspose::default();
    for (name, value) in options.as_object().unwrap() {
        match name.as_str() {
            "stride" => conv.stride = sizes(value),
            "padding" => conv.padding = sizes(value),
            "output_padding" => conv.output_padding = sizes(value),
            "dilation" => conv.dilation = sizes(value),
            "groups" => conv.groups = integer(value),
            other => panic!("unknown option {other}"),
        }
    }
    conv
}

/// Every record of its section.
pub fn layers() {
    let file = golden::file("convolutions.json");
    for record in golden::records(&file, "layers", 48) {
        let (op, options) = (record["op"].as_str().unwrap(), &record["options"]);
        check_derivatives(op, options, record, TOLERANCE, |xs| {
            let (x, weight, bias) = (&xs[0], xs[1].clone(), xs.get(2).cloned());
            match op {
                "conv1d" => Conv1d { weight, bias, options: conv(options) }.forward(x),
                "conv2d" => Conv2d { weight, bias, options: conv(options) }.forward(x),
                "conv_transpose1d" => ConvTranspose1d { weight, bias, options: conv_transpose(options) }.forward(x),
                "conv_transpose2d" => ConvTranspose2d { weight, bias, options: conv_transpose(options) }.forward(x),
                other => panic!("unknown layer {other}"),
            }
        });
    }
}

/// Every record of its section.
pub fn patches() {
    let file = golden::file("convolutions.json");
    for record in golden::records(&file, "patches", 12) {
        let (op, options) = (record["op"].as_str().unwrap(), &record["options"]);
        let mut unfold = Unfold::default();
        for (name, value) in options.as_object().unwrap() {
            match name.as_str() {
                "stride" => unfold.stride = sizes(value),
                "padding" => unfold.padding = sizes(value),
                "dilation" => unfold.dilation = sizes(value),
                "kernel_size" | "output_size" => {}
                other => panic!("unknown option {other}"),
            }
        }
        let kernel = sizes(&options["kernel_size"]);
        check_derivatives(op, options, record, TOLERANCE, |xs: &[Tensor<f64>]| match op {
            "unfold" => xs[0].unfold(kernel, unfold),
            "fold" => xs[0].fold(sizes(&options["output_size"]), kernel, unfold),
            other => panic!("unknown operation {other}"),
        });
    }
}

/// All of these comparisons.
pub const CHECKS: &[fn()] = &[layers, patches];
