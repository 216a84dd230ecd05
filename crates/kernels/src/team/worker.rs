//! A worker thread: it waits for work, does it, and reports that it is done.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::UnsafeCell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// How long an idle worker spins before it sleeps: longer than the time between two products of a training step.
const AWAKE: Duration = Duration::from_micros(100);

pub(super) type Work = &'static (dyn Fn(usize) + Sync);

pub(super) struct Worker {
    shared: Arc<Shared>,
    thread: Thread,
}

/// The state shared by a worker and its callers.
struct Shared {
    /// How many jobs have been posted, and how many are done. They may wrap around.
    begun: AtomicUsize,
    done: AtomicUsize,
    /// The latest job: the closure, and the part to call it with.
    work: UnsafeCell<Option<(Work, usize)>>,
    /// Whether the worker is parked, or about to be, and has to be woken up.
    asleep: AtomicBool,
    /// The panic payload of the latest job.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `work` is written before `begun` is incremented and read after that, and written again only after `done` has
// caught up; the two counters order these accesses.
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

    /// Makes the worker call `work(part)`. It must be idle, and `work` must live until [`wait`](Self::wait) returns.
    pub(super) fn begin(&self, work: Work, part: usize) {
        // SAFETY: the worker is idle: only one caller at a time has the team, and waits for every job it has posted.
        unsafe { *self.shared.work.get() = Some((work, part)) };
        self.shared.begun.fetch_add(1, Ordering::SeqCst);
        // Either this load sees that the worker sleeps, or the worker sees the new count before it parks (both SeqCst).
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
    }

    /// Spins until the worker is idle. `Acquire` makes everything that the job wrote visible here.
    pub(super) fn wait(&self) {
        while self.shared.done.load(Ordering::Acquire) != self.shared.begun.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    }

    /// The panic payload of the latest job, if it panicked.
    pub(super) fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        self.shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Shared {
    fn serve(&self) {
        let mut done = 0_usize;
        loop {
            self.wait_for_more_than(done);
            // SAFETY: the job was written before `begun` was incremented, and stays valid until `done` is.
            if let Some((work, part)) = unsafe { *self.work.get() }
                && let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(part)))
            {
                // Before `done`: the caller looks for a panic as soon as the worker is idle.
                *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
            }
            done = done.wrapping_add(1);
            self.done.store(done, Ordering::Release);
        }
    }

    fn wait_for_more_than(&self, done: usize) {
        let begun = |order| self.begun.load(order) != done;
        // Phase 1: spin, looking at the clock only now and then.
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
        // Phase 2: sleep. Either the caller sees `asleep` and unparks this thread, or this thread sees the job here.
        self.asleep.store(true, Ordering::SeqCst);
        while !begun(Ordering::SeqCst) {
            std::thread::park();
        }
        self.asleep.store(false, Ordering::SeqCst);
    }
}
