//! What is checked at one order: a function of several tensors with several results. Its gradient is another such
//! function.

use super::SplitMix;
use crate::grad::products_of_all;
use crate::{Float, Tensor};

type Call<'f, F> = Box<dyn Fn(&[Tensor<F>]) -> Vec<Tensor<F>> + 'f>;

/// A function, the point at which it is checked, and the names of its arguments and results for messages.
pub(super) struct Function<'f, F: Float> {
    call: Call<'f, F>,
    /// Parameters, so that every result is recorded.
    pub(super) inputs: Vec<Tensor<F>>,
    pub(super) input_names: Vec<String>,
    pub(super) output_names: Vec<String>,
    order: usize,
}

impl<'f, F: Float> Function<'f, F> {
    pub(super) fn new(
        call: impl Fn(&[Tensor<F>]) -> Vec<Tensor<F>> + 'f,
        inputs: Vec<Tensor<F>>,
        input_names: Vec<String>,
        output_name: &str,
    ) -> Self {
        let output_names = vec![output_name.to_owned()];
        Function { call: Box::new(call), inputs, input_names, output_names, order: 1 }
    }

    /// The results at other points, which must be parameters.
    pub(super) fn at(&self, inputs: &[Tensor<F>]) -> Vec<Tensor<F>> {
        (self.call)(inputs)
    }

    /// The operation that computes the (first) result.
    pub(super) fn op_name(&self) -> &'static str {
        self.at(&self.inputs).first().and_then(Tensor::op_name).unwrap_or("a function that records no operation")
    }

    /// The next order: `(x, dy) ↦ Σ ∂y/∂xᵀ·dy` at the same `x` and a random `dy`.
    pub(super) fn gradient(self, random: &mut SplitMix) -> Function<'f, F> {
        let Function { call, mut inputs, mut input_names, output_names, order } = self;
        let seeds = call(&inputs).into_iter().map(|y| {
            let values: Vec<F> = (0..y.len()).map(|_| F::from_f64(random.weight())).collect();
            Tensor::param(Tensor::from(values).reshape(y.shape()))
        });
        let seeds: Vec<Tensor<F>> = seeds.collect();
        let arguments = inputs.len();
        let gradient = move |all: &[Tensor<F>]| {
            let (xs, seeds) = all.split_at(arguments);
            let by_output = call(xs).into_iter().zip(seeds).map(|(y, dy)| gradients(&y, xs, dy));
            by_output.reduce(|sums, more| sums.iter().zip(&more).map(|(a, b)| a + b).collect()).unwrap_or_default()
        };
        let derivative = if order == 1 { "d".to_owned() } else { format!("d^{order} ") };
        let gradient_names = input_names.iter().map(|name| format!("{derivative}{name}")).collect();
        inputs.extend(seeds);
        input_names.extend(output_names.iter().map(|name| format!("d{name}")));
        Function { call: Box::new(gradient), inputs, input_names, output_names: gradient_names, order: order + 1 }
    }
}

/// The product of `v` with the Jacobian of `y` for each of `xs`.
pub(super) fn gradients<F: Float>(y: &Tensor<F>, xs: &[Tensor<F>], v: &Tensor<F>) -> Vec<Tensor<F>> {
    let xs: Vec<&Tensor<F>> = xs.iter().collect();
    products_of_all("gradcheck", y, &xs, v)
}
