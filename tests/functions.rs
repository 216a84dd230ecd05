//! Our own `f64` functions against 300-bit arithmetic: each must be as accurate as its file in
//! `crates/kernels/src/math` says. (The `f32` functions are compared with `f64` there, value by value.)

use downhill::Tensor;
use downhill_tests::golden::{file, records};
use serde_json::Value;

type Function = fn(&Tensor<f64>) -> Tensor<f64>;

/// Each function with its error bound, in ulps.
const FUNCTIONS: [(&str, f64, Function); 7] = [
    ("exp", 0.85, Tensor::exp),
    ("expm1", 1.15, Tensor::expm1),
    ("ln", 0.85, Tensor::ln),
    ("log1p", 0.85, Tensor::log1p),
    ("sinh", 2.0, Tensor::sinh),
    ("cosh", 1.3, Tensor::cosh),
    ("tanh", 1.4, Tensor::tanh),
];

fn numbers(record: &Value, name: &str) -> Vec<f64> {
    record[name].as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// One ulp of `y`.
fn unit(y: f64) -> f64 {
    let exponent = ((y.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    2.0_f64.powi(exponent.max(-1022)) / 2.0_f64.powi(52)
}

#[test]
fn within_the_stated_bounds_at_thousands_of_points() {
    let golden = file("functions.json");
    let records = records(&golden, "cases", FUNCTIONS.len());
    for (name, bound, function) in FUNCTIONS {
        let record = records.iter().find(|record| record["name"] == name).expect("a record for every function");
        let [x, nearest, above] = ["x", "nearest", "above"].map(|key| numbers(record, key));
        assert!(x.len() >= 1500 && x.len() == nearest.len() && x.len() == above.len());
        let y = function(&Tensor::from(x.clone())).to_vec();
        // The exact value is `above` ulps above the nearest `f64`; both differences are exact.
        let errors = (0..x.len()).map(|i| (((y[i] - nearest[i]) / unit(nearest[i]) - above[i]).abs(), x[i]));
        let (worst, at) = errors.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
        println!("{name}: {worst:.3} ulps at {at:e}");
        assert!(worst <= bound, "{name}: {worst} ulps at {at:e}, more than {bound}");
        assert!(
            worst > 0.5,
            "{name}: {worst}: even a correctly rounded result is off by up to half an ulp, so this test measures nothing"
        );
    }
}
