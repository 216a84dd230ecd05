//! Maps the names of operations in `data/golden` to the operations, for all tests that compare them.

mod pooling;

use downhill::{Axes, Float, Interpolation, Tensor, concat, einsum, keep, stack, where_};
use ndarray::{ArrayD, Axis};
use serde_json::Value;

use crate::golden::{float, indices, integer, list};
pub use pooling::compute_with_indices;

/// Our result for a record with these inputs.
///
/// # Panics
/// If the record's operation is not in the list.
pub fn compute<F: Float>(record: &Value, inputs: &[&Tensor<F>]) -> Tensor<F> {
    let name = record["op"].as_str().expect("a record has an op");
    let x = inputs[0];
    let param = |key: &str| &record["params"][key];
    let number = |key: &str| F::from_f64(float(param(key)));
    let given = |key: &str| !param(key).is_null();
    let axis = |key: &str| signed(param(key));
    match name {
        "add" => x + inputs[1],
        "sub" => x - inputs[1],
        "mul" => x * inputs[1],
        "div" => x / inputs[1],
        "maximum" => x.maximum(inputs[1]),
        "minimum" => x.minimum(inputs[1]),
        "pow_tensor" => x.pow(inputs[1]),
        "xlogy" => x.xlogy(inputs[1]),
        "matmul" => x.matmul(inputs[1]),
        "where" => where_(&indices(param("condition")).mapv(|bit| bit != 0), inputs[0], inputs[1]),
        "scatter_add" => x.scatter_add(axis("axis"), &indices(param("index")), inputs[1]),
        "concat" => concat(inputs, axis("axis")),
        "stack" => stack(inputs, axis("axis")),

        "atan2" => x.atan2(inputs[1]),
        "dot" => x.dot(inputs[1]),
        "outer" => x.outer(inputs[1]),
        "tensordot" => x.tensordot(inputs[1], &signed_list(param("axes")), &signed_list(param("other_axes"))),
        "einsum" => einsum(param("equation").as_str().expect("an equation"), inputs),
        "cosine_similarity" => x.cosine_similarity(inputs[1], axis("axis"), number("eps")),
        "cdist" => x.cdist(inputs[1], number("p")),

        "neg" => -x,
        "abs" => x.abs(),
        "sign" => x.sign(),
        "square" => x.square(),
        "sqrt" => x.sqrt(),
        "rsqrt" => x.rsqrt(),
        "recip" => x.recip(),
        "pow" => x.powf(number("exponent")),
        "exp" => x.exp(),
        "expm1" => x.expm1(),
        "ln" => x.ln(),
        "log1p" => x.log1p(),
        "sin" => x.sin(),
        "cos" => x.cos(),
        "tan" => x.tan(),
        "asin" => x.asin(),
        "acos" => x.acos(),
        "atan" => x.atan(),
        "sinh" => x.sinh(),
        "cosh" => x.cosh(),
        "tanh" => x.tanh(),
        "exp2" => x.exp2(),
        "log2" => x.log2(),
        "log10" => x.log10(),
        "floor" => x.floor(),
        "ceil" => x.ceil(),
        "round" => x.round(),
        "trunc" => x.trunc(),
        "nan_to_num" => x.nan_to_num(),
        "erf" => x.erf(),
        "sigmoid" => x.sigmoid(),
        "log_sigmoid" => x.log_sigmoid(),
        "softplus" if given("beta") => {
            // PyTorch switches to the line x at the threshold; ours does not.
            let (beta, threshold) = (number("beta"), number("threshold"));
            where_(&(x * beta).gt(threshold), x, (x * beta).softplus() / beta)
        }
        "softplus" => x.softplus(),
        "relu" => x.relu(),
        "relu6" => x.relu6(),
        "leaky_relu" => x.leaky_relu(number("negative_slope")),
        "elu" if given("alpha") => x.elu(number("alpha")),
        "elu" => x.elu(F::one()),
        "selu" => x.selu(),
        "gelu" => x.gelu(),
        "gelu_tanh" => x.gelu_tanh(),
        "silu" => x.silu(),
        "mish" => x.mish(),
        "hardtanh" => x.hardtanh(),
        "hardswish" => x.hardswish(),
        "hardsigmoid" => x.hardsigmoid(),
        "softsign" => x.softsign(),
        "clamp" if !given("max") => x.clamp_min(number("min")),
        "clamp" if !given("min") => x.clamp_max(number("max")),
        "clamp" => x.clamp(number("min"), number("max")),

        "sum" => x.sum_axis(axes(record)),
        "mean" => x.mean_axis(axes(record)),
        "max" => x.max_axis(axes(record)),
        "min" => x.min_axis(axes(record)),
        "prod" => x.prod_axis(axes(record)),
        "logsumexp" => x.logsumexp_axis(axes(record)),
        "var" => x.var_with(integer(param("correction")), axes(record)),
        "std" => x.std_with(integer(param("correction")), axes(record)),
        "norm" if given("p") => x.norm_axis(number("p"), axes(record)),
        "norm" => x.norm_axis(F::from_f64(2.0), axes(record)),
        "softmax" => x.softmax(axis("axis")),
        "log_softmax" => x.log_softmax(axis("axis")),
        "cumsum" => x.cumsum(axis("axis")),
        "cumprod" => x.cumprod(axis("axis")),
        "logcumsumexp" => x.logcumsumexp(axis("axis")),
        "sort" => {
            let sorted = x.sort(axis("axis"), flag(param("descending"))).0;
            if given("count") { sorted.narrow(axis("axis"), 0, integer(param("count"))) } else { sorted }
        }
        "topk" => x.topk(integer(param("k")), axis("axis"), flag(param("largest"))).0,
        "median" => x.median_axis(axes(record)),
        "quantile" => x.quantile_with(float(param("q")), interpolation(param("interpolation")), axes(record)),

        "transpose" => x.transpose(axis("dim0"), axis("dim1")),
        "permute" => x.permute(&signed_list(param("axes"))),
        "reshape" => x.reshape(&sizes(param("shape"))),
        "flatten" => x.flatten(axis("start"), axis("end")),
        "broadcast_to" => x.broadcast_to(&sizes(param("shape"))),
        "narrow" => x.narrow(axis("axis"), integer(param("start")), integer(param("length"))),
        "flip" => x.flip(signed_list(param("axes")).as_slice()),
        "index_select" => x.index_select(axis("axis"), &sizes(param("indices"))),
        "gather" => x.gather(axis("axis"), &indices(param("index"))),
        "tril" => x.tril(axis("diagonal")),
        "triu" => x.triu(axis("diagonal")),
        "masked_fill" => x.masked_fill(&indices(param("mask")).mapv(|bit| bit != 0), number("value")),
        "repeat" => x.repeat(&sizes(param("repeats"))),
        "tile" => x.tile(&sizes(param("repeats"))),
        "repeat_interleave" => x.repeat_interleave(&sizes(param("repeats")), axis("axis")),
        "roll" => x.roll(axis("shift"), axis("axis")),
        "unbind" => x.unbind(axis("axis"))[integer(param("index"))].clone(),
        "movedim" => x.movedim(axis("source"), axis("destination")),
        "diag" => x.diag(axis("offset")),
        "diag_embed" => x.diag_embed(axis("offset")),
        "diagonal" => x.diagonal(axis("offset"), axis("axis1"), axis("axis2")),

        // Single operations in PyTorch that are composed here.
        "threshold" => where_(&x.gt(number("threshold")), x, number("value")),
        "where_sqrt" => where_(&x.gt(F::zero()), x.sqrt(), F::zero()),
        "max_with_index" => select(x, axis("axis"), x.argmax(axis("axis"))),
        "min_with_index" => select(x, axis("axis"), x.argmin(axis("axis"))),
        "cummax" => x.gather(0, &running_argmax(x)),
        unknown => match pooling::compute(unknown, &record["params"], x) {
            Some(y) => y,
            None => panic!("data/golden has the operation {unknown}, which is not in the list in tests/operations.rs"),
        },
    }
}

