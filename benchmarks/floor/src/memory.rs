//! Buffers of `f32`, allocated once, aligned, zeroed and on huge pages where the system gives them.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};

const HUGE_PAGE: usize = 2 << 20;
const LINE: usize = 64;

pub(crate) struct Buffer {
    start: *mut f32,
    len: usize,
    layout: Layout,
}

impl Buffer {
    /// `len` zeros.
    pub(crate) fn new(len: usize) -> Self {
        // Whole huge pages for what is large, lines of the cache for what is not.
        let bytes = (len * 4).max(LINE);
        let align = if bytes >= HUGE_PAGE / 4 { HUGE_PAGE } else { LINE };
        let layout = Layout::from_size_align(bytes.next_multiple_of(align), align).expect("a small buffer");
        // SAFETY: the layout is not empty; the advice covers exactly the allocation, whose pages are untouched so far.
        let start = unsafe {
            let start = alloc_zeroed(layout);
            if start.is_null() {
                handle_alloc_error(layout)
            }
            #[cfg(target_os = "linux")]
            if align == HUGE_PAGE {
                madvise(start, layout.size(), MADV_HUGEPAGE);
            }
            start.cast()
        };
        Buffer { start, len, layout }
    }

    pub(crate) fn ptr(&self) -> *mut f32 {
        self.start
    }
}

#[cfg(target_os = "linux")]
const MADV_HUGEPAGE: i32 = 14;
#[cfg(target_os = "linux")]
unsafe extern "C" {
    fn madvise(start: *mut u8, len: usize, advice: i32) -> i32;
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { dealloc(self.start.cast(), self.layout) }
    }
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        // SAFETY: `len` initialised numbers.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }
}

// SAFETY: plain memory; who writes where is the team's affair (see `team.rs`).
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}
