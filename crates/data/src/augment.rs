//! Images shifted and rotated at random, so that a network does not rely on their exact position.
//!
//! ```text
//! new[p] = old[c + R⁻¹·(p - c - s)]      p = (row, column), c the center of the image, s the shift, R the rotation
//! ```
//!
//! Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to visual document
//! analysis", ICDAR 2003.

use downhill_tensor::{Float, Tensor, compiled};
use rand::{Rng, RngExt};

/// Shifts and rotates every image by random amounts, uniformly distributed up to a maximum in both directions.
///
/// The image is rotated about its center, and then shifted. A new pixel is interpolated linearly between the four old
/// ones around the place where it comes from; outside the frame the old image is 0.
///
/// ```
/// use downhill_data::{Augment, ImageSet};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let set = ImageSet::new((0..150).collect(), (5, 5), vec![0, 1, 2, 3, 4, 5]).unflattened();
/// let augment = Augment { shift: 1.0, rotation: 15.0 };
/// for (images, _) in set.batches(2).shuffled(&mut rng) {
///     let moved = augment.apply(&images, &mut rng); // other images in every epoch
///     assert_eq!(moved.shape(), [2, 1, 5, 5]);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augment {
    /// The largest shift along each axis, in pixels.
    pub shift: f64,
    /// The largest rotation, in degrees.
    pub rotation: f64,
}

impl Default for Augment {
    /// Two pixels and ten degrees, for handwritten digits of 28 × 28 pixels.
    fn default() -> Self {
        Augment { shift: 2.0, rotation: 10.0 }
    }
}

impl Augment {
    /// New images from `[N, .., height, width]`: a motion is drawn for each of the `N` samples, and all its channels make
    /// it together. With a shift and a rotation of 0 the images are the old ones.
    ///
    /// # Panics
    /// If there are fewer than three axes, if `shift` or `rotation` is negative or not finite, or if the allocation
    /// fails.
    #[track_caller]
    pub fn apply<F: Float>(&self, images: &Tensor<F>, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
        let Augment { shift, rotation } = *self;
        for (name, most) in [("shift", shift), ("rotation", rotation)] {
            assert!(most >= 0.0 && most.is_finite(), "Augment: {name} must be finite and at least 0, got {most}");
        }
        let &[samples, .., _, _] = images.shape() else {
            panic!("Augment of {:?}: expected images [N, .., height, width]", images.shape())
        };
        let mut draw = |most: f64| if most > 0.0 { most * rng.random_range(-1.0..=1.0) } else { 0.0 };
        let motions: Vec<Motion> =
            (0..samples).map(|_| Motion { down: draw(shift), right: draw(shift), degrees: draw(rotation) }).collect();
        moved(images, &motions)
    }
}

/// How an image moves: it is rotated clockwise, then shifted by a number of pixels.
#[derive(Clone, Copy, Debug, Default)]
struct Motion {
    down: f64,
    right: f64,
    degrees: f64,
}

/// Every sample of `[N, .., height, width]`, moved by the motion of the same number.
#[track_caller]
#[inline(never)]
fn moved<F: Float>(images: &Tensor<F>, motions: &[Motion]) -> Tensor<F> {
    let &[.., height, width] = images.shape() else { unreachable!("at least two axes") };
    let old = images.view();
    let old = old.as_standard_layout();
    let old = old.as_slice().expect("standard layout");
    Tensor::appended(images.shape(), |new| {
        if old.is_empty() {
            return;
        }
        for (sample, motion) in old.chunks(old.len() / motions.len()).zip(motions) {
            for plane in sample.chunks(height * width) {
                motion.paint(plane, [height, width], new);
            }
        }
    })
}

