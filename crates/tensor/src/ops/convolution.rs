//! The three operations of a convolution.
//!
//! A convolution relates images `x`, weights `w` and outputs `y` by the trilinear form
//!
//! ```text
//! Σ x[n, i, o·stride + k·dilation - padding]·w[j, i, k]·y[n, j, o]
//! ```
//!
//! over images `n`, channels `i` and `j` (of one group), kernel positions `k` and results `o`. Its derivative with respect
//! to each array is a bilinear function of the other two: the convolution (`y`), its transpose (`x`), and the gradient of
//! the weight (`w`). The derivatives of each of these are the other two, so that any derivative is one of the three.

use crate::kernels::conv::{Axis, Conv};
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, is_recording};

/// Which of the three arrays is computed from the other two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The convolution, of images and weights.
    Output,
    /// Its transpose, of outputs and weights.
    Image,
    /// The gradient of the weight, of images and outputs.
    Weight,
}

/// One of the three operations; with a bias ([`Biased`]) only the first two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Convolution {
    pub(super) role: Role,
    pub(super) conv: Conv,
    /// The number of axes that the kernel slides along, 1 or 2.
    pub(super) rank: usize,
}

impl Convolution {
    fn as_role(self, role: Role) -> Self {
        Convolution { role, ..self }
    }

    /// The shape of the result.
    pub(super) fn shape(&self) -> Vec<usize> {
        let Conv { images, groups, inputs, outputs, axes } = self.conv;
        let (first, size): ([usize; 2], fn(&Axis) -> usize) = match self.role {
            Role::Output => ([images, groups * outputs], |axis| axis.output),
            Role::Image => ([images, groups * inputs], |axis| axis.image),
            Role::Weight => ([groups * outputs, inputs], |axis| axis.kernel),
        };
        first.into_iter().chain(axes[2 - self.rank..].iter().map(size)).collect()
    }

    #[track_caller]
    fn compute<F: Float>(&self, [a, b]: [&Elements<F>; 2], bias: Option<&Elements<F>>) -> Elements<F> {
        match self.role {
            Role::Output => self.conv.output(a, b, bias, &self.shape()),
            Role::Image => self.conv.image(a, b, bias, &self.shape()),
            Role::Weight => self.conv.weight(a, b, &self.shape()),
        }
    }

    fn slope<F: Float>(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], dy: &Tensor<F>) -> Tensor<F> {
        let (role, arguments) = match (self.role, wrt) {
            (Role::Output, 0) => (Role::Image, [dy, b]),
            (Role::Output, _) => (Role::Weight, [a, dy]),
            (Role::Image, 0) => (Role::Output, [dy, b]),
            (Role::Image, _) => (Role::Weight, [dy, a]),
            (Role::Weight, 0) => (Role::Image, [b, dy]),
            (Role::Weight, _) => (Role::Output, [a, dy]),
        };
        apply(self.as_role(role), arguments)
    }
}

impl<F: Float> Op<F, 2> for Convolution {
    fn name(&self) -> &'static str {
        match (self.role, self.rank) {
            (Role::Output, 1) => "conv1d",
            (Role::Output, _) => "conv2d",
            (Role::Image, 1) => "conv_transpose1d",
            (Role::Image, _) => "conv_transpose2d",
            (Role::Weight, _) => "conv_weight",
        }
    }

    fn formula(&self) -> Option<Formula> {
        Some(match self.role {
            Role::Output => Formula::products("x ⋆ w", &[("x", "dy ⋆ᵀ w"), ("w", "x ⋆ dy")]),
            Role::Image => Formula::products("x ⋆ᵀ w", &[("x", "dy ⋆ w"), ("w", "dy ⋆ x")]),
            Role::Weight => Formula::products("x ⋆ g", &[("x", "g ⋆ᵀ dy"), ("g", "x ⋆ dy")]),
        })
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let along = |value: fn(&Axis) -> usize| -> Attribute {
            self.conv.axes[2 - self.rank..].iter().map(value).collect::<Vec<usize>>().as_slice().into()
        };
        vec![
            ("stride", along(|axis| axis.stride)),
            ("padding", along(|axis| axis.padding)),
            ("dilation", along(|axis| axis.dilation)),
            ("groups", self.conv.groups.into()),
            ("image", along(|axis| axis.image)),
            ("kernel", along(|axis| axis.kernel)),
            ("output", along(|axis| axis.output)),
        ]
    }

    fn forward(&mut self, inputs: [&Elements<F>; 2]) -> Elements<F> {
        self.compute(inputs, None)
    }

    fn vjp(&self, wrt: usize, inputs: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        self.slope(wrt, inputs, dy)
    }
}

/// With a bias `[channels]`, added to every channel of the result: it costs nothing to start the sums from it.
struct Biased(Convolution);

