//! What a model does with an input of a given shape: its operations, their results, their parameters, and how many
//! multiplications and additions they take.
//!
//! Nothing in a layer serves this table: the model computes once, with zeros, and the recorded graph says the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use downhill_tensor::{Attribute, Float, Operation, Params, Summary, Tensor, evaluation, is_recording, is_training};

use crate::Module;

#[cfg(test)]
mod tests;

/// The result of [`summary`]: a row for each operation of a forward pass, and the model's parameters. `Display` prints a
/// table.
#[derive(Clone, Debug)]
pub struct ModelSummary {
    /// The operations, in the order in which they are computed.
    pub operations: Vec<OperationRow>,
    /// The parameters and buffers ([`Params::summary`]).
    pub parameters: Summary,
}

/// A row of a [`ModelSummary`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationRow {
    /// The path of the layer whose parameters the operation uses; empty if it uses none, or if the model is that layer.
    pub layer: String,
    /// The name of the operation, such as `linear`.
    pub operation: &'static str,
    /// The shape of its result.
    pub output: Vec<usize>,
    /// The number of elements of the parameters it uses, without those that an earlier row has counted.
    pub parameters: usize,
    /// The multiplications, each with an addition, of the matrix products and convolutions in the operation, also of those
    /// in a recurrent layer and in attention; 0 for everything else, which takes a small multiple of the number of
    /// elements.
    pub multiply_adds: u64,
}

/// A layer of a [`ModelSummary`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRow {
    /// The path of the layer; empty for a product that belongs to none.
    pub layer: String,
    /// The shape of the result of its last operation that uses a parameter.
    pub output: Vec<usize>,
    /// The number of elements of its parameters.
    pub parameters: usize,
    /// The multiply-adds of its operations.
    pub multiply_adds: u64,
}

impl ModelSummary {
    /// A row for each layer, in the order of their first operations. Of the operations that use no parameter of a layer,
    /// only those that take multiply-adds have a row, such as the products of an attention.
    ///
    /// ```
    /// use downhill_nn::{Linear, Relu, Sequential, summary};
    /// use rand::SeedableRng;
    ///
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let model: Sequential =
    ///     Sequential::new().then(Linear::new(8, 4, &mut rng)).then(Relu).then(Linear::new(4, 2, &mut rng));
    /// let layers = summary(&model, &[1, 8]).layers();
    /// assert_eq!(layers.iter().map(|layer| layer.multiply_adds).collect::<Vec<_>>(), [32, 8]);
    /// ```
    pub fn layers(&self) -> Vec<LayerRow> {
        let mut layers: Vec<LayerRow> = Vec::new();
        for OperationRow { layer, output, parameters, multiply_adds, .. } in self.operations.clone() {
            match layers.iter_mut().find(|row| row.layer == layer && !layer.is_empty()) {
                Some(row) => {
                    row.output = output;
                    row.parameters += parameters;
                    row.multiply_adds = row.multiply_adds.saturating_add(multiply_adds);
                }
                None if layer.is_empty() && multiply_adds == 0 => {}
                None => layers.push(LayerRow { layer, output, parameters, multiply_adds }),
            }
        }
        layers
    }

    /// The multiply-adds of all operations.
    pub fn multiply_adds(&self) -> u64 {
        self.operations.iter().fold(0, |sum, row| sum.saturating_add(row.multiply_adds))
    }

    #[track_caller]
    fn of<F: Float, M: Params<F> + ?Sized>(model: &M, output: &Tensor<F>) -> Self {
        let mut paths = BTreeMap::new();
        for (path, tensor) in model.params() {
            if let Some(id) = tensor.id() {
                paths.entry(id).or_insert(path);
            }
        }
        // Younger results have larger ids: sorted by id, the operations are in the order of computation.
        let (mut found, mut waiting) = (BTreeMap::new(), vec![output.clone()]);
        while let Some(result) = waiting.pop() {
            let (Some(id), Some(operation)) = (result.id(), result.operation()) else { continue };
            if found.contains_key(&id) {
                continue;
            }
            waiting.extend(operation.inputs.iter().cloned());
            found.insert(id, (result, operation));
        }
        let (mut operations, mut counted) = (Vec::with_capacity(found.len()), BTreeSet::new());
        for (result, operation) in found.into_values() {
            let (mut layer, mut parameters) = (String::new(), 0);
            for input in &operation.inputs {
                if let Some((id, path)) = input.id().and_then(|id| paths.get(&id).map(|path| (id, path))) {
                    let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
                    layer = if layer.is_empty() { parent.to_owned() } else { layer };
                    parameters += if counted.insert(id) { input.len() } else { 0 };
                }
            }
            let multiply_adds = multiply_adds(&operation, &result);
            let output = result.shape().to_vec();
            operations.push(OperationRow { layer, operation: operation.name, output, parameters, multiply_adds });
        }
        ModelSummary { operations, parameters: model.summary() }
    }
}