impl Motion {
    /// Appends the moved image to `new`.
    fn paint<F: Float>(self, old: &[F], [height, width]: [usize; 2], new: &mut Vec<F>) {
        let (sin, cos) = sin_cos(self.degrees);
        let center = [(height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0];
        // Where its weight is 0, a pixel must not count: it may be infinite.
        let pixel = |weight: f64, row: f64, column: f64| {
            let inside = row >= 0.0 && column >= 0.0 && row < height as f64 && column < width as f64;
            if inside && weight > 0.0 { weight * old[row as usize * width + column as usize].as_f64() } else { 0.0 }
        };
        for row in 0..height {
            for column in 0..width {
                let (y, x) = (row as f64 - center[0] - self.down, column as f64 - center[1] - self.right);
                let (y, x) = (center[0] + cos * y - sin * x, center[1] + sin * y + cos * x);
                let (top, left) = (y.floor(), x.floor());
                let (below, beside) = (y - top, x - left);
                let upper =
                    pixel((1.0 - below) * (1.0 - beside), top, left) + pixel((1.0 - below) * beside, top, left + 1.0);
                let lower =
                    pixel(below * (1.0 - beside), top + 1.0, left) + pixel(below * beside, top + 1.0, left + 1.0);
                new.push(F::from_f64(upper + lower));
            }
        }
    }
}

/// Sine and cosine, exact for multiples of 90°.
fn sin_cos(degrees: f64) -> (f64, f64) {
    let quarters = (degrees / 90.0).round();
    let (sin, cos) = (degrees - 90.0 * quarters).to_radians().sin_cos();
    match quarters.rem_euclid(4.0) as u8 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

compiled!(fn(&Tensor<F>, &[Motion]) -> Tensor<F> = moved::<F>);

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    fn nine() -> Tensor<f64> {
        Tensor::from([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]])
    }

    fn shifted(image: &Tensor<f64>, down: f64, right: f64) -> Vec<f64> {
        moved(image, &[Motion { down, right, degrees: 0.0 }]).to_vec()
    }

    fn turned(image: &Tensor<f64>, degrees: f64) -> Vec<f64> {
        moved(image, &[Motion { degrees, ..Motion::default() }]).to_vec()
    }

