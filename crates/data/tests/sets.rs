//! Data sets in memory: the content of batches, selections and splits.

use downhill_data::{ImageSet, TensorDataset};
use downhill_tensor::Tensor;
use ndarray::{Array3, array};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Images of 2 × 3 pixels: all pixels of image `i` are `i`, and its label is `i % 10`.
fn images(count: u8) -> ImageSet {
    let pixels = (0..count).flat_map(|i| [i; 6]).collect();
    ImageSet::new(pixels, (2, 3), (0..count).map(|i| i % 10).collect())
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(21)
}

#[test]
fn images_and_labels_stay_together() {
    let set = images(100);
    let mut seen = Vec::new();
    for (images, labels) in set.batches(7).shuffled(&mut rng()) {
        assert_eq!(images.shape(), [labels.len(), 6]);
        for (image, label) in images.view().outer_iter().zip(labels) {
            let index = (image[0] * 255.0).round() as usize;
            assert!(image.iter().all(|&pixel| pixel == index as f32 / 255.0));
            assert_eq!(label, index % 10);
            seen.push(index);
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..100).collect::<Vec<_>>());
}

#[test]
fn one_image() {
    let set = ImageSet::new(vec![0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15], (2, 3), vec![4, 8]);
    assert_eq!(set.image(1), array![[10, 11, 12], [13, 14, 15]]);
    assert_eq!((set.label(1), set.len(), set.size(), set.is_empty()), (8, 2, (2, 3), false));
    assert_eq!(format!("{set:?}"), "ImageSet { len: 2, size: (2, 3), normalisation: None, flat: true }");
}

#[test]
fn unflattened_for_convolutions() {
    let set = images(5);
    let flat = set.batches(2).next().unwrap().0;
    let set = set.unflattened();
    let (batch, _) = set.batches(2).next().unwrap();
    assert_eq!(batch.shape(), [2, 1, 2, 3]);
    assert_eq!(batch.to_vec(), flat.to_vec());
    assert_eq!(set.images().shape(), [5, 1, 2, 3]);
}

#[test]
fn normalised_in_batches_and_as_a_whole() {
    let set = ImageSet::new(vec![0, 255, 51, 102], (1, 4), vec![0]).normalised(0.5, 0.25);
    let expected = [-2.0, 2.0, (0.2 - 0.5) / 0.25, (0.4 - 0.5) / 0.25_f32];
    assert_eq!(set.images().to_vec(), expected);
    assert_eq!(set.batches(1).next().unwrap().0.to_vec(), expected);
    // Selecting keeps the shape and normalization of batches.
    assert_eq!(set.clone().unflattened().select(&[0]).images().shape(), [1, 1, 1, 4]);
    assert_eq!(set.select(&[0]).images().to_vec(), expected);
}

#[test]
fn splits_of_images() {
    let set = images(50);
    let (train, validation) = set.split(0.9, &mut rng());
    assert_eq!((train.len(), validation.len()), (45, 5));
    let mut all: Vec<u8> =
        [&train, &validation].iter().flat_map(|set| (0..set.len()).map(|i| set.image(i)[[0, 0]])).collect();
    for part in [&train, &validation] {
        for i in 0..part.len() {
            assert_eq!(usize::from(part.image(i)[[1, 2]] % 10), part.label(i));
        }
    }
    all.sort_unstable();
    assert_eq!(all, (0..50).collect::<Vec<_>>());
    assert_eq!(set.split(0.9, &mut rng()), (train, validation));
    assert_eq!(set.split(20, &mut rng()).0.len(), 20);
}

#[test]
fn tensors_of_any_rank_and_layout() {
    let cube = Array3::from_shape_fn((4, 2, 3), |(i, j, k)| (100 * i + 10 * j + k) as f64);
    let labels = vec![3, 2, 1, 0];
    let expected = array![[[300.0, 301.0, 302.0], [310.0, 311.0, 312.0]], [[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]];
    let set = TensorDataset::new(cube.clone(), labels.clone());
    // The same elements in column-major order.
    let reversed = cube.t().as_standard_layout().into_owned().reversed_axes();
    assert!(!reversed.is_standard_layout());
    for set in [set, TensorDataset::new(reversed, labels)] {
        let part: TensorDataset<f64> = set.select(&[3, 0]);
        assert_eq!(part.features, Tensor::from(expected.clone()));
        assert_eq!(part.targets, [0, 3]);
    }
}

#[test]
fn targets_that_are_numbers() {
    let set: TensorDataset<f32, Tensor> =
        TensorDataset::new(array![[1.0], [2.0], [3.0]], array![[10.0], [20.0], [30.0]]);
    let batches: Vec<(Tensor, Tensor)> = set.batches(2).collect();
    assert_eq!(batches[0], (Tensor::from([[1.0], [2.0]]), Tensor::from([[10.0], [20.0]])));
    assert_eq!(batches[1], (Tensor::from([[3.0]]), Tensor::from([[30.0]])));
    let (a, b) = set.split(1, &mut rng());
    assert_eq!((a.len(), b.len()), (1, 2));
    let pairs = [a, b].into_iter().flat_map(|part| part.features.to_vec().into_iter().zip(part.targets.to_vec()));
    assert!(pairs.into_iter().all(|(x, y)| y == 10.0 * x));
}

#[test]
#[should_panic(expected = "ImageSet::new: 2 labels and images of 2 × 3 pixels need 12 pixels, got 6")]
fn too_few_pixels() {
    ImageSet::new(vec![0; 6], (2, 3), vec![0, 1]);
}

#[test]
#[should_panic(expected = "features of shape [3, 1] need one target per sample, but there are 2 targets")]
fn too_few_targets() {
    let _: TensorDataset = TensorDataset::new(array![[1.0], [2.0], [3.0]], vec![0, 1]);
}

#[test]
#[should_panic(expected = "features of shape [2, 1] need one target per sample, but there are 1 targets")]
fn a_field_changed_later() {
    let mut set: TensorDataset = TensorDataset::new(array![[1.0], [2.0]], vec![0, 1]);
    set.targets.pop();
    set.batches(1);
}

#[test]
#[should_panic(expected = "select: index 2 is out of range for 2 samples")]
fn a_sample_that_is_not_there() {
    let set: TensorDataset = TensorDataset::new(array![[1.0], [2.0]], vec![0, 1]);
    let _ = set.select(&[0, 2]);
}

#[test]
#[should_panic(expected = "image: index 5 is out of range for 5 images")]
fn an_image_that_is_not_there() {
    images(5).image(5);
}

#[test]
#[should_panic(expected = "normalised: mean must be finite and std finite and above 0, got mean 0 and std 0")]
fn no_deviation() {
    let _ = images(5).normalised(0.0, 0.0);
}
