//! Lends a random number generator to everything that a closure calls in this thread.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::transmute;
use std::ptr::NonNull;

use rand::Rng;

type Lent = Option<NonNull<dyn Rng + 'static>>;

thread_local! {
    static GENERATOR: Cell<Lent> = const { Cell::new(None) };
}

/// Restores the previous loan when dropped, also during a panic.
struct Back(Lent);

impl Drop for Back {
    fn drop(&mut self) {
        GENERATOR.set(self.0);
    }
}

/// Lends `rng` to this thread until `body` returns or panics.
pub fn lend<T>(rng: &mut dyn Rng, body: impl FnOnce() -> T) -> T {
    // SAFETY: only the lifetime is erased. The pointer stays in `GENERATOR` no longer than this stack frame, which holds
    // the only reference; other threads cannot see it.
    let rng = unsafe { transmute::<NonNull<dyn Rng + '_>, NonNull<dyn Rng + 'static>>(NonNull::from(rng)) };
    let _back = Back(GENERATOR.replace(Some(rng)));
    body()
}

/// Runs `body` as if no generator had been lent.
pub fn withhold<T>(body: impl FnOnce() -> T) -> T {
    let _back = Back(GENERATOR.take());
    body()
}

/// Runs `body` with the lent generator; `None` if there is none, or if a caller further up the stack is using it.
pub fn borrow<T>(body: impl FnOnce(&mut dyn Rng) -> T) -> Option<T> {
    let mut rng = GENERATOR.take()?;
    let _back = Back(Some(rng));
    // SAFETY: the frame of `lend` is further up this thread's stack, so the generator is alive. This is the only reference:
    // the pointer has been taken out of its slot, and `body` cannot keep it.
    Some(body(unsafe { rng.as_mut() }))
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn draw() -> Option<u32> {
        borrow(|rng| rng.next_u32())
    }

    #[test]
    fn a_loan_lasts_as_long_as_the_closure() {
        let (mut rng, mut same) = (ChaCha8Rng::seed_from_u64(1), ChaCha8Rng::seed_from_u64(1));
        let drawn = lend(&mut rng, || {
            let first = draw();
            assert_eq!(withhold(draw), None);
            // One user at a time; a nested loan has its own generator.
            borrow(|_| assert_eq!(draw(), None));
            let other = lend(&mut ChaCha8Rng::seed_from_u64(9), draw);
            assert!(other.is_some() && other != first);
            [first, draw()]
        });
        assert_eq!(drawn, [Some(same.next_u32()), Some(same.next_u32())]);
        assert_eq!(draw(), None);
        assert_eq!(rng, same, "the caller's generator has advanced");
    }

    #[test]
    fn a_panic_ends_the_loan() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let panics = AssertUnwindSafe(|| lend(&mut rng, || -> () { borrow(|_| panic!("in the middle")).unwrap() }));
        assert!(catch_unwind(panics).is_err());
        assert_eq!(draw(), None);
    }

    #[test]
    fn other_threads_have_no_generator() {
        lend(&mut ChaCha8Rng::seed_from_u64(1), || {
            assert_eq!(std::thread::spawn(draw).join().unwrap(), None);
        });
    }
}
