//! Constructors.

use downhill_tensor::{Float, Tensor};

use crate::random::Random;
use crate::{arrays, shapes};

/// A tensor made by a constructor.
pub(crate) fn made<F: Float>(random: &mut Random) -> Vec<Tensor<F>> {
    let shape = if random.once_in(3) { shapes::any(random) } else { shapes::small(random) };
    let value = F::from_f64(random.element());
    let made = match random.below(10) {
        0 => Tensor::zeros(&shape),
        1 => Tensor::ones(&shape),
        2 => Tensor::full(&shape, value),
        3 => Tensor::param(Tensor::full(&shape, value)),
        4 => {
            let count = shapes::elements(&shape).min(1 << 14) as usize + usize::from(random.once_in(8));
            Tensor::appended(&shape, |room| room.resize(room.len() + count, value))
        }
        5 => {
            let classes = if random.once_in(8) { shapes::ABSURD } else { 1 + random.below(9) };
            let labels = random.some(7, |random| random.below(classes.min(9)));
            Tensor::one_hot(&labels, classes + usize::from(random.once_in(8)) - usize::from(random.once_in(8)))
        }
        _ => arrays::tensor(random),
    };
    vec![made]
}
