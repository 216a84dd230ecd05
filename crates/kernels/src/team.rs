//! Threads that share the work of a kernel.
//!
//! Starting a thread takes longer than most kernels, and waking one up about as long as a product of two small matrices.
//! So the threads are kept, and spin for a little while before they go to sleep. A kernel is cut at places that depend on
//! its size and on the number of threads, and computes every element in the same way wherever it is cut: the bits do not
//! depend on the number of threads.
//!
//! Nothing outlives a panic: whoever panics, everybody finishes, and the panic goes on in the caller's thread.
#![allow(unsafe_code)]

#[cfg(test)]
pub(crate) mod tests;
mod worker;

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, TryLockError};

use super::simd;
use worker::{Work, Worker};

/// More threads than this are never at work, whatever was asked for: beyond, the system may refuse them in ways that end
/// the program.
const MOST: usize = 256;

static THREADS: AtomicUsize = AtomicUsize::new(1);

/// The threads besides the caller's. Whoever finds them busy does the work alone.
static TEAM: Mutex<Team> = Mutex::new(Team { process: 0, workers: Vec::new() });

struct Team {
    /// The process that started the workers: a forked child has a copy of this list, and none of the threads.
    process: u32,
    workers: Vec<Worker>,
}

/// Sets how many threads the large kernels of the whole program share: products above 5 million operations, updates of
/// parameters above 64 thousand elements, batches of images above 16 thousand pixels. The results are the same for any
/// number, to the bit. One to begin with; at most 256 are at work. Where the system refuses a thread, as on WebAssembly,
/// the others do its part.
///
/// More threads than cores make everything slower, because threads that wait for one another take the cores away.
///
/// ```
/// downhill_kernels::set_threads(2);
/// assert_eq!(downhill_kernels::threads(), 2);
/// # downhill_kernels::set_threads(1);
/// ```
///
/// # Panics
/// If `count` is 0.
#[track_caller]
pub fn set_threads(count: usize) {
    assert!(count > 0, "set_threads: 0 threads compute nothing; 1 is the caller's own");
    THREADS.store(count, Ordering::Relaxed);
}

/// How many threads the large kernels share.
pub fn threads() -> usize {
    THREADS.load(Ordering::Relaxed)
}

/// Calls `work` with ranges that make up `0..count`, one for each thread, cut at multiples of `block`.
///
/// ```
/// use downhill_kernels::share;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// let sum = AtomicUsize::new(0);
/// share(1000, 16, |range| drop(sum.fetch_add(range.sum(), Ordering::Relaxed)));
/// assert_eq!(sum.into_inner(), 499_500);
/// ```
///
/// # Panics
/// If `block` is 0. If `work` does, in any thread: the panic is passed on when all threads are done.
#[track_caller]
pub fn share(count: usize, block: usize, work: impl Fn(Range<usize>) + Sync) {
    assert!(block > 0, "share: a range cannot be cut at multiples of 0; to cut anywhere, give blocks of 1");
    let blocks = count.div_ceil(block);
    let parts = threads().min(MOST).min(blocks);
    if parts <= 1 {
        return work(0..count);
    }
    // The product of two counts may need more than a `usize`; the quotient is at most `blocks`. Saturates in the last cut.
    let cut = |part: usize| {
        let whole = (part as u128 * blocks as u128 / parts as u128) as usize;
        whole.saturating_mul(block).min(count)
    };
    let level = simd::level();
    run(parts, &|part| simd::at_most(level, || work(cut(part)..cut(part + 1))));
}

/// Calls `work` with every number below `parts`, at the same time if the team is free.
fn run(parts: usize, work: &(dyn Fn(usize) + Sync)) {
    let mut team = match TEAM.try_lock() {
        Ok(team) => team,
        Err(TryLockError::Poisoned(team)) => team.into_inner(),
        Err(TryLockError::WouldBlock) => return (0..parts).for_each(work),
    };
    let workers = team.of(parts - 1);
    let busy = Busy(workers);
    for (i, worker) in busy.0.iter().enumerate() {
        // SAFETY: `busy` waits for the worker before this function is left, also by a panic, so the work outlives it.
        worker.begin(unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), Work>(work) }, i + 1);
    }
    let mine = catch_unwind(AssertUnwindSafe(|| {
        work(0);
        (busy.0.len() + 1..parts).for_each(work);
    }));
    drop(busy);
    let theirs: Vec<Box<dyn Any + Send>> = workers.iter().filter_map(Worker::take_panic).collect();
    drop(team);
    let mut panics = mine.err().into_iter().chain(theirs);
    if let Some(first) = panics.next() {
        // One panic can be passed on. The others are not dropped, because what they hold may panic in its turn.
        panics.for_each(std::mem::forget);
        resume_unwind(first);
    }
}

impl Team {
    /// `count` workers, or as many as the system grants.
    fn of(&mut self, count: usize) -> &[Worker] {
        let process = process();
        if self.process != process {
            self.workers.clear();
            self.process = process;
        }
        while self.workers.len() < count {
            match Worker::hire() {
                Ok(worker) => self.workers.push(worker),
                Err(_) => break,
            }
        }
        &self.workers[..count.min(self.workers.len())]
    }
}

fn process() -> u32 {
    // There, the standard library panics instead of giving a number.
    if cfg!(target_family = "wasm") { 0 } else { std::process::id() }
}

/// Waits for workers when it is dropped.
struct Busy<'a>(&'a [Worker]);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(Worker::wait);
    }
}
