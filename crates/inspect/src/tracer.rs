//! Reading the record of a result, and watching its backward pass.

use std::collections::BTreeMap;

use downhill_tensor::{Attribute as Recorded, Float, Formula, Gradients, Operation, Params, Path, Tensor};

use crate::{Array, Attribute, Input, Kind, Node, Step, Trace};

/// How much a [`Trace`] keeps of every array.
///
/// ```
/// use downhill_inspect::Tracer;
/// use downhill_tensor::Tensor;
/// let w = Tensor::param((0..100).map(f64::from).collect::<Vec<_>>());
/// let trace = Tracer { full: 100, ..Tracer::default() }.trace(&w.square().sum(), &());
/// assert_eq!(trace.nodes[0].value.elements[99], 99.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracer {
    /// Arrays of at most so many elements are kept in full; scalars always are.
    pub full: usize,
    /// The number of intervals of a histogram, at least 1.
    pub bins: usize,
    /// The largest number of rows and of columns of a heat map, at least 1.
    pub map: usize,
}

impl Default for Tracer {
    /// 16 elements, 20 intervals, 16 rows and columns.
    fn default() -> Self {
        Tracer { full: 16, bins: 20, map: 16 }
    }
}

/// So many values of an attribute are printed.
const ATTRIBUTE_VALUES: usize = 12;

impl Tracer {
    /// The computation that `y` is the result of; see [`Trace::of`].
    ///
    /// # Panics
    /// If `backward` has freed the record of `y`.
    #[track_caller]
    pub fn trace<F: Float>(&self, y: &Tensor<F>, model: &impl Params<F>) -> Trace {
        self.walk(y, Graph::of(y, &names(model)))
    }

    /// The computation, and the place of `x` in it.
    #[track_caller]
    pub(crate) fn trace_finding<F: Float>(&self, y: &Tensor<F>, x: &Tensor<F>) -> (Trace, Option<usize>) {
        let graph = Graph::of(y, &BTreeMap::new());
        let place = graph.index.get(&Key::of(x)).copied();
        (self.walk(y, graph), place)
    }

    #[track_caller]
    fn walk<F: Float>(&self, y: &Tensor<F>, graph: Graph<F>) -> Trace {
        if y.len() != 1 || !y.requires_grad() {
            return self.summary(graph, &Backward::none());
        }
        // Not in a closure, which would not pass on the caller's line.
        let mut walk = Backward::none();
        walk.gradients = y.backward_observed(|step| {
            let (result, input) = (graph.place(step.result), graph.place(step.input));
            walk.of_results.insert(result, step.gradient.clone());
            let before = walk.sums.remove(&input);
            let after = before.as_ref().map_or_else(|| step.added.clone(), |before| before + step.added);
            walk.sums.insert(input, after.clone());
            let (product, added) = (step.product.clone(), step.added.clone());
            walk.steps.push(Observed { result, argument: step.argument, input, product, added, before, after });
        });
        walk.of_results.insert(graph.nodes.len() - 1, Tensor::ones(y.shape()));
        self.summary(graph, &walk)
    }

    fn summary<F: Float>(&self, graph: Graph<F>, walk: &Backward<F>) -> Trace {
        let steps = self.steps(&graph, walk);
        let node = |(place, Traced { tensor, operation, name }): (usize, &Traced<F>)| {
            let gradient = walk.gradients.get(tensor).or(walk.of_results.get(&place)).or(walk.sums.get(&place));
            let formula = operation.as_ref().and_then(|operation| operation.formula);
            let input = |(argument, input): (usize, &Tensor<F>)| Input {
                node: graph.place(input),
                argument: formula.and_then(|formula| formula.derivative(argument)).map(|(name, _)| name.into()),
            };
            Node {
                kind: match () {
                    _ if tensor.op_name().is_some() => Kind::Result,
                    _ if tensor.is_param() => Kind::Parameter,
                    _ if tensor.is_frozen() => Kind::Frozen,
                    _ => Kind::Constant,
                },
                name: name.clone(),
                operation: tensor.op_name().map(str::to_owned),
                formula: formula.map(|formula| formula.value.into()),
                attributes: operation.iter().flat_map(|operation| &operation.attributes).map(attribute).collect(),
                inputs: operation.iter().flat_map(|operation| operation.inputs.iter().enumerate().map(input)).collect(),
                value: Array::of(tensor, self),
                gradient: gradient.map(|gradient| Array::of(gradient, self)),
            }
        };
        Trace { element: F::NAME.into(), nodes: graph.nodes.iter().enumerate().map(node).collect(), steps }
    }

