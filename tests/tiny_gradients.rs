//! Vanishing gradients: for every rule, a step in `f32` equals the step in `f64` up to rounding error, wherever `f32`
//! can represent the state. And the state never stays subnormal.

use downhill::optim::{Optimizer, Rule, rule_names};
use downhill::{Float, Gradients, Tensor};

const STEPS: usize = 30;

/// Every rule that updates by single gradients, with options under which every buffer is used, and the name of its ε.
fn rules() -> Vec<(String, Option<&'static str>)> {
    let mut rules = Vec::new();
    for &name in rule_names() {
        let (variants, eps): (&[&str], _) = match name {
            "lbfgs" => continue,
            "adam" | "adamw" => (&["", ",amsgrad"], Some("eps")),
            "rmsprop" => (&["", ",centered", ",momentum=0.9", ",centered,momentum=0.9"], Some("eps")),
            "sgd" => (&["", ",momentum=0.9", ",momentum=0.9,nesterov"], None),
            "sign_sgd" => (&["", ",momentum=0"], None),
            "adadelta" | "adagrad" | "adamax" | "lamb" | "muon" | "nadam" | "radam" => (&[""], Some("eps")),
            "adafactor" => (&[""], Some("eps1")),
            "asgd" | "classical_momentum" | "lion" | "rprop" => (&[""], None),
            unknown => panic!("{unknown}: add options under which every buffer is used"),
        };
        rules.extend(variants.iter().map(|variant| (format!("{name}:lr=0.01{variant}"), eps)));
    }
    rules
}

/// The elements of a matrix after each step from 0 with these gradients.
fn run<F: Float>(rule: &str, gradient: impl Fn(usize) -> [f64; 4]) -> Vec<[f64; 4]> {
    let rule: Box<dyn Rule<F>> = rule.parse().unwrap();
    let mut opt = Optimizer::new(rule);
    let mut p = Tensor::param(Tensor::<F>::zeros(&[2, 2]));
    let step = |step| {
        let grad: Vec<F> = gradient(step).map(F::from_f64).to_vec();
        let mut grads = Gradients::default();
        grads.set(&p, Tensor::from(grad).reshape(&[2, 2]));
        opt.step(&mut p, &grads);
        std::array::from_fn(|i| p.to_vec()[i].as_f64())
    };
    (0..STEPS).map(step).collect()
}

/// The weight of a new square in the mean of squares, and the gradient size above which ε is negligible.
fn squares(rule: &str, eps: f64) -> Option<(f64, f64)> {
    match rule.split(':').next().unwrap() {
        "adam" | "adamw" | "nadam" | "radam" | "lamb" => Some((1e-3, eps)),
        "rmsprop" => Some((1e-2, eps)),
        "adagrad" | "adafactor" => Some((0.05, eps)),
        "adadelta" => Some((0.1, eps.sqrt())),
        _ => None,
    }
}

/// Whether `f32` can represent the state of `rule`, or the error is negligible next to ε.
///
/// It cannot represent the square of a gradient below about 1e-19 (numbers below 1.2e-38 are subnormal in `f32`): there
/// PyTorch's optimizers, and ours, divide by what is left of it.
fn is_representable(rule: &str, eps: f64, gradient: f64) -> bool {
    let Some((new, eps)) = squares(rule, eps) else { return true };
    new * gradient * gradient >= f64::from(f32::MIN_POSITIVE) || gradient <= 1e-7 * eps
}

