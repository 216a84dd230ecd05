//! The multi-layer perceptron of configurations A, B, C and E, and its training step.

use std::ops::Range;
use std::slice::{from_raw_parts, from_raw_parts_mut};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use comparison::{Images, PIXELS};

use crate::gemm::{Epilogue, LD, PANEL, Panels, gemm};
use crate::memory::Buffer;
use crate::pass;
use crate::team::Team;

/// Columns of the logits: 10 classes in one vector.
const LOGITS: usize = 16;

#[derive(Clone, Copy)]
pub(crate) enum Rule {
    Sgd { lr: f32, momentum: f32 },
    Adam { lr: f64 },
}

/// A rule at a step.
#[derive(Clone, Copy)]
enum Update {
    Sgd { lr: f32, momentum: f32 },
    Adam { step: f32, root: f32 },
}

impl Rule {
    /// The update of step `number`, from 1.
    fn at(self, number: i32) -> Update {
        match self {
            Rule::Sgd { lr, momentum } => Update::Sgd { lr, momentum },
            Rule::Adam { lr } => Update::Adam {
                step: (lr / (1.0 - 0.9_f64.powi(number))) as f32,
                root: (1.0 / (1.0 - 0.999_f64.powi(number)).sqrt()) as f32,
            },
        }
    }
}

struct Layer {
    inputs: usize,
    /// The number of outputs, in whole vectors.
    width: usize,
    /// Where in the buffers its weight and its bias are.
    weight: usize,
    bias: usize,
    /// Where the transposed weight is in its buffer.
    transposed: usize,
}

impl Layer {
    /// The columns in a panel of the weight.
    fn panel(&self) -> usize {
        PANEL.min(self.width)
    }
}

pub(crate) struct Network {
    pub(crate) team: Team,
    rule: Rule,
    batch: usize,
    layers: Vec<Layer>,
    parameters: Buffer,
    gradients: Buffer,
    first_moments: Buffer,
    second_moments: Buffer,
    transposed: Buffer,
    /// `activations[l]` goes into layer `l`; the last are the logits and then their gradients.
    activations: Vec<Buffer>,
    /// The gradients of what comes out of layer `l`, before its ReLU.
    deltas: Vec<Buffer>,
    losses: [AtomicU64; 2],
}

/// What a step trains on.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) images: &'a Images,
    pub(crate) indices: &'a [usize],
    /// The indices of the next step, whose images come from far away and are asked for in time.
    pub(crate) next: &'a [usize],
}

impl Batch<'_> {
    fn image(&self, index: usize) -> &[u8] {
        &self.images.pixels[index * PIXELS..][..PIXELS]
    }
}

impl Network {
    pub(crate) fn new(sizes: &[usize], batch: usize, rule: Rule, team: Team) -> Self {
        let (mut parameters, mut transposed) = (0, 0);
        let layer = |pair: &[usize]| {
            let (inputs, width) = (pair[0], pair[1].next_multiple_of(16));
            let weight = parameters;
            let bias = weight + inputs * width;
            parameters = bias + width.next_multiple_of(PANEL);
            transposed += inputs * width;
            Layer { inputs, width, weight, bias, transposed: transposed - inputs * width }
        };
        let layers: Vec<Layer> = sizes.windows(2).map(layer).collect();
        let rows = || Buffer::new(batch * LD);
        let mut network = Network {
            team,
            rule,
            batch,
            parameters: Buffer::new(parameters),
            gradients: Buffer::new(parameters),
            first_moments: Buffer::new(parameters),
            second_moments: Buffer::new(if matches!(rule, Rule::Adam { .. }) { parameters } else { 0 }),
            transposed: Buffer::new(transposed),
            activations: sizes.iter().map(|_| rows()).collect(),
            deltas: layers.iter().map(|_| rows()).collect(),
            layers,
            losses: Default::default(),
        };
        for (layer, (weight, bias)) in network.layers.iter().zip(comparison::initial_weights(sizes)) {
            let panel = layer.panel();
            for (out, row) in weight.chunks(layer.inputs).enumerate() {
                let column = layer.weight + out / panel * layer.inputs * panel + out % panel;
                for (input, x) in row.iter().enumerate() {
                    network.parameters[column + input * panel] = *x;
                }
            }
            network.parameters[layer.bias..layer.bias + bias.len()].copy_from_slice(&bias);
        }
        network
    }

