//! Weight normalization: the length and the direction of a layer's weights are separate parameters.
//!
//! ```text
//! weight = g · v/‖v‖     for each output: its length g, and a vector v whose own length does not matter
//! ```
//!
//! Salimans and Kingma, arXiv 1602.07868.

use downhill_tensor::{Float, Params, Path, Tensor, keep};

use crate::Module;
use crate::has_weight::{HasWeight, visit, visit_mut, with_weight};

/// A layer whose weight is `g·v/‖v‖`: for every output its length `g`, and its direction, that of `v`. It starts with
/// the layer's own weight.
///
/// Arithmetic and names are those of PyTorch's `parametrizations.weight_norm`: `g` is called
/// `parametrizations.weight.original0` and `v` `parametrizations.weight.original1`.
///
/// ```
/// use downhill_nn::{Linear, Module, WeightNorm};
/// use downhill_tensor::{Params, Tensor};
///
/// let linear = Linear { weight: Tensor::param([[3.0, 4.0]]), bias: None };
/// let mut norm = WeightNorm::new(linear);
/// assert_eq!(norm.g, Tensor::from([[5.0]]));
/// let x = Tensor::from([1.0, 0.0]);
/// assert_eq!(norm.forward(&x), Tensor::from([3.0]));
///
/// // Another length, in the same direction.
/// norm.g = Tensor::param([[10.0]]);
/// assert_eq!(norm.forward(&x), Tensor::from([6.0]));
/// # let names: Vec<String> = norm.params().map(|(path, _)| path).collect();
/// # assert_eq!(names, ["parametrizations.weight.original1", "parametrizations.weight.original0"]);
/// ```
///
/// A layer whose input is not one tensor is used through [`normalized`](Self::normalized). A `v` of zeros has no
/// direction: the weight is NaN, as in PyTorch. Second derivatives are those of the formula (PyTorch's take the norm for a
/// constant).
#[derive(Clone, Debug)]
pub struct WeightNorm<L: HasWeight> {
    /// The layer. Its `weight` is `v`.
    pub layer: L,
    /// The lengths: `[out, 1, ..]`, with as many axes as the weight and size 1 where the norm is taken; `[]` for one
    /// length of the whole weight.
    pub g: Tensor<L::Element>,
}

impl<L: HasWeight> WeightNorm<L> {
    /// With one length for each index of axis 0, PyTorch's default: for each output, or in a transposed convolution,
    /// as in PyTorch, for each input.
    ///
    /// # Panics
    /// If the weight is a scalar.
    #[track_caller]
    pub fn new(layer: L) -> Self {
        Self::along(layer, Some(0))
    }

    /// With one length for each index of the axis `dim`, or one for all elements.
    ///
    /// # Panics
    /// If the weight has no such axis.
    #[track_caller]
    pub fn along(layer: L, dim: Option<usize>) -> Self {
        let weight = layer.weight();
        let axes = weight.ndim();
        let g = match dim {
            None => weight.detach().norm(two()),
            Some(dim) => {
                assert!(
                    dim < axes,
                    "WeightNorm: axis {dim} is out of range for a weight of shape {:?}",
                    weight.shape()
                );
                let others: Vec<isize> = (0..axes).filter(|&axis| axis != dim).map(|axis| axis as isize).collect();
                weight.detach().norm_axis(two(), keep(others))
            }
        };
        WeightNorm { g: Tensor::param(g), layer }
    }

    /// The weight, `g·v/‖v‖`.
    ///
    /// # Panics
    /// If `g` does not have the shape described at the field.
    #[track_caller]
    pub fn weight(&self) -> Tensor<L::Element> {
        let (v, g) = (self.layer.weight(), self.g.shape());
        let fits = g.len() == v.ndim() && g.iter().zip(v.shape()).all(|(&g, &v)| g == v || g == 1);
        assert!(
            g.is_empty() || fits,
            "WeightNorm: lengths of shape {g:?} do not fit a weight of shape {:?}; every size must be 1 or that of the \
             weight",
            v.shape()
        );
        // Where `g` has one value for a whole axis, the norm is over that axis.
        let axes: Vec<isize> =
            (0..v.ndim()).filter(|&axis| g.get(axis).is_none_or(|&n| n == 1)).map(|a| a as isize).collect();
        v * (&self.g / v.norm_axis(two(), keep(axes)))
    }

    /// The layer with this weight: to call a `forward` that takes something else than one tensor, or to go on without
    /// the wrapper (the weight is recorded as a result of `g` and `v`; `Tensor::param` makes it a parameter).
    ///
    /// ```
    /// use downhill_nn::{Embedding, WeightNorm};
    /// use rand::SeedableRng;
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let words = WeightNorm::new(Embedding::<f32>::new(1000, 64, &mut rng));
    /// assert_eq!(words.normalized().forward(&[3, 14, 15]).shape(), [3, 64]);
    /// ```
    ///
    /// # Panics
    /// As [`weight`](Self::weight).
    #[track_caller]
    pub fn normalized(&self) -> L {
        with_weight(&self.layer, self.weight())
    }
}

fn two<F: Float>() -> F {
    F::from_f64(2.0)
}