impl<F: Float> Op<F, 3> for Biased {
    fn name(&self) -> &'static str {
        Op::<F, 2>::name(&self.0)
    }

    fn formula(&self) -> Option<Formula> {
        Some(match self.0.role {
            Role::Image => {
                Formula::products("x ⋆ᵀ w + b", &[("x", "dy ⋆ w"), ("w", "dy ⋆ x"), ("b", "Σ dy of every channel")])
            }
            _ => Formula::products("x ⋆ w + b", &[("x", "dy ⋆ᵀ w"), ("w", "x ⋆ dy"), ("b", "Σ dy of every channel")]),
        })
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        Op::<F, 2>::attributes(&self.0)
    }

    fn forward(&mut self, [a, b, bias]: [&Elements<F>; 3]) -> Elements<F> {
        self.0.compute([a, b], Some(bias))
    }

    fn vjp(&self, wrt: usize, [a, b, _]: [&Tensor<F>; 3], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            2 if self.0.rank == 1 => dy.sum_axis([0, 2]),
            2 => dy.sum_axis([0, 2, 3]),
            _ => self.0.slope(wrt, [a, b], dy),
        }
    }

    /// The gradients of weight and bias read `dy` once, unless they may have to be differentiated themselves.
    fn vjp_all(
        &self,
        wanted: [bool; 3],
        inputs: [&Tensor<F>; 3],
        y: &Tensor<F>,
        dy: &Tensor<F>,
    ) -> [Option<Tensor<F>>; 3] {
        let image = &inputs[0].0.elements;
        let together = self.0.role == Role::Output && wanted[1] && wanted[2] && !is_recording();
        if !together || image.is_empty() || dy.is_empty() || inputs[1].is_empty() {
            return std::array::from_fn(|wrt| wanted[wrt].then(|| self.vjp(wrt, inputs, y, dy)));
        }
        let gradients = self.0.conv.weight_and_bias(image, &dy.0.elements, inputs[1].shape());
        let [weight, bias] = gradients.map(|gradient| Some(Tensor::leaf(gradient, 0)));
        [wanted[0].then(|| self.vjp(0, inputs, y, dy)), weight, bias]
    }
}

/// Applies one of the operations.
#[track_caller]
pub(super) fn convolution<F: Float>(op: Convolution, inputs: [&Tensor<F>; 2], bias: Option<&Tensor<F>>) -> Tensor<F> {
    match bias {
        Some(bias) => apply(Biased(op), [inputs[0], inputs[1], bias]),
        None => apply(op, inputs),
    }
}

/// What a convolution and its transpose check alike.
pub(super) struct Arguments<'a> {
    pub(super) name: &'static str,
    pub(super) input: &'a [usize],
    pub(super) weight: &'a [usize],
    pub(super) bias: Option<&'a [usize]>,
    pub(super) rank: usize,
    pub(super) groups: usize,
}

impl Arguments<'_> {
    /// Panics with the operation, the shapes and the reason.
    #[cold]
    #[track_caller]
    pub(super) fn misfit(&self, reason: &str) -> ! {
        let bias = self.bias.map_or(String::new(), |bias| format!(" and {bias:?}"));
        panic!("{} of {:?} and {:?}{bias}: {reason}", self.name, self.input, self.weight);
    }

    /// The number of images, and the channels of the input; the weight has as many axes as it must.
    #[track_caller]
    pub(super) fn images_and_channels(&self, layout: &str) -> [usize; 2] {
        let [batched, alone] = [["[N, C, L]", "[C, L]"], ["[N, C, H, W]", "[C, H, W]"]][self.rank - 1];
        let (images, channels) = match self.input {
            [channels, sizes @ ..] if sizes.len() == self.rank => (1, *channels),
            [images, channels, sizes @ ..] if sizes.len() == self.rank => (*images, *channels),
            _ => self.misfit(&format!("the input must be {batched} or {alone}")),
        };
        if self.weight.len() != self.rank + 2 {
            self.misfit(&format!("the weight must be {layout}"));
        }
        if self.groups == 0 || !channels.is_multiple_of(self.groups) {
            self.misfit(&format!("{channels} channels cannot be divided into {} groups", self.groups));
        }
        [images, channels]
    }

    /// Checks the bias, which has one element per channel of the result.
    #[track_caller]
    pub(super) fn check_bias(&self, channels: usize) {
        if self.bias.is_some_and(|bias| bias != [channels]) {
            self.misfit(&format!("the bias must be [{channels}], one element per channel of the result"));
        }
    }

    /// Two axes, of which the first is that of height 1 if there is only one.
    #[track_caller]
    pub(super) fn axes(&self, axis: impl Fn(usize) -> Result<Axis, String>) -> [Axis; 2] {
        let mut axes = [Axis::SINGLE; 2];
        for i in 0..self.rank {
            match axis(i) {
                Ok(axis) => axes[2 - self.rank + i] = axis,
                Err(reason) => {
                    let along = [["length"; 2], ["height", "width"]][self.rank - 1][i];
                    self.misfit(&format!("{along}: {reason}"))
                }
            }
        }
        axes
    }
}

