//! The network, newly built or loaded from a file.

use std::path::Path;

use downhill::StateDict;
use downhill::nn::Activation;
use downhill::nn::state;
use downhill::prelude::*;
use rand::Rng;

use crate::Failure;
use crate::options::{Hidden, Options};

/// MNIST, Fashion-MNIST and KMNIST all have ten classes.
const CLASSES: usize = 10;

/// The kind of file; this name distinguishes it from other saved files.
const KIND: &str = "mnist_mlp";

/// The contents of a file: the name of the activation and the state dict. The layer sizes follow from the weights'
/// shapes. Another program can read it with `state::read::<(String, StateDict)>("mnist_mlp", path)`.
type Saved = (String, StateDict);

/// The network that the options specify, for images of `inputs` pixels.
pub(crate) fn build(options: &Options, inputs: usize, rng: &mut impl Rng) -> Result<Mlp, Failure> {
    let hidden = options.hidden.clone().unwrap_or(Hidden(vec![128]));
    let sizes = [&[inputs], &hidden.0[..], &[CLASSES]].concat();
    let products = sizes.windows(2).map(|pair| (pair[0] as u64).saturating_mul(pair[1] as u64));
    let weights = products.fold(0_u64, u64::saturating_add);
    if weights > 1 << 28 {
        return Err(Failure::Usage(format!(
            "--hidden: {hidden} gives {weights} weights; this program allows at most 2²⁸"
        )));
    }
    Ok(Mlp::new(&sizes, options.activation.unwrap_or(Relu.into()), rng))
}

/// Writes the network to a file.
pub(crate) fn save(model: &Mlp, path: &Path) -> Result<(), Failure> {
    let saved: Saved = (model.activation.name().to_owned(), model.state_dict());
    Ok(state::write(&saved, KIND, path)?)
}

/// Loads a network from a file that [`save`] wrote. Layers and activation come from the file; it is an error if the
/// options say otherwise, or if the images have a different size.
pub(crate) fn load(options: &Options, path: &Path, inputs: usize) -> Result<Mlp, Failure> {
    let misfit = |what: String| Failure::World(format!("{}: {what}", path.display()));
    let (activation, weights): Saved = state::read(KIND, path)?;
    let activation: Activation = activation.parse().map_err(|error| misfit(format!("{error}")))?;
    let layers: Vec<Linear> = (0..).map_while(|i| layer(&weights, i)).collect();
    let mut model = Mlp { layers, activation };
    model.load_state_dict(&weights).map_err(|error| misfit(error.to_string()))?;

    let sizes = sizes(&model).ok_or_else(|| misfit("the sizes of the layers do not match".to_owned()))?;
    let [first, hidden @ .., last] = &sizes[..] else { return Err(misfit("the file contains no layers".to_owned())) };
    let hidden = Hidden(hidden.to_vec());
    if (*first, *last) != (inputs, CLASSES) {
        let what = format!("the network maps {first} pixels to {last} classes, the data have {inputs} and {CLASSES}");
        return Err(misfit(what));
    }
    if options.hidden.as_ref().is_some_and(|asked| *asked != hidden) {
        return Err(misfit(format!("the hidden layers are {hidden}, which differs from --hidden; omit that option")));
    }
    if options.activation.is_some_and(|asked| asked != activation) {
        return Err(misfit(format!(
            "the activation is {activation}, which differs from --activation; omit that option"
        )));
    }
    Ok(model)
}

/// Layer number `i` of a saved network.
fn layer(weights: &StateDict, i: usize) -> Option<Linear> {
    let weight = weights.get(&format!("layers.{i}.weight"))?;
    let bias = weights.get(&format!("layers.{i}.bias"))?;
    Some(Linear { weight: Tensor::param(weight), bias: Some(Tensor::param(bias)) })
}

/// The sizes of all layers, including input and output, if each layer's input size equals the previous layer's output
/// size.
pub(crate) fn sizes(model: &Mlp) -> Option<Vec<usize>> {
    let mut sizes = Vec::new();
    for layer in &model.layers {
        let (&[outputs, inputs], Some(bias)) = (layer.weight.shape(), &layer.bias) else { return None };
        if sizes.is_empty() {
            sizes.push(inputs);
        }
        if *sizes.last()? != inputs || bias.shape() != [outputs] || outputs == 0 {
            return None;
        }
        sizes.push(outputs);
    }
    Some(sizes)
}
