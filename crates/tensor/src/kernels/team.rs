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

/// At most so many threads share the work, however many are set: a system that runs out of threads, or of memory for their
/// stacks, may end the process rather than refuse.
const MOST: usize = 256;

/// Whether the target has threads at all. Where it has none, everything is computed alone.
const THREADS_EXIST: bool = !cfg!(all(target_family = "wasm", not(target_feature = "atomics")));

/// The threads besides the caller's. Whoever finds them busy does the work alone.
static TEAM: Mutex<Team> = Mutex::new(Team { workers: Vec::new(), process: 0, refused: 0 });

/// Sets how many threads the large kernels of the whole program share: products above 5 million operations, updates of
/// parameters above 64 thousand elements, batches of images above 16 thousand pixels. The results are the same for any number, to the bit. One to begin with.
///
/// More threads than cores make everything slower, because threads that wait for one another take the cores away. No more
/// than 256 take part in any case, and no more than the system gives: where it has no threads (WebAssembly) or refuses them,
/// the work is shared by those there are.
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

/// Calls `work` with ranges that make up `0..count`, at most one for each thread, cut at multiples of `block`.
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
/// If `block` is 0, or if `work` panics in any thread. The threads are as good as before afterwards.
#[track_caller]
pub fn share(count: usize, block: usize, work: impl Fn(Range<usize>) + Sync) {
    assert!(block > 0, "share: however many blocks of 0 there are, they do not make up {count}");
    let blocks = count.div_ceil(block);
    let parts = threads().min(blocks).min(MOST);
    if parts <= 1 || !THREADS_EXIST {
        return work(0..count);
    }
    let level = simd::level();
    run(parts, &|part, parts| {
        let cut = |part| cut(part, parts, blocks).saturating_mul(block).min(count);
        simd::at_most(level, || work(cut(part)..cut(part + 1)));
    });
}

/// The first block of a part.
fn cut(part: usize, parts: usize, blocks: usize) -> usize {
    // The product may take more than 64 bits; the quotient is at most `blocks`.
    (part as u128 * blocks as u128 / parts as u128) as usize
}

/// Calls `work` with every number below a number of parts, and with that number, which is at most `wanted`: at the same time
/// if the team is free, and with one part if it is not.
fn run(wanted: usize, work: &(dyn Fn(usize, usize) + Sync)) {
    let mut team = match TEAM.try_lock() {
        Ok(team) => team,
        Err(TryLockError::Poisoned(team)) => team.into_inner(),
        Err(TryLockError::WouldBlock) => return work(0, 1),
    };
    let workers = team.grown(wanted - 1);
    let parts = workers.len() + 1;
    if parts == 1 {
        return work(0, 1);
    }
    // All that a panic leaves behind is in here, and goes with it.
    let piece = Piece { work, parts, failed: AtomicBool::new(false) };
    let busy = Busy { workers, process: std::process::id(), failed: &piece.failed };
    for (i, worker) in workers.iter().enumerate() {
        // SAFETY: `busy` waits for the worker before this function is left, also by a panic, so the piece outlives it.
        worker.begin(unsafe { std::mem::transmute::<&Piece<'_>, &'static Piece<'static>>(&piece) }, i + 1);
    }
    work(0, parts);
    drop(busy);
    let failed = piece.failed.load(Ordering::Relaxed);
    drop(team);
    assert!(!failed, "a thread that shares the work of this one has panicked");
}

/// A piece of work: a function of the number of a part and the number of parts.
struct Piece<'a> {
    work: &'a (dyn Fn(usize, usize) + Sync),
    parts: usize,
    /// Whether a part has panicked in another thread.
    failed: AtomicBool,
}

struct Team {
    workers: Vec<Worker>,
    /// The process that has them: a forked one has a copy of this list, but not the threads.
    process: u32,
    /// The number of workers that the system has refused; it is not asked for as many again.
    refused: usize,
}

impl Team {
    /// So many workers, or as many as the system gives.
    fn grown(&mut self, wanted: usize) -> &[Worker] {
        let process = std::process::id();
        if self.process != process {
            std::mem::forget(std::mem::take(&mut self.workers));
            (self.process, self.refused) = (process, 0);
        }
        while self.workers.len() < wanted && self.refused != wanted {
            match Worker::hire() {
                Ok(worker) => self.workers.push(worker),
                Err(_) => self.refused = wanted,
            }
        }
        &self.workers[..wanted.min(self.workers.len())]
    }
}

/// Waits for workers when it is dropped.
struct Busy<'a> {
    workers: &'a [Worker],
    process: u32,
    failed: &'a AtomicBool,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        for worker in self.workers {
            let done = || worker.shared.done.load(Ordering::Acquire) == worker.shared.begun.load(Ordering::Relaxed);
            let mut looks = 0_u32;
            while !done() {
                looks = looks.wrapping_add(1);
                std::hint::spin_loop();
                if looks.is_multiple_of(1 << 16) {
                    std::thread::yield_now();
                    if std::process::id() != self.process {
                        // The work has forked, and this is the child: its parts elsewhere will never be done.
                        self.failed.store(true, Ordering::Relaxed);
                        return;
                    }
                }
            }
        }
    }
}

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
    work: UnsafeCell<Option<(&'static Piece<'static>, usize)>>,
    asleep: AtomicBool,
}

