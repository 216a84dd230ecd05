//! The default random number generator.

use std::convert::Infallible;

use rand::rand_core::TryRng;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A random number generator for training: ChaCha with 8 rounds, whose stream is fixed. Created by [`rng`].
///
/// A separate type so that it is compiled here, optimized, and not in every program at that program's optimization
/// level.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Seeding and stream are those of `rand_chacha`, and must stay so.
    #[test]
    fn the_stream_is_chachas() {
        let (mut ours, mut theirs) = (rng(7), ChaCha8Rng::seed_from_u64(7));
        for _ in 0..100 {
            assert_eq!(ours.next_u32(), theirs.next_u32());
            assert_eq!(ours.next_u64(), theirs.next_u64());
            let mut bytes = [[0; 7]; 2];
            ours.fill_bytes(&mut bytes[0]);
            theirs.fill_bytes(&mut bytes[1]);
            assert_eq!(bytes[0], bytes[1]);
        }
    }
}
