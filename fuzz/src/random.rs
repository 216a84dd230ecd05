//! Random choices that depend only on a seed, so that a program can be reproduced.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// A number in `0..end`; `end` must not be 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((self.next() as u128 * end as u128) >> 64) as usize
    }

    /// True with probability `1/cases`.
    pub(crate) fn once_in(&mut self, cases: usize) -> bool {
        self.below(cases) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// A list of `count` items.
    pub(crate) fn list<T>(&mut self, count: usize, mut thing: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..count).map(|_| thing(self)).collect()
    }

    /// A list of fewer than `end` items.
    pub(crate) fn some<T>(&mut self, end: usize, thing: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(end);
        self.list(count, thing)
    }

    /// An element: usually small, sometimes zero, huge, tiny, infinite or NaN.
    pub(crate) fn element(&mut self) -> f64 {
        match self.below(16) {
            0 => self.pick(&[0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, 1e-310, -1e38, 1e-45]),
            _ => self.below(2001) as f64 / 250.0 - 4.0,
        }
    }
}