    /// Computes the logits of `rows` samples in `activations[last]`; `input` takes the place of `activations[0]`. All
    /// threads must call it; afterwards thread `t` has its share of the rows.
    pub(crate) fn forward(&self, t: usize, rows: usize, input: *const f32, activations: &[Buffer]) {
        let parameters = self.parameters.ptr();
        let mut x = input;
        for (l, layer) in self.layers.iter().enumerate() {
            // SAFETY: the buffers are as large as the layers; each thread writes its columns of a hidden layer and its
            // rows of the logits.
            unsafe {
                let weight = Panels::packed(parameters.add(layer.weight), layer.inputs, layer.panel());
                let bias = parameters.add(layer.bias);
                let y = activations[l + 1].ptr();
                if l + 1 < self.layers.len() {
                    let columns = self.team.share(t, layer.width, PANEL);
                    gemm::<false>((rows, columns, layer.inputs), x, weight, Panels::rows(y), Epilogue::BiasRelu(bias));
                    self.team.wait();
                } else {
                    let mine = self.team.share(t, rows, 1);
                    let (x, y) = (x.add(mine.start * LD), Panels::rows(y.add(mine.start * LD)));
                    gemm::<false>((mine.len(), 0..LOGITS, layer.inputs), x, weight, y, Epilogue::Bias(bias));
                }
                x = y;
            }
        }
    }

    /// One step of training: gathers the batch, forward, backward, update. All threads must call it with the same
    /// arguments. `number` counts from 1.
    pub(crate) fn step(&self, t: usize, batch: Batch<'_>, number: i32) {
        let team = &self.team;
        let mine = team.share(t, self.batch, 1);
        for i in mine.clone() {
            // SAFETY: a row of the batch, and this thread's.
            let row = unsafe { from_raw_parts_mut(self.activations[0].ptr().add(i * LD), PIXELS) };
            pass::convert(batch.image(batch.indices[i]), row);
        }
        team.wait();
        self.forward(t, self.batch, self.activations[0].ptr(), &self.activations);
        self.loss(t, mine, batch);
        team.wait();
        self.output_gradients(t);
        team.wait();
        let last = self.layers.len() - 1;
        for l in (1..last).rev() {
            self.input_gradient(t, l);
            team.wait();
        }
        for l in (0..last).rev() {
            self.weight_gradient(t, l, batch);
        }
        self.update(t, self.rule.at(number));
        team.wait();
    }

    /// The loss of this thread's rows, and the gradients in the place of the logits.
    fn loss(&self, t: usize, mine: Range<usize>, batch: Batch<'_>) {
        let mut labels = [0; 256];
        for (label, &index) in labels.iter_mut().zip(&batch.indices[mine.clone()]) {
            *label = batch.images.labels[index];
        }
        let logits = self.activations.last().expect("logits").ptr();
        // SAFETY: this thread's rows of the logits.
        let rows = unsafe { from_raw_parts_mut(logits.add(mine.start * LD), mine.len() * LD) };
        let loss = pass::cross_entropy(rows, &labels[..mine.len()], self.batch);
        self.losses[t].store(loss.to_bits(), Relaxed);
    }

    /// The loss of the last step.
    pub(crate) fn last_loss(&self) -> f64 {
        self.losses.iter().map(|loss| f64::from_bits(loss.load(Relaxed))).sum::<f64>() / self.batch as f64
    }

    /// This thread's part of the output layer's weight: rows of inputs.
    fn share_of_last(&self, t: usize, layer: &Layer) -> Range<usize> {
        let inputs = self.team.share(t, layer.inputs, PANEL);
        layer.weight + inputs.start * LOGITS..layer.weight + inputs.end * LOGITS
    }

    /// From the gradients of the logits those of the output layer's parameters and of its input.
    fn output_gradients(&self, t: usize) {
        let l = self.layers.len() - 1;
        let layer = &self.layers[l];
        let inputs = self.team.share(t, layer.inputs, PANEL);
        let logits = self.activations[l + 1].ptr();
        // SAFETY: the buffers are as large as the layers; each thread writes what belongs to its inputs.
        unsafe {
            let hidden = self.activations[l].ptr();
            let transposed = self.transpose(layer, inputs.clone());
            let delta = Panels::rows(self.deltas[l - 1].ptr());
            gemm::<false>((self.batch, inputs.clone(), 10), logits, transposed, delta, Epilogue::Mask(hidden));
            let gradient = self.gradients.ptr().add(self.share_of_last(t, layer).start);
            let gradient = Panels::packed(gradient, layer.inputs, LOGITS);
            let size = (inputs.len(), 0..LOGITS, self.batch);
            gemm::<true>(size, hidden.add(inputs.start), Panels::rows(logits), gradient, Epilogue::None);
        }
        if t == 0 {
            self.bias_gradient(layer, logits, 0..LOGITS);
        }
    }

