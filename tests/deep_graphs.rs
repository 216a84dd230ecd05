//! Depth costs memory and time, never stack: recording, walking and dropping a graph are loops. Every test runs on a
//! thread with 256 KiB of stack, where recursion ends after some thousand steps.

use downhill::{Tensor, concat, grad, no_grad, vjp};

const DEPTH: usize = 1_000_000;

fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(body);
    if let Err(panic) = thread.expect("a thread").join() {
        std::panic::resume_unwind(panic);
    }
}

/// `x + c + c + …`, a million times.
fn chain(x: &Tensor<f64>) -> Tensor<f64> {
    let c = Tensor::from(0.5);
    (0..DEPTH).fold(x.clone(), |y, _| y + &c)
}

#[test]
fn a_million_operations_forth_and_back() {
    on_a_small_stack(|| {
        let x = Tensor::param(1.0);
        let y = chain(&x);
        assert_eq!(y.item(), 1.0 + 0.5 * DEPTH as f64);
        assert_eq!(y.backward()[&x].item(), 1.0);
    });
}

#[test]
fn dropped_without_backward() {
    on_a_small_stack(|| drop(chain(&Tensor::param(1.0))));
}

#[test]
fn dropped_from_the_far_end() {
    on_a_small_stack(|| {
        let x = Tensor::param(1.0);
        let y = chain(&x);
        drop(x);
        drop(y);
    });
}

#[test]
fn a_panic_while_it_is_alive_drops_it_too() {
    on_a_small_stack(|| {
        let outcome = std::panic::catch_unwind(|| {
            let _y = chain(&Tensor::param(1.0));
            std::panic::resume_unwind(Box::new("not shown"));
        });
        assert!(outcome.is_err());
    });
}

/// The gradient of the gradient: a graph of several million operations, differentiated and dropped.
#[test]
fn differentiated_twice() {
    on_a_small_stack(|| {
        let x = Tensor::param(1.0);
        let c = Tensor::from(1.0 - 1e-7);
        let y = (0..DEPTH / 4).fold(x.clone(), |y, _| y * &c).square();
        let [slope] = grad(&y, [&x]);
        let [curvature] = grad(&slope, [&x]);
        // y = (c^n x)², y'' = 2 c^(2n).
        let expected = 2.0 * (1.0 - 1e-7_f64).powi(2 * (DEPTH / 4) as i32);
        assert!((curvature.item() - expected).abs() < 1e-9, "{} is not {expected}", curvature.item());
    });
}

#[test]
fn a_recorded_gradient_dropped_without_use() {
    on_a_small_stack(|| {
        let x = Tensor::param(1.0);
        let y = chain(&x).square();
        let [slope] = grad(&y, [&x]);
        drop(y);
        drop(slope);
    });
}

/// A result that depends on a million others directly, and a parameter used a million times.
#[test]
fn wide() {
    on_a_small_stack(|| {
        let x = Tensor::param([1.0]);
        let copies: Vec<Tensor<f64>> = (0..DEPTH / 10).map(|i| &x * i as f64).collect();
        let y = concat(&copies, 0).sum();
        drop(copies);
        let n = (DEPTH / 10) as f64;
        assert_eq!(y.backward()[&x].item(), n * (n - 1.0) / 2.0);
    });
}

/// `y = y + y`, sixty times: 2⁶⁰ paths, sixty operations. A walk along paths would take some thousand years.
#[test]
fn shared_diamonds() {
    on_a_small_stack(|| {
        let x = Tensor::param(1.0_f64);
        let doubled = |x: &Tensor<f64>| (0..60).fold(x.clone(), |y, _| &y + &y);
        assert_eq!(doubled(&x).backward()[&x].item(), 2.0_f64.powi(60));
        let [slope] = grad(&doubled(&x).square(), [&x]);
        let [curvature] = grad(&slope, [&x]);
        assert_eq!(curvature.item(), 2.0 * 2.0_f64.powi(120));
        let [product] = vjp(&doubled(&x), [&x], &Tensor::from(0.5));
        assert_eq!(product.item(), 2.0_f64.powi(59));
        drop(doubled(&x));
    });
}

/// Two chains that share every second link, so that dropping one must not take apart the other.
#[test]
fn chains_that_share() {
    on_a_small_stack(|| {
        let x = Tensor::param(1.0);
        let trunk = chain(&x);
        let (left, right) = (&trunk * 2.0, &trunk * 3.0);
        drop(trunk);
        assert_eq!(left.backward()[&x].item(), 2.0);
        assert_eq!(right.backward()[&x].item(), 3.0);
    });
}

/// Dropped in a thread that did not make it.
#[test]
fn handed_to_another_thread() {
    on_a_small_stack(|| {
        let x = Tensor::param(1.0);
        let y = chain(&x);
        let grads = std::thread::scope(|scope| {
            let small = std::thread::Builder::new().stack_size(256 * 1024);
            small.spawn_scoped(scope, move || y.backward()).expect("a thread").join().expect("no panic")
        });
        assert_eq!(grads[&x].item(), 1.0);
    });
}

#[test]
fn nothing_is_kept_under_no_grad() {
    on_a_small_stack(|| {
        let x = Tensor::param(1.0);
        let y = no_grad(|| chain(&x));
        assert!(!y.requires_grad() && y.op_name().is_none());
    });
}
