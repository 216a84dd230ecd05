//! The MNIST files in the repository: that they are the original ones, and are read correctly.

mod common;

use std::fs;

use common::{TemporaryDirectory, gunzip, mnist_directory};
use downhill_data::Mnist;
use downhill_tensor::Tensor;
use ndarray::s;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

const FILES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// The SHA-256 of each decompressed file, as listed in `data/mnist/README.md`.
#[test]
fn the_files_are_the_ones_the_readme_says() {
    let readme = fs::read_to_string(mnist_directory().join("README.md")).unwrap();
    for name in FILES {
        let bytes = gunzip(&fs::read(mnist_directory().join(format!("{name}.gz"))).unwrap());
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(readme.contains(&format!("| `{name}` | {} | `{digest}` |", bytes.len())), "{name} {digest}");
    }
    for digest in [
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ] {
        assert!(readme.contains(digest), "{digest}");
    }
}

/// Against the `mnist` crate, an independent reader.
#[test]
fn the_mnist_crate_reads_the_same() {
    let directory = TemporaryDirectory::new("mnist-crate");
    for name in FILES {
        directory.write(name, &gunzip(&fs::read(mnist_directory().join(format!("{name}.gz"))).unwrap()));
    }
    let theirs = mnist::MnistBuilder::new().base_path(directory.path().to_str().unwrap()).finalize();

    for source in [mnist_directory().as_path(), directory.path()] {
        let ours = Mnist::load(source).unwrap();
        for (ours, images, labels) in
            [(&ours.train, &theirs.trn_img, &theirs.trn_lbl), (&ours.test, &theirs.tst_img, &theirs.tst_lbl)]
        {
            assert_eq!(ours.size(), (28, 28));
            let pixels: Vec<u8> =
                (0..ours.len()).flat_map(|i| ours.image(i).iter().copied().collect::<Vec<_>>()).collect();
            assert!(pixels == *images, "pixels differ");
            let theirs: Vec<usize> = labels.iter().map(|&label| usize::from(label)).collect();
            assert!(ours.labels() == theirs, "labels differ");
        }
    }
}

#[test]
fn known_facts() {
    let mnist = Mnist::load(mnist_directory()).unwrap();
    // Class counts of the training set: <http://yann.lecun.com/exdb/mnist/>.
    let mut counts = [0; 10];
    mnist.train.labels().into_iter().for_each(|label| counts[label] += 1);
    assert_eq!(counts, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    assert_eq!(mnist.test.labels()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);

    // The first training image is a 5; row 5 has the end of its upper bar.
    let row = mnist.train.image(0).slice(s![5, 12..24]).to_vec();
    assert_eq!(row, [3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127]);
    assert_eq!(mnist.train.label(0), 5);

    // The customary mean and standard deviation for normalization.
    let pixels = mnist.train.images().to_vec();
    let mean = pixels.iter().map(|&x| f64::from(x)).sum::<f64>() / pixels.len() as f64;
    let variance = pixels.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / pixels.len() as f64;
    assert!((mean - f64::from(Mnist::MEAN)).abs() < 5e-5, "{mean}");
    assert!((variance.sqrt() - f64::from(Mnist::STD)).abs() < 5e-5, "{}", variance.sqrt());
}

/// One epoch of mini-batches.
#[test]
fn an_epoch() {
    let mnist = Mnist::load(mnist_directory()).unwrap();
    let whole = mnist.test.images();
    let whole = whole.view();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let (mut samples, mut batches) = (0, 0);
    let order: Vec<(Tensor<f32>, Vec<usize>)> =
        mnist.test.batches(64).shuffled(&mut ChaCha8Rng::seed_from_u64(0)).collect();

    for (images, labels) in mnist.test.batches(64).shuffled(&mut rng) {
        let images: Tensor<f32> = images;
        let labels: Vec<usize> = labels;
        assert_eq!(images.shape(), [labels.len(), 784]);
        assert_eq!((&images, &labels), (&order[batches].0, &order[batches].1));
        samples += labels.len();
        batches += 1;
    }
    assert_eq!((samples, batches), (10_000, 157));

    // Images and labels match: look up every image of a batch in the whole set.
    let (images, labels) = &order[3];
    for (image, &label) in images.view().outer_iter().zip(labels) {
        let index = whole.outer_iter().position(|candidate| candidate == image).unwrap();
        assert_eq!(mnist.test.label(index), label);
    }
}
