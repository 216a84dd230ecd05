//! A global allocator that counts, for tests: the only way to see every allocation.
//!
//! It is in this crate because a global allocator needs `unsafe`, and because five test programs share it.

// An allocator is `unsafe` by contract.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting the bytes of each thread separately, so that tests running side by side do not disturb each
/// other. While a block grows, the old and the new one both count, as if it always moved.
///
/// ```
/// use downhill_kernels::counting::CountingAllocator;
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = CountingAllocator;
///
/// let (sum, bytes) = CountingAllocator::peak(|| vec![1_u64; 1000].iter().sum::<u64>());
/// assert_eq!((sum, bytes), (1000, 8000));
/// ```
pub struct CountingAllocator;

impl CountingAllocator {
    /// The bytes that this thread has allocated minus those it has freed.
    ///
    /// # Panics
    /// Like all methods, if this is not the program's global allocator: nothing would be counted, and every bound would
    /// hold.
    pub fn live() -> isize {
        assert_installed();
        LIVE.get()
    }

    /// The result of `work`, and the most bytes that this thread held during it beyond what it held before.
    pub fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
        assert_installed();
        let before = LIVE.get();
        PEAK.set(before);
        let result = work();
        (result, (PEAK.get() - before) as usize)
    }

    /// The result of `work`, and the bytes of the largest block that this thread requested during it.
    pub fn largest<T>(work: impl FnOnce() -> T) -> (T, usize) {
        assert_installed();
        LARGEST.set(0);
        let result = work();
        (result, LARGEST.get())
    }
}

fn assert_installed() {
    let before = LIVE.get();
    let block = black_box(Box::new(0_u64));
    let counted = LIVE.get() - before;
    drop(block);
    assert!(counted == 8, "CountingAllocator is not this program's #[global_allocator], or does not count");
}

fn allocated(bytes: usize) {
    LIVE.set(LIVE.get() + bytes as isize);
    PEAK.set(PEAK.get().max(LIVE.get()));
    LARGEST.set(LARGEST.get().max(bytes));
}

fn freed(bytes: usize) {
    LIVE.set(LIVE.get() - bytes as isize);
}

// SAFETY: every request goes to the system's allocator unchanged. Counting neither allocates nor panics: the counters are
// thread-local constants without a destructor, and no block is larger than `isize::MAX`.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        // SAFETY: the caller keeps the contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        // SAFETY: the caller keeps the contract, which is `System`'s.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        allocated(size);
        freed(layout.size());
        // SAFETY: the caller keeps the contract, which is `System`'s.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        freed(layout.size());
        // SAFETY: the caller keeps the contract, which is `System`'s.
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These tests run with the system's allocator.
    #[test]
    #[should_panic(expected = "CountingAllocator is not this program's #[global_allocator]")]
    fn not_installed() {
        CountingAllocator::live();
    }
}
