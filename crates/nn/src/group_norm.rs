//! Group normalization: the channels of a sample, in groups of neighbors, are normalized together with all their
//! positions; each channel has a scale and a shift.
//!
//! ```text
//! y = (x - mean) / √(var + ε) · weight + bias     mean, var over a group of channels; var is biased (divided by n)
//! ```
//!
//! Wu and He, arXiv 1803.08494.

use downhill_tensor::{Float, Params, Tensor};

use crate::{Module, channels};

/// Group normalization of `[N, C, ..]`: in every sample, the `C` channels form `num_groups` groups of neighbors, and
/// each group is normalized over its channels and all further axes, in training and evaluation alike. One group for
/// all is layer normalization, one for each channel instance normalization.
///
/// Names and defaults are PyTorch's. Options are fields:
///
/// ```
/// use downhill_nn::{GroupNorm, Module};
/// use downhill_tensor::Tensor;
///
/// let norm = GroupNorm { eps: 0.0, ..GroupNorm::new(2, 4) };
/// let x: Tensor = Tensor::from([[1.0, 3.0, 20.0, 10.0]]);
/// assert_eq!(norm.forward(&x), Tensor::from([[-1.0, 1.0, 1.0, -1.0]]));
///
/// let bare: GroupNorm = GroupNorm::new(2, 4).affine(false);
/// # assert!(bare.weight.is_none() && bare.bias.is_none());
/// ```
#[derive(Clone, Debug, Params)]
pub struct GroupNorm<F: Float = f32> {
    /// The scale of each channel, `[C]`, if any.
    pub weight: Option<Tensor<F>>,
    /// The shift of each channel, `[C]`, if any.
    pub bias: Option<Tensor<F>>,
    /// The number of groups, of which the number of channels is a multiple.
    pub num_groups: usize,
    /// The number of channels, `C`.
    pub num_channels: usize,
    /// Added to the variance, for numerical stability.
    pub eps: f64,
}

impl<F: Float> GroupNorm<F> {
    /// For `num_channels` channels in `num_groups` groups, with weight 1, bias 0 and ε = 1e-5.
    ///
    /// # Panics
    /// If the number of channels is not a multiple of the number of groups, or the allocation fails.
    #[track_caller]
    pub fn new(num_groups: usize, num_channels: usize) -> Self {
        let norm = GroupNorm { weight: None, bias: None, num_groups, num_channels, eps: 1e-5 };
        norm.check();
        norm.affine(true)
    }

    /// With weight 1 and bias 0, or with neither.
    #[track_caller]
    pub fn affine(self, affine: bool) -> Self {
        let [weight, bias] = channels::affine("GroupNorm", &[self.num_channels], affine);
        GroupNorm { weight, bias, ..self }
    }

    #[track_caller]
    fn check(&self) {
        assert!(
            self.num_groups > 0 && self.num_channels.is_multiple_of(self.num_groups),
            "GroupNorm: {} channels do not form {} groups of equal size",
            self.num_channels,
            self.num_groups
        );
    }
}

impl<F: Float> Module<F> for GroupNorm<F> {
    /// # Panics
    /// If `x` is not `[N, C, ..]` with the layer's number of channels, which must be a multiple of the number of
    /// groups.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.check();
        let shape = x.shape();
        assert!(
            shape.get(1) == Some(&self.num_channels),
            "GroupNorm of {shape:?}: the input must be [N, {}, ..], since the layer has {0} channels",
            self.num_channels
        );
        let group = shape[2..].iter().product::<usize>() * (self.num_channels / self.num_groups);
        // A view: the channels of a group are next to each other.
        let groups = x.reshape(&[shape[0], self.num_groups, group]);
        let y = groups.standardize(-1, self.eps).reshape(shape);
        channels::scaled_and_shifted(y, self.weight.as_ref(), self.bias.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{InstanceNorm1d, LayerNorm, init};

    type Norm = GroupNorm<f64>;

    #[test]
    fn the_tree_has_pytorchs_names() {
        let norm = Norm::new(3, 6);
        let tree: Vec<_> = norm.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
        assert_eq!(tree, [("weight".to_owned(), vec![6]), ("bias".to_owned(), vec![6])]);
        assert_eq!((norm.num_params(), norm.eps, norm.affine(false).num_params()), (12, 1e-5, 0));
    }

    /// Each group has deviations ±1 or ±3, with variance 5.
    #[test]
    fn by_hand() {
        let mut norm = Norm { eps: 0.0, ..Norm::new(2, 4) };
        norm.weight = Some(Tensor::param([1.0, 2.0, 3.0, 4.0]));
        norm.bias = Some(Tensor::param([0.0, 0.0, 1.0, 1.0]));
        let x = Tensor::from([[[7.0, 9.0], [11.0, 13.0], [3e3, 1e3], [-1e3, -3e3]]]);
        let expected = [[[-3.0, -1.0], [2.0, 6.0], [9.0, 3.0], [-4.0, -12.0]]].map(|sample| {
            let root = 5.0_f64.sqrt();
            [0, 1, 2, 3].map(|c| sample[c].map(|y| y / root + if c < 2 { 0.0 } else { 1.0 }))
        });
        assert!((norm.forward(&x) - Tensor::from(expected)).abs().max().item() < 1e-14);
    }

    #[test]
    fn one_group_is_a_layer_and_one_for_each_channel_an_instance() {
        let x = init::uniform::<f64>(&[2, 4, 3], -1.0..=1.0, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(Norm::new(1, 4).forward(&x), LayerNorm::new(&[4, 3]).forward(&x));
        assert_eq!(Norm::new(4, 4).forward(&x), InstanceNorm1d::new(4).forward(&x));
    }

    #[test]
    fn derivatives() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let cases: [(&[usize], usize); 7] = [
            (&[2, 4], 2),
            (&[2, 2, 3], 1),
            (&[1, 2, 2, 2], 2),
            (&[2, 3, 1], 3),
            (&[0, 2, 3], 1),
            (&[2, 0, 3], 1),
            (&[2, 2, 0], 2),
        ];
        for (shape, groups) in cases {
            let x = init::uniform(shape, -1.0..=1.0, &mut rng);
            let weight = init::uniform(&shape[1..2], 0.5..=1.5, &mut rng);
            let bias = init::uniform(&shape[1..2], -0.5..=0.5, &mut rng);
            let norm = Norm { eps: 0.1, ..Norm::new(groups, shape[1]) };
            let affine = |[x, w, b]: [&Tensor<f64>; 3]| {
                Norm { weight: Some(w.clone()), bias: Some(b.clone()), ..norm.clone() }.forward(x)
            };
            gradcheck(affine, [&x, &weight, &bias], Check::order(2)).unwrap();
            let bare = norm.clone().affine(false);
            gradcheck(|[x]| bare.forward(x), [&x], Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(expected = "GroupNorm of [2, 3]: the input must be [N, 4, ..], since the layer has 4 channels")]
    fn other_channels() {
        Norm::new(2, 4).forward(&Tensor::zeros(&[2, 3]));
    }

    #[test]
    #[should_panic(expected = "GroupNorm: 4 channels do not form 3 groups of equal size")]
    fn unequal_groups() {
        Norm::new(3, 4);
    }
}
