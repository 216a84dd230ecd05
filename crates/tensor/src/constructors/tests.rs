use std::panic::{UnwindSafe, catch_unwind};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;

#[track_caller]
fn refused(make: impl FnOnce() -> Tensor<f64> + UnwindSafe, expected: &str) {
    let panic = catch_unwind(make).expect_err("no such tensor");
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_shape_and_its_elements() {
    let numbers: Vec<f32> = (0..24).map(|i| i as f32).collect();
    let address = numbers.as_ptr();
    let x = Tensor::from_shape_vec(&[2, 3, 4], numbers);
    assert_eq!((x.shape(), x.view()[[1, 2, 0]]), (&[2, 3, 4][..], 20.0));
    assert_eq!(x.as_slice().expect("row-major").as_ptr(), address, "not copied");
    assert_eq!(Tensor::from_shape_vec(&[], vec![7.0]), Tensor::from(7.0));
    assert_eq!(Tensor::<f64>::from_shape_vec(&[2, 0], vec![]).shape(), [2, 0]);
    refused(
        || Tensor::from_shape_vec(&[2, 3], vec![0.0; 5]),
        "a tensor of shape [2, 3] has 6 elements, but 5 were given",
    );
    refused(|| Tensor::from_shape_vec(&[3, 12297829382473034432], vec![0.0; 64]), "from_shape_vec: the shape");
    refused(|| Tensor::from_shape_vec(&[1; 65], vec![0.0]), "at most 64 axes");
}

/// The examples of `torch.arange` and `numpy.arange`.
#[test]
fn ranges() {
    assert_eq!(Tensor::arange(1.0, 4.0, 1.0), Tensor::from([1.0, 2.0, 3.0]));
    assert_eq!(Tensor::arange(1.0, 2.5, 0.5), Tensor::from([1.0, 1.5, 2.0]));
    assert_eq!(Tensor::arange(3.0, 7.0, 2.0), Tensor::from([3.0, 5.0]));
    // ⌈5/2⌉ and ⌈-4/-3⌉ values.
    assert_eq!(Tensor::arange(3.0, 8.0, 2.0), Tensor::from([3.0, 5.0, 7.0]));
    assert_eq!(Tensor::arange(4.0, 0.0, -3.0), Tensor::from([4.0, 1.0]));
    assert_eq!(Tensor::arange(0.0, 0.0, -1.0).shape(), [0]);
    // Computed, not accumulated: in general 0.1 + 0.1 + 0.1 differs from 3·0.1.
    let tenths = Tensor::arange(0.0, 100.0, 0.1);
    assert_eq!((tenths.len(), tenths.to_vec()[777]), (1000, 777.0 * 0.1));
    assert_eq!(Tensor::arange(0.0_f32, 1.0, 0.1).to_vec()[7], (7.0 * f64::from(0.1_f32)) as f32);
}

#[test]
fn no_range() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for (start, end, step) in [(nan, 1.0, 1.0), (0.0, nan, 1.0), (0.0, 1.0, nan), (0.0, inf, 1.0), (-inf, 0.0, 1.0)] {
        refused(move || Tensor::arange(start, end, step), "must all be finite");
    }
    refused(move || Tensor::arange(0.0, 1.0, inf), "must all be finite");
    for step in [0.0, -0.0] {
        refused(move || Tensor::arange(0.0, 1.0, step), "a step of 0 is not allowed");
        refused(move || Tensor::arange(1.0, 1.0, step), "a step of 0 is not allowed");
    }
    refused(|| Tensor::arange(0.0, 1.0, -1.0), "from 0 leads away from 1");
    refused(|| Tensor::arange(1.0, 0.0, 1.0), "from 1 leads away from 0");
    refused(|| Tensor::arange(0.0, 1.0, f64::MIN_POSITIVE), "more values than a tensor can hold");
    refused(|| Tensor::arange(0.0, 1.0, 5e-324), "more values than a tensor can hold");
    refused(|| Tensor::arange(-f64::MAX, f64::MAX, f64::MAX), "more values than a tensor can hold");
    refused(|| Tensor::arange(0.0, 2e18, 1.0), "arange: the shape [2000000000000000000] is too large");
    refused(|| Tensor::arange(0.0, 1e17, 1.0), "out of memory: cannot allocate");
}

/// The examples of `torch.linspace` and `numpy.linspace`.
#[test]
fn equal_distances() {
    assert_eq!(Tensor::linspace(3.0, 10.0, 5), Tensor::from([3.0, 4.75, 6.5, 8.25, 10.0]));
    assert_eq!(Tensor::linspace(-10.0, 10.0, 5), Tensor::from([-10.0, -5.0, 0.0, 5.0, 10.0]));
    assert_eq!(Tensor::linspace(-10.0, 10.0, 1), Tensor::from([-10.0]));
    assert_eq!(Tensor::linspace(2.0, 3.0, 2), Tensor::from([2.0, 3.0]));
    assert_eq!(Tensor::<f32>::linspace(2.0, 3.0, 0).shape(), [0]);
    assert_eq!(Tensor::linspace(1.0, -1.0, 3), Tensor::from([1.0, 0.0, -1.0]));
    assert_eq!(Tensor::linspace(4.0, 4.0, 3), Tensor::from([4.0, 4.0, 4.0]));
}

