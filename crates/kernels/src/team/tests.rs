use std::panic::panic_any;
use std::sync::PoisonError;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::*;
use crate::simd::{Level, at_most, level};

/// Runs `body` with `count` threads, a setting of the whole program. A lost wake-up must fail, not hang.
pub(crate) fn with_threads(count: usize, body: impl FnOnce() + Send + 'static) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    set_threads(count);
    let (sender, receiver) = channel();
    let thread = std::thread::spawn(move || {
        body();
        _ = sender.send(());
    });
    let outcome = receiver.recv_timeout(Duration::from_secs(60));
    set_threads(1);
    match outcome {
        Err(RecvTimeoutError::Timeout) => panic!("deadlock: the threads wait for one another"),
        _ => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
    }
}

#[test]
#[should_panic(expected = "set_threads: the number of threads must be at least 1, got 0")]
fn no_threads() {
    set_threads(0);
}

/// The ranges that `share` passes to `work`, in order.
fn ranges(count: usize, block: usize) -> Vec<Range<usize>> {
    let ranges = Mutex::new(Vec::new());
    share(count, block, |range| ranges.lock().unwrap().push(range));
    let mut ranges = ranges.into_inner().unwrap();
    ranges.sort_by_key(|range| range.start);
    ranges
}

#[test]
fn every_number_once_cut_at_blocks() {
    let huge = [(usize::MAX, 1), (usize::MAX, 7), (usize::MAX - 1, 1 << 40), (usize::MAX, usize::MAX - 1)];
    for threads in [1, 2, 3, 7, 100] {
        with_threads(threads, move || {
            let small = [(0, 4), (1, 4), (4, 4), (9, 4), (100, 1), (1000, 16), (5, usize::MAX)];
            for (count, block) in small.into_iter().chain(huge) {
                let ranges = ranges(count, block);
                assert!(ranges.len() <= threads && ranges.len() == threads.min(count.div_ceil(block).max(1)));
                assert!(ranges.iter().all(|range| range.start % block == 0), "{ranges:?}");
                assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start), "{ranges:?}");
                assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, count));
            }
        });
    }
}

#[test]
#[should_panic(expected = "share: block must be at least 1, got 0")]
fn blocks_of_nothing() {
    share(10, 0, |_| ());
}

#[test]
fn a_sleeping_team_wakes_up() {
    with_threads(3, || {
        for pause in [0, 1, 3].into_iter().cycle().take(60) {
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

/// Whichever part panics, or all: the caller gets one of the payloads unchanged, and the next call is not affected, in
/// this thread or another.
#[test]
fn a_panic_reaches_the_caller_and_nothing_stays() {
    with_threads(3, || {
        for failing in [&[0][..], &[1], &[2], &[1, 2], &[0, 2], &[0, 1, 2]] {
            let fail = || {
                share(3, 1, |range| {
                    if failing.contains(&range.start) {
                        panic_any(range.start)
                    }
                })
            };
            let panic = catch_unwind(fail).unwrap_err();
            assert!(failing.contains(panic.downcast_ref::<usize>().expect("the payload")), "{failing:?}");
            std::thread::spawn(|| share(3, 1, |_| ())).join().expect("another thread is not affected");
            share(3, 1, |_| ());
        }
    });
}

#[test]
fn every_part_is_done_before_a_panic_goes_on() {
    with_threads(3, || {
        let done = AtomicUsize::new(0);
        let fail = || {
            share(3, 1, |range| {
                assert!(range.start > 0, "on purpose");
                std::thread::sleep(Duration::from_millis(20));
                done.fetch_add(1, Ordering::Relaxed);
            });
        };
        assert!(catch_unwind(AssertUnwindSafe(fail)).is_err());
        assert_eq!(done.into_inner(), 2);
    });
}

/// Dropping a payload may panic: in the worker that would end the thread, and the caller would wait forever.
#[test]
fn a_payload_that_panics_when_it_is_dropped() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("dropped");
            }
        }
    }
    with_threads(3, || {
        for first in [0, 1] {
            let fail = || {
                share(3, 1, |range| {
                    if range.start >= first {
                        panic_any(Grenade)
                    }
                })
            };
            let payload = catch_unwind(fail).unwrap_err();
            assert!(payload.is::<Grenade>());
            std::mem::forget(payload);
            share(3, 1, |_| ());
        }
    });
}

/// Workers run at the caller's dispatch level.
#[test]
fn the_level_goes_with_the_work() {
    with_threads(3, || {
        at_most(Level::Baseline, || share(3, 1, |_| assert_eq!(level(), Level::Baseline)));
        let machine = level();
        share(3, 1, |_| assert_eq!(level(), machine));
    });
}

#[test]
fn more_threads_than_a_system_has() {
    with_threads(1_000_000, || {
        let ranges = ranges(100_000, 1);
        assert!(ranges.len() <= MOST);
        assert_eq!(ranges.iter().map(Range::len).sum::<usize>(), 100_000);
    });
}

/// A forked child does not have the threads, and must not wait for them.
#[test]
#[cfg(target_os = "linux")]
fn a_forked_child_has_a_team_of_its_own() {
    unsafe extern "C" {
        fn fork() -> i32;
        fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
        fn kill(process: i32, signal: i32) -> i32;
        fn _exit(status: i32) -> !;
    }
    with_threads(2, || {
        share(2, 1, |_| ());
        // SAFETY: the child only computes, and exits without returning to the test.
        let child = unsafe { fork() };
        if child == 0 {
            let sum = AtomicUsize::new(0);
            share(2, 1, |range| _ = sum.fetch_add(1 + range.start, Ordering::Relaxed));
            // SAFETY: it exits the process.
            unsafe { _exit(if sum.into_inner() == 3 { 0 } else { 1 }) };
        }
        let mut status = -1;
        for _ in 0..1000 {
            // SAFETY: the child belongs to this process (1 is WNOHANG), and the address is that of an `i32`.
            if unsafe { waitpid(child, &mut status, 1) } == child {
                return assert_eq!(status, 0);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // SAFETY: as above.
        unsafe { kill(child, 9) };
        panic!("the forked child waits for threads that do not exist");
    });
}
