//! Deep graphs cost memory and time, but no stack: recording, walking and dropping a graph are loops. Every test runs
//! on a thread with a 256 KiB stack, on which recursion overflows after a few thousand levels.

use downhill::nn::{Mlp, Module, Tanh, cross_entropy, init};
use downhill::{Check, Directions, Params, Tensor, concat, grad, gradcheck_model, no_grad, stack, vjp};
use downhill_tests::small_stack::on_a_small_stack;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const DEPTH: usize = 1_000_000;

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

/// The gradient of a gradient: a graph of several million operations, differentiated and dropped.
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

/// A result with a hundred thousand inputs, and a parameter used a hundred thousand times.
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

/// `y = y + y`, sixty times: 2⁶⁰ paths, sixty operations. Walking every path would take thousands of years.
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

/// Two results on a shared trunk: dropping one must not take the other apart.
#[test]
fn chains_that_share() {
    on_a_small_stack(|| {
        let x = Tensor::param(1.0);
        let trunk = chain(&x);
        let (left, right) = (&trunk * 2.0, &trunk * 3.0);
        drop(trunk);
        assert_eq!(left.backward_retain_graph()[&x].item(), 2.0);
        drop(left);
        assert_eq!(right.backward()[&x].item(), 3.0);
    });
}

/// A graph differentiated and dropped on another thread.
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

const LISTS: usize = 200_000;

/// Operations on lists of inputs, each the result of another such operation.
#[test]
fn a_chain_of_lists() {
    on_a_small_stack(|| {
        let x = Tensor::param([1.0]);
        let chain = || (0..LISTS).fold(x.clone(), |y, _| concat(&[y], 0));
        drop(chain());
        assert_eq!(chain().sum().backward()[&x].item(), 1.0);
    });
}

/// 200,000 parameters in one list, in ascending or descending order of id: the work must be linear in their number; at
/// this size, quadratic time would not finish.
#[test]
fn a_list_of_two_hundred_thousand_parameters() {
    let mut params: Vec<Tensor<f64>> = (0..200_000).map(|i| Tensor::param([f64::from(i)])).collect();
    for _ in 0..2 {
        let grads = concat(&params, 0).square().sum().backward();
        assert!(params.iter().all(|w| grads[w].item() == 2.0 * w.item()));
        let mut sum = grads.clone() + grads;
        let first = &params[0];
        sum.set(first, Tensor::zeros(&[1]));
        assert_eq!((sum.len(), sum[first].item()), (params.len(), 0.0));
        params.reverse();
    }
}

/// A hundred tanh layers. Orthogonal weights and zero biases keep the gradient from vanishing, so that the check of the
/// first layer is not a comparison of zeros.
#[test]
fn a_network_with_a_hundred_layers() {
    on_a_small_stack(|| {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let sizes = [&[5][..], &[6; 99], &[3]].concat();
        let mut model = Mlp::new(&sizes, Tanh, &mut rng);
        for layer in &mut model.layers {
            layer.weight.assign(init::orthogonal(layer.weight.shape(), 1.0, &mut rng));
            layer.bias.as_mut().unwrap().assign(Tensor::zeros(&[layer.weight.shape()[0]]));
        }
        let x = init::normal(&[4, 5], 0.0, 1.0, &mut rng);
        let loss = |model: &Mlp<f64>| cross_entropy(&model.forward(&x), &[0, 2, 1, 1]);

        let grads = loss(&model).backward();
        for (path, param) in model.params() {
            let size = grads[param].norm(2.0).item();
            assert!((1e-3..1e3).contains(&size), "{path}: a gradient of size {size}");
        }
        let check = Check { directions: Directions::Random(2), atol: Some(1e-8), rtol: Some(1e-6), ..Check::default() };
        let report = gradcheck_model(&mut model, loss, check).unwrap();
        assert_eq!(report.inputs.len(), 200);
    });
}

/// A linear recurrent network, h ← W·h + x, unrolled for a thousand steps: W rotates the plane by θ and scales it by ρ.
/// After a unit input along the first axis, the first coordinate is ρⁿ cos(nθ) n steps later.
#[test]
fn a_linear_recurrence_of_a_thousand_steps() {
    const STEPS: usize = 1000;
    on_a_small_stack(|| {
        let (rho, theta) = (Tensor::param(0.9995_f64), Tensor::param(0.003));
        let mut pushes = ndarray::Array2::zeros((STEPS + 1, 2));
        pushes[[0, 0]] = 1.0;
        let pushes = Tensor::param(pushes);
        let (c, s) = (theta.cos(), theta.sin());
        let turn = stack(&[&c, &s, &-&s, &c], 0).reshape(&[2, 2]) * &rho;
        let mut h = Tensor::zeros(&[1, 2]);
        for t in 0..=STEPS {
            h = h.matmul(&turn) + pushes.narrow(0, t, 1);
        }
        let y = h.narrow(1, 0, 1).sum();

        let size = |steps: usize| 0.9995_f64.powi(steps as i32);
        let angle = |steps: usize| 0.003 * steps as f64;
        let n = STEPS as f64;
        let close = |value: f64, expected: f64| (value - expected).abs() <= 1e-10 * (1.0 + expected.abs());
        assert!(close(y.item(), size(STEPS) * angle(STEPS).cos()));
        let [by_rho, by_theta, by_push] = grad(&y, [&rho, &theta, &pushes]);
        assert!(close(by_rho.item(), n * size(STEPS - 1) * angle(STEPS).cos()), "{by_rho}");
        assert!(close(by_theta.item(), -n * size(STEPS) * angle(STEPS).sin()), "{by_theta}");
        for t in 0..=STEPS {
            let left = STEPS - t;
            let expected = [size(left) * angle(left).cos(), -size(left) * angle(left).sin()];
            let found = [by_push.view()[[t, 0]], by_push.view()[[t, 1]]];
            assert!(close(found[0], expected[0]) && close(found[1], expected[1]), "step {t}: {found:?}");
        }
        let [bend] = grad(&by_theta, [&theta]);
        assert!(close(bend.item(), -n * n * size(STEPS) * angle(STEPS).cos()), "{bend}");
    });
}

/// A nonlinear recurrence, h ← tanh(w·h + u·x), whose derivatives are propagated forward by hand.
#[test]
fn a_recurrence_of_a_thousand_steps_with_a_bend() {
    on_a_small_stack(|| {
        let (w, u) = (Tensor::param(1.02_f64), Tensor::param(0.3));
        let input = |t: usize| (0.05 * t as f64).sin();
        let mut state = Tensor::from(0.1);
        let (mut h, mut by_w, mut by_u) = (0.1_f64, 0.0, 0.0);
        for t in 0..1000 {
            state = (&w * &state + &u * input(t)).tanh();
            let inside = (h + 1.02 * by_w, input(t) + 1.02 * by_u);
            h = (1.02 * h + 0.3 * input(t)).tanh();
            (by_w, by_u) = ((1.0 - h * h) * inside.0, (1.0 - h * h) * inside.1);
        }
        let grads = state.backward();
        let close = |value: f64, expected: f64| (value - expected).abs() <= 1e-10 * expected.abs();
        assert!(close(grads[&w].item(), by_w) && by_w.abs() > 0.1, "{} is not {by_w}", grads[&w].item());
        assert!(close(grads[&u].item(), by_u) && by_u.abs() > 0.1, "{} is not {by_u}", grads[&u].item());
    });
}
