//! Spectral normalization: a layer's weight, as a matrix, is divided by its largest singular value.
//!
//! ```text
//! weight = W/σ,  σ = uᵀ·W·v     where power iteration approximates the singular vectors u and v of the largest one:
//!                               in training, u = W·v/‖W·v‖ and then v = Wᵀ·u/‖Wᵀ·u‖, before σ is computed
//! ```
//!
//! Miyato, Kataoka, Koyama and Yoshida, arXiv 1802.05957.

use downhill_tensor::{Float, Params, Path, Tensor, is_training, no_grad, update_buffer};
use rand::Rng;

use crate::Module;
use crate::has_weight::{HasWeight, visit, visit_mut, with_weight};

/// A layer whose weight is divided by its largest singular value, so that as a linear map it lengthens no vector: for
/// the critic of an adversarial pair. The weight is a matrix with a row for each output; the other axes are flattened.
///
/// Within a [`training`](downhill_tensor::training) scope, every forward pass improves the two singular vectors by a
/// power iteration; outside they stay. They are constants of the derivative.
///
/// Arithmetic, defaults and names are those of PyTorch's `parametrizations.spectral_norm`: the weight is called
/// `parametrizations.weight.original`, the vectors `parametrizations.weight.0._u` and `parametrizations.weight.0._v`.
///
/// ```
/// use downhill_nn::{Linear, Module, SpectralNorm};
/// use downhill_tensor::{Params, Tensor};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let linear = Linear { weight: Tensor::param([[4.0, 0.0], [0.0, 1.0]]), bias: None };
/// let norm = SpectralNorm::new(linear, &mut rng);
/// let y = norm.forward(&Tensor::from([[1.0, 0.0], [0.0, 1.0]]));
/// assert!((y - Tensor::from([[1.0, 0.0], [0.0, 0.25]])).abs().max().item() < 1e-5_f32);
/// assert_eq!(norm.state_dict().len(), 3);
/// ```
///
/// A layer whose input is not one tensor is used through [`normalized`](Self::normalized). A weight of zeros becomes
/// NaN, as in PyTorch.
#[derive(Clone, Debug)]
pub struct SpectralNorm<L: HasWeight> {
    /// The layer. Its `weight` is `W`.
    pub layer: L,
    /// A buffer: the left singular vector, as long as the axis `dim` of the weight.
    pub u: Tensor<L::Element>,
    /// A buffer: the right singular vector, as long as the product of the other axes.
    pub v: Tensor<L::Element>,
    /// The axis of the weight that becomes the rows of the matrix.
    pub dim: usize,
    /// The power iterations of a forward pass in training, at least 1.
    pub n_power_iterations: usize,
    /// The vectors are divided by no less than this.
    pub eps: f64,
}

impl<L: HasWeight> SpectralNorm<L> {
    /// With one row for each output, one power iteration per forward pass, and random vectors after 15 iterations.
    ///
    /// # Panics
    /// If the weight has fewer than two axes.
    #[track_caller]
    pub fn new(layer: L, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::along(layer, L::OUTPUT_AXIS, rng)
    }

    /// [`new`](Self::new) with one row for each index of the axis `dim`.
    ///
    /// # Panics
    /// If the weight has fewer than two axes, or no axis `dim`.
    #[track_caller]
    pub fn along(layer: L, dim: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        let none = || Tensor::zeros(&[0]);
        let mut norm = SpectralNorm { layer, u: none(), v: none(), dim, n_power_iterations: 1, eps: 1e-12 };
        no_grad(|| {
            let matrix = norm.matrix();
            norm.v = norm.unit(&Tensor::randn(&matrix.shape()[1..], rng));
            for _ in 0..15 {
                norm.u = norm.unit(&matrix.matmul(&norm.v));
                norm.v = norm.unit(&matrix.t().matmul(&norm.u));
            }
        });
        norm
    }

    /// The weight as a matrix, `[dim, others]`.
    #[track_caller]
    fn matrix(&self) -> Tensor<L::Element> {
        let weight = self.layer.weight();
        let shape = weight.shape();
        assert!(
            shape.len() >= 2 && self.dim < shape.len(),
            "SpectralNorm: a weight of shape {shape:?} is not a matrix with rows along axis {}; it must have at least \
             two axes, one of them that",
            self.dim
        );
        let rows = shape[self.dim];
        let columns = shape.iter().enumerate().filter(|&(axis, _)| axis != self.dim).map(|(_, n)| n).product();
        weight.movedim(self.dim as isize, 0).reshape(&[rows, columns])
    }

