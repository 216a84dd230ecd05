//! Where elements lie: a few in the tensor itself, more in a block that clones share and whose memory is used again.
//!
//! On small networks allocating costs more than computing, and on large ones the page faults of fresh memory cost as
//! much as a pass over it. So up to [`SMALL`] elements need no block, and the memory of a large block that is no longer
//! needed is kept for the next result of about its size; the system's allocator would give it back and fault it in
//! again.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::mem::{MaybeUninit, size_of, take};
use std::sync::Arc;
use std::thread::LocalKey;

use crate::Float;

/// Up to this many elements are copied rather than shared.
const SMALL: usize = 16;

/// Blocks of so many bytes are kept. For smaller ones the system's allocator is as good, and larger ones are data sets
/// rather than intermediate results.
const KEPT_BYTES: std::ops::Range<usize> = 1 << 14..1 << 24;
/// Each thread keeps at most so many blocks of each element type.
const KEPT_BLOCKS: usize = 32;

/// Elements in a row.
#[derive(Clone)]
pub(crate) enum Memory<F: Float> {
    /// As many as the tensor has, and then zeros.
    Small([F; SMALL]),
    Shared(Arc<Block<F>>),
}

/// Elements that several tensors may share. When it is dropped its memory is kept for later.
pub(crate) struct Block<F: Float>(Vec<F>);

/// Empty vectors whose capacity waits to be used.
#[allow(unreachable_pub)] // As `Kernels`.
pub type FreeList<F> = LocalKey<RefCell<Vec<Vec<F>>>>;

impl<F: Float> Memory<F> {
    /// `len` elements, every one of which `fill` writes.
    ///
    /// # Safety
    /// `fill` must initialise the whole slice.
    #[inline(always)]
    pub(crate) unsafe fn written_by(len: usize, fill: impl FnOnce(&mut [MaybeUninit<F>])) -> Self {
        let mut small = [MaybeUninit::new(F::zero()); SMALL];
        let mut large = if len > SMALL { with_capacity(len) } else { Vec::new() };
        let is_small = len <= SMALL;
        fill(if is_small { &mut small[..len] } else { &mut large.spare_capacity_mut()[..len] });
        if is_small {
            // SAFETY: every element was zero before, and `fill` can only have replaced it by another.
            return Memory::Small(small.map(|x| unsafe { x.assume_init() }));
        }
        // SAFETY: `fill` has initialised the first `len` elements of the capacity, by the caller's promise.
        unsafe { large.set_len(len) };
        Memory::Shared(Arc::new(Block(large)))
    }

    /// `len` times `value`.
    pub(crate) fn full(len: usize, value: F) -> Self {
        // SAFETY: every element is written.
        unsafe { Memory::written_by(len, |elements| elements.iter_mut().for_each(|x| _ = x.write(value))) }
    }

    /// All elements; of a small tensor also what follows them.
    #[inline(always)]
    pub(crate) fn as_slice(&self) -> &[F] {
        match self {
            Memory::Small(elements) => elements,
            Memory::Shared(block) => &block.0,
        }
    }

    /// The elements to be changed, unless others share them.
    pub(crate) fn get_mut(&mut self) -> Option<&mut [F]> {
        match self {
            Memory::Small(elements) => Some(elements),
            Memory::Shared(block) => Arc::get_mut(block).map(|block| block.0.as_mut_slice()),
        }
    }

    /// The first `len` elements as a vector; without a copy if there are no others and nobody shares them.
    pub(crate) fn into_vec(self, len: usize) -> Vec<F> {
        match self {
            Memory::Shared(mut block) if block.0.len() == len => match Arc::get_mut(&mut block) {
                Some(block) => take(&mut block.0),
                None => block.0.clone(),
            },
            memory => memory.as_slice()[..len].to_vec(),
        }
    }
}

impl<F: Float> From<Vec<F>> for Memory<F> {
    fn from(elements: Vec<F>) -> Self {
        let mut small = [F::zero(); SMALL];
        match small.get_mut(..elements.len()) {
            Some(places) => {
                places.copy_from_slice(&elements);
                Memory::Small(small)
            }
            None => Memory::Shared(Arc::new(Block(elements))),
        }
    }
}

/// An empty vector with room for `len` elements, if possible one that was used before.
fn with_capacity<F: Float>(len: usize) -> Vec<F> {
    if KEPT_BYTES.contains(&(len * size_of::<F>())) {
        let fits = |kept: &Vec<F>| (len..=2 * len).contains(&kept.capacity());
        let reused = F::free_list().with_borrow_mut(|list| {
            // The latest first: it is the most likely to be in the cache.
            let at = list.iter().rposition(fits)?;
            Some(list.remove(at))
        });
        if let Some(reused) = reused {
            return reused;
        }
    }
    Vec::with_capacity(len)
}

impl<F: Float> Drop for Block<F> {
    fn drop(&mut self) {
        let mut elements = take(&mut self.0);
        if !KEPT_BYTES.contains(&(elements.capacity() * size_of::<F>())) {
            return;
        }
        elements.clear();
        // While a thread ends its list may be gone; then the memory just goes too.
        _ = F::free_list().try_with(|list| {
            let mut list = list.borrow_mut();
            if list.len() == KEPT_BLOCKS {
                list.remove(0);
            }
            list.push(elements);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Kernels;

    #[test]
    fn a_large_block_is_used_again() {
        let len = 10_000;
        let first = Memory::full(len, 1.0_f64);
        let address = first.as_slice().as_ptr();
        let clone = first.clone();
        drop(first);
        assert_ne!(Memory::full(len, 2.0_f64).as_slice().as_ptr(), address, "a clone still needs it");
        drop(clone);
        let next = Memory::full(len - 1, 3.0_f64);
        assert_eq!(next.as_slice().as_ptr(), address);
        assert_eq!(next.as_slice(), vec![3.0; len - 1]);
    }

    #[test]
    fn kept_memory_is_bounded() {
        let many: Vec<Memory<f32>> = (0..3 * KEPT_BLOCKS).map(|i| Memory::full(5000 + i, 0.0)).collect();
        drop(many);
        drop(Memory::full(KEPT_BYTES.end, 0.0_f32));
        let kept = f32::free_list().with_borrow(|list| list.iter().map(Vec::capacity).collect::<Vec<_>>());
        assert_eq!(kept.len(), KEPT_BLOCKS);
        assert!(kept.iter().all(|&capacity| capacity * 4 < KEPT_BYTES.end));
    }

    #[test]
    fn small_and_large_give_their_elements_back() {
        for len in [0, 1, SMALL, SMALL + 1, 5000] {
            let elements: Vec<f64> = (0..len).map(|i| i as f64).collect();
            let memory = Memory::from(elements.clone());
            assert_eq!(memory.as_slice()[..len], elements);
            assert_eq!(memory.clone().into_vec(len), elements);
            assert_eq!(memory.into_vec(len), elements);
        }
    }
}