type Course = (&'static str, fn(usize) -> f64);

const COURSES: [Course; 4] = [
    ("constant", |_| 1.0),
    ("slowly decaying", |step| 0.9_f64.powi(step as i32)),
    ("quickly decaying", |step| 0.5_f64.powi(step as i32)),
    ("alternating", |step| if step % 2 == 0 { 1.0 } else { -0.3 }),
];

#[test]
fn steps_in_f32_are_steps_in_f64() {
    let mut compared = 0;
    for (rule, eps_name) in rules() {
        for (course, share) in COURSES {
            for exponent in 5..=25 {
                let size = 10.0_f64.powi(-exponent);
                let gradient = |step| [1.0, -0.5, 0.25, 0.0].map(|part| f64::from((part * size * share(step)) as f32));
                for eps in [1e-8, 1e-10, 1e-12, 1e-14, 1e-16, 1e-18, 1e-20] {
                    let rule = eps_name.map_or(rule.clone(), |name| format!("{rule},{name}={eps:e}"));
                    if !is_representable(&rule, eps, 0.25 * size) {
                        continue;
                    }
                    let (single, double) = (run::<f32>(&rule, gradient), run::<f64>(&rule, gradient));
                    // An alternating run may end near 0, so differences are relative to the largest distance from 0.
                    let way = |i: usize| double.iter().fold(0.0, |longest: f64, p| longest.max(p[i].abs()));
                    let longest = (0..4).map(way).fold(0.0, f64::max);
                    for i in 0..4 {
                        // Muon's steps depend on the whole matrix.
                        let way = if rule.starts_with("muon") { longest } else { way(i) };
                        for (step, (a, b)) in single.iter().zip(&double).enumerate() {
                            let off = if a[i] == b[i] { 0.0 } else { (a[i] - b[i]).abs() / way };
                            // Up to 30 steps with a few rounding errors of 6e-8 each; the largest measured difference
                            // is 1.6e-6.
                            assert!(
                                off < 5e-6,
                                "{rule}, {course} gradients of {size:e}, step {step}, element {i}: {a:?}, in f64 {b:?}"
                            );
                            compared += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(compared > 500_000, "{compared}");
}

/// Where the squares underflow and ε does not hide it: ten steps of PyTorch 2.15.0 in `f32`, which lose digits as its
/// squares become subnormal, and which divide by ε alone from 1e-23 on.
#[test]
fn beyond_the_squares_of_f32_as_far_off_as_pytorch() {
    let cases: [(&str, f64, [f64; 2], [f64; 2]); 9] = [
        ("adam", 1e-20, [-0.05004100501537323, 0.03327135741710663], [-0.04999999920663802, 0.03333333262812271]),
        ("adam", 1e-21, [-0.008940468542277813, 0.005000000353902578], [-0.00909090882864068, 0.004761904617984229]),
        (
            "adam",
            1e-23,
            [-0.00010000001202570274, 5.000000601285137e-05],
            [-9.990009988213172e-5, 4.997501248476006e-5],
        ),
        ("rmsprop", 1e-20, [-0.08208654820919037, 0.045055363327264786], [-0.08209101383710482, 0.04504948282228997]),
        (
            "rmsprop",
            1e-21,
            [-0.009783378802239895, 0.0049412865191698074],
            [-0.009783496084488658, 0.004945231383221513],
        ),
        (
            "rmsprop",
            1e-23,
            [-0.00010000000474974513, 5.0000002374872565e-05],
            [-9.997783437555385e-5, 4.999445792236045e-5],
        ),
        ("adagrad", 1e-20, [-0.03238241747021675, 0.024210451170802116], [-0.03238236040694331, 0.02421058716691876]),
        (
            "adagrad",
            1e-21,
            [-0.008190282620489597, 0.004499691538512707],
            [-0.008190668271876752, 0.004499182778898817],
        ),
        (
            "adagrad",
            1e-23,
            [-0.00010000000474974513, 5.0000002374872565e-05],
            [-9.977586577733067e-5, 4.994389795650258e-5],
        ),
    ];
    for (rule, size, theirs, exact) in cases {
        let text = format!("{rule}:lr=0.01,eps=1e-20");
        let gradient = |_| [f64::from(size as f32), f64::from((-0.5 * size) as f32), 0.0, 0.0];
        let (single, double) = (run::<f32>(&text, gradient)[9], run::<f64>(&text, gradient)[9]);
        for i in 0..2 {
            let error = |x: f64| (x / exact[i] - 1.0).abs();
            assert!(error(double[i]) < 1e-12, "{text}, {size:e}: {}, not {}", double[i], exact[i]);
            // The few remaining bits of the squares may be rounded in a different order.
            let allowed = (1.5 * error(theirs[i])).max(1e-5);
            assert!(error(single[i]) <= allowed, "{text}, {size:e}: {}, PyTorch {}", single[i], theirs[i]);
        }
        assert_eq!(single[2..], [0.0, 0.0]);
    }
}

/// With a constant gradient, the variance in centered RMSprop decays to 0, and rounding could make it negative under
/// the square root.
#[test]
fn a_variance_is_not_negative() {
    for size in [1.0, 0.1, 1e-3, 3e-5] {
        let mut opt = Optimizer::new("rmsprop:centered".parse::<Box<dyn Rule<f32>>>().unwrap());
        let mut p = Tensor::param(Tensor::<f32>::zeros(&[3]));
        for step in 0..5000 {
            let mut grads = Gradients::default();
            grads.set(&p, Tensor::from([size, 0.7 * size, 0.3 * size]));
            opt.step(&mut p, &grads);
            assert!(p.all_finite(), "{size}, step {step}: {p}");
        }
    }
}

/// An ε that underflows in the parameter's type counts as its smallest positive normal number: 0/0 would be NaN.
#[test]
fn a_zero_gradient_is_no_nan_whatever_the_eps() {
    fn in_type<F: Float>() {
        for (rule, eps) in rules().into_iter().filter_map(|(rule, eps)| Some((rule, eps?))) {
            for size in ["0", "1e-320", "1e-300", "1e-46", "1e-42", "1e-38"] {
                let rule = format!("{rule},{eps}={size}");
                let still = run::<F>(&rule, |_| [0.0; 4]);
                assert!(still.iter().flatten().all(|&p| p == 0.0), "{rule} in {}: {still:?}", F::NAME);
                // Also next to and after nonzero gradients.
                let moved = run::<F>(&rule, |step| [1.0, -0.5, if step == 3 { 1e-3 } else { 0.0 }, 0.0]);
                assert!(moved.iter().flatten().all(|p| p.is_finite()), "{rule} in {}: {moved:?}", F::NAME);
                assert!(moved.iter().all(|p| p[0] < 0.0), "{rule} in {}: {moved:?}", F::NAME);
            }
        }
    }
    in_type::<f32>();
    in_type::<f64>();
}

/// A dead unit: some gradients, then only zeros, until a mean of squares with β₂ = 0.999 has decayed completely. The
/// state is never subnormal, so no step is slow.
#[test]
fn what_is_remembered_is_never_subnormal() {
    for (rule, _) in rules() {
        let rule: Box<dyn Rule<f32>> = rule.parse().unwrap();
        let text = rule.to_string();
        let mut opt = Optimizer::new(rule);
        let mut p = Tensor::param(Tensor::<f32>::ones(&[2, 2]));
        for step in 0..100_000 {
            let size = if step < 3 { 1e-3 } else { 0.0 };
            let mut grads = Gradients::default();
            grads.set(&p, Tensor::from([[size, -size], [0.1 * size, 0.0]]));
            opt.step(&mut p, &grads);
            for (name, buffer) in opt.state("").unwrap().buffers() {
                let normal = buffer.iter().all(|x| *x == 0.0 || x.is_normal());
                assert!(normal, "{text}, step {step}: {name} is {buffer:?}");
            }
        }
    }
}
