//! Convolutions, their transposes and unfolding.

use downhill_tensor::{Conv, ConvPadding, ConvTranspose, Float, Tensor, Unfold};

use crate::random::Random;
use crate::shapes;

/// A convolution whose options are small, or absurd.
pub(crate) fn apply_one<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>) -> Vec<Tensor<F>> {
    if x.len() > 4096 || x.shape().iter().any(|&size| size > 40) {
        return Vec::new();
    }
    let option = |random: &mut Random, least: usize| match random.below(40) {
        0 => shapes::ABSURD,
        1 => 0,
        _ => least + random.below(3),
    };
    let pair = |random: &mut Random, least: usize| [option(random, least), option(random, least)];
    let (stride, dilation, padding) = (pair(random, 1), pair(random, 1), pair(random, 0));
    let [kh, kw] = pair(random, 1);
    // Usually with as many axes as it needs.
    let x = match x.ndim() {
        0..3 => &x.reshape(&[vec![1; 3 - x.ndim()], x.shape().to_vec()].concat()),
        _ => x,
    };
    let channels = x.shape()[x.ndim() - 3];
    let groups = if random.once_in(8) { option(random, 1) } else { random.pick(&[1, channels]) };
    let weight = |random: &mut Random, shape: [usize; 4]| match random.below(8) {
        0 => y.clone(),
        _ => Tensor::param(Tensor::full(&shape, F::from_f64(0.5))),
    };
    let out = option(random, 0);
    let bias = random.once_in(2).then(|| Tensor::ones(&[out.saturating_mul(groups).min(1 << 10)]));
    vec![match random.below(4) {
        0 => x.unfold([kh, kw], Unfold { dilation, padding, stride }),
        1 => {
            let weight = weight(random, [channels, out, kh, kw]);
            let output_padding = if random.once_in(4) { pair(random, 0) } else { [0, 0] };
            let options = ConvTranspose { stride, padding, output_padding, groups, dilation };
            x.conv_transpose2d(&weight, bias.as_ref(), options)
        }
        _ => {
            let weight = weight(random, [out.saturating_mul(groups), channels / groups.max(1), kh, kw]);
            let padding = if random.once_in(8) { ConvPadding::Same } else { padding.into() };
            x.conv2d(&weight, bias.as_ref(), Conv { stride, padding, dilation, groups })
        }
    }]
}
