//! The default random number generator.

use std::convert::Infallible;

use chacha20::ChaCha8Rng;
use rand::rand_core::TryRng;
use rand::{Rng, SeedableRng};

/// A random number generator for training: ChaCha with 8 rounds, whose stream is fixed. Created by [`rng`].
///
/// A separate type so that it is compiled here, optimized, and not in every program at that program's optimization
/// level.
#[derive(Debug, PartialEq, Eq)]
pub struct Generator(ChaCha8Rng);

/// A seeded random number generator: the same seed gives the same numbers on every machine and in every version (ChaCha
/// with 8 rounds, whose stream is fixed). Not for cryptography.
///
/// ```
/// use downhill::Tensor;
/// let x = Tensor::<f32>::rand(&[2, 3], &mut downhill::rng(1));
/// assert_eq!(x, Tensor::rand(&[2, 3], &mut downhill::rng(1)));
/// assert!(x != Tensor::rand(&[2, 3], &mut downhill::rng(2)));
/// ```
#[doc(alias("seed", "manual_seed"))]
pub fn rng(seed: u64) -> Generator {
    Generator(ChaCha8Rng::seed_from_u64(seed))
}

impl Clone for Generator {
    fn clone(&self) -> Self {
        let mut copy = ChaCha8Rng::from_seed(self.0.get_seed());
        copy.set_stream(self.0.get_stream());
        copy.set_word_pos(self.0.get_word_pos());
        Generator(copy)
    }
}

impl TryRng for Generator {
    type Error = Infallible;

    #[inline(never)]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    #[inline(never)]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    #[inline(never)]
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The clone of a generator continues where it stands, also in the middle of a block and between two words.
    #[test]
    fn a_clone_continues() {
        let mut generator = rng(7);
        for drawn in 0..200 {
            let mut clone = generator.clone();
            assert_eq!(clone, generator);
            let [ours, theirs] =
                [&mut clone, &mut generator].map(|rng| (rng.next_u64(), rng.next_u32(), rng.next_u64()));
            assert_eq!(ours, theirs, "after {drawn} draws");
        }
    }
}
