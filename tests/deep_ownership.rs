//! Operations that own tensors with long records, made by operations that own tensors, and so on: dropped in a loop
//! like everything else, on a thread with a 256 KiB stack.

use std::cell::RefCell;

use downhill::{Elements, Float, Op, OpMany, Tensor, apply, apply_many, no_grad};
use downhill_tests::small_stack::on_a_small_stack;

/// A user-defined identity operation that owns tensors in various containers.
enum Owner<F: Float> {
    Plain(Tensor<F>),
    List(Vec<Tensor<F>>),
    Boxed(Option<Box<(u8, Tensor<F>)>>),
}

impl<F: Float> Owner<F> {
    fn of(number: usize, tensor: Tensor<F>) -> Self {
        match number % 3 {
            0 => Owner::Plain(tensor),
            1 => Owner::List(vec![tensor.clone(), tensor]),
            _ => Owner::Boxed(Some(Box::new((0, tensor)))),
        }
    }

    fn owned(&self) -> &Tensor<F> {
        match self {
            Owner::Plain(tensor) => tensor,
            Owner::List(list) => &list[0],
            Owner::Boxed(boxed) => &boxed.as_ref().expect("always there").1,
        }
    }
}

impl<F: Float> Op<F, 1> for Owner<F> {
    fn name(&self) -> &'static str {
        "owner"
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        x.clone()
    }

    fn vjp(&self, _: usize, [x]: [&Tensor<F>; 1], _: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        assert!(self.owned().shape() == x.shape());
        dy.clone()
    }
}

impl<F: Float> OpMany<F> for Owner<F> {
    fn name(&self) -> &'static str {
        "owner of many"
    }

    fn forward(&mut self, xs: &[&Elements<F>]) -> Elements<F> {
        xs[0].clone()
    }

    fn vjp(&self, _: usize, _: &[Tensor<F>], _: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy.clone()
    }
}

const OWNERS: usize = 200_000;

/// Each result is owned by the operation that computes the next one from a parameter.
fn held_by_operations(x: &Tensor<f64>) -> Tensor<f64> {
    (0..OWNERS).fold(x.exp(), |y, i| match i % 2 {
        0 => apply(Owner::of(i / 2, y), [x]),
        _ => apply_many(Owner::of(i / 2, y), &[x]),
    })
}

/// Alternates between being owned by the next operation and being its input, in runs of several lengths.
fn held_in_turn(x: &Tensor<f64>) -> Tensor<f64> {
    (0..OWNERS).fold(x.exp(), |y, i| match i % 7 {
        0 | 3 => apply(Owner::of(i, y), [x]),
        1 => apply(Owner::of(i, y.clone()), [&y]),
        2 => apply_many(Owner::of(i, x.exp()), &[&y, x]),
        _ => &y * 1.0,
    })
}

#[test]
fn tensors_that_operations_own_are_dropped_in_a_loop() {
    for graph in [held_by_operations, held_in_turn] {
        on_a_small_stack(move || drop(graph(&Tensor::param(1.0))));
        on_a_small_stack(move || {
            let x = Tensor::param(1.0);
            let y = graph(&x);
            let in_between = y.clone();
            drop(y);
            drop(x);
            drop(in_between);
        });
        // Freed by `backward`; the tensors that operations own are not their inputs.
        on_a_small_stack(move || {
            let x = Tensor::param(1.0);
            let y = graph(&x);
            let kept = y.clone();
            let slope = y.backward()[&x].item();
            assert!(slope > 0.0);
            drop(kept);
        });
        on_a_small_stack(move || {
            let y = graph(&Tensor::param(1.0));
            let other = std::thread::Builder::new().stack_size(256 * 1024).spawn(move || drop(y));
            other.expect("a thread").join().expect("no panic");
        });
        // An operation that is never recorded.
        on_a_small_stack(move || {
            let y = graph(&Tensor::param(1.0));
            drop(no_grad(|| apply(Owner::Plain(y), [&Tensor::from(1.0)])));
        });
    }
}

/// When a thread exits, its thread-locals are dropped in an unspecified order.
#[test]
fn dropped_while_a_thread_ends() {
    thread_local! {
        static BEFORE: RefCell<Option<Tensor<f64>>> = const { RefCell::new(None) };
        static AFTER: RefCell<Option<Tensor<f64>>> = const { RefCell::new(None) };
    }
    on_a_small_stack(|| {
        let x = Tensor::param(1.0);
        BEFORE.set(Some(held_in_turn(&x)));
        drop(held_by_operations(&x));
        AFTER.set(Some(held_by_operations(&x)));
    });
}
