//! Layers with a weight, which [`WeightNorm`](crate::WeightNorm) and [`SpectralNorm`](crate::SpectralNorm) can wrap.

use downhill_tensor::{Float, Params, Path, Tensor};

use crate::{Bilinear, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Embedding, Linear};

/// A layer with a tensor called `weight`. Implement it for a layer of your own to wrap it in
/// [`WeightNorm`](crate::WeightNorm) or [`SpectralNorm`](crate::SpectralNorm):
///
/// ```
/// use downhill_nn::{HasWeight, Module, WeightNorm};
/// use downhill_tensor::{Params, Tensor};
///
/// #[derive(Clone, Params)]
/// struct Mix { weight: Tensor }
///
/// impl Module for Mix {
///     fn forward(&self, x: &Tensor) -> Tensor { x.matmul(&self.weight) }
/// }
///
/// impl HasWeight for Mix {
///     type Element = f32;
///     fn weight(&self) -> &Tensor { &self.weight }
///     fn weight_mut(&mut self) -> &mut Tensor { &mut self.weight }
/// }
///
/// let mix = WeightNorm::new(Mix { weight: Tensor::param([[3.0, 0.0], [0.0, 4.0]]) });
/// assert_eq!(mix.forward(&Tensor::from([1.0, 2.0])), Tensor::from([3.0, 8.0]));
/// ```
pub trait HasWeight: Clone + Params<<Self as HasWeight>::Element> {
    /// The type of the weight's elements.
    type Element: Float;

    /// The axis of the weight that counts the outputs.
    const OUTPUT_AXIS: usize = 0;

    /// The weight.
    fn weight(&self) -> &Tensor<Self::Element>;

    /// The weight, to replace it.
    fn weight_mut(&mut self) -> &mut Tensor<Self::Element>;
}

/// The layers and the axes of their weights that count the outputs.
macro_rules! with_weights {
    ($($Layer:ident $axis:literal;)*) => {$(
        impl<F: Float> HasWeight for $Layer<F> {
            type Element = F;
            const OUTPUT_AXIS: usize = $axis;

            fn weight(&self) -> &Tensor<F> {
                &self.weight
            }

            fn weight_mut(&mut self) -> &mut Tensor<F> {
                &mut self.weight
            }
        }
    )*};
}

with_weights! {
    Bilinear 0;
    Conv1d 0;
    Conv2d 0;
    ConvTranspose1d 1;
    ConvTranspose2d 1;
    Embedding 0;
    Linear 0;
}

/// The layer with another weight. Its other tensors are the same nodes as before, not copies.
pub(crate) fn with_weight<L: HasWeight>(layer: &L, weight: Tensor<L::Element>) -> L {
    let mut layer = layer.clone();
    *layer.weight_mut() = weight;
    layer
}

/// Visits the layer's tensors, the weight as `parametrizations.weight.NAME`, which is what PyTorch calls it.
pub(crate) fn visit<'a, L: HasWeight>(
    layer: &'a L,
    name: &str,
    path: &Path<'_>,
    visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<L::Element>),
) {
    let weight = layer.weight();
    layer.visit(path, &mut |place, tensor| match std::ptr::eq(weight, tensor) {
        true => visitor(&path.field("parametrizations").field("weight").field(name), tensor),
        false => visitor(place, tensor),
    });
}

/// [`visit`] with mutable tensors.
pub(crate) fn visit_mut<'a, L: HasWeight>(
    layer: &'a mut L,
    name: &str,
    path: &Path<'_>,
    visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<L::Element>),
) {
    let weight: *const Tensor<L::Element> = layer.weight();
    layer.visit_mut(path, &mut |place, tensor| match std::ptr::eq(weight, tensor) {
        true => visitor(&path.field("parametrizations").field("weight").field(name), tensor),
        false => visitor(place, tensor),
    });
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Conv, ConvTranspose};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// With three outputs, the axis that counts them has size 3.
    #[test]
    fn the_axis_of_the_outputs() {
        fn outputs<L: HasWeight>(layer: L) -> usize {
            layer.weight().shape()[L::OUTPUT_AXIS]
        }
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let of = [
            outputs(Linear::<f32>::new(2, 3, rng)),
            outputs(Conv1d::<f32>::new(2, 3, 4, Conv::default(), rng)),
            outputs(Conv2d::<f32>::new(2, 3, [4, 5], Conv::default(), rng)),
            outputs(ConvTranspose1d::<f32>::new(2, 3, 4, ConvTranspose::default(), rng)),
            outputs(ConvTranspose2d::<f32>::new(2, 3, [4, 5], ConvTranspose::default(), rng)),
            outputs(Bilinear::<f32>::new(2, 4, 3, rng)),
            // PyTorch's axis 0: the vectors.
            outputs(Embedding::<f32>::new(3, 2, rng)),
        ];
        assert_eq!(of, [3; 7]);
    }
}
