//! The numbers that every program of the comparison starts from: splitmix64 (Steele, Lea and Flood, "Fast splittable
//! pseudorandom number generators", 2014), which is five lines in any language.

pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// `count` numbers from `U(-k, k)` with `k = 1/√fan_in`, in `f64` and rounded once.
    pub(crate) fn uniform(&mut self, count: usize, fan_in: usize) -> Vec<f32> {
        let k = 1.0 / (fan_in as f64).sqrt();
        let unit = |bits: u64| (bits >> 11) as f64 / (1_u64 << 53) as f64;
        (0..count).map(|_| ((2.0 * unit(self.next()) - 1.0) * k) as f32).collect()
    }

    /// The order of the samples in an epoch: Fisher and Yates from the back, `next() % (i + 1)`.
    pub(crate) fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            order.swap(i, (self.next() % (i as u64 + 1)) as usize);
        }
        order
    }
}
