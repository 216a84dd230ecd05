//! Storage of elements: a few are stored inline in the tensor, more in a block that clones share and whose memory is reused.
//!
//! In small networks, allocating costs more than computing; in large ones, the page faults of fresh memory cost as much as
//! a pass over it. So up to [`SMALL`] elements need no block, and the memory of a large block that has been dropped is
//! kept for the next result of about its size; the system's allocator would return it to the system and fault it in
//! again. Blocks are aligned to cache lines: a vector that straddles two lines costs as much as two.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::mem::{MaybeUninit, size_of, take};
use std::sync::Arc;
use std::thread::LocalKey;

use crate::shape::checked_size;
use crate::{Float, operation};

/// Up to this many elements are stored inline, and copied rather than shared.
const SMALL: usize = 16;

/// Blocks of this many bytes are kept for reuse. For smaller ones the system's allocator is as good; larger ones are data
/// sets rather than intermediate results.
const KEPT_BYTES: std::ops::Range<usize> = 1 << 14..1 << 24;
/// Each thread keeps at most this many blocks per element type.
const KEPT_BLOCKS: usize = 32;

/// Whether memory that is handed out to be written is first filled with NaN: in this crate's tests, and in those of others
/// by the feature `spoil`. A forgotten element then fails a test; otherwise it is often what an earlier result left there.
const SPOILED: bool = cfg!(any(test, feature = "spoil"));

/// Contiguous elements.
#[derive(Clone)]
pub(crate) enum Memory<F: Float> {
    /// The tensor's elements, padded with zeros.
    Small([F; SMALL]),
    Shared(Arc<Block<F>>),
}

/// Elements that several tensors may share. When the last reference is dropped, the memory is kept for reuse.
pub(crate) struct Block<F: Float> {
    /// The elements begin at `start`; before them is padding up to the next cache line.
    elements: Vec<F>,
    start: usize,
}

/// The size of a cache line in bytes, which is also that of the longest vector register.
const LINE: usize = 64;

/// Vectors whose memory can be reused; they still have their elements.
#[allow(unreachable_pub)] // As `Kernels`.
pub type FreeList<F> = LocalKey<RefCell<Vec<Vec<F>>>>;

impl<F: Float> Memory<F> {
    /// `len` elements, which `fill` initializes; `shape` is for the panic message.
    ///
    /// # Panics
    /// If the allocation fails.
    ///
    /// # Safety
    /// `fill` must initialize the whole slice.
    #[inline(always)]
    #[track_caller]
    pub(crate) unsafe fn written_by(len: usize, shape: &[usize], fill: impl FnOnce(&mut [MaybeUninit<F>])) -> Self {
        let mut room = Room::new(len, shape);
        fill(room.slots());
        // SAFETY: `fill` has initialized all slots, by the caller's promise.
        unsafe { room.filled() }
    }

    /// The elements of a tensor of this shape, which `fill` appends to the vector.
    ///
    /// # Panics
    /// If `fill` appends more or fewer elements, the shape is not valid, or the allocation fails.
    #[track_caller]
    pub(crate) fn appended_by(shape: &[usize], fill: impl FnOnce(&mut Vec<F>)) -> Self {
        let len = checked_size::<F>(operation::name(), shape);
        let mut elements = aligned(len, shape);
        let start = elements.len();
        fill(&mut elements);
        assert!(
            elements.len() == start + len,
            "a tensor of shape {shape:?} needs {len} elements, but {} were appended",
            elements.len() - start
        );
        if len <= SMALL {
            elements[start..].to_vec().into()
        } else {
            Memory::Shared(Arc::new(Block { elements, start }))
        }
    }

    /// The elements of a tensor of this shape, all equal to `value`.
    #[track_caller]
    pub(crate) fn full(shape: &[usize], value: F) -> Self {
        Memory::filled(checked_size::<F>(operation::name(), shape), shape, value)
    }

