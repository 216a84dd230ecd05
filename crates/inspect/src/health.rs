//! The health of a network while it trains: what a step looks like in every layer, and warnings in words.

mod activation;
mod report;

pub use report::{ActivationHealth, HealthReport, ParameterHealth};

use std::collections::BTreeMap;

use downhill_tensor::{Float, Gradients, Params, Tensor};

use activation::Activation;

/// Watches a network while it trains. Call [`forward`](Self::forward) with the loss of every step, before `backward`, and
/// [`update`](Self::update) after the optimizer has stepped; only every so many steps are looked at.
///
/// What is looked at costs a pass over the parameters and one over the activations, which are read from the record of the
/// loss: no layer needs a hook.
///
/// ```
/// use downhill_inspect::Health;
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([[1.0, -1.0]]);
/// let x = Tensor::from([[1.0], [2.0]]);
/// let mut health = Health::default();
/// (health.every, health.patience) = (1, 3); // instead of every 50th step, and 500
/// for _ in 0..5 {
///     let loss = x.matmul(&w).relu().sum();
///     health.forward(&loss, &w);
///     let grads = loss.backward();
///     w.assign(&w - 0.001 * &grads[&w]);
///     health.update(&w, &grads);
/// }
/// let report = health.report();
/// assert_eq!(report.activations[0].dead, 0.5);
/// assert!(report.warnings[0].starts_with("relu: 50 % of units have been dead for 3 steps; try "));
/// ```
#[derive(Clone, Debug)]
pub struct Health {
    /// Look at the first step, and then at every so many; at least 1.
    pub every: u64,
    /// A unit that has been 0 for so many steps is dead.
    pub patience: u64,
    /// The number of bins of the histograms.
    pub bins: usize,
    /// The steps so far.
    pub steps: u64,
    looking: bool,
    before: BTreeMap<String, Vec<f64>>,
    parameters: Vec<ParameterHealth>,
    activations: BTreeMap<String, Activation>,
}

impl Default for Health {
    /// Every 50th step; dead after 500 steps; 20 bins.
    fn default() -> Self {
        Health {
            every: 50,
            patience: 500,
            bins: 20,
            steps: 0,
            looking: false,
            before: BTreeMap::new(),
            parameters: Vec::new(),
            activations: BTreeMap::new(),
        }
    }
}

impl Health {
    /// Counts a step. If it is one to look at, reads the activations from the record of `loss`, and remembers the parameters.
    pub fn forward<F: Float>(&mut self, loss: &Tensor<F>, model: &impl Params<F>) {
        self.looking = self.steps.is_multiple_of(self.every.max(1));
        self.steps += 1;
        if !self.looking {
            return;
        }
        self.before = model.params().map(|(path, w)| (path, w.view().iter().map(|w| w.as_f64()).collect())).collect();
        for (name, uses) in activation::of(loss, model) {
            self.activations.entry(name).or_default().look(&uses, self.steps, self.bins);
        }
    }

    /// Measures the step that was counted last, if it is one to look at: norms of gradients and weights, and how far the
    /// weights have moved.
    pub fn update<F: Float>(&mut self, model: &impl Params<F>, grads: &Gradients<F>) {
        if !std::mem::take(&mut self.looking) {
            return;
        }
        self.parameters.clear();
        for (path, w) in model.params() {
            let Some(before) = self.before.get(&path).filter(|before| before.len() == w.len()) else { continue };
            // A parameter may have a new id after the step; its gradient, if it has one, is then the one it had.
            let gradient = grads.get(w).map(|gradient| norm(gradient.view().iter().map(|g| g.as_f64())));
            let weight = norm(before.iter().copied());
            let moved = norm(w.view().iter().zip(before).map(|(w, before)| w.as_f64() - before));
            let update = if moved == 0.0 { 0.0 } else { moved / weight };
            self.parameters.push(ParameterHealth { name: path, gradient, weight, update });
        }
        self.before.clear();
    }

    /// What was seen at the last step that was looked at.
    pub fn report(&self) -> HealthReport {
        let health = |(name, activation): (&String, &Activation)| activation.health(name, self.steps, self.patience);
        let activations = self.activations.iter().map(health).collect();
        HealthReport::new(self.steps, self.parameters.clone(), activations, self.patience)
    }
}

fn norm(elements: impl Iterator<Item = f64>) -> f64 {
    elements.map(|x| x * x).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests;
