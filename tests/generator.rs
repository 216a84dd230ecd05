//! The numbers of `downhill::rng` are those of another implementation of ChaCha, and must stay so: seeds in notes and
//! papers would otherwise give other weights.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[test]
fn the_stream_is_chachas() {
    for seed in [0, 7, u64::MAX] {
        let (mut ours, mut theirs) = (downhill::rng(seed), ChaCha8Rng::seed_from_u64(seed));
        for _ in 0..500 {
            assert_eq!(ours.next_u32(), theirs.next_u32());
            assert_eq!(ours.next_u64(), theirs.next_u64());
            let mut bytes = [[0; 7]; 2];
            ours.fill_bytes(&mut bytes[0]);
            theirs.fill_bytes(&mut bytes[1]);
            assert_eq!(bytes[0], bytes[1]);
        }
    }
}
