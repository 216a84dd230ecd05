//! Muon: orthogonalized momentum.

mod newton_schulz;
mod scale;

pub use scale::MuonScale;

use downhill_tensor::{Float, compiled};
use ndarray::ArrayView2;

use super::{fields, sign};
use crate::kernels::{self, cut};
use crate::options::{OptionError, fraction, non_negative, require};
use crate::{OptionValue, Options, ParamRule, ParamUpdate, Rule};

/// Muon: orthogonalizes the momentum of a weight matrix, so that all its singular values are about 1 and rare
/// directions move as far as frequent ones.
///
/// ```text
/// B = μ·B + (1 - μ)·g
/// U = B                       with nesterov: U = μ·B + (1 - μ)·g
/// X = U/‖U‖,  five times  X = a·X + (b·XXᵀ + c·(XXᵀ)²)·X        (Newton-Schulz)
/// p = p·(1 - η·λ) - η·scale·X
/// ```
///
/// For matrices only: put everything else (biases, embeddings, the last layer) in a group with another rule. The three
/// coefficients are chosen for fast convergence: singular values end up between about 0.7 and 1.2, not at 1.
///
/// Jordan et al., *Muon: an optimizer for hidden layers in neural networks*, 2024; scaling: Liu et al., arXiv
/// 2502.16982. As in PyTorch, except that PyTorch orthogonalizes in bfloat16 and we in the parameter's type: steps
/// agree to two or three digits, and to all digits with PyTorch's code run in `f64`.
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
    /// Use Nesterov momentum.
    #[options(default = true)]
    pub nesterov: bool,
    /// The coefficients a, b, c of the Newton-Schulz iteration.
    #[options(default = [3.4445, -4.7750, 2.0315])]
    pub ns_coefficients: [f64; 3],
    /// The lower bound of the norm `‖U‖` that is divided by.
    #[options(default = 1e-7)]
    pub eps: f64,
    /// The number of Newton-Schulz iterations.
    #[options(default = 5)]
    pub ns_steps: u64,
    /// How the learning rate depends on the matrix's shape.
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
            panic!("Muon: expected a matrix, got shape {:?}", param.shape);
        };
        let len = param.param.len();
        let [keep, new] = [self.momentum, 1.0 - self.momentum].map(F::from_f64);
        let [along, ahead] = if self.nesterov { [new, keep] } else { [F::zero(), F::one()] };
        let sign = sign::<F>(self.maximize);
        param.scratch.resize(len, F::zero());
        let [buffer] = param.state.buffers_mut([("momentum_buffer", len)]);
        // Flush only subnormal elements: however small the matrix, it is divided by its norm.
        kernels::update(param.scratch, param.grad, [buffer], [cut::subnormal()], move |_, g, [b]| {
            let g = sign * g;
            let b = keep * b + new * g;
            (along * g + ahead * b, [b])
        });
        let direction = ArrayView2::from_shape((rows, columns), param.scratch).expect("as long as the parameter");
        let direction = self.orthogonalize(direction);
        let step = F::from_f64(self.lr * self.adjust_lr.factor(rows as f64, columns as f64));
        let kept = F::from_f64(1.0 - self.lr * self.weight_decay);
        let direction = direction.as_slice().expect("row-major");
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
