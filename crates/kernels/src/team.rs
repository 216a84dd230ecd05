//! Threads that share the work of a kernel.
//!
//! Starting a thread takes longer than most kernels run, and waking one about as long as a product of two small
//! matrices. So the threads are kept, and spin for a while before they sleep. Where a kernel is split depends on its
//! size and on the number of threads, but every element is computed in the same way wherever the split is: results are
//! bitwise identical for any number of threads.
//!
//! If a thread panics, the others finish first; then the panic resumes in the caller's thread. No state survives it.
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

/// The maximum number of threads used, whatever was requested: a system that runs out of threads may abort the program.
const MOST: usize = 256;

static THREADS: AtomicUsize = AtomicUsize::new(1);

/// The threads besides the caller's. A caller that finds them busy does all the work itself.
static TEAM: Mutex<Team> = Mutex::new(Team { process: 0, workers: Vec::new() });

struct Team {
    /// The id of the process that started the workers: a forked child inherits this list, but not the threads.
    process: u32,
    workers: Vec<Worker>,
}

/// Sets the number of threads for large kernels, for the whole program: matrix products of at least 5 million
/// operations, updates of parameters with at least 65,536 elements, mini-batches of images with at least 16,384 pixels.
/// Results are bitwise identical for any number. The default is 1; at most 256 are used. If the system cannot start a
/// thread, as on WebAssembly, the others do its part.
///
/// More threads than cores make everything slower, because waiting threads spin and take the cores from working ones.
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
    assert!(count > 0, "set_threads: the number of threads must be at least 1, got 0");
    THREADS.store(count, Ordering::Relaxed);
}

/// The number of threads that large kernels use.
pub fn threads() -> usize {
    THREADS.load(Ordering::Relaxed)
}

/// Calls `work` with ranges that partition `0..count`, one for each thread, split at multiples of `block`.
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
/// If `block` is 0, or if `work` panics in any thread; that panic resumes here when all threads are done.
#[track_caller]
pub fn share(count: usize, block: usize, work: impl Fn(Range<usize>) + Sync) {
    assert!(block > 0, "share: block must be at least 1, got 0; 1 allows a split at any position");
    let blocks = count.div_ceil(block);
    let parts = threads().min(MOST).min(blocks);
    if parts <= 1 {
        return work(0..count);
    }
    // The product may overflow a `usize`, so it is a `u128`; the quotient is at most `blocks`. The end of the last part
    // may saturate before it is limited to `count`.
    let cut = |part: usize| {
        let whole = (part as u128 * blocks as u128 / parts as u128) as usize;
        whole.saturating_mul(block).min(count)
    };
    // Worker threads have their own dispatch level: each must use the caller's.
    let level = simd::level();
    run(parts, &|part| simd::at_most(level, || work(cut(part)..cut(part + 1))));
}

/// Calls `work` with every number in `0..parts`, in parallel if the team is free.
fn run(parts: usize, work: &(dyn Fn(usize) + Sync)) {
    let mut team = match TEAM.try_lock() {
        Ok(team) => team,
        Err(TryLockError::Poisoned(team)) => team.into_inner(),
        // Nested or concurrent use.
        Err(TryLockError::WouldBlock) => return (0..parts).for_each(work),
    };
    let workers = team.of(parts - 1);
    let busy = Busy(workers);
    for (i, worker) in busy.0.iter().enumerate() {
        // SAFETY: `busy` waits for the workers before this function returns or unwinds, so `work` outlives its use.
        worker.begin(unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), Work>(work) }, i + 1);
    }
    // Part 0 is the caller's, and so are the parts for which there is no worker.
    let mine = catch_unwind(AssertUnwindSafe(|| {
        work(0);
        (busy.0.len() + 1..parts).for_each(work);
    }));
    // All workers are idle after this, and only then may the team be unlocked or a panic resumed.
    drop(busy);
    let theirs: Vec<Box<dyn Any + Send>> = workers.iter().filter_map(Worker::take_panic).collect();
    drop(team);
    let mut panics = mine.err().into_iter().chain(theirs);
    if let Some(first) = panics.next() {
        // Only one panic can be resumed. The other payloads are leaked, because dropping one may panic again.
        panics.for_each(std::mem::forget);
        resume_unwind(first);
    }
}

impl Team {
    /// `count` workers, or as many as the system can start.
    fn of(&mut self, count: usize) -> &[Worker] {
        let process = process();
        if self.process != process {
            // In a forked child: these threads do not exist here.
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
    // `std::process::id` panics on WebAssembly.
    if cfg!(target_family = "wasm") { 0 } else { std::process::id() }
}

/// Waits for the workers when it is dropped, also during a panic.
struct Busy<'a>(&'a [Worker]);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(Worker::wait);
    }
}
