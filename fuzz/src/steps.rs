//! The steps of a program: every public operation, with valid and invalid arguments.

mod constructors;
mod convolutions;
mod elementwise;
mod layouts;
mod moves;
mod planes;
mod products;
mod reductions;
mod user_defined;

use downhill_tensor::{Float, Tensor};

use crate::random::Random;
pub(crate) use constructors::made;

/// Applies an operation to tensors of the pool. Returns its results, or nothing if they would be too large for a small
/// machine.
pub(crate) fn step<F: Float>(random: &mut Random, pool: &[Tensor<F>]) -> Vec<Tensor<F>> {
    let (x, y, z) = (&random.pick(pool), &random.pick(pool), &random.pick(pool));
    let one = match random.below(27) {
        0 => return made(random),
        1..4 => elementwise::unary(random, x),
        4..7 => return elementwise::binary(random, x, y),
        7..9 => reductions::reduced(random, x),
        9..12 => layouts::reshaped(random, x),
        12 => return layouts::pieces(random, x),
        13..15 => layouts::sliced(random, x),
        15 => return layouts::joined(random, &[x, y, z]),
        16 => moves::indexed(random, x, y),
        17 => return products::product(random, x, y, z),
        18 => return elementwise::chosen(random, x, y, z),
        19..21 => reductions::ordered(random, x),
        21 => return moves::moved(random, x),
        22..24 => return products::contracted(random, x, y),
        24 => planes::apply_one(random, x),
        25 => return convolutions::apply_one(random, x, y),
        _ => return user_defined::apply_one(random, x, y),
    };
    vec![one]
}