    /// `len` elements equal to `value`; `shape` is for the panic message.
    #[inline]
    #[track_caller]
    pub(crate) fn filled(len: usize, shape: &[usize], value: F) -> Self {
        // SAFETY: every element is written.
        unsafe { Memory::written_by(len, shape, |elements| elements.iter_mut().for_each(|x| _ = x.write(value))) }
    }

    /// `len` elements with any values, such as those of a block that has been dropped, or NaN where tests should notice
    /// that they were not written; `shape` is for the panic message.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub(crate) fn unset(len: usize, shape: &[usize]) -> Self {
        let mut memory = Memory::left_over(len, shape);
        if SPOILED {
            memory.get_mut().expect("not shared yet")[..len].fill(F::nan());
        }
        memory
    }

    /// `len` elements with the values that the memory happens to have.
    #[track_caller]
    fn left_over(len: usize, shape: &[usize]) -> Self {
        if len <= SMALL {
            return Memory::Small([F::zero(); SMALL]);
        }
        let mut elements = recycled(len + LINE / size_of::<F>(), shape);
        let start = padding(&elements);
        // In a block that is used again, nothing is written.
        elements.resize(start + len, F::zero());
        Memory::Shared(Arc::new(Block { elements, start }))
    }

    /// Whether no vector of these elements straddles a cache line: the first is aligned to one, or there are so few
    /// elements that it does not matter.
    pub(crate) fn is_aligned(elements: &[F]) -> bool {
        elements.len() <= SMALL || elements.as_ptr().addr().is_multiple_of(LINE)
    }

    /// All elements; for a small tensor, the padding too.
    #[inline(always)]
    pub(crate) fn as_slice(&self) -> &[F] {
        match self {
            Memory::Small(elements) => elements,
            Memory::Shared(block) => &block.elements[block.start..],
        }
    }

    /// The elements, mutably; `None` if they are shared.
    pub(crate) fn get_mut(&mut self) -> Option<&mut [F]> {
        match self {
            Memory::Small(elements) => Some(elements),
            Memory::Shared(block) => Arc::get_mut(block).map(|block| &mut block.elements[block.start..]),
        }
    }

    /// The first `len` elements as a vector; without a copy if there are no others and they are not shared.
    pub(crate) fn into_vec(self, len: usize) -> Vec<F> {
        match self {
            // A block with padding in front is copied, and its memory goes back to the free list.
            Memory::Shared(mut block) if block.start == 0 && block.elements.len() == len => {
                match Arc::get_mut(&mut block) {
                    Some(block) => take(&mut block.elements),
                    None => block.elements.clone(),
                }
            }
            memory => memory.as_slice()[..len].to_vec(),
        }
    }
}

/// Room for elements that are still to be written. What large results need is not inlined: every operation has its own
/// loop, and what surrounds the loop would be compiled with each of them.
pub(crate) struct Room<F: Float> {
    small: [MaybeUninit<F>; SMALL],
    /// Empty for up to [`SMALL`] elements.
    large: Vec<F>,
    len: usize,
}

impl<F: Float> Room<F> {
    /// Room for `len` elements; `shape` is for the panic message.
    ///
    /// # Panics
    /// If the allocation fails.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn new(len: usize, shape: &[usize]) -> Self {
        let large = if len <= SMALL { Vec::new() } else { aligned(len, shape) };
        Room { small: [MaybeUninit::new(F::zero()); SMALL], large, len }
    }

    /// One slot for each element, to be written once.
    #[inline(always)]
    pub(crate) fn slots(&mut self) -> &mut [MaybeUninit<F>] {
        let all = if self.len <= SMALL { &mut self.small[..] } else { self.large.spare_capacity_mut() };
        let slots = &mut all[..self.len];
        if SPOILED {
            slots.fill(MaybeUninit::new(F::nan()));
        }
        slots
    }

    /// The elements.
    ///
    /// # Safety
    /// All slots must have been written.
    #[inline(always)]
    pub(crate) unsafe fn filled(self) -> Memory<F> {
        if self.len <= SMALL {
            // SAFETY: the slots are initialized, by the caller's promise, and those beyond them are zeros.
            Memory::Small(unsafe { self.small.as_ptr().cast::<[F; SMALL]>().read() })
        } else {
            // SAFETY: the elements after the padding are the slots, which are initialized, by the caller's promise.
            unsafe { Room::filled_large(self.large, self.len) }
        }
    }

    /// [`filled`](Self::filled) for more than [`SMALL`] elements.
    ///
    /// # Safety
    /// The `len` elements after those of the vector must have been written.
    #[inline(never)]
    unsafe fn filled_large(mut elements: Vec<F>, len: usize) -> Memory<F> {
        let start = elements.len();
        // SAFETY: they are initialized, by the caller's promise.
        unsafe { elements.set_len(start + len) };
        Memory::Shared(Arc::new(Block { elements, start }))
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
            None => Memory::Shared(Arc::new(Block { elements, start: 0 })),
        }
    }
}

