//! Every record of `data/golden/parametrizations.json`: weight and spectral normalization around layers, the singular
//! vectors during training, and the derivatives to second order. An unknown option is a failure.

use downhill::nn::{
    Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, HasWeight, Linear, Module, SpectralNorm, WeightNorm,
};
use downhill::{Conv, ConvTranspose, Params, Path, Tensor, rng, training};
use serde_json::Value;

use crate::golden::{self, tensor};

type Tensor64 = Tensor<f64>;

/// Relative to the element, or to 1 if that is larger: the size of the terms that cancel in it.
const TOLERANCE: f64 = 2e-13;

/// Something to do with a layer of any type.
trait Use {
    fn with<L: HasWeight<Element = f64> + Module<f64>>(&self, layer: L);
}

/// Makes the layer of a record.
fn with_layer(record: &Value, what: &impl Use) {
    let rng = &mut rng(1);
    match record["layer"].as_str().unwrap() {
        "Linear" => what.with(Linear::new(3, 2, rng)),
        "Linear without bias" => what.with(Linear::without_bias(2, 3, rng)),
        "Conv1d" => what.with(Conv1d::new(2, 3, 2, Conv::default(), rng)),
        "Conv2d" => what.with(Conv2d::new(2, 3, [2, 1], Conv::default(), rng)),
        "ConvTranspose1d" => what.with(ConvTranspose1d::new(2, 3, 2, ConvTranspose::default(), rng)),
        "ConvTranspose2d" => what.with(ConvTranspose2d::new(2, 3, [1, 2], ConvTranspose::default(), rng)),
        other => panic!("unknown layer {other}"),
    }
}

/// Replaces every parameter by that of its name among the inputs of a record: the names are PyTorch's.
fn load(layer: &mut impl Params<f64>, record: &Value, xs: &[Tensor64]) {
    let names: Vec<&str> = golden::list(&record["wrt"]).iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(layer.params().len(), names.len() - 1);
    layer.visit_mut(&Path::ROOT, &mut |path, tensor| {
        if !tensor.is_buffer() {
            let at = names.iter().position(|name| path == name);
            *tensor = xs[at.unwrap_or_else(|| panic!("PyTorch has no parameter {path}"))].clone();
        }
    });
}

struct Weight<'a>(&'a Value);

impl Use for Weight<'_> {
    fn with<L: HasWeight<Element = f64> + Module<f64>>(&self, layer: L) {
        let (record, mut dim) = (self.0, Some(0));
        for (name, value) in record["options"].as_object().unwrap() {
            match name.as_str() {
                "dim" => dim = value.as_u64().map(|dim| dim as usize),
                other => panic!("unknown option {other}"),
            }
        }
        let mut norm = WeightNorm::along(layer, dim);
        golden::check_derivatives("WeightNorm", &record["options"], record, TOLERANCE, |xs| {
            load(&mut norm, record, xs);
            norm.forward(&xs[0])
        });
    }
}

/// Every record of its section.
pub fn weight_norms() {
    let file = golden::file("parametrizations.json");
    golden::records(&file, "weight_norm", 18).iter().for_each(|record| with_layer(record, &Weight(record)));
}

struct Spectral<'a>(&'a Value);

impl Use for Spectral<'_> {
    fn with<L: HasWeight<Element = f64> + Module<f64>>(&self, layer: L) {
        let (case, rng) = (self.0, &mut rng(1));
        let options = &case["options"];
        let mut norm = match options["dim"].as_u64() {
            Some(dim) => SpectralNorm::along(layer, dim as usize, rng),
            None => SpectralNorm::new(layer, rng),
        };
        for (name, value) in options.as_object().unwrap() {
            match name.as_str() {
                "dim" => {}
                "eps" => norm.eps = golden::float(value),
                "n_power_iterations" => norm.n_power_iterations = golden::integer(value),
                other => panic!("unknown option {other}"),
            }
        }
        let states = golden::list(&case["states"]);
        let vector = |state: &Value, path: &str| tensor::<f64>(&state[path]);
        norm.visit_mut(&Path::ROOT, &mut |path, buffer| {
            if buffer.is_buffer() {
                *buffer = vector(&states[0], &path.to_string());
            }
        });
        let assert_vectors = |norm: &SpectralNorm<L>, state: &Value| {
            assert_eq!(norm.buffers().len(), state.as_object().unwrap().len());
            for (path, buffer) in norm.buffers() {
                golden::assert_close(buffer, &vector(state, &path), 1e-14, 1.0, || format!("{path} with {options}"));
            }
        };
        let inputs: Vec<Tensor64> = golden::list(&case["training"]["inputs"]).iter().map(tensor).collect();
        load(&mut norm, case, &inputs.iter().map(Tensor::param).collect::<Vec<_>>());
        training(&mut norm, rng, |norm| norm.forward(&tensor(&case["batch"])));
        assert_vectors(&norm, &states[1]);
        golden::check_derivatives("SpectralNorm, training", options, &case["training"], TOLERANCE, |xs| {
            load(&mut norm, case, xs);
            training(&mut norm, rng, |norm| norm.forward(&xs[0]))
        });
        assert_vectors(&norm, &states[2]);
        golden::check_derivatives("SpectralNorm, evaluation", options, &case["evaluation"], TOLERANCE, |xs| {
            load(&mut norm, case, xs);
            norm.forward(&xs[0])
        });
        assert_vectors(&norm, &states[2]);
    }
}

/// Every record of its section.
pub fn spectral_norms() {
    let file = golden::file("parametrizations.json");
    golden::records(&file, "spectral_norm", 24).iter().for_each(|record| with_layer(record, &Spectral(record)));
}

/// All of these comparisons.
pub const CHECKS: &[fn()] = &[weight_norms, spectral_norms];