    fn steps<F: Float>(&self, graph: &Graph<F>, walk: &Backward<F>) -> Vec<Step> {
        // The steps of one result follow each other.
        let mut local = (usize::MAX, Vec::new());
        let step = |step: &Observed<F>| {
            let Traced { tensor, operation, .. } = &graph.nodes[step.result];
            let formula = operation.as_ref().and_then(|operation| operation.formula);
            let elementwise = formula.is_some_and(|formula: Formula| formula.elementwise);
            if (elementwise || tensor.len() == 1) && local.0 != step.result {
                local = (step.result, tensor.pull_back(&Tensor::ones(tensor.shape())));
            }
            let slope = if local.0 == step.result { local.1[step.argument].as_ref() } else { None };
            let array = |tensor: &Tensor<F>| Array::of(tensor, self);
            Step {
                result: step.result,
                argument: step.argument,
                input: step.input,
                derivative: formula.and_then(|formula| formula.derivative(step.argument)).map(|(_, text)| text.into()),
                elementwise,
                local: slope.map(array),
                product: array(&step.product),
                summed: (step.product.shape() != step.added.shape()).then(|| array(&step.added)),
                before: step.before.as_ref().map(array),
                after: array(&step.after),
            }
        };
        walk.steps.iter().map(step).collect()
    }
}

fn attribute((name, value): &(&'static str, Recorded)) -> Attribute {
    fn list<T: std::fmt::Debug>(values: &[T]) -> String {
        match values.get(..ATTRIBUTE_VALUES) {
            Some(first) if values.len() > ATTRIBUTE_VALUES => {
                let shown = format!("{first:?}");
                format!("{}, … {} in all]", shown.trim_end_matches(']'), values.len())
            }
            _ => format!("{values:?}"),
        }
    }
    let value = match value {
        Recorded::Ints(values) => list(values),
        Recorded::Floats(values) => list(values),
        value => value.to_string(),
    };
    Attribute { name: (*name).into(), value }
}

/// What tells the tensors of a graph apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// A parameter or a result.
    Id(u64),
    /// Constants have no id. Those with the same elements in memory are the same: nobody changes them while they are held.
    Memory(usize, Vec<usize>, Vec<isize>),
}

impl Key {
    fn of<F: Float>(tensor: &Tensor<F>) -> Self {
        let memory = || {
            let view = tensor.view();
            Key::Memory(view.as_ptr().addr(), tensor.shape().to_vec(), view.strides().to_vec())
        };
        tensor.id().map_or_else(memory, Key::Id)
    }
}

/// The path of every tensor of a model, the first one of tied tensors.
pub(crate) fn names<F: Float>(model: &impl Params<F>) -> BTreeMap<Key, String> {
    let mut names = BTreeMap::new();
    model.visit(&Path::ROOT, &mut |path, tensor| {
        let path = path.to_string();
        // A single tensor is a tree without names.
        if !path.is_empty() {
            names.entry(Key::of(tensor)).or_insert(path);
        }
    });
    names
}

/// A tensor with what computed it, and its path in the model.
pub(crate) struct Traced<F: Float> {
    pub(crate) tensor: Tensor<F>,
    pub(crate) operation: Option<Operation<F>>,
    pub(crate) name: Option<String>,
}

/// The tensors that a result was computed from, inputs first, and the place of each.
pub(crate) struct Graph<F: Float> {
    pub(crate) nodes: Vec<Traced<F>>,
    index: BTreeMap<Key, usize>,
}

impl<F: Float> Graph<F> {
    /// In loops: a chain may have a million operations.
    pub(crate) fn of(y: &Tensor<F>, names: &BTreeMap<Key, String>) -> Self {
        // By id, in which inputs come before results.
        let mut results = BTreeMap::new();
        let mut pending = vec![y.clone()];
        while let Some(tensor) = pending.pop() {
            let Some(id) = tensor.id().filter(|id| !results.contains_key(id)) else { continue };
            if let Some(operation) = tensor.operation() {
                pending.extend(operation.inputs.iter().cloned());
                results.insert(id, (tensor, operation));
            }
        }
        let mut graph = Graph { nodes: Vec::new(), index: BTreeMap::new() };
        for (tensor, operation) in results.into_values() {
            for input in &operation.inputs {
                graph.add(input.clone(), None, names);
            }
            graph.add(tensor, Some(operation), names);
        }
        // A leaf has no operation.
        graph.add(y.clone(), None, names);
        graph
    }

    /// The place of a tensor of this graph.
    pub(crate) fn place(&self, tensor: &Tensor<F>) -> usize {
        self.index[&Key::of(tensor)]
    }

    fn add(&mut self, tensor: Tensor<F>, operation: Option<Operation<F>>, names: &BTreeMap<Key, String>) {
        let key = Key::of(&tensor);
        if !self.index.contains_key(&key) {
            let name = names.get(&key).cloned();
            self.index.insert(key, self.nodes.len());
            self.nodes.push(Traced { tensor, operation, name });
        }
    }
}

/// A contribution to a gradient.
struct Observed<F: Float> {
    result: usize,
    argument: usize,
    input: usize,
    product: Tensor<F>,
    added: Tensor<F>,
    before: Option<Tensor<F>>,
    after: Tensor<F>,
}

/// What a backward pass has shown.
struct Backward<F: Float> {
    gradients: Gradients<F>,
    /// The gradients that the walk went on with, by the place of the result.
    of_results: BTreeMap<usize, Tensor<F>>,
    /// The sums of the contributions so far.
    sums: BTreeMap<usize, Tensor<F>>,
    steps: Vec<Observed<F>>,
}

impl<F: Float> Backward<F> {
    fn none() -> Self {
        let gradients = Gradients::default();
        Backward { gradients, of_results: BTreeMap::new(), sums: BTreeMap::new(), steps: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
