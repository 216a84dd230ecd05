//! Resizing by interpolation: every result is the nearest element, or lies on the line between two neighbours, along each
//! axis after the first two.
//!
//! Of an axis of size `L` that becomes `M`, with `s = L/M` (or the inverse of a given scale factor), result `i` lies at
//! `⌊i·s⌋` (nearest), `max((i + ½)·s - ½, 0)` (linear) or `i·(L - 1)/(M - 1)` (linear, aligned corners).

use super::runs::sum_runs;
use crate::kernels::{Run, room, shape};
use crate::{Float, Params, Tensor, operation};

/// The options of [`Tensor::interpolate`], and the layer: PyTorch's `Upsample`, for any number of axes after batch and
/// channels.
///
/// ```
/// use downhill_tensor::{InterpolateMode, Resize, Tensor, Upsample};
/// let x = Tensor::from([[[1.0, 3.0]]]);
/// let twice = Upsample::new(2.0);
/// assert_eq!(x.interpolate(&twice), Tensor::from([[[1.0, 1.0, 3.0, 3.0]]]));
/// let linear = Upsample { mode: InterpolateMode::Linear { align_corners: false }, ..twice };
/// assert_eq!(x.interpolate(&linear), Tensor::from([[[1.0, 1.5, 2.5, 3.0]]]));
/// let aligned = Upsample { to: Resize::Size(vec![5]), mode: InterpolateMode::Linear { align_corners: true } };
/// assert_eq!(x.interpolate(&aligned), Tensor::from([[[1.0, 1.5, 2.0, 2.5, 3.0]]]));
/// ```
#[derive(Clone, Debug, PartialEq, Params)]
#[params(crate = "crate")]
pub struct Upsample {
    /// The new sizes, or the factors that they grow by.
    #[params(skip)]
    pub to: Resize,
    /// What a result is made of.
    #[params(skip)]
    pub mode: InterpolateMode,
}

/// The new sizes of the axes after the first two: one value for all of them, or one for each.
#[derive(Clone, Debug, PartialEq)]
pub enum Resize {
    /// The sizes.
    Size(Vec<usize>),
    /// The factors; a size is rounded down.
    Scale(Vec<f64>),
}

/// What [`Tensor::interpolate`] makes a result of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InterpolateMode {
    /// The element at the position, rounded down.
    #[default]
    Nearest,
    /// The neighbours on both sides, along each axis: `linear` and `bilinear` in PyTorch.
    Linear {
        /// The first and last element stay the first and last. Otherwise the outer edges of the elements stay.
        align_corners: bool,
    },
}

impl Upsample {
    /// The nearest elements: `Upsample::new(2.0)` doubles the sizes, `Upsample::new([28, 28])` states them.
    pub fn new(to: impl Into<Resize>) -> Self {
        Upsample { to: to.into(), mode: InterpolateMode::Nearest }
    }
}

impl From<f64> for Resize {
    fn from(scale: f64) -> Self {
        Resize::Scale(vec![scale])
    }
}

impl<const D: usize> From<[f64; D]> for Resize {
    fn from(scale: [f64; D]) -> Self {
        Resize::Scale(scale.to_vec())
    }
}

impl From<usize> for Resize {
    fn from(size: usize) -> Self {
        Resize::Size(vec![size])
    }
}

impl<const D: usize> From<[usize; D]> for Resize {
    fn from(size: [usize; D]) -> Self {
        Resize::Size(size.to_vec())
    }
}

impl Resize {
    /// The new size of each of these axes, and the factor if one is given; or why they cannot be resized.
    fn of(&self, axes: &[usize]) -> Result<Vec<(usize, Option<f64>)>, String> {
        let given = match self {
            Resize::Size(list) => list.len(),
            Resize::Scale(list) => list.len(),
        };
        if given != axes.len() && given != 1 {
            return Err(format!("{given} sizes or factors for the {} axes after the first two", axes.len()));
        }
        let mut resized = Vec::with_capacity(axes.len());
        for (i, &size) in axes.iter().enumerate() {
            let place = if given == 1 { 0 } else { i };
            let (new, factor) = match self {
                Resize::Size(list) => (list[place], None),
                Resize::Scale(list) => {
                    let factor = list[place];
                    if !(factor > 0.0 && factor.is_finite()) {
                        return Err(format!("a scale factor must be positive and finite, got {factor}"));
                    }
                    // Saturates; no tensor is that large.
                    ((size as f64 * factor).floor() as usize, Some(factor))
                }
            };
            if size == 0 || new == 0 {
                return Err(format!("axis {} cannot be resized from {size} to {new} elements", i + 2));
            }
            resized.push((new, factor));
        }
        Ok(resized)
    }
}

