//! `backward` frees the records it passes, even if clones are kept; `backward_retain_graph` and `grad` keep them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use downhill::{Elements, Float, Op, OpMany, Tensor, apply, apply_many, concat, grad, hessian};

#[track_caller]
fn message<T>(body: impl FnOnce() -> T) -> String {
    let outcome = catch_unwind(AssertUnwindSafe(|| drop(body())));
    *outcome.expect_err("a panic").downcast::<String>().expect("with a message")
}

#[test]
fn a_kept_loss_keeps_its_value_and_no_record() {
    let w = Tensor::param([1.0_f64, 2.0]);
    let hidden = w.exp();
    let loss = hidden.square().sum();
    let kept = loss.clone();
    drop(loss.backward());
    let value = 2.0_f64.exp() + 4.0_f64.exp();
    assert!((kept.item() - value).abs() < 1e-12 * value && kept.requires_grad());
    assert_eq!((kept.op_name(), hidden.op_name()), (Some("sum"), Some("exp")));
    for (op, text) in [
        ("sum", message(|| kept.clone().backward())),
        ("sum", message(|| kept.backward_retain_graph())),
        ("sum", message(|| grad(&kept, [&w]))),
        ("sum", message(|| hessian(&kept, &w))),
        ("exp", message(|| hidden.sum().backward())),
        ("exp", message(|| grad(&hidden.sum(), [&w]))),
    ] {
        assert!(text.contains(&format!("the record of `{op}` was freed by an earlier `backward`")), "{text}");
        assert!(text.contains("add the losses") && text.contains("backward_retain_graph"), "{text}");
    }
    // A derivative that does not need the freed record still works.
    assert_eq!(grad(&hidden.square().sum(), [&hidden])[0], 2.0 * &hidden);
}

#[test]
fn the_keeping_forms_keep() {
    let w = Tensor::param([1.0_f64, 2.0]);
    let hidden = w.exp();
    let loss = hidden.square().sum();
    let first = loss.backward_retain_graph();
    let [by_grad] = grad(&loss, [&w]);
    let second = loss.backward_retain_graph();
    let other = hidden.sum().backward_retain_graph();
    let last = loss.backward();
    // d e^{2w}/dw = 2 e^{2w}.
    let exact = 2.0 * (2.0 * &w).exp();
    for gradient in [&first[&w], &by_grad, &second[&w], &last[&w]] {
        assert!(gradient.all_close(&exact, 1e-14, 0.0));
    }
    assert_eq!(other[&w], w.exp());
    assert!(!first[&w].requires_grad() && by_grad.requires_grad());
}

/// An operation that owns data: its name is kept, its data is freed.
struct Scaled {
    by: f64,
    owned: Arc<AtomicUsize>,
    panics: bool,
}

impl Drop for Scaled {
    fn drop(&mut self) {
        self.owned.fetch_add(1, Ordering::SeqCst);
    }
}

impl<F: Float> Op<F, 1> for Scaled {
    fn name(&self) -> &'static str {
        "scaled"
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let x = x.view();
        x.mapv(|x| x * F::from_f64(self.by)).into()
    }

    fn vjp(&self, _: usize, _: [&Tensor<F>; 1], _: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        assert!(!self.panics, "the rule panics");
        dy * F::from_f64(self.by)
    }
}

impl<F: Float> OpMany<F> for Scaled {
    fn name(&self) -> &'static str {
        "scaled"
    }

    fn forward(&mut self, xs: &[&Elements<F>]) -> Elements<F> {
        xs[0].map(|x| x * F::from_f64(self.by))
    }

    fn vjp(&self, _: usize, _: &[Tensor<F>], _: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * F::from_f64(self.by)
    }
}

#[test]
fn what_an_operation_on_many_owns_is_let_go_of() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let w = Tensor::param(2.0_f64);
    let y = apply_many(Scaled { by: 3.0, owned: dropped.clone(), panics: false }, &[&w]);
    let kept = y.clone();
    assert_eq!(y.backward_retain_graph()[&w].item(), 3.0);
    assert_eq!(dropped.load(Ordering::SeqCst), 0);
    assert_eq!(y.backward()[&w].item(), 3.0);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert_eq!(kept.op_name(), Some("scaled"));
}

#[test]
fn what_an_operation_owns_is_let_go_of() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let scaled = |panics| Scaled { by: 3.0, owned: dropped.clone(), panics };
    let w = Tensor::param(2.0_f64);
    let y = apply(scaled(false), [&w]);
    assert_eq!(y.backward_retain_graph()[&w].item(), 3.0);
    assert_eq!(grad(&y, [&w])[0].item(), 3.0);
    assert_eq!(dropped.load(Ordering::SeqCst), 0);
    let kept = y.clone();
    assert_eq!(y.backward()[&w].item(), 3.0);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert_eq!(kept.op_name(), Some("scaled"));
    assert!(message(|| kept.backward()).contains("`scaled` was freed"));

    // A derivative rule that panics leaves nothing locked.
    let y = apply(scaled(true), [&w]);
    let both = &y + 0.0;
    for _ in 0..2 {
        assert!(catch_unwind(AssertUnwindSafe(|| grad(&y, [&w]))).is_err());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| both.backward())).is_err());
    drop(y);
    assert_eq!(dropped.load(Ordering::SeqCst), 2);
}

/// Several threads walk one graph, and some of them free it: each gets correct gradients or the error that the record
/// was freed.
#[test]
fn several_threads_on_one_graph() {
    for round in 0..50 {
        let w = Tensor::param(vec![0.5_f64; 8]);
        let parts: Vec<Tensor<f64>> = (0..20).map(|i| (&w * f64::from(i)).sin()).collect();
        let loss = concat(&parts, 0).sum();
        drop(parts);
        let expected: f64 = (0..20).map(|i| f64::from(i) * (0.5 * f64::from(i)).cos()).sum();
        let outcomes: Vec<bool> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..4)
                .map(|thread| {
                    let (loss, w) = (loss.clone(), &w);
                    scope.spawn(move || {
                        let walk = AssertUnwindSafe(|| match (thread + round) % 4 {
                            0 | 1 => loss.backward()[w].clone(),
                            2 => loss.backward_retain_graph()[w].clone(),
                            _ => grad(&loss, [w])[0].clone(),
                        });
                        match catch_unwind(walk) {
                            Ok(gradient) => {
                                assert!(gradient.view().iter().all(|g| (g - expected).abs() < 1e-9));
                                true
                            }
                            Err(panic) => {
                                let text = panic.downcast::<String>().expect("a message");
                                assert!(text.contains("was freed by an earlier `backward`"), "{text}");
                                false
                            }
                        }
                    })
                })
                .collect();
            handles.into_iter().map(|handle| handle.join().expect("no other panic")).collect()
        });
        // Of the two threads that free it, at most one can finish; possibly neither does, as each may run into a record
        // that the other has freed.
        let freeing = (0..4).filter(|thread| (thread + round) % 4 < 2 && outcomes[*thread]).count();
        assert!(freeing <= 1, "{outcomes:?}");
        assert!(message(|| loss.backward()).contains("freed"));
    }
}