compiled!(Op<2> Convolution);
compiled!(Op<3> Biased);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};
    use crate::{Conv as Options, ConvPadding, ConvTranspose};

    const GROUPED: Options<1> = Options { stride: [2], padding: ConvPadding::Zeros([2]), dilation: [2], groups: 2 };

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-1.0, 1.0);
        let pairs: [[&[usize]; 2]; 5] = [
            [&[2, 2, 4], &[2, 1, 2]],
            [&[2, 3], &[4, 1, 1]],
            [&[1, 2, 0], &[2, 1, 2]],
            [&[0, 2, 2], &[2, 1, 2]],
            [&[1, 0, 2], &[2, 0, 2]],
        ];
        sweep::pairs("conv1d", &pairs, domain(), domain(), |x, w| x.conv1d(w, None, GROUPED));
        let all = [domain(), domain(), domain()];
        let cases: [[&[usize]; 3]; 3] = [
            [&[1, 2, 3, 2], &[2, 2, 2, 2], &[2]],
            [&[1, 2, 3], &[3, 1, 1, 2], &[3]],
            [&[2, 1, 2, 2], &[1, 1, 1, 1], &[1]],
        ];
        sweep::inputs("conv2d", &cases, all.clone(), |[x, w, b]| x.conv2d(w, Some(b), Options::default()));
        let same = Options { padding: ConvPadding::Same, ..Options::default() };
        sweep::inputs("conv2d", &cases[..1], all.clone(), |[x, w, b]| x.conv2d(w, Some(b), same));

        let up = ConvTranspose { stride: [3], output_padding: [1], groups: 2, ..ConvTranspose::default() };
        let pairs: [[&[usize]; 2]; 4] =
            [[&[2, 2, 2], &[2, 1, 2]], [&[2, 2], &[2, 2, 4]], [&[0, 2, 2], &[2, 1, 2]], [&[1, 2, 2], &[2, 0, 2]]];
        sweep::pairs("conv_transpose1d", &pairs, domain(), domain(), |x, w| x.conv_transpose1d(w, None, up));
        let cut = ConvTranspose { stride: [2, 1], padding: [1, 1], dilation: [1, 2], ..ConvTranspose::default() };
        let cases: [[&[usize]; 3]; 2] = [[&[1, 2, 2, 2], &[2, 1, 3, 2], &[1]], [&[1, 2, 3], &[1, 2, 2, 2], &[2]]];
        sweep::inputs("conv_transpose2d", &cases, all, |[x, w, b]| x.conv_transpose2d(w, Some(b), cut));
    }

    #[test]
    fn derivatives_of_the_gradient_of_the_weight() {
        let axes = [Axis::sliding(3, 2, 1, 1, [1, 0]).unwrap(), Axis::sliding(4, 2, 2, 1, [0, 1]).unwrap()];
        let conv = Conv { images: 2, groups: 2, inputs: 1, outputs: 2, axes };
        let op = Convolution { role: Role::Weight, conv, rank: 2 };
        let domain = || Domain::between(-1.0, 1.0);
        let pairs: [[&[usize]; 2]; 1] = [[&[2, 2, 3, 4], &[2, 4, 3, 2]]];
        sweep::pairs("conv_weight", &pairs, domain(), domain(), |x, y| apply(op, [x, y]));
    }

    /// The three operations are derivatives of one trilinear form, and so is the sum that each gives.
    #[test]
    fn one_form() {
        let numbers = |shape: &[usize], seed: usize| {
            let len: usize = shape.iter().product();
            Tensor::from((0..len).map(|i| ((i * 7 + seed) % 5) as f64 - 2.0).collect::<Vec<_>>()).reshape(shape)
        };
        let axes = [Axis::sliding(5, 3, 2, 1, [1, 1]).unwrap(), Axis::sliding(6, 2, 1, 2, [0, 1]).unwrap()];
        let conv = Conv { images: 3, groups: 2, inputs: 2, outputs: 3, axes };
        let op = Convolution { role: Role::Output, conv, rank: 2 };
        let shapes = [Role::Image, Role::Weight, Role::Output].map(|role| op.as_role(role).shape());
        assert_eq!(shapes, [vec![3, 4, 5, 6], vec![6, 2, 3, 2], vec![3, 6, 3, 5]]);
        let [x, w, y] = [numbers(&shapes[0], 1), numbers(&shapes[1], 2), numbers(&shapes[2], 3)];
        let sum = (apply(op, [&x, &w]) * &y).sum().item();
        assert_ne!(sum, 0.0);
        assert_eq!((apply(op.as_role(Role::Image), [&y, &w]) * &x).sum().item(), sum);
        assert_eq!((apply(op.as_role(Role::Weight), [&x, &y]) * &w).sum().item(), sum);
    }
}