    /// `x/max(‖x‖, ε)`, a constant.
    fn unit(&self, x: &Tensor<L::Element>) -> Tensor<L::Element> {
        let number = L::Element::from_f64;
        (x / x.norm(number(2.0)).clamp_min(number(self.eps))).detach()
    }

    /// The weight, `W/σ`. In training, `u` and `v` are improved first.
    ///
    /// # Panics
    /// If the weight has fewer than two axes, or `u` and `v` do not fit it; in training, if there are no power
    /// iterations, or the scope belongs to a model without this layer.
    #[track_caller]
    pub fn weight(&self) -> Tensor<L::Element> {
        let matrix = self.matrix();
        let shape = matrix.shape();
        assert!(
            self.u.shape() == &shape[..1] && self.v.shape() == &shape[1..],
            "SpectralNorm: singular vectors of shapes {:?} and {:?} do not fit a weight of shape {:?}; with rows along \
             axis {} they must have the shapes {:?} and {:?}",
            self.u.shape(),
            self.v.shape(),
            self.layer.weight().shape(),
            self.dim,
            &shape[..1],
            &shape[1..]
        );
        let (mut u, mut v) = (self.u.clone(), self.v.clone());
        if is_training() {
            assert!(self.n_power_iterations > 0, "SpectralNorm: n_power_iterations must be at least 1");
            let constant = matrix.detach();
            // From where an earlier pass of the same scope has left it.
            v = update_buffer(&self.v, Tensor::clone);
            for _ in 0..self.n_power_iterations {
                u = update_buffer(&self.u, |_| self.unit(&constant.matmul(&v)));
                v = update_buffer(&self.v, |_| self.unit(&constant.t().matmul(&u)));
            }
        }
        let sigma = u.detach().dot(&matrix.matmul(&v.detach()));
        self.layer.weight() / sigma
    }

    /// The layer with this weight: to call a `forward` that takes something else than one tensor, or to go on without
    /// the wrapper (the weight is recorded as a result of `W`; `Tensor::param` makes it a parameter).
    ///
    /// # Panics
    /// As [`weight`](Self::weight).
    #[track_caller]
    pub fn normalized(&self) -> L {
        with_weight(&self.layer, self.weight())
    }
}

/// Not derived, so that the paths are PyTorch's.
impl<F: Float, L: HasWeight<Element = F>> Params<F> for SpectralNorm<L> {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        visit(&self.layer, "original", path, visitor);
        let all = path.field("parametrizations");
        let weight = all.field("weight");
        let first = weight.index(0);
        visitor(&first.field("_u"), &self.u);
        visitor(&first.field("_v"), &self.v);
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {
        visit_mut(&mut self.layer, "original", path, visitor);
        let all = path.field("parametrizations");
        let weight = all.field("weight");
        let first = weight.index(0);
        visitor(&first.field("_u"), &mut self.u);
        visitor(&first.field("_v"), &mut self.v);
    }
}