/// Not derived, so that the paths are PyTorch's.
impl<F: Float, L: HasWeight<Element = F>> Params<F> for WeightNorm<L> {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        visit(&self.layer, "original1", path, visitor);
        visitor(&path.field("parametrizations").field("weight").field("original0"), &self.g);
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {
        visit_mut(&mut self.layer, "original1", path, visitor);
        visitor(&path.field("parametrizations").field("weight").field("original0"), &mut self.g);
    }
}

impl<F: Float, L: HasWeight<Element = F> + Module<F>> Module<F> for WeightNorm<L> {
    /// # Panics
    /// As the layer; and if `g` does not fit the weight.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.normalized().forward(x)
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, Conv, gradcheck};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{Conv2d, Linear, init};

    type Norm = WeightNorm<Linear<f64>>;

    fn linear() -> Linear<f64> {
        Linear { weight: Tensor::param([[3.0, 4.0], [0.0, -2.0]]), bias: Some(Tensor::param([1.0, -1.0])) }
    }

    #[test]
    fn starts_with_the_weight_of_the_layer() {
        let (layer, x) = (linear(), Tensor::from([[1.0, 2.0], [0.5, -3.0]]));
        for dim in [Some(0), Some(1), None] {
            let norm = Norm::along(layer.clone(), dim);
            assert!((norm.weight() - &layer.weight).abs().max().item() < 1e-15, "{dim:?}");
            assert!((norm.forward(&x) - layer.forward(&x)).abs().max().item() < 1e-14, "{dim:?}");
        }
        assert_eq!(Norm::new(layer.clone()).g, Tensor::from([[5.0], [2.0]]));
        assert_eq!(Norm::along(layer.clone(), Some(1)).g, Tensor::from([[3.0, 20.0_f64.sqrt()]]));
        assert_eq!(Norm::along(layer, None).g, Tensor::from(29.0_f64.sqrt()));
    }

    /// Only the direction of `v` counts: no gradient along it.
    #[test]
    fn the_length_of_v_does_not_matter() {
        let norm = Norm::new(linear());
        let longer = Norm {
            layer: Linear { weight: Tensor::param(&norm.layer.weight * Tensor::from([[8.0], [0.25]])), bias: None },
            ..norm.clone()
        };
        assert_eq!(longer.weight(), norm.weight());
        let c = Tensor::from([[1.0, -2.0], [0.5, 3.0]]);
        let grads = (longer.weight() * c).sum().backward();
        let along = (&grads[&longer.layer.weight] * &longer.layer.weight).sum_axis(1);
        assert!(along.abs().max().item() < 1e-14, "{along}");
    }

    /// As a child of a larger tree, with the parameters of the layer in place.
    #[test]
    fn the_tree_has_pytorchs_names() {
        let mut tree = (Norm::new(linear()), Tensor::param(0.0));
        let names = ["0.parametrizations.weight.original1", "0.bias", "0.parametrizations.weight.original0", "1"];
        assert_eq!(tree.params().map(|(path, _)| path).collect::<Vec<_>>(), names);
        let mut seen = Vec::new();
        for (path, mut tensor) in tree.params_mut() {
            let doubled = &*tensor * 2.0;
            tensor.assign(doubled);
            seen.push(path);
        }
        assert_eq!(seen, names);
        let doubled = Norm { g: Tensor::from([[10.0], [4.0]]), layer: linear() };
        assert_eq!(tree.0.layer.bias, Some(Tensor::from([2.0, -2.0])));
        assert_eq!(tree.0.weight(), doubled.weight());
        let mut other = Norm::new(linear());
        other.load_state_dict(&tree.0.state_dict()).unwrap();
        assert_eq!(other.weight(), doubled.weight());
    }

    #[test]
    fn derivatives() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let mut draw = |shape: &[usize]| init::uniform::<f64>(shape, 0.5..=1.5, rng);
        let (x, v, b) = (draw(&[2, 3]), draw(&[2, 3]), draw(&[2]));
        for g in [draw(&[2, 1]), draw(&[1, 3]), draw(&[1, 1]), draw(&[])] {
            let forward = |[x, v, b, g]: [&Tensor<f64>; 4]| {
                Norm { layer: Linear { weight: v.clone(), bias: Some(b.clone()) }, g: g.clone() }.forward(x)
            };
            gradcheck(forward, [&x, &v, &b, &g], Check::order(2)).unwrap();
        }
        let (x, v, g) = (draw(&[1, 2, 3, 2]), draw(&[2, 2, 2, 1]), draw(&[2, 1, 1, 1]));
        let forward = |[x, v, g]: [&Tensor<f64>; 3]| {
            WeightNorm { layer: Conv2d { weight: v.clone(), bias: None, options: Conv::default() }, g: g.clone() }
                .forward(x)
        };
        gradcheck(forward, [&x, &v, &g], Check::order(2)).unwrap();
    }

    #[test]
    #[should_panic(expected = "WeightNorm: axis 2 is out of range for a weight of shape [2, 2]")]
    fn no_such_axis() {
        Norm::along(linear(), Some(2));
    }

    #[test]
    #[should_panic(expected = "WeightNorm: lengths of shape [2] do not fit a weight of shape [2, 2]")]
    fn lengths_of_another_shape() {
        Norm { layer: linear(), g: Tensor::param([1.0, 2.0]) }.weight();
    }
}
