//! At extreme arguments, where naive formulas overflow, values and gradients are exact and second derivatives finite,
//! in both element types. And NaN stays NaN: a network that has diverged must not look healthy.

use downhill::nn::{bce_with_logits, cross_entropy, l1, mse, nll_loss};
use downhill::{Float, Tensor, grad, keep};

/// The value, the gradient of the sum, and the Hessian times a vector of ones, at a point.
fn derivatives<F: Float>(f: impl Fn(&Tensor<F>) -> Tensor<F>, at: &[f64]) -> [Vec<f64>; 3] {
    let x = Tensor::<F>::param(at.iter().map(|&x| F::from_f64(x)).collect::<Vec<F>>());
    let y = f(&x);
    let [first] = grad(&y.sum(), [&x]);
    let [second] = grad(&first.sum(), [&x]);
    [y, first, second].map(|t| t.to_vec().into_iter().map(F::as_f64).collect())
}

/// Asserts value and gradient to the last bits, and a finite second derivative, in both element types.
macro_rules! exactly {
    ($f:expr, at $at:expr, value $value:expr, gradient $gradient:expr) => {{
        exact::<f32>($f, &$at, &$value, &$gradient, stringify!($f));
        exact::<f64>($f, &$at, &$value, &$gradient, stringify!($f));
    }};
}

#[track_caller]
fn exact<F: Float>(f: impl Fn(&Tensor<F>) -> Tensor<F>, at: &[f64], value: &[f64], gradient: &[f64], name: &str) {
    let [y, first, second] = derivatives(f, at);
    let close = |a: &[f64], b: &[f64]| {
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 2.0 * F::epsilon().as_f64() * b.abs();
        a.len() == b.len() && a.iter().zip(b).all(close)
    };
    assert!(close(&y, value), "{name} in {} at {at:?}: {y:?}, not {value:?}", F::NAME);
    assert!(close(&first, gradient), "gradient of {name} in {} at {at:?}: {first:?}, not {gradient:?}", F::NAME);
    assert!(second.iter().all(|x| x.is_finite()), "second derivative of {name} in {} at {at:?}: {second:?}", F::NAME);
}

const FAR: [f64; 2] = [-1000.0, 1000.0];

#[test]
fn activations_far_out() {
    exactly!(|x| x.sigmoid(), at FAR, value [0.0, 1.0], gradient [0.0, 0.0]);
    exactly!(|x| x.log_sigmoid(), at FAR, value [-1000.0, 0.0], gradient [1.0, 0.0]);
    exactly!(|x| x.softplus(), at FAR, value [0.0, 1000.0], gradient [0.0, 1.0]);
    exactly!(|x| x.tanh(), at FAR, value [-1.0, 1.0], gradient [0.0, 0.0]);
    exactly!(|x| x.gelu(), at FAR, value [0.0, 1000.0], gradient [0.0, 1.0]);
    exactly!(|x| x.gelu_tanh(), at FAR, value [0.0, 1000.0], gradient [0.0, 1.0]);
    exactly!(|x| x.silu(), at FAR, value [0.0, 1000.0], gradient [0.0, 1.0]);
    exactly!(|x| x.mish(), at FAR, value [0.0, 1000.0], gradient [0.0, 1.0]);
    exactly!(|x| x.elu(Float::from_f64(1.0)), at FAR, value [-1.0, 1000.0], gradient [0.0, 1.0]);
    exactly!(|x| x.erf(), at FAR, value [-1.0, 1.0], gradient [0.0, 0.0]);
    exactly!(|x| x.softsign(), at[-1000.0], value[-1000.0 / 1001.0], gradient[1.0 / (1001.0 * 1001.0)]);
}

/// Also where squares and exponentials of the largest finite values overflow.
#[test]
fn activations_at_the_end_of_the_type() {
    let far = [-3e38, 3e38];
    exactly!(|x| x.sigmoid(), at far, value [0.0, 1.0], gradient [0.0, 0.0]);
    exactly!(|x| x.tanh(), at far, value [-1.0, 1.0], gradient [0.0, 0.0]);
    let far = far.map(|x| f64::from(x as f32));
    exactly!(|x| x.log_sigmoid(), at far, value [far[0], 0.0], gradient [1.0, 0.0]);
    exactly!(|x| x.softplus(), at far, value [0.0, far[1]], gradient [0.0, 1.0]);
    exactly!(|x| x.relu(), at far, value [0.0, far[1]], gradient [0.0, 1.0]);
}