// SAFETY: `work` is written before `begun` counts up and read after that, and written again only when `done` has caught
// up; the two counters order these accesses.
unsafe impl Sync for Shared {}

impl Worker {
    fn hire() -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            begun: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            work: UnsafeCell::new(None),
            asleep: AtomicBool::new(false),
        });
        let theirs = shared.clone();
        let builder = std::thread::Builder::new().name("downhill".into());
        let handle = builder.spawn(move || theirs.serve())?;
        Ok(Worker { shared, thread: handle.thread().clone() })
    }

    fn begin(&self, piece: &'static Piece<'static>, part: usize) {
        // SAFETY: the worker is idle, as only one caller at a time has the team and waits for all it has begun.
        unsafe { *self.shared.work.get() = Some((piece, part)) };
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
            if let Some((piece, part)) = unsafe { *self.work.get() }
                && let Err(payload) = catch_unwind(AssertUnwindSafe(|| (piece.work)(part, piece.parts)))
            {
                piece.failed.store(true, Ordering::Relaxed);
                // Dropping it may panic in turn, and that panic's payload too; there is an end to it.
                if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                    std::mem::forget(another);
                }
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
    use std::any::Any;
    use std::sync::PoisonError;
    use std::sync::mpsc::{RecvTimeoutError, channel};

    use super::*;
    use crate::kernels::simd::{Level, at_most, level};

    /// The number of threads is the whole program's, and so is this lock. A body that takes a minute, as it does when a
    /// thread waits for ever, fails the test rather than hanging it.
    fn with_threads(count: usize, body: impl FnOnce() + Send + 'static) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        set_threads(count);
        let (done, finished) = channel();
        std::thread::spawn(move || {
            body();
            done.send(())
        });
        let outcome = finished.recv_timeout(Duration::from_secs(60));
        set_threads(1);
        match outcome {
            Ok(()) => {}
            Err(RecvTimeoutError::Disconnected) => panic!("the body has panicked"),
            Err(RecvTimeoutError::Timeout) => panic!("a thread waits for ever"),
        }
    }

    /// The ranges, in order; all of them must be in bounds, and join.
    fn ranges(count: usize, block: usize) -> Vec<Range<usize>> {
        let ranges = Mutex::new(Vec::new());
        share(count, block, |range| ranges.lock().unwrap().push(range));
        let mut ranges = ranges.into_inner().unwrap();
        ranges.sort_by_key(|range| range.start);
        let end = ranges.iter().fold(0, |end, range| {
            assert!(range.start == end && range.end >= end && range.start.is_multiple_of(block), "{ranges:?}");
            range.end
        });
        assert_eq!(end, count, "{ranges:?}");
        ranges
    }

    #[test]
    fn every_number_once_cut_at_blocks() {
        for threads in [1, 2, 3, 7] {
            with_threads(threads, move || {
                for (count, block) in [(0, 4), (1, 4), (4, 4), (9, 4), (100, 1), (1000, 16), (5, usize::MAX)] {
                    assert!(ranges(count, block).len() <= threads.min(count.div_ceil(block).max(1)));
                }
            });
        }
    }

    #[test]
    fn counts_at_the_end_of_the_numbers() {
        for threads in [2, 3, 7] {
            with_threads(threads, || {
                for below in [0, 1, 5] {
                    for block in [1, 2, 3, 64, 1 << 32, usize::MAX / 2, usize::MAX / 2 + 1, usize::MAX - 1, usize::MAX]
                    {
                        ranges(usize::MAX - below, block);
                    }
                }
            });
        }
        // However many parts there are, and also if nobody takes part.
        for parts in [1, 2, 3, MOST, 1 << 20] {
            let blocks = usize::MAX;
            assert_eq!((cut(0, parts, blocks), cut(parts, parts, blocks)), (0, blocks));
            assert!(parts == 1 || (cut(1, parts, blocks)..=cut(2, parts, blocks)).contains(&(blocks / parts)));
        }
    }

    #[test]
    #[should_panic(expected = "share: however many blocks of 0")]
    fn blocks_of_nothing() {
        share(10, 0, |_| ());
    }

    #[test]
    #[should_panic(expected = "set_threads: 0 threads compute nothing")]
    fn no_threads() {
        set_threads(0);
    }

    #[test]
    fn a_sleeping_team_wakes_up() {
        with_threads(3, || {
            for pause in [0, 1, 3] {
                std::thread::sleep(Duration::from_millis(pause));
                let sum = AtomicUsize::new(0);
                share(3, 1, |range| _ = sum.fetch_add(range.map(|i| i + 1).sum::<usize>(), Ordering::Relaxed));
                assert_eq!(sum.into_inner(), 6);
            }
        });
    }

    #[test]
    fn work_inside_of_work_and_beside_it() {
        with_threads(2, || {
            let sum = AtomicUsize::new(0);
            let count = |range: Range<usize>| _ = sum.fetch_add(range.len(), Ordering::Relaxed);
            let nested = || share(2, 1, |range| range.for_each(|_| share(2, 1, count)));
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..50).for_each(|_| nested()));
                }
            });
            assert_eq!(sum.load(Ordering::Relaxed), 4 * 50 * 4);
        });
    }

    /// The instruction set that is in force here is in force in the other threads.
    #[test]
    fn the_level_goes_along() {
        with_threads(3, || {
            for wanted in [Level::Baseline, Level::Avx2, Level::Avx512] {
                at_most(wanted, || {
                    let here = level();
                    share(3, 1, |_| assert_eq!(level(), here));
                });
            }
            share(3, 1, |_| assert_eq!(level(), at_most(Level::Avx512, level)));
        });
    }

    /// Panics when it is dropped.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any(Bomb);
        }
    }

    /// The next piece of work, whoever gives it, knows nothing of a panic.
    #[test]
    fn a_panic_reaches_the_caller_and_the_team_lives_on() {
        fn innocent() {
            let sum = AtomicUsize::new(0);
            share(3, 1, |range| _ = sum.fetch_add(range.len(), Ordering::Relaxed));
            assert_eq!(sum.into_inner(), 3);
        }
        let payloads: [fn() -> Box<dyn Any + Send>; 2] = [|| Box::new("on purpose"), || Box::new(Bomb)];
        with_threads(3, move || {
            for payload in payloads {
                // Every set of parts, the caller's own among them.
                for which in 1..8 {
                    let fail = |range: Range<usize>| {
                        if range.clone().any(|part| which >> part & 1 == 1) {
                            std::panic::resume_unwind(payload());
                        }
                    };
                    let outcome = catch_unwind(AssertUnwindSafe(|| share(3, 1, fail)));
                    std::mem::forget(outcome.expect_err("the caller learns of it"));
                    innocent();
                    std::thread::spawn(innocent).join().expect("no panic in another thread");
                }
            }
        });
    }

    #[test]
    fn more_threads_than_any_system_gives() {
        for wanted in [100_000, usize::MAX] {
            with_threads(wanted, move || {
                assert_eq!(threads(), wanted);
                assert!(ranges(1_000_000, 1).len() <= MOST);
            });
        }
    }

    /// What the system refuses is not asked for again, until something else is asked for.
    #[test]
    fn those_there_are() {
        let process = std::process::id();
        let mut team = Team { workers: Vec::new(), process, refused: 5 };
        assert_eq!(team.grown(5).len(), 0);
        assert_eq!(team.grown(2).len(), 2);
        team.refused = 5;
        assert_eq!(team.grown(5).len(), 2);
        assert_eq!(team.grown(1).len(), 1);
        // The threads of another process are none.
        let mut forked = Team { workers: team.workers, process: process + 1, refused: 5 };
        let before = forked.workers[0].thread.id();
        assert_ne!(forked.grown(5)[0].thread.id(), before);
        assert_eq!((forked.workers.len(), forked.process), (5, process));
    }

    /// A child has the memory of its parent but one thread only.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_forked_process_has_a_team_of_its_own() {
        unsafe extern "C" {
            fn fork() -> i32;
            fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
            fn kill(process: i32, signal: i32) -> i32;
            fn _exit(status: i32) -> !;
        }
        const WITHOUT_WAITING: i32 = 1;
        with_threads(3, || {
            let length = || ranges(300, 1).len();
            length();
            for forked_inside in [false, true] {
                let child = AtomicUsize::new(0);
                let inside = |range: Range<usize>| {
                    if forked_inside && range.start == 0 {
                        // SAFETY: the child does nothing but share some work and exit.
                        child.store(unsafe { fork() } as usize, Ordering::Relaxed);
                    }
                };
                let outcome = catch_unwind(AssertUnwindSafe(|| share(3, 1, inside)));
                if !forked_inside {
                    // SAFETY: as above.
                    child.store(unsafe { fork() } as usize, Ordering::Relaxed);
                }
                let child = child.into_inner() as i32;
                if child == 0 {
                    // In the middle of work, its parts in other threads are lost.
                    let right = outcome.is_err() == forked_inside && length() > 0 && length() > 0;
                    // SAFETY: it ends the process.
                    unsafe { _exit(i32::from(!right)) };
                }
                assert!(outcome.is_ok(), "the parent knows nothing of it");
                let (mut status, since) = (-1, Instant::now());
                // SAFETY: the status is a number to be written.
                while unsafe { waitpid(child, &mut status, WITHOUT_WAITING) } == 0 {
                    std::thread::sleep(Duration::from_millis(5));
                    if since.elapsed() > Duration::from_secs(30) {
                        // SAFETY: it is a child of this process.
                        unsafe { kill(child, 9) };
                    }
                }
                assert_eq!(status, 0, "forked inside of work: {forked_inside}");
                length();
            }
        });
    }
}