    /// The gradient of what goes into hidden layer `l`.
    fn input_gradient(&self, t: usize, l: usize) {
        let layer = &self.layers[l];
        let inputs = self.team.share(t, layer.inputs, PANEL);
        // SAFETY: as above.
        unsafe {
            let transposed = self.transpose(layer, inputs.clone());
            let (delta, input) = (self.deltas[l].ptr(), Panels::rows(self.deltas[l - 1].ptr()));
            let mask = Epilogue::Mask(self.activations[l].ptr());
            gemm::<false>((self.batch, inputs, layer.width), delta, transposed, input, mask);
        }
    }

    /// The weight of a layer as `[panel of 32 inputs][output][input]`, of which the panels of `inputs` are written.
    unsafe fn transpose(&self, layer: &Layer, inputs: Range<usize>) -> Panels {
        // SAFETY: the buffers are as large as the layers.
        unsafe {
            let from = self.parameters.ptr().add(layer.weight);
            let to = Panels::packed(self.transposed.ptr().add(layer.transposed), layer.width, PANEL);
            let panel = layer.panel();
            for input in inputs.step_by(16) {
                for output in (0..layer.width).step_by(16) {
                    let from = from.add(output / panel * layer.inputs * panel + input * panel + output % panel);
                    let to = to.start.add(input / PANEL * to.panel + output * PANEL + input % PANEL);
                    pass::transpose(from, panel, to, PANEL);
                }
            }
            to
        }
    }

    /// The gradients of the parameters of hidden layer `l`.
    fn weight_gradient(&self, t: usize, l: usize, batch: Batch<'_>) {
        let layer = &self.layers[l];
        let columns = self.team.share(t, layer.width, PANEL);
        let delta = self.deltas[l].ptr();
        for column in columns.clone().step_by(PANEL) {
            if l == 0 {
                // A few images to each panel, so that they come while it is computed.
                let at = |column: usize| self.batch * column / layer.width;
                for &index in &batch.next[at(column)..at(column + PANEL)] {
                    pass::prefetch(batch.image(index));
                }
            }
            // SAFETY: the buffers are as large as the layers; the columns are this thread's.
            unsafe {
                let gradient = self.gradients.ptr().add(layer.weight + column * layer.inputs);
                let gradient = Panels::packed(gradient, layer.inputs, PANEL);
                let size = (layer.inputs, 0..PANEL, self.batch);
                let delta = Panels::rows(delta.add(column));
                gemm::<true>(size, self.activations[l].ptr(), delta, gradient, Epilogue::None);
            }
        }
        self.bias_gradient(layer, delta, columns);
    }

    fn bias_gradient(&self, layer: &Layer, delta: *const f32, columns: Range<usize>) {
        // SAFETY: nobody writes the gradients of activations any more; the columns are this thread's.
        unsafe {
            let rows = from_raw_parts(delta, self.batch * LD);
            let sums = from_raw_parts_mut(self.gradients.ptr().add(layer.bias + columns.start), columns.len());
            pass::column_sums(rows, columns.start, sums);
        }
    }

    /// The optimiser's pass over this thread's parameters.
    fn update(&self, t: usize, rule: Update) {
        if self.team.threads == 1 {
            return self.update_range(0..self.parameters.len(), rule);
        }
        let (last, hidden) = self.layers.split_last().expect("a layer");
        for layer in hidden {
            let columns = self.team.share(t, layer.width, PANEL);
            let weight = layer.weight + columns.start * layer.inputs..layer.weight + columns.end * layer.inputs;
            self.update_range(weight, rule);
            self.update_range(layer.bias + columns.start..layer.bias + columns.end, rule);
        }
        self.update_range(self.share_of_last(t, last), rule);
        if t == 0 {
            self.update_range(last.bias..last.bias + LOGITS, rule);
        }
    }

    fn update_range(&self, range: Range<usize>, rule: Update) {
        // SAFETY: inside the buffers, and this thread's range.
        let part = |buffer: &Buffer| unsafe { from_raw_parts_mut(buffer.ptr().add(range.start), range.len()) };
        let (w, g, m) = (part(&self.parameters), part(&self.gradients), part(&self.first_moments));
        match rule {
            Update::Sgd { lr, momentum } => pass::sgd(w, m, g, lr, momentum),
            Update::Adam { step, root } => pass::adam(w, m, part(&self.second_moments), g, step, root),
        }
    }
}