#[test]
fn normalisers_far_out() {
    let ln2 = std::f64::consts::LN_2;
    exactly!(|x| x.logsumexp(), at [1000.0, 0.0], value [1000.0], gradient [1.0, 0.0]);
    exactly!(|x| x.logsumexp(), at [-1000.0, 1000.0, 0.0], value [1000.0], gradient [0.0, 1.0, 0.0]);
    exactly!(|x| x.logsumexp(), at [0.0, -1e-30], value [ln2], gradient [0.5, 0.5]);
    exactly!(|x| x.softmax(0), at FAR, value [0.0, 1.0], gradient [0.0, 0.0]);
    exactly!(|x| x.log_softmax(0), at FAR, value [-2000.0, 0.0], gradient [1.0, -1.0]);
    exactly!(|x| x.log_softmax(0), at [1000.0, 1000.0], value [-ln2, -ln2], gradient [0.0, 0.0]);
    // The same along an axis of a matrix whose other row is harmless.
    let rows = |x: &Tensor| x.reshape(&[2, 2]).logsumexp_axis(keep(1)).reshape(&[2]);
    exact::<f32>(rows, &[1000.0, 0.0, 0.0, 0.0], &[1000.0, ln2], &[1.0, 0.0, 0.5, 0.5], "rows");
}

/// The gradient is `exp(x - y)`, as in PyTorch, and `y` near 1000 is accurate to half an ulp of 1000.
#[test]
fn logsumexp_of_equal_numbers_far_out() {
    fn in_type<F: Float>() {
        for at in FAR {
            let [y, first, second] = derivatives::<F>(|x| x.logsumexp(), &[at, at]);
            let rounding = 1000.0 * F::epsilon().as_f64();
            assert!((y[0] - at - std::f64::consts::LN_2).abs() <= rounding, "{} {y:?}", F::NAME);
            assert!(first.iter().all(|g| (g - 0.5).abs() <= 0.5 * rounding), "{} {first:?}", F::NAME);
            assert!(second.iter().all(|h| h.abs() <= rounding), "{} {second:?}", F::NAME);
        }
    }
    in_type::<f32>();
    in_type::<f64>();
}

#[test]
fn losses_far_out() {
    fn in_type<F: Float>() {
        let row = |x: &Tensor<F>| x.reshape(&[1, x.len()]);
        let (zero, one) = (Tensor::<F>::zeros(&[1]), Tensor::<F>::ones(&[1]));
        let check = |name: &str, f: &dyn Fn(&Tensor<F>) -> Tensor<F>, at: &[f64], value: f64, gradient: &[f64]| {
            exact::<F>(f, at, &[value], gradient, name);
        };
        check("cross_entropy", &|x| cross_entropy(&row(x), &[0]), &[-1000.0, 1000.0], 2000.0, &[-1.0, 1.0]);
        check("cross_entropy", &|x| cross_entropy(&row(x), &[1]), &[-1000.0, 1000.0], 0.0, &[0.0, 0.0]);
        check("bce_with_logits", &|x| bce_with_logits(x, &zero), &[1000.0], 1000.0, &[1.0]);
        check("bce_with_logits", &|x| bce_with_logits(x, &one), &[-1000.0], 1000.0, &[-1.0]);
        check("bce_with_logits", &|x| bce_with_logits(x, &one), &[1000.0], 0.0, &[0.0]);
        check("bce_with_logits", &|x| bce_with_logits(x, &zero), &[-1000.0], 0.0, &[0.0]);
    }
    in_type::<f32>();
    in_type::<f64>();
}

