//! Pooling, padding and resizing, with PyTorch's options.

use downhill::{
    AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, Float, InterpolateMode, MaxPool, PadMode, Resize, Tensor, Upsample,
};
use ndarray::ArrayD;
use serde_json::Value;

use crate::golden::{float, integer, list};

/// Our result for a record of such an operation, and `None` for any other.
pub(super) fn compute<F: Float>(name: &str, params: &Value, x: &Tensor<F>) -> Option<Tensor<F>> {
    let y = match name {
        "max_pool1d" => x.max_pool1d(max_pool::<1>(params)),
        "max_pool2d" => x.max_pool2d(max_pool::<2>(params)),
        "avg_pool1d" => x.avg_pool1d(avg_pool::<1>(params)),
        "avg_pool2d" => x.avg_pool2d(avg_pool::<2>(params)),
        "adaptive_max_pool1d" => x.adaptive_max_pool1d(AdaptiveMaxPool { output_size: output_size(params) }),
        "adaptive_max_pool2d" => x.adaptive_max_pool2d(AdaptiveMaxPool { output_size: output_size(params) }),
        "adaptive_avg_pool1d" => x.adaptive_avg_pool1d(AdaptiveAvgPool { output_size: output_size(params) }),
        "adaptive_avg_pool2d" => x.adaptive_avg_pool2d(AdaptiveAvgPool { output_size: output_size(params) }),
        "pad" => {
            let flat: Vec<usize> = list(&params["pad"]).iter().map(integer).collect();
            // PyTorch's list begins with the last axis.
            let pairs: Vec<(usize, usize)> = flat.chunks(2).rev().map(|pair| (pair[0], pair[1])).collect();
            let mode = match params["mode"].as_str() {
                Some("reflect") => PadMode::Reflect,
                Some("replicate") => PadMode::Replicate,
                Some("circular") => PadMode::Circular,
                Some("constant") if params["value"].is_null() => PadMode::Constant(0.0),
                Some("constant") => PadMode::Constant(float(&params["value"])),
                other => panic!("padding {other:?}"),
            };
            x.pad(&pairs, mode)
        }
        "interpolate" => {
            let to = match &params["size"] {
                Value::Null => Resize::Scale(list(&params["scale_factor"]).iter().map(float).collect()),
                sizes => Resize::Size(list(sizes).iter().map(integer).collect()),
            };
            let mode = match params["align_corners"].as_bool() {
                None => InterpolateMode::Nearest,
                Some(align_corners) => InterpolateMode::Linear { align_corners },
            };
            x.interpolate(&Upsample { to, mode })
        }
        "pixel_shuffle" => x.pixel_shuffle(integer(&params["factor"])),
        "pixel_unshuffle" => x.pixel_unshuffle(integer(&params["factor"])),
        "unflatten" => {
            let sizes: Vec<usize> = list(&params["sizes"]).iter().map(integer).collect();
            x.unflatten(integer(&params["axis"]) as isize, &sizes)
        }
        _ => return None,
    };
    Some(y)
}

/// The result of a max pooling, and where the maxima are.
///
/// # Panics
/// If the record is of another operation.
pub fn compute_with_indices<F: Float>(record: &Value, x: &Tensor<F>) -> (Tensor<F>, ArrayD<usize>) {
    let params = &record["params"];
    match record["op"].as_str() {
        Some("max_pool1d") => x.max_pool1d_with_indices(max_pool::<1>(params)),
        Some("max_pool2d") => x.max_pool2d_with_indices(max_pool::<2>(params)),
        Some("adaptive_max_pool1d") => {
            x.adaptive_max_pool1d_with_indices(AdaptiveMaxPool { output_size: output_size(params) })
        }
        Some("adaptive_max_pool2d") => {
            x.adaptive_max_pool2d_with_indices(AdaptiveMaxPool { output_size: output_size(params) })
        }
        other => panic!("{other:?} has no indices"),
    }
}

/// A number for all axes, or one for each.
fn sizes<const D: usize>(value: &Value) -> Option<[usize; D]> {
    match value {
        Value::Null => None,
        Value::Array(list) => Some(std::array::from_fn(|axis| integer(&list[axis]))),
        number => Some([integer(number); D]),
    }
}

fn output_size<const D: usize>(params: &Value) -> [Option<usize>; D] {
    std::array::from_fn(|axis| params["output_size"][axis].as_u64().map(|size| size as usize))
}

fn max_pool<const D: usize>(params: &Value) -> MaxPool<D> {
    let defaults = MaxPool::from(sizes(&params["kernel_size"]).expect("a kernel"));
    MaxPool {
        stride: sizes(&params["stride"]),
        padding: sizes(&params["padding"]).unwrap_or(defaults.padding),
        dilation: sizes(&params["dilation"]).unwrap_or(defaults.dilation),
        ceil_mode: params["ceil_mode"].as_bool().unwrap_or(defaults.ceil_mode),
        ..defaults
    }
}

fn avg_pool<const D: usize>(params: &Value) -> AvgPool<D> {
    let defaults = AvgPool::from(sizes(&params["kernel_size"]).expect("a kernel"));
    AvgPool {
        stride: sizes(&params["stride"]),
        padding: sizes(&params["padding"]).unwrap_or(defaults.padding),
        ceil_mode: params["ceil_mode"].as_bool().unwrap_or(defaults.ceil_mode),
        count_include_pad: params["count_include_pad"].as_bool().unwrap_or(defaults.count_include_pad),
        divisor_override: params["divisor_override"].as_u64().map(|divisor| divisor as usize),
        ..defaults
    }
}