/// A vector with capacity for the `len` elements of a tensor of this shape, filled with zeros up to the next cache
/// line, so that the first element appended is aligned.
#[inline(never)]
#[track_caller]
pub fn aligned<F: Float>(len: usize, shape: &[usize]) -> Vec<F> {
    let mut elements: Vec<F> = recycled(len + LINE / size_of::<F>(), shape);
    elements.clear();
    elements.resize(padding(&elements), F::zero());
    elements
}

/// How many elements from the start of the vector's memory to the next cache line.
fn padding<F: Float>(elements: &[F]) -> usize {
    elements.as_ptr().addr().wrapping_neg() % LINE / size_of::<F>()
}

/// A vector with capacity for `len` elements, from the free list if possible, where it has any number of elements with
/// any values; `shape` is for the panic message.
#[track_caller]
fn recycled<F: Float>(len: usize, shape: &[usize]) -> Vec<F> {
    if KEPT_BYTES.contains(&len.saturating_mul(size_of::<F>())) {
        let fits = |kept: &Vec<F>| (len..=2 * len).contains(&kept.capacity());
        let reused = F::free_list().with_borrow_mut(|list| {
            // The most recent block first: it is the most likely to be in the cache.
            let at = list.iter().rposition(fits)?;
            Some(list.remove(at))
        });
        if let Some(reused) = reused {
            return reused;
        }
    }
    allocated(len, shape)
}

/// An empty vector with capacity for `len` elements.
///
/// # Panics
/// If the allocation fails, where `Vec::with_capacity` would abort the process.
#[track_caller]
fn allocated<T>(len: usize, shape: &[usize]) -> Vec<T> {
    let mut elements = Vec::new();
    match elements.try_reserve_exact(len) {
        Ok(()) => elements,
        Err(_) => refuse::<T>(shape),
    }
}

#[cold]
#[track_caller]
fn refuse<T>(shape: &[usize]) -> ! {
    let operation = operation::name();
    let bytes = checked_size::<T>(operation, shape) * size_of::<T>();
    panic!("{operation}: out of memory: cannot allocate {bytes} bytes for a result of shape {shape:?}");
}

/// An empty vector with capacity for the elements of a result of this shape.
///
/// # Panics
/// If the shape is not valid, or the allocation fails.
#[track_caller]
pub fn room<T>(shape: &[usize]) -> Vec<T> {
    allocated(checked_size::<T>(operation::name(), shape), shape)
}

/// [`ask`] tests allocations of at least this many bytes.
const ASKED_BYTES: usize = 1 << 20;

/// Before `ndarray` allocates a result of this shape, which would abort the process if it failed: allocates that much
/// memory and frees it again.
///
/// # Panics
/// Like [`room`].
#[track_caller]
pub fn ask<T>(shape: &[usize]) {
    let size = checked_size::<T>(operation::name(), shape);
    if size >= ASKED_BYTES / size_of::<T>() {
        drop(allocated::<T>(size, shape));
    }
}

impl<F: Float> Drop for Block<F> {
    fn drop(&mut self) {
        let elements = take(&mut self.elements);
        if !KEPT_BYTES.contains(&(elements.capacity() * size_of::<F>())) {
            return;
        }
        // The list may be gone while the thread exits; then the memory is simply freed.
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
mod tests;
