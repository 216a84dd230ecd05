//! Memory is flat: what step 10,000 holds is what step 100 held, to the byte. With backward and without.

// A global allocator is the only way to see every allocation.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use downhill::nn::{Mlp, Module, Relu, cross_entropy};
use downhill::optim::{Adam, Optimizer, Sgd};
use downhill::{Gradients, Params, Tensor, grad, no_grad};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

thread_local! {
    /// What this thread has allocated and not freed, so that tests beside each other do not disturb each other.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

fn count(bytes: isize) {
    LIVE.set(LIVE.get() + bytes);
}

// SAFETY: every call is handed to the system's allocator unchanged; counting allocates nothing, for the counter is a
// thread-local constant without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: `pointer` is from `System`, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: `pointer` is from `System`, with this layout.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const STEPS: usize = 10_000;

/// Runs `step` 10,000 times; returns what was alive after 100 steps and after all.
fn live(mut step: impl FnMut(usize)) -> (isize, isize) {
    let mut after_100 = 0;
    for i in 0..STEPS {
        if i == 100 {
            after_100 = LIVE.get();
        }
        step(i);
    }
    (after_100, LIVE.get())
}

#[track_caller]
fn assert_flat(step: impl FnMut(usize)) {
    let (after_100, after_all) = live(step);
    assert!(after_100 == after_all, "{} bytes more after {STEPS} steps than after 100", after_all - after_100);
}

struct Setting {
    model: Mlp,
    x: Tensor,
    labels: Vec<usize>,
}

fn setting() -> Setting {
    let model = Mlp::new(&[4, 8, 3], Relu, &mut ChaCha8Rng::seed_from_u64(1));
    let x = Tensor::from([[0.1, -0.2, 0.3, 0.4], [1.0, 0.5, -0.5, 0.0], [-1.0, 0.2, 0.7, -0.3]]);
    Setting { model, x, labels: vec![0, 1, 2] }
}

impl Setting {
    fn loss(&self) -> Tensor {
        cross_entropy(&self.model.forward(&self.x), &self.labels)
    }
}

#[test]
fn training() {
    let mut setting = setting();
    let mut opt = Optimizer::new(Sgd { lr: 0.01, momentum: 0.9, ..Sgd::default() });
    assert_flat(|_| {
        let grads = setting.loss().backward();
        opt.step(&mut setting.model, &grads);
    });
}

#[test]
fn training_with_adam_and_accumulated_gradients() {
    let mut setting = setting();
    let mut opt = Optimizer::new(Adam::default());
    let mut sum = Gradients::default();
    assert_flat(|i| {
        sum += setting.loss().backward();
        if i % 4 == 3 {
            opt.step(&mut setting.model, &sum);
            sum = Gradients::default();
        }
    });
}

#[test]
fn forward_without_backward() {
    let setting = setting();
    assert_flat(|_| drop(setting.loss()));
}

#[test]
fn forward_in_no_grad() {
    let setting = setting();
    assert_flat(|_| drop(no_grad(|| setting.loss())));
}

/// Gradients of gradients, used and not used: the graph of the first backward pass refers to that of the forward pass
/// and to its own results.
#[test]
fn second_order() {
    let x = Tensor::param([0.5_f64, -1.0, 2.0]);
    assert_flat(|i| {
        let [slope] = grad(&(x.sigmoid() * x.exp()).sum(), [&x]);
        if i % 2 == 0 {
            drop(slope.square().sum().backward());
        }
    });
}

#[test]
fn assigned_parameters() {
    let mut w = Tensor::param([0.5_f64, -1.0]);
    assert_flat(|_| {
        let grads = w.square().sum().backward();
        w.assign(&w - 1e-3 * &grads[&w]);
    });
    assert_eq!(w.num_params(), 2);
}

/// A loop whose result is carried on must be cut; that it grows if it is not shows that the counter sees it.
#[test]
fn what_is_carried_on_grows_unless_detached() {
    let w = Tensor::param(1.0_f64);
    let mut state = Tensor::from(0.0);
    assert_flat(|_| state = (&state * 0.5 + &w).detach());
    let mut state = Tensor::from(0.0);
    let (after_100, after_all) = live(|_| state = &state * 0.5 + &w);
    assert!(after_all - after_100 > 2 * 32 * (STEPS - 100) as isize, "{}", after_all - after_100);
}