/// The axes of a reduction, kept or dropped: `axes`, or `axis`, or all.
fn axes(record: &Value) -> Axes {
    let params = &record["params"];
    let axes = match (&params["axes"], &params["axis"]) {
        (Value::Array(list), _) => Axes::from(list.iter().map(signed).collect::<Vec<isize>>().as_slice()),
        (Value::Null, Value::Null) => Axes::from(..),
        (Value::Null, axis) | (axis, _) => Axes::from(signed(axis)),
    };
    if params["keepdim"].as_bool().unwrap_or(false) { keep(axes) } else { axes }
}

fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| panic!("{value} is neither true nor false"))
}

fn interpolation(name: &Value) -> Interpolation {
    match name.as_str() {
        None | Some("linear") => Interpolation::Linear,
        Some("lower") => Interpolation::Lower,
        Some("higher") => Interpolation::Higher,
        Some("nearest") => Interpolation::Nearest,
        Some("midpoint") => Interpolation::Midpoint,
        Some(other) => panic!("there is no interpolation {other}"),
    }
}

fn signed(value: &Value) -> isize {
    value.as_i64().unwrap_or_else(|| panic!("{value} is not an integer")) as isize
}

fn signed_list(value: &Value) -> Vec<isize> {
    list(value).iter().map(signed).collect()
}

fn sizes(value: &Value) -> Vec<usize> {
    list(value).iter().map(integer).collect()
}

/// One element for each index in `chosen` along an axis, which is dropped.
fn select<F: Float>(x: &Tensor<F>, axis: isize, chosen: ArrayD<usize>) -> Tensor<F> {
    x.gather(axis, &chosen.insert_axis(Axis(axis as usize))).squeeze_axis(axis)
}

/// The index of the largest element so far; the last of equal ones.
fn running_argmax<F: Float>(x: &Tensor<F>) -> ArrayD<usize> {
    let values = x.to_vec();
    let mut best = 0;
    let running = (0..values.len()).map(|i| {
        if values[i] >= values[best] {
            best = i;
        }
        best
    });
    ArrayD::from_shape_vec(vec![values.len()], running.collect()).expect("one axis")
}
