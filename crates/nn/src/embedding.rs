//! A lookup table of vectors.

use downhill_tensor::{ClassLabels, Float, Params, Tensor, where_};
use ndarray::Array2;
use rand::Rng;

/// Looks up the vector of each index; the output has the axes of the indices and a last one of size `embedding_dim`.
///
/// The input is indices (`[usize]`, `Vec<usize>` or an integer array of any shape), not a tensor, so the layer is not a
/// [`Module`](crate::Module) and `forward` is an inherent method. Name, layout and initialization are PyTorch's:
/// `weight` is `[num_embeddings, embedding_dim]`, drawn from N(0, 1).
///
/// ```
/// use downhill_nn::Embedding;
/// use ndarray::array;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let words: Embedding = Embedding::new(1000, 64, &mut rng);
/// assert_eq!(words.forward(&[3, 14, 15]).shape(), [3, 64]);
/// assert_eq!(words.forward(&array![[3, 14], [15, 9]]).shape(), [2, 2, 64]);
/// ```
///
/// Of PyTorch's options, `padding_idx` is supported, and `scale_grad_by_freq` is not.
///
/// `max_norm` is left out on purpose: in PyTorch a look-up shortens the rows in the table itself, in evaluation too, so
/// that a forward pass changes the model. Here it changes nothing. A bound on the norms is a step of its own after the
/// optimizer's, and once before the first:
///
/// ```
/// use downhill_nn::Embedding;
/// use downhill_tensor::{Tensor, keep};
/// # let mut words = Embedding { weight: Tensor::param([[3.0, 4.0], [0.5, 0.0]]), padding_idx: None };
/// let max_norm = 2.5_f64;
/// // opt.step(&mut words, &grads);
/// let norms = words.weight.norm_axis(2.0, keep(1));
/// words.weight.assign(&words.weight * (max_norm / norms).clamp_max(1.0));
/// assert_eq!(words.weight, Tensor::from([[1.5, 2.0], [0.5, 0.0]]));
/// ```
#[derive(Clone, Debug, Params)]
pub struct Embedding<F: Float = f32> {
    /// `[num_embeddings, embedding_dim]`.
    pub weight: Tensor<F>,
    /// The index that pads sequences to a common length; its vector gets no gradient.
    pub padding_idx: Option<usize>,
}

impl<F: Float> Embedding<F> {
    /// A table of `num_embeddings` random vectors.
    ///
    /// # Panics
    /// If the shape is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(num_embeddings: usize, embedding_dim: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        let weight = Tensor::param(Tensor::randn(&[num_embeddings, embedding_dim], rng));
        Embedding { weight, padding_idx: None }
    }

    /// Sets the vector of `index` to zero and excludes it from training.
    ///
    /// # Panics
    /// If `index` is out of range.
    #[track_caller]
    pub fn padding_idx(mut self, index: usize) -> Self {
        let count = self.weight.shape()[0];
        assert!(index < count, "Embedding: padding_idx {index} is out of range for {count} embeddings");
        self.weight.data_mut().index_axis_mut(ndarray::Axis(0), index).fill(F::zero());
        Embedding { padding_idx: Some(index), ..self }
    }

    /// The vectors of `indices`.
    ///
    /// # Panics
    /// If an index is not less than `num_embeddings`.
    #[track_caller]
    pub fn forward<I: ClassLabels + ?Sized>(&self, indices: &I) -> Tensor<F> {
        let &[count, dim] = self.weight.shape() else {
            panic!(
                "Embedding: the weight has shape {:?}, but must be [num_embeddings, embedding_dim]",
                self.weight.shape()
            )
        };
        let list: Vec<usize> = indices.labels().collect();
        for (number, &index) in list.iter().enumerate() {
            assert!(
                index < count,
                "Embedding: index {index} at position {number} is out of range for {count} embeddings"
            );
        }
        let mut rows = self.weight.index_select(0, &list);
        if let Some(padding) = self.padding_idx {
            // Detached rows send no gradient to the padding vector.
            let is_padding = Array2::from_shape_fn((list.len(), 1), |(row, _)| list[row] == padding);
            rows = where_(&is_padding, rows.detach(), rows);
        }
        let mut shape = indices.shape();
        shape.push(dim);
        rows.reshape(&shape)
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::init::testing::assert_moments;

    fn table() -> Embedding<f64> {
        Embedding { weight: Tensor::param([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), padding_idx: None }
    }

    #[test]
    fn starts_normal() {
        let layer = Embedding::<f64>::new(100, 1000, &mut ChaCha8Rng::seed_from_u64(1));
        assert_moments(&layer.weight, 0.0, 1.0, 3.0);
        let paths: Vec<String> = layer.params().map(|(path, _)| path).collect();
        assert_eq!((paths, layer.num_params()), (vec!["weight".to_owned()], 100_000));
        let padded = layer.padding_idx(7);
        assert_eq!(padded.forward(&[7]), Tensor::zeros(&[1, 1000]));
        assert!(padded.weight.is_param() && padded.forward(&[6]).to_vec().iter().all(|x| *x != 0.0));
    }

    #[test]
    fn indices_of_any_shape() {
        let layer = table();
        assert_eq!(layer.forward(&[2, 0]), Tensor::from([[5.0, 6.0], [1.0, 2.0]]));
        assert_eq!(layer.forward(&ndarray::arr0(1)), Tensor::from([3.0, 4.0]));
        assert_eq!(layer.forward(&ndarray::arr2(&[[1], [1]])), Tensor::from([[[3.0, 4.0]], [[3.0, 4.0]]]));
        assert_eq!(layer.forward(&Vec::new()).shape(), [0, 2]);
    }

    #[test]
    fn a_vector_collects_what_reaches_all_its_places() {
        let layer = table();
        let grads = (layer.forward(&[2, 0, 2]) * Tensor::from([[1.0], [10.0], [100.0]])).sum().backward();
        assert_eq!(grads[&layer.weight], Tensor::from([[10.0, 10.0], [0.0, 0.0], [101.0, 101.0]]));
        let layer = Embedding { padding_idx: Some(2), ..layer };
        let grads = layer.forward(&[2, 0, 2]).sum().backward();
        assert_eq!(grads[&layer.weight], Tensor::from([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]));
    }

    #[test]
    fn derivatives() {
        let layer = |weight: &Tensor<f64>, padding_idx| Embedding { weight: weight.clone(), padding_idx };
        for shape in [[3, 2], [3, 1], [3, 0]] {
            let weight = crate::init::uniform(&shape, -1.0..=1.0, &mut ChaCha8Rng::seed_from_u64(1));
            gradcheck(|[w]| layer(w, None).forward(&[2, 0, 2]).exp(), [&weight], Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(expected = "Embedding: index 3 at position 1 is out of range for 3 embeddings")]
    fn an_index_out_of_range() {
        table().forward(&[0, 3]);
    }

    #[test]
    #[should_panic(expected = "Embedding: padding_idx 3 is out of range for 3 embeddings")]
    fn padding_out_of_range() {
        table().padding_idx(3);
    }
}