/// The multiply-adds of one operation: for each element of the result (of the input, if a convolution is transposed), one
/// for each element that it is a sum over. Of a recurrent layer, those of the products with both weights (of a GRU, with
/// the second: the first has an operation of its own); of attention, those of all scores, also the hidden ones, and of the
/// values.
fn multiply_adds<F: Float>(operation: &Operation<F>, result: &Tensor<F>) -> u64 {
    let product = |a: usize, b: usize| (a as u64).saturating_mul(b as u64);
    let per_channel = |weight: &Tensor<F>| weight.shape()[1..].iter().product();
    match (operation.name, operation.inputs.as_slice()) {
        ("linear" | "conv1d" | "conv2d", [_, weight, ..]) => product(result.len(), per_channel(weight)),
        ("conv_transpose1d" | "conv_transpose2d", [input, weight, ..]) => product(input.len(), per_channel(weight)),
        ("matmul", [a, _]) => {
            let flipped = operation.attributes.contains(&("transposed_left", Attribute::Bool(true)));
            let shape = a.shape();
            product(result.len(), shape[shape.len() - if flipped { 2 } else { 1 }])
        }
        // For every step of every sequence, each element of the weights.
        ("lstm" | "rnn", [x, weight_ih, weight_hh, ..]) => {
            product(x.shape()[..2].iter().product(), weight_ih.len() + weight_hh.len())
        }
        ("gru", [input, weight_hh, ..]) => product(input.shape()[..2].iter().product(), weight_hh.len()),
        // For every element of a query or of a result, every key.
        ("attention", [q, k, _]) => product(q.len() + result.len(), k.shape()[1]),
        ("packed_attention", [qkv]) => product(2 * result.len(), qkv.shape()[1]),
        _ => 0,
    }
}

/// The operations of a forward pass of the model for an input of this shape, and its parameters. The input is 0, the model
/// in evaluation mode and unchanged.
///
/// ```
/// use downhill_nn::{Linear, Relu, Sequential, summary};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let model: Sequential =
///     Sequential::new().then(Linear::new(784, 128, &mut rng)).then(Relu).then(Linear::new(128, 10, &mut rng));
/// let summary = summary(&model, &[64, 784]);
/// assert_eq!(summary.multiply_adds(), 64 * (784 * 128 + 128 * 10));
/// assert_eq!(summary.to_string(), "\
/// layer  operation  output     parameters  multiply-adds
/// 0      linear     [64, 128]      100480        6422528
///        relu       [64, 128]           0              0
/// 2      linear     [64, 10]         1290          81920
/// total                            101770        6504448  101770 trainable
/// ");
/// ```
///
/// # Panics
/// If the model does not take this shape, or it is too large for a tensor, or inside `no_grad`.
#[track_caller]
pub fn summary<F: Float, M: Module<F> + ?Sized>(model: &M, input: &[usize]) -> ModelSummary {
    // A parameter, so that everything computed from it is recorded.
    let input = Tensor::param(Tensor::zeros(input));
    check_recording();
    // A panic inside a closure would not be reported at the caller's line.
    let output = if is_training() { evaluation(|| model.forward(&input)) } else { model.forward(&input) };
    ModelSummary::of(model, &output)
}

/// [`summary`] for a model with other inputs than one tensor, such as indices: of any forward pass. An operation is found
/// if its result depends on a parameter, of the model or elsewhere.
///
/// ```
/// use downhill_nn::{Embedding, summary_with};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let table: Embedding = Embedding::new(10, 4, &mut rng);
/// let summary = summary_with(&table, |table| table.forward(&[1, 2, 1]));
/// let row = &summary.operations[0];
/// assert_eq!((row.parameters, row.multiply_adds), (40, 0));
/// assert_eq!(summary.operations.last().unwrap().output, [3, 4]);
/// ```
///
/// # Panics
/// If the forward pass does, or inside `no_grad`.
#[track_caller]
pub fn summary_with<F: Float, M: Params<F> + ?Sized>(model: &M, forward: impl FnOnce(&M) -> Tensor<F>) -> ModelSummary {
    check_recording();
    let output = evaluation(|| forward(model));
    ModelSummary::of(model, &output)
}

#[track_caller]
fn check_recording() {
    assert!(
        is_recording(),
        "summary: operations are found by their records, and `no_grad` keeps none; call it outside"
    );
}

impl fmt::Display for ModelSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![["layer", "operation", "output", "parameters", "multiply-adds", ""].map(str::to_owned)];
        for OperationRow { layer, operation, output, parameters, multiply_adds } in &self.operations {
            let (output, counts) = (format!("{output:?}"), [parameters.to_string(), multiply_adds.to_string()]);
            let [parameters, multiply_adds] = counts;
            lines.push([layer.clone(), (*operation).to_owned(), output, parameters, multiply_adds, String::new()]);
        }
        let mut remark = format!("{} trainable", self.parameters.trainable());
        if self.parameters.in_buffers() > 0 {
            remark += &format!(", {} in buffers", self.parameters.in_buffers());
        }
        let totals = [self.parameters.elements().to_string(), self.multiply_adds().to_string()];
        let [parameters, multiply_adds] = totals;
        lines.push(["total".to_owned(), String::new(), String::new(), parameters, multiply_adds, remark]);
        let widths: Vec<usize> =
            (0..6).map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)).collect();
        for [layer, operation, output, parameters, multiply_adds, remark] in &lines {
            let line = format!(
                "{layer:0$}  {operation:1$}  {output:2$}  {parameters:>3$}  {multiply_adds:>4$}  {remark}",
                widths[0], widths[1], widths[2], widths[3], widths[4]
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
