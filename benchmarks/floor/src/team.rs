//! One or two threads that run the same step, each on its share, and meet at barriers where they spin.

use std::hint::spin_loop;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::*};

pub(crate) struct Team {
    pub(crate) threads: usize,
    arrived: AtomicUsize,
    round: AtomicUsize,
}

impl Team {
    pub(crate) fn new(threads: usize) -> Self {
        Team { threads, arrived: AtomicUsize::new(0), round: AtomicUsize::new(0) }
    }

    /// Waits until all threads of the team have come here.
    #[inline]
    pub(crate) fn wait(&self) {
        if self.threads == 1 {
            return;
        }
        let round = self.round.load(Acquire);
        if self.arrived.fetch_add(1, AcqRel) + 1 == self.threads {
            self.arrived.store(0, Relaxed);
            self.round.store(round + 1, Release);
            return;
        }
        let mut turns = 0_u32;
        while self.round.load(Acquire) == round {
            spin_loop();
            turns += 1;
            // The other one has lost its core to somebody else.
            if turns > 20_000 {
                std::thread::yield_now();
            }
        }
    }

    /// The share of thread `t` in `0..count`, in whole blocks of `block`.
    pub(crate) fn share(&self, t: usize, count: usize, block: usize) -> Range<usize> {
        let blocks = count.div_ceil(block);
        let at = |t: usize| (blocks * t / self.threads * block).min(count);
        at(t)..at(t + 1)
    }
}