impl<F: Float, L: HasWeight<Element = F> + Module<F>> Module<F> for SpectralNorm<L> {
    /// # Panics
    /// As the layer and [`weight`](SpectralNorm::weight).
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.normalized().forward(x)
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, ConvTranspose, evaluation, gradcheck, training};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{ConvTranspose2d, Linear, init};

    type Norm = SpectralNorm<Linear<f64>>;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(1)
    }

    /// Columns (3, 4) and (-8, 6), which are orthogonal, of lengths 5 and 10: the singular values.
    fn linear() -> Linear<f64> {
        Linear { weight: Tensor::param([[3.0, -8.0], [4.0, 6.0]]), bias: Some(Tensor::param([1.0, -1.0])) }
    }

    /// With the singular vectors of 10, up to a rounding.
    fn exact() -> Norm {
        Norm { u: Tensor::from([-0.8, 0.6]), v: Tensor::from([0.0, 1.0]), ..Norm::new(linear(), &mut rng()) }
    }

    #[test]
    fn by_hand() {
        let tenth = Tensor::from([[0.3, -0.8], [0.4, 0.6]]);
        assert!((exact().weight() - &tenth).abs().max().item() < 1e-15);
        // After 15 iterations the other direction is left with (1/4)¹⁵ of its share.
        let started = Norm::new(linear(), &mut rng());
        assert!((started.weight() - &tenth).abs().max().item() < 1e-12);
        assert_eq!((started.n_power_iterations, started.eps, started.dim), (1, 1e-12, 0));
        let y = exact().forward(&Tensor::from([1.0, 1.0]));
        assert!((y - Tensor::from([0.5, 0.0])).abs().max().item() < 1e-15);
    }

    /// From v = (1, 0): u = (3, 4)/5, v = (1, 0), σ = 5. From v = (1, 1)/√2: W·v ~ (-5, 10), u = (-1, 2)/√5, Wᵀ·u ~ (5, 20).
    #[test]
    fn training_iterates_and_evaluation_does_not() {
        let close = |a: &Tensor<f64>, b: [f64; 2]| assert!((a - Tensor::from(b)).abs().max().item() < 1e-15, "{a}");
        let root = 0.5_f64.sqrt();
        let mut norm = Norm { v: Tensor::from([root, root]), ..exact() };
        let before = norm.clone();
        norm.weight();
        training(&mut norm, &mut rng(), |norm| evaluation(|| norm.weight()));
        assert!(norm.u == before.u && norm.v == before.v);
        let weight = training(&mut norm, &mut rng(), |norm| norm.weight());
        let (five, seventeen) = (5.0_f64.sqrt(), 17.0_f64.sqrt());
        close(&norm.u, [-1.0 / five, 2.0 / five]);
        close(&norm.v, [1.0 / seventeen, 4.0 / seventeen]);
        // The pass uses the vectors that it leaves.
        assert_eq!(weight, norm.weight());
        // Two passes in one scope, or two iterations in one pass, go equally far.
        let mut twice = Norm { n_power_iterations: 2, ..before.clone() };
        training(&mut twice, &mut rng(), |norm| norm.weight());
        let mut both = before;
        training(&mut both, &mut rng(), |norm| (norm.weight(), norm.weight()));
        assert!(both.v == twice.v && both.u == twice.u && both.v != norm.v);
    }

    #[test]
    fn the_tree_has_pytorchs_names() {
        let mut tree = (exact(), Tensor::<f64>::param(0.0));
        assert_eq!(
            tree.named_params().into_iter().map(|(path, _)| path).collect::<Vec<_>>(),
            [
                "0.parametrizations.weight.original",
                "0.bias",
                "0.parametrizations.weight.0._u",
                "0.parametrizations.weight.0._v",
                "1"
            ]
        );
        // Only the weight and the bias are trained.
        for (_, mut tensor) in tree.params_mut() {
            let doubled = &*tensor * 2.0;
            tensor.assign(doubled);
        }
        assert_eq!((tree.0.layer.weight.to_vec()[0], tree.0.u == exact().u), (6.0, true));
        let mut other = Norm::new(linear(), &mut rng());
        other.load_state_dict(&tree.0.state_dict()).unwrap();
        assert!(other.u == tree.0.u && other.v == tree.0.v && other.weight() == tree.0.weight());
    }

    #[test]
    fn derivatives() {
        let rng = &mut rng();
        let mut draw = |shape: &[usize]| init::uniform::<f64>(shape, 0.5..=1.5, rng);
        let (x, w, b) = (draw(&[2, 3]), draw(&[2, 3]), draw(&[2]));
        let (u, v) = (draw(&[2]), draw(&[3]));
        let norm = |w: &Tensor<f64>, b: &Tensor<f64>| SpectralNorm {
            layer: Linear { weight: w.clone(), bias: Some(b.clone()) },
            u: u.clone(),
            v: v.clone(),
            dim: 0,
            n_power_iterations: 1,
            eps: 1e-12,
        };
        gradcheck(|[x, w, b]| norm(w, b).forward(x), [&x, &w, &b], Check::order(2)).unwrap();
        let (x, w) = (draw(&[1, 2, 2, 2]), draw(&[2, 3, 1, 2]));
        let (u, v) = (draw(&[3]), draw(&[4]));
        let forward = |[x, w]: [&Tensor<f64>; 2]| {
            let layer = ConvTranspose2d { weight: w.clone(), bias: None, options: ConvTranspose::default() };
            SpectralNorm { layer, u: u.clone(), v: v.clone(), dim: 1, n_power_iterations: 1, eps: 1e-12 }.forward(x)
        };
        gradcheck(forward, [&x, &w], Check::order(2)).unwrap();
    }

    #[test]
    #[should_panic(expected = "SpectralNorm: a weight of shape [2, 2] is not a matrix with rows along axis 2")]
    fn no_such_axis() {
        Norm::along(linear(), 2, &mut rng());
    }

    #[test]
    #[should_panic(
        expected = "SpectralNorm: singular vectors of shapes [3] and [2] do not fit a weight of shape [2, 2]"
    )]
    fn vectors_of_another_layer() {
        Norm { u: Tensor::zeros(&[3]), ..exact() }.weight();
    }

    #[test]
    #[should_panic(expected = "SpectralNorm: n_power_iterations must be at least 1")]
    fn no_iterations() {
        training(&mut Norm { n_power_iterations: 0, ..exact() }, &mut rng(), |norm| norm.weight());
    }
}
