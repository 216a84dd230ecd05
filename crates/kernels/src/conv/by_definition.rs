//! The gradient of a weight, term by term.

use super::Conv;
use crate::{Float, RunningSum};

impl Conv {
    /// As [`weight`](Self::weight): nothing but what meets is multiplied.
    pub(super) fn weight_by_definition<F: Float>(&self, image: &[F], output: &[F], weight: &mut [F]) {
        let [rows, columns] = self.axes;
        let kernel = rows.kernel * columns.kernel;
        for (number, sum) in weight.iter_mut().enumerate() {
            let (k, pair) = (number % kernel, number / kernel);
            let (input, channel) = (pair % self.inputs, pair / self.inputs);
            let input = channel / self.outputs * self.inputs + input;
            let ((down, top), (across, left)) = (rows.met(k / columns.kernel), columns.met(k % columns.kernel));
            let mut total = RunningSum::new(F::zero());
            for n in 0..self.images {
                let image = &image[(n * self.groups * self.inputs + input) * rows.image * columns.image..];
                let output = &output[(n * self.groups * self.outputs + channel) * rows.output * columns.output..];
                for (i, line) in down.clone().enumerate() {
                    let from = &image[(top + i * rows.step()) * columns.image + left..];
                    let with = &output[line * columns.output..][across.clone()];
                    from.iter().step_by(columns.step()).zip(with).for_each(|(&x, &y)| total.add(x * y));
                }
            }
            *sum = total.total();
        }
    }
}