#[test]
fn the_ends_are_exact() {
    for count in [2, 3, 10, 49, 1000] {
        let x = Tensor::linspace(0.1_f32, 0.7, count).to_vec();
        assert_eq!((x[0], x[count - 1]), (0.1, 0.7));
        assert!(x.is_sorted());
    }
    let far = Tensor::linspace(-f64::MAX, f64::MAX, 3);
    assert_eq!(far, Tensor::from([-f64::MAX, 0.0, f64::MAX]));
    let far = Tensor::linspace(-f64::MAX, f64::MAX, 1000).to_vec();
    assert!(far.is_sorted() && far.iter().all(|x| x.is_finite()));
}

#[test]
fn no_distances() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for (start, end) in [(nan, 0.0), (0.0, nan), (0.0, inf), (-inf, inf)] {
        for count in [0, 1, 3] {
            refused(move || Tensor::linspace(start, end, count), "must both be finite");
        }
    }
    refused(|| Tensor::linspace(0.0, 1.0, usize::MAX), "linspace: the shape [18446744073709551615] is too large");
    refused(|| Tensor::linspace(0.0, 1.0, 1 << 58), "out of memory: cannot allocate");
}

#[test]
fn the_identity() {
    let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]);
    assert_eq!(x.matmul(&Tensor::eye(3)), x);
    assert_eq!((Tensor::<f32>::eye(0).shape(), Tensor::<f32>::eye(1).to_vec()), (&[0, 0][..], vec![1.0]));
    assert_eq!(Tensor::<f64>::eye(50).sum().item(), 50.0);
    refused(|| Tensor::eye(usize::MAX), "eye: the shape");
    refused(|| Tensor::eye(1 << 28), "out of memory: cannot allocate");
}

#[test]
fn as_another_is() {
    let x = Tensor::param([[1.0_f32, f32::NAN]]);
    assert_eq!(x.zeros_like(), Tensor::zeros(&[1, 2]));
    assert_eq!(x.ones_like(), Tensor::ones(&[1, 2]));
    assert_eq!(x.full_like(3.0), Tensor::from([[3.0, 3.0]]));
    assert!(!x.zeros_like().requires_grad() && !x.square().ones_like().requires_grad());
}

/// The means of 100,000 values are within five standard deviations.
#[test]
fn moments() {
    let rng = || ChaCha8Rng::seed_from_u64(1);
    let uniform = Tensor::<f64>::rand(&[100, 1000], &mut rng());
    assert!((uniform.mean().item() - 0.5).abs() < 5.0 * (1.0 / 12e5_f64).sqrt());
    assert!((uniform.var().item() - 1.0 / 12.0).abs() < 5.0 * (1.0 / 180e5_f64).sqrt());
    assert!(uniform.view().iter().all(|x| (0.0..1.0).contains(x)));
    let normal = Tensor::<f64>::randn(&[100, 1000], &mut rng());
    assert!(normal.mean().item().abs() < 5.0 * 1e-5_f64.sqrt());
    assert!((normal.var().item() - 1.0).abs() < 5.0 * 2e-5_f64.sqrt());
}

#[test]
fn single_precision_is_the_same_stream() {
    let rng = || ChaCha8Rng::seed_from_u64(7);
    let (single, double) = (Tensor::<f32>::rand(&[1000], &mut rng()), Tensor::<f64>::rand(&[1000], &mut rng()));
    for (single, double) in std::iter::zip(single.to_vec(), double.to_vec()) {
        assert!((0.0..2_f64.powi(-24)).contains(&(double - f64::from(single))), "{single} {double}");
    }
    let (single, double) = (Tensor::<f32>::randn(&[1000], &mut rng()), Tensor::<f64>::randn(&[1000], &mut rng()));
    assert!(std::iter::zip(single.to_vec(), double.to_vec()).all(|(single, double)| single == double as f32));
}

/// A generator that always returns the largest integer.
#[test]
fn never_one() {
    struct Largest;
    impl rand::TryRng for Largest {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(u32::MAX)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(u64::MAX)
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(u8::MAX);
            Ok(())
        }
    }
    assert_eq!(Tensor::<f32>::rand(&[2], &mut Largest).to_vec(), [1.0 - f32::EPSILON / 2.0; 2]);
    assert_eq!(Tensor::<f64>::rand(&[2], &mut Largest).to_vec(), [1.0 - f64::EPSILON / 2.0; 2]);
    refused(|| Tensor::rand(&[usize::MAX, 2], &mut Largest), "rand: the shape");
    refused(|| Tensor::randn(&[1; 65], &mut Largest), "randn: a tensor has at most 64 axes");
}