/// The elements that result `i` of `new` along an axis of `size` elements is made of.
fn run<F: Float>(mode: InterpolateMode, i: usize, size: usize, new: usize, factor: Option<f64>) -> Run<F> {
    let single = |first| Run { first, count: 1, weights: None };
    let at = match mode {
        InterpolateMode::Nearest => {
            let at = match factor {
                Some(factor) => (i as f64 / factor) as usize,
                None => (i as u128 * size as u128 / new as u128) as usize,
            };
            return single(at.min(size - 1));
        }
        InterpolateMode::Linear { align_corners: true } if new > 1 => i as f64 * (size - 1) as f64 / (new - 1) as f64,
        InterpolateMode::Linear { align_corners: true } => 0.0,
        InterpolateMode::Linear { align_corners: false } => {
            let middle = match factor {
                Some(factor) => (i as f64 + 0.5) / factor,
                None => (i as f64 + 0.5) * size as f64 / new as f64,
            };
            (middle - 0.5).max(0.0)
        }
    };
    let first = (at as usize).min(size - 1);
    let share = at - first as f64;
    // An element with weight 0 is left out, whatever it is.
    if first == size - 1 || share == 0.0 {
        return single(first);
    }
    Run { first, count: 2, weights: Some([F::from_f64(1.0 - share), F::from_f64(share)]) }
}

impl<F: Float> Tensor<F> {
    /// Another resolution of `[N, C, ..]`: resizes the axes after the first two by interpolation, as PyTorch's
    /// `interpolate` with the modes `nearest`, `linear` and `bilinear` does. See [`Upsample`] for the options.
    ///
    /// Positions are computed in `f64`, and that of the nearest element exactly if sizes are given. PyTorch computes those of
    /// `f32` tensors in `f32`, and is off by one element where rounding crosses an integer.
    ///
    /// ```
    /// use downhill_tensor::{Tensor, Upsample};
    /// let images = Tensor::<f32>::zeros(&[64, 3, 14, 14]);
    /// assert_eq!(images.interpolate(&Upsample::new(2.0)).shape(), [64, 3, 28, 28]);
    /// assert_eq!(images.interpolate(&Upsample::new([7, 21])).shape(), [64, 3, 7, 21]);
    /// ```
    ///
    /// # Panics
    /// If there are no axes after the first two, or as many sizes or factors as there are (one is for all of them); if a
    /// size is 0 before or after; if a factor is not positive and finite; if the result would be too large.
    #[doc(alias("upsample", "resize", "bilinear"))]
    #[track_caller]
    pub fn interpolate(&self, options: &Upsample) -> Tensor<F> {
        let resized = match self.shape() {
            [_, _, axes @ ..] if !axes.is_empty() => options.to.of(axes),
            _ => Err("expected an input [N, C, ..] with at least one axis to resize".into()),
        };
        let checked = resized.and_then(|resized| {
            let sizes = resized.iter().map(|&(size, _)| size);
            let shape: Vec<usize> = self.shape()[..2].iter().copied().chain(sizes).collect();
            shape::check::<F>(&shape).map(|_| (resized, shape))
        });
        let (resized, shape) = match checked {
            Ok(checked) => checked,
            Err(reason) => panic!("interpolate of {:?}: {reason}", self.shape()),
        };
        if self.is_empty() {
            // Without images; the sizes may be absurd.
            return self.reshape(&shape);
        }
        let mut y = self.clone();
        // The last axis first: it is the slowest, and later ones may have made the others larger.
        for (i, &(new, factor)) in resized.iter().enumerate().rev() {
            let size = self.shape()[i + 2];
            operation::begin("interpolate");
            let mut runs = room(&[new]);
            runs.extend((0..new).map(|place| run(options.mode, place, size, new, factor)));
            y = sum_runs(&y, i + 2, runs);
        }
        y
    }
}

#[cfg(test)]
mod tests {
    use InterpolateMode::{Linear, Nearest};

    use super::*;
    use crate::sweep::{self, Domain};