    #[test]
    fn shifts_by_hand() {
        assert_eq!(shifted(&nine(), 0.0, 0.0), nine().to_vec());
        assert_eq!(shifted(&nine(), 1.0, 0.0), [0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(shifted(&nine(), 0.0, -2.0), [3.0, 0.0, 0.0, 6.0, 0.0, 0.0, 9.0, 0.0, 0.0]);
        assert_eq!(shifted(&nine(), 0.0, 0.5), [0.5, 1.5, 2.5, 2.0, 4.5, 5.5, 3.5, 7.5, 8.5]);
        assert_eq!(shifted(&nine(), -0.25, 0.0), [1.75, 2.75, 3.75, 4.75, 5.75, 6.75, 5.25, 6.0, 6.75]);
        assert_eq!(shifted(&nine(), 0.0, 3.0), [0.0; 9]);
    }

    /// Clockwise, and exact where every pixel comes from a pixel.
    #[test]
    fn quarter_turns_by_hand() {
        assert_eq!(turned(&nine(), 90.0), [7.0, 4.0, 1.0, 8.0, 5.0, 2.0, 9.0, 6.0, 3.0]);
        assert_eq!(turned(&nine(), 180.0), [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
        assert_eq!(turned(&nine(), -90.0), [3.0, 6.0, 9.0, 2.0, 5.0, 8.0, 1.0, 4.0, 7.0]);
        assert_eq!(turned(&nine(), 360.0), nine().to_vec());
        // The center of four pixels is between them.
        let four = Tensor::from([[[1.0, 2.0], [3.0, 4.0]]]);
        assert_eq!(turned(&four, 90.0), [3.0, 1.0, 4.0, 2.0]);
        // The ends of a line of three leave the frame, which is one pixel high.
        assert_eq!(turned(&Tensor::from([[[1.0, 2.0, 3.0]]]), 90.0), [0.0, 2.0, 0.0]);
    }

    /// A linear image stays linear under a rotation: at the place (y, x) from the center it is what it was at
    /// (cos·y - sin·x, sin·y + cos·x). The frame is large enough for the middle.
    #[test]
    fn an_eighth_of_a_turn_of_a_linear_image() {
        let linear = |y: f64, x: f64| 10.0 + 3.0 * y - 2.0 * x;
        let places: Vec<(f64, f64)> = (0..49).map(|i| (f64::from(i / 7) - 3.0, f64::from(i % 7) - 3.0)).collect();
        let old: Vec<f64> = places.iter().map(|&(y, x)| linear(y, x)).collect();
        let new = turned(&Tensor::from(old).reshape(&[1, 7, 7]), 45.0);
        let slope = 0.5_f64.sqrt();
        for (&(y, x), new) in places.iter().zip(new) {
            if y.abs() <= 2.0 && x.abs() <= 2.0 {
                let expected = linear(slope * (y - x), slope * (y + x));
                assert!((new - expected).abs() < 1e-13, "({y}, {x}): {new}, not {expected}");
            }
        }
    }

    /// First the rotation, then the shift, so that the shift is along the axes of the frame.
    #[test]
    fn a_turn_and_a_shift() {
        let motion = Motion { down: 1.0, right: 0.0, degrees: 90.0 };
        assert_eq!(moved(&nine(), &[motion]).to_vec(), [0.0, 0.0, 0.0, 7.0, 4.0, 1.0, 8.0, 5.0, 2.0]);
    }

    /// An infinite pixel stays where it is, and does not make its neighbors NaN.
    #[test]
    fn an_infinity_reaches_only_where_it_has_weight() {
        let image = Tensor::from([[[1.0, f64::INFINITY], [2.0, 3.0]]]);
        assert_eq!(shifted(&image, 0.0, 0.0), image.to_vec());
        assert_eq!(shifted(&image, 0.0, 1.0), [0.0, 1.0, 0.0, 2.0]);
    }

    #[test]
    fn every_sample_moves_in_its_own_way_with_all_its_channels() {
        let images = nine().broadcast_to(&[4, 2, 3, 3]);
        let augment = Augment { shift: 1.0, rotation: 30.0 };
        let mut generator = rng(1);
        let (first, second) = (augment.apply(&images, &mut generator), augment.apply(&images, &mut generator));
        assert_eq!(first, augment.apply(&images, &mut rng(1)));
        assert_ne!(first, second, "another epoch");
        assert_ne!(first, augment.apply(&images, &mut rng(2)));
        assert_eq!(first.select(1, 0), first.select(1, 1));
        assert_ne!(first.select(0, 0), first.select(0, 1));
        let still = Augment { shift: 0.0, rotation: 0.0 };
        assert_eq!(still.apply(&images, &mut rng(1)), images);
    }

    /// A single light pixel in the middle shows how far images move: the shifts fill [-2, 2] along both axes.
    #[test]
    fn motions_reach_their_maximum_and_no_further() {
        let mut dot = vec![0.0_f64; 81];
        dot[40] = 1.0;
        let images = Tensor::from(dot).reshape(&[1, 9, 9]).broadcast_to(&[2000, 9, 9]);
        let moved = Augment { shift: 2.0, rotation: 0.0 }.apply(&images, &mut rng(1));
        for axis in [1, 2] {
            let places = Tensor::from([-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0]);
            let shifts = (moved.sum_axis(3 - axis) * places).sum_axis(1).to_vec();
            let [least, most] = [f64::min, f64::max].map(|pick| shifts.iter().copied().reduce(pick).unwrap());
            assert!((-2.0..-1.98).contains(&least) && (1.98..=2.0).contains(&most), "from {least} to {most}");
            // The standard deviation of the mean is 4/√12/√2000 = 0.026.
            assert!((shifts.iter().sum::<f64>() / 2000.0).abs() < 0.1);
        }
    }

    #[test]
    fn without_pixels() {
        for shape in [[0, 1, 2, 3], [2, 0, 2, 3], [2, 1, 0, 3], [2, 1, 2, 0]] {
            assert_eq!(Augment::default().apply(&Tensor::<f32>::zeros(&shape), &mut rng(1)).shape(), shape);
        }
    }

    #[test]
    #[should_panic(expected = "Augment of [4, 4]: expected images [N, .., height, width]")]
    fn a_matrix() {
        Augment::default().apply(&Tensor::<f32>::zeros(&[4, 4]), &mut rng(1));
    }

    #[test]
    #[should_panic(expected = "Augment: rotation must be finite and at least 0, got NaN")]
    fn no_angle() {
        let augment = Augment { rotation: f64::NAN, ..Augment::default() };
        augment.apply(&Tensor::<f32>::zeros(&[1, 4, 4]), &mut rng(1));
    }
}
