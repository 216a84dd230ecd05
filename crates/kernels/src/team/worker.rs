//! A thread that waits for work, and does it.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::UnsafeCell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// How long a thread spins before it sleeps: longer than what lies between two products of a step.
const AWAKE: Duration = Duration::from_micros(100);

pub(super) type Work = &'static (dyn Fn(usize) + Sync);

pub(super) struct Worker {
    shared: Arc<Shared>,
    thread: Thread,
}

/// What a worker and the one who gives it work have in common.
struct Shared {
    /// How many pieces of work have been begun, and how many are done. They may wrap around.
    begun: AtomicUsize,
    done: AtomicUsize,
    /// The latest piece, and its number.
    work: UnsafeCell<Option<(Work, usize)>>,
    asleep: AtomicBool,
    /// What the latest piece panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `work` is written before `begun` counts up and read after that, and written again only when `done` has caught
// up; the two counters order these accesses.
unsafe impl Sync for Shared {}

impl Worker {
    /// Starts a thread.
    pub(super) fn hire() -> io::Result<Self> {
        let shared = Arc::new(Shared {
            begun: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            work: UnsafeCell::new(None),
            asleep: AtomicBool::new(false),
            panic: Mutex::new(None),
        });
        let theirs = shared.clone();
        let builder = std::thread::Builder::new().name("downhill".into());
        let handle = builder.spawn(move || theirs.serve())?;
        Ok(Worker { shared, thread: handle.thread().clone() })
    }

    /// Has the worker call `work` with `part`. It must be idle, and the work must live until [`wait`](Self::wait) returns.
    pub(super) fn begin(&self, work: Work, part: usize) {
        // SAFETY: the worker is idle, as only one caller at a time has the team and waits for all it has begun.
        unsafe { *self.shared.work.get() = Some((work, part)) };
        self.shared.begun.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
    }

    /// Waits until the worker is idle.
    pub(super) fn wait(&self) {
        while self.shared.done.load(Ordering::Acquire) != self.shared.begun.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    }

    /// What the latest piece of work panicked with, if it did.
    pub(super) fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        self.shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Shared {
    fn serve(&self) {
        let mut done = 0_usize;
        loop {
            self.wait_for_more_than(done);
            // SAFETY: the work was written before `begun` counted up, and stays until `done` does.
            if let Some((work, part)) = unsafe { *self.work.get() }
                && let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(part)))
            {
                *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
            }
            done = done.wrapping_add(1);
            self.done.store(done, Ordering::Release);
        }
    }

    fn wait_for_more_than(&self, done: usize) {
        let begun = |order| self.begun.load(order) != done;
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