type Unary<F> = (&'static str, fn(&Tensor<F>) -> Tensor<F>);

fn elementwise<F: Float>() -> Vec<Unary<F>> {
    vec![
        ("neg", |x| -x),
        ("abs", |x| x.abs()),
        ("square", |x| x.square()),
        ("sqrt", |x| x.sqrt()),
        ("rsqrt", |x| x.rsqrt()),
        ("recip", |x| x.recip()),
        ("exp", |x| x.exp()),
        ("expm1", |x| x.expm1()),
        ("ln", |x| x.ln()),
        ("log1p", |x| x.log1p()),
        ("sin", |x| x.sin()),
        ("cos", |x| x.cos()),
        ("tanh", |x| x.tanh()),
        ("erf", |x| x.erf()),
        ("powi", |x| x.powi(2)),
        ("powf", |x| x.powf(F::from_f64(1.5))),
        ("sigmoid", |x| x.sigmoid()),
        ("log_sigmoid", |x| x.log_sigmoid()),
        ("softplus", |x| x.softplus()),
        ("softsign", |x| x.softsign()),
        ("relu", |x| x.relu()),
        ("relu6", |x| x.relu6()),
        ("leaky_relu", |x| x.leaky_relu(F::from_f64(0.1))),
        ("elu", |x| x.elu(F::one())),
        ("selu", |x| x.selu()),
        ("gelu", |x| x.gelu()),
        ("gelu_tanh", |x| x.gelu_tanh()),
        ("silu", |x| x.silu()),
        ("mish", |x| x.mish()),
        ("hardtanh", |x| x.hardtanh()),
        ("hardswish", |x| x.hardswish()),
        ("hardsigmoid", |x| x.hardsigmoid()),
        ("clamp", |x| x.clamp(F::zero(), F::one())),
        ("clamp_min", |x| x.clamp_min(F::zero())),
        ("clamp_max", |x| x.clamp_max(F::zero())),
        ("maximum, left", |x| x.maximum(F::zero())),
        ("maximum, right", |x| Tensor::from(F::zero()).maximum(x)),
        ("minimum, left", |x| x.minimum(F::zero())),
        ("minimum, right", |x| Tensor::from(F::zero()).minimum(x)),
        ("add", |x| x + F::one()),
        ("mul by 0", |x| x * F::zero()),
    ]
}

/// One NaN among 67 elements, in the vectorized part of a loop or in its remainder.
fn one_nan<F: Float>(at: usize) -> Tensor<F> {
    let mut values = vec![F::from_f64(0.5); 67];
    values[at] = F::nan();
    Tensor::from(values)
}

#[test]
fn nan_passes_elementwise_operations_and_stays_where_it_is() {
    fn in_type<F: Float>() {
        for at in [0, 21, 66] {
            let x = one_nan::<F>(at);
            for (name, f) in elementwise::<F>() {
                let y = f(&x).to_vec();
                assert!(y[at].is_nan(), "{name} in {}: NaN became {}", F::NAME, y[at]);
                let others = y.iter().enumerate().filter(|(i, _)| *i != at);
                assert!(others.clone().all(|(_, y)| y.is_finite()), "{name} in {}: NaN spread", F::NAME);
            }
        }
    }
    in_type::<f32>();
    in_type::<f64>();
}

#[test]
fn nan_passes_reductions_products_and_losses() {
    fn in_type<F: Float>() {
        let reductions: Vec<Unary<F>> = vec![
            ("sum", |x| x.sum()),
            ("mean", |x| x.mean()),
            ("max", |x| x.max()),
            ("min", |x| x.min()),
            ("prod", |x| x.prod()),
            ("var", |x| x.var()),
            ("std", |x| x.std()),
            ("norm 1", |x| x.norm(F::one())),
            ("norm 2", |x| x.norm(F::from_f64(2.0))),
            ("norm inf", |x| x.norm(F::infinity())),
            ("logsumexp", |x| x.logsumexp()),
            ("softmax", |x| x.softmax(0)),
            ("log_softmax", |x| x.log_softmax(0)),
            ("cumsum", |x| x.cumsum(0).narrow(0, 66, 1)),
            ("matmul", |x| x.matmul(x)),
            ("matmul with 0", |x| x.matmul(&Tensor::zeros(&[67, 5]))),
            ("mse", |x| mse(x, &Tensor::zeros(&[67]))),
            ("l1", |x| l1(x, &Tensor::zeros(&[67]))),
            ("bce_with_logits", |x| bce_with_logits(x, &Tensor::ones(&[67]))),
            ("cross_entropy", |x| cross_entropy(&x.reshape(&[1, 67]), &[3])),
            ("nll_loss", |x| nll_loss(&x.reshape(&[67, 1]), &[0; 67])),
        ];
        for at in [0, 21, 66] {
            for (name, f) in &reductions {
                let y = f(&one_nan::<F>(at)).to_vec();
                assert!(y.iter().all(|y| y.is_nan()), "{name} in {}: NaN at {at} became {y:?}", F::NAME);
            }
        }
    }
    in_type::<f32>();
    in_type::<f64>();
}