    const MODES: [InterpolateMode; 3] = [Nearest, Linear { align_corners: false }, Linear { align_corners: true }];

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        for mode in MODES {
            for to in [Resize::from(2.0), Resize::from(0.7), Resize::from(3)] {
                let rows: [&[usize]; 4] = [&[1, 1, 2], &[2, 1, 3], &[0, 2, 3], &[2, 3, 4]];
                let options = Upsample { to, mode };
                sweep::shapes("interpolate", &rows, domain(), |x| x.interpolate(&options).square());
            }
            for to in [Resize::from([1.5, 2.0]), Resize::from([4, 2])] {
                let planes: [&[usize]; 3] = [&[1, 2, 2, 3], &[0, 2, 3, 1], &[2, 1, 3, 2]];
                let options = Upsample { to, mode };
                sweep::shapes("interpolate", &planes, domain(), |x| x.interpolate(&options).square());
            }
        }
    }

    fn resized(x: &[f64], to: impl Into<Resize>, mode: InterpolateMode) -> Vec<f64> {
        Tensor::from(x).reshape(&[1, 1, x.len()]).interpolate(&Upsample { to: to.into(), mode }).to_vec()
    }

    /// Points of the line through the elements, which is what linear interpolation is.
    #[test]
    fn lines_stay_lines() {
        let (edges, corners) = (Linear { align_corners: false }, Linear { align_corners: true });
        assert_eq!(resized(&[0.0, 8.0], 4, edges), [0.0, 2.0, 6.0, 8.0]);
        assert_eq!(resized(&[0.0, 8.0], 5, corners), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(resized(&[0.0, 1.0, 2.0, 3.0], 2, edges), [0.5, 2.5]);
        assert_eq!(resized(&[0.0, 1.0, 2.0, 3.0], 2, corners), [0.0, 3.0]);
        assert_eq!(resized(&[0.0, 1.0, 2.0, 3.0], 1, corners), [0.0]);
        assert_eq!(resized(&[0.0, 1.0, 2.0, 3.0], 1, edges), [1.5]);
        // Of five elements, 0.5 leaves two, each in the middle of two elements: the factor counts, not 5/2.
        assert_eq!(resized(&[0.0, 1.0, 2.0, 3.0, 4.0], 0.5, edges), [0.5, 2.5]);
        for mode in MODES {
            assert_eq!(resized(&[3.0, 1.0, 2.0], 3, mode), [3.0, 1.0, 2.0]);
            assert_eq!(resized(&[7.0], 3, mode), [7.0, 7.0, 7.0]);
        }
    }

    #[test]
    fn the_nearest_element() {
        assert_eq!(resized(&[1.0, 2.0, 3.0], 5, Nearest), [1.0, 1.0, 2.0, 2.0, 3.0]);
        assert_eq!(resized(&[1.0, 2.0, 3.0, 4.0, 5.0], 3, Nearest), [1.0, 2.0, 4.0]);
        // ⌊3·1.7⌋ = 5 results at 0, 1/1.7, 2/1.7, ...
        assert_eq!(resized(&[1.0, 2.0, 3.0], 1.7, Nearest), [1.0, 1.0, 2.0, 2.0, 3.0]);
        // Of five elements, 0.7 leaves three, at 0, 1/0.7 and 2/0.7: the factor counts, not 5/3.
        assert_eq!(resized(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.7, Nearest), [1.0, 2.0, 3.0]);
        // Result 7·k of 49 is element k of 7, however the quotient is rounded.
        let x: Vec<f64> = (0..7).map(f64::from).collect();
        assert_eq!(resized(&x, 49, Nearest), (0..49).map(|i| f64::from(i / 7)).collect::<Vec<_>>());
        assert_eq!(resized(&x, 7.0, Nearest), (0..49).map(|i| f64::from(i / 7)).collect::<Vec<_>>());
    }

    #[test]
    fn an_infinity_with_weight_0_is_left_out() {
        let inf = f64::INFINITY;
        assert_eq!(resized(&[1.0, inf, 3.0], 3, Linear { align_corners: false }), [1.0, inf, 3.0]);
        assert_eq!(resized(&[1.0, 2.0, 3.0, inf], 2, Linear { align_corners: true }), [1.0, inf]);
    }

    #[test]
    #[should_panic(expected = "interpolate of [2, 3]: expected an input [N, C, ..]")]
    fn without_an_axis() {
        Tensor::<f32>::zeros(&[2, 3]).interpolate(&Upsample::new(2.0));
    }

    #[test]
    #[should_panic(expected = "interpolate of [1, 1, 2]: 2 sizes or factors for the 1 axes after the first two")]
    fn too_many_sizes() {
        Tensor::<f32>::zeros(&[1, 1, 2]).interpolate(&Upsample::new([2, 2]));
    }
}
