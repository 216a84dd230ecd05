//! Muon: momentum, orthogonalized.

mod newton_schulz;
mod scale;

pub use scale::MuonScale;

use downhill_tensor::{Float, compiled};
use ndarray::ArrayView2;

use super::{fields, sign};
use crate::kernels::{self, cut};
use crate::options::{OptionError, fraction, non_negative, require};
use crate::{OptionValue, Options, ParamRule, ParamUpdate, Rule};

/// Muon: the momentum of a weight matrix is replaced by the nearest matrix whose singular values are all about 1, so
/// that rare directions move as far as frequent ones.
///
/// ```text
/// b = μ·b + (1 - μ)·g
/// u = b                       with nesterov: u = μ·b + (1 - μ)·g
/// X = u/‖u‖,  five times  X = a·X + (b·XXᵀ + c·(XXᵀ)²)·X        (Newton and Schulz)
/// p = p·(1 - η·λ) - η·scale·X
/// ```
///
/// For matrices only: give everything else (biases, embeddings, the last layer) another rule by a group. The three
/// coefficients are chosen for speed: singular values end between about 0.7 and 1.2, not at 1.
///
/// Jordan et al., *Muon: an optimizer for hidden layers in neural networks*, 2024; scaling: Liu et al., arXiv
/// 2502.16982. As in PyTorch but for the arithmetic: PyTorch orthogonalizes in bfloat16, we in the parameter's own
/// type, so the two agree to two or three digits of a step, and with PyTorch's own code in f64 to all.
///
/// ```
/// use downhill_optim::{AdamW, Muon, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut layer = (Tensor::param([[3.0_f64, 0.0], [0.0, 0.1]]), Tensor::param([0.0]));
/// let muon = Muon { lr: 0.02, ..Muon::default() };
/// let mut opt = Optimizer::new(AdamW::default()).with_group("0", muon);
/// let loss = layer.0.square().sum() + layer.1.sum();
/// opt.step(&mut layer, &loss.backward());
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct Muon {
    /// The learning rate η.
    #[options(default = 1e-3)]
    pub lr: f64,
    /// The weight decay λ, decoupled. Note the default of 0.1.
    #[options(default = 0.1)]
    pub weight_decay: f64,
    /// The momentum μ.
    #[options(default = 0.95)]
    pub momentum: f64,
    /// Lean the direction towards the newest gradient.
    #[options(default = true)]
    pub nesterov: bool,
    /// The coefficients a, b, c of the iteration.
    #[options(default = [3.4445, -4.7750, 2.0315])]
    pub ns_coefficients: [f64; 3],
    /// The smallest norm to divide by.
    #[options(default = 1e-7)]
    pub eps: f64,
    /// How often the iteration is made.
    #[options(default = 5)]
    pub ns_steps: u64,
    /// How the rate depends on the matrix's shape.
    pub adjust_lr: MuonScale,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for Muon {
    fields!(Muon, momentum = momentum, keeps = ["momentum_buffer"]);

    fn check(&self) -> Result<(), OptionError> {
        let decay = ("weight_decay", self.weight_decay);
        non_negative("Muon", &[("lr", self.lr), decay, ("eps", self.eps)])?;
        fraction("Muon", &[("momentum", self.momentum)])?;
        let coefficients = self.ns_coefficients;
        let finite = coefficients.iter().all(|c| c.is_finite());
        require(finite, "Muon", "ns_coefficients", "finite numbers", coefficients.write())?;
        require(self.ns_steps < 100, "Muon", "ns_steps", "below 100", self.ns_steps)
    }

    fn accepts(&self, shape: &[usize]) -> Result<(), String> {
        let reason = "it is for matrices; give other parameters another rule with `with_group`";
        if shape.len() == 2 { Ok(()) } else { Err(reason.to_owned()) }
    }
}

impl<F: Float> ParamRule<F> for Muon {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let &[rows, columns] = param.shape else {
            panic!("Muon: {:?} is not the shape of a matrix", param.shape);
        };
        let len = param.param.len();
        let [keep, new] = [self.momentum, 1.0 - self.momentum].map(F::from_f64);
        let [along, ahead] = if self.nesterov { [new, keep] } else { [F::zero(), F::one()] };
        let sign = sign::<F>(self.maximize);
        param.scratch.resize(len, F::zero());
        let [buffer] = param.state.buffers_mut([("momentum_buffer", len)]);
        // However small the matrix is, it is divided by its norm.
        kernels::update(param.scratch, param.grad, [buffer], [cut::subnormal()], move |_, g, [b]| {
            let g = sign * g;
            let b = keep * b + new * g;
            (along * g + ahead * b, [b])
        });
        let direction = ArrayView2::from_shape((rows, columns), param.scratch).expect("as many as the parameter");
        let direction = self.orthogonalize(direction);
        let step = F::from_f64(self.lr * self.adjust_lr.factor(rows as f64, columns as f64));
        let kept = F::from_f64(1.0 - self.lr * self.weight_decay);
        let direction = direction.as_slice().expect("in row-major order");
        kernels::update(param.param, direction, [], [], move |p, u, []| (kept * p - step * u, []));
    }
}

compiled!(fn(&Muon, &mut ParamUpdate<'_, F>) = <Muon as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Optimizer;
    use crate::rules::reference::refused;
    use downhill_tensor::Tensor;

    #[test]
    #[should_panic(expected = "step: Muon cannot update 1 of shape [2]: it is for matrices; give other parameters")]
    fn a_vector_is_refused() {
        let mut pair = (Tensor::param([[1.0_f32]]), Tensor::param([1.0, 2.0]));
        let grads = (pair.0.sum() * pair.1.sum()).backward();
        Optimizer::new(Muon::default()).step(&mut pair, &grads);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(Muon { momentum: -1.0, ..Muon::default() }, "Muon: momentum must be in [0, 1), got -1");
        refused(Muon { ns_steps: 100, ..Muon::default() }, "Muon: ns_steps must be below 100, got 100");
        assert!(Rule::<f32>::check(&Muon { ns_steps: 99, ..Muon::default() }).is_ok());
    }
}
