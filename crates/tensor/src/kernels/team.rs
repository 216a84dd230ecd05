//! Threads that share the work of a kernel.
//!
//! Starting a thread takes longer than most kernels, and waking one up about as long as a product of two small matrices.
//! So the threads are kept, and wait for the next piece of work with open eyes for a little while before they go to
//! sleep. A kernel is cut at places that depend on its size and on the number of threads, and computes every element in
//! the same way wherever it is cut: the bits do not depend on the number of threads.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use super::simd;

/// How long a thread looks out for work before it sleeps: longer than what lies between two products of a step.
const AWAKE: Duration = Duration::from_micros(100);

static THREADS: AtomicUsize = AtomicUsize::new(1);

/// The threads besides the caller's. Whoever finds them busy does the work alone.
static TEAM: Mutex<Vec<Worker>> = Mutex::new(Vec::new());

/// Sets how many threads the large kernels of the whole program share: products above 5 million operations, updates of
/// parameters above 64 thousand elements, batches of images above 16 thousand pixels. The results are the same for any number, to the bit. One to begin with.
///
/// More threads than cores make everything slower, because threads that wait for one another take the cores away.
///
/// ```
/// downhill_tensor::set_threads(2);
/// assert_eq!(downhill_tensor::threads(), 2);
/// # downhill_tensor::set_threads(1);
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
/// use downhill_tensor::machine::share;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// let sum = AtomicUsize::new(0);
/// share(1000, 16, |range| drop(sum.fetch_add(range.sum(), Ordering::Relaxed)));
/// assert_eq!(sum.into_inner(), 499_500);
/// ```
///
/// # Panics
/// If `work` does, in any thread.
pub fn share(count: usize, block: usize, work: impl Fn(Range<usize>) + Sync) {
    let blocks = count.div_ceil(block);
    let parts = threads().min(blocks);
    if parts <= 1 {
        return work(0..count);
    }
    let cut = |part: usize| (part * blocks / parts * block).min(count);
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
    while team.len() < parts - 1 {
        let worker = Worker::hire();
        team.push(worker);
    }
    let busy = Busy(&team[..parts - 1]);
    for (i, worker) in busy.0.iter().enumerate() {
        // SAFETY: `busy` waits for the worker before this function is left, also by a panic, so the work outlives it.
        worker.begin(unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), Work>(work) }, i + 1);
    }
    work(0);
    drop(busy);
    let failed = team.iter().any(|worker| worker.shared.failed.swap(false, Ordering::Relaxed));
    assert!(!failed, "a thread that shares the work of this one has panicked");
}

/// Waits for workers when it is dropped.
struct Busy<'a>(&'a [Worker]);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        for worker in self.0 {
            while worker.shared.done.load(Ordering::Acquire) != worker.shared.begun.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        }
    }
}

type Work = &'static (dyn Fn(usize) + Sync);

struct Worker {
    shared: Arc<Shared>,
    thread: Thread,
}

/// What a worker and the one who gives it work have in common.
struct Shared {
    /// How many pieces of work have been begun, and how many are done.
    begun: AtomicUsize,
    done: AtomicUsize,
    /// The latest piece, and its number.
    work: UnsafeCell<Option<(Work, usize)>>,
    asleep: AtomicBool,
    failed: AtomicBool,
}

// SAFETY: `work` is written before `begun` counts up and read after that, and written again only when `done` has caught
// up; the two counters order these accesses.
unsafe impl Sync for Shared {}

impl Worker {
    fn hire() -> Self {
        let shared = Arc::new(Shared {
            begun: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            work: UnsafeCell::new(None),
            asleep: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        });
        let theirs = shared.clone();
        let builder = std::thread::Builder::new().name("downhill".into());
        let handle = builder.spawn(move || theirs.serve()).expect("the system starts a thread");
        Worker { shared, thread: handle.thread().clone() }
    }

    fn begin(&self, work: Work, part: usize) {
        // SAFETY: the worker is idle, as only one caller at a time has the team and waits for all it has begun.
        unsafe { *self.shared.work.get() = Some((work, part)) };
        self.shared.begun.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
    }
}

impl Shared {
    fn serve(&self) {
        for done in 0.. {
            self.wait_for_more_than(done);
            // SAFETY: the work was written before `begun` counted up, and stays until `done` does.
            if let Some((work, part)) = unsafe { *self.work.get() }
                && catch_unwind(AssertUnwindSafe(|| work(part))).is_err()
            {
                self.failed.store(true, Ordering::Relaxed);
            }
            self.done.store(done + 1, Ordering::Release);
        }
    }

    fn wait_for_more_than(&self, done: usize) {
        let begun = |order| self.begun.load(order) > done;
        let idle_since = Instant::now();
        loop {
            for _ in 0..100 {
                if begun(Ordering::Acquire) {
                    return;
                }
                std::hint::spin_loop();
            }
            if idle_since.elapsed() > AWAKE {
                break;
            }
        }
        self.asleep.store(true, Ordering::SeqCst);
        // Either the giver sees that this thread sleeps, or this thread sees the work.
        while !begun(Ordering::SeqCst) {
            std::thread::park();
        }
        self.asleep.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of threads is the whole program's, and so is this lock.
    fn with_threads<R>(count: usize, body: impl FnOnce() -> R) -> R {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        set_threads(count);
        let result = body();
        set_threads(1);
        result
    }

    #[test]
    fn every_number_once_cut_at_blocks() {
        for threads in [1, 2, 3, 7] {
            with_threads(threads, || {
                for (count, block) in [(0, 4), (1, 4), (4, 4), (9, 4), (100, 1), (1000, 16)] {
                    let ranges = Mutex::new(Vec::new());
                    share(count, block, |range| ranges.lock().unwrap().push(range));
                    let mut ranges = ranges.into_inner().unwrap();
                    ranges.sort_by_key(|range| range.start);
                    assert!(ranges.len() <= threads && ranges.iter().all(|range| range.start % block == 0));
                    assert_eq!(ranges.concat_numbers(), (0..count).collect::<Vec<_>>());
                }
            });
        }
    }

    trait Concat {
        fn concat_numbers(&self) -> Vec<usize>;
    }

    impl Concat for Vec<Range<usize>> {
        fn concat_numbers(&self) -> Vec<usize> {
            self.iter().cloned().flatten().collect()
        }
    }

    #[test]
    fn a_sleeping_team_wakes_up() {
        with_threads(3, || {
            for pause in [0, 1, 3] {
                std::thread::sleep(Duration::from_millis(pause));
                let sum = AtomicUsize::new(0);
                share(3, 1, |range| _ = sum.fetch_add(1 + range.start, Ordering::Relaxed));
                assert_eq!(sum.into_inner(), 6);
            }
        });
    }

    #[test]
    fn work_inside_of_work_and_beside_it() {
        with_threads(2, || {
            let sum = AtomicUsize::new(0);
            let nested = || share(2, 1, |_| share(2, 1, |_| _ = sum.fetch_add(1, Ordering::Relaxed)));
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..50).for_each(|_| nested()));
                }
            });
            assert_eq!(sum.load(Ordering::Relaxed), 4 * 50 * 4);
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_lives_on() {
        with_threads(2, || {
            for part in [0, 1] {
                let failing = catch_unwind(|| share(2, 1, |range| assert!(range.start != part, "on purpose")));
                assert!(failing.is_err());
                share(2, 1, |_| ());
            }
        });
    }
}
