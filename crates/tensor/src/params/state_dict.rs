//! A model's elements by path, for keeping, comparing, saving and loading.

mod saved;

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::fmt;
use std::iter::Map;

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::once::may_be_tied;
use super::{Params, Path};
use crate::{Float, Tensor};

/// The elements of every tensor of a model by path. With `serde` it can be stored in any file format.
///
/// ```
/// use downhill_tensor::{Params, Tensor};
/// let mut model = (Tensor::param([1.0_f32, 2.0]), Tensor::param(3.0));
/// let best = model.state_dict();
/// model.0.assign([9.0, 9.0]);
/// model.load_state_dict(&best).unwrap();
/// assert_eq!(model.0.to_vec(), [1.0, 2.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct StateDict<F: Float = f32>(#[serde(deserialize_with = "saved::arrays")] BTreeMap<String, ArrayD<F>>);

impl<F: Float> Default for StateDict<F> {
    fn default() -> Self {
        StateDict(BTreeMap::new())
    }
}

impl<F: Float> StateDict<F> {
    /// Sets the elements at `path`.
    pub fn insert(&mut self, path: impl Into<String>, value: &Tensor<F>) {
        self.0.insert(path.into(), value.to_array());
    }

    /// The elements at `path`, as a constant.
    pub fn get(&self, path: &str) -> Option<Tensor<F>> {
        self.0.get(path).map(Tensor::from)
    }

    /// Whether two paths have the same elements (NaN equals NaN). A missing path is another problem.
    fn agree_on(&self, first: &str, second: &str) -> bool {
        let (Some(a), Some(b)) = (self.0.get(first), self.0.get(second)) else { return true };
        let same = |(a, b): (&F, &F)| a == b || (a.is_nan() && b.is_nan());
        a.len() == b.len() && a.iter().zip(b).all(same)
    }

    /// Every path, in alphabetical order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Every path with its elements, in alphabetical order of the paths.
    ///
    /// ```
    /// use downhill_tensor::{Params, Tensor};
    /// let dict = (Tensor::param([1.0, 2.0]), Tensor::param([[3.0]])).state_dict();
    /// for (path, elements) in &dict {
    ///     println!("{path}: {:?}", elements.shape());
    /// }
    /// let sizes: Vec<(&str, usize)> = dict.iter().map(|(path, elements)| (path, elements.len())).collect();
    /// assert_eq!(sizes, [("0", 2), ("1", 1)]);
    /// ```
    pub fn iter(&self) -> StateDictIter<'_, F> {
        self.0.iter().map(|(path, elements)| (path.as_str(), elements))
    }

    /// The number of paths.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no paths.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What [`StateDict::iter`] returns.
pub type StateDictIter<'d, F> =
    Map<btree_map::Iter<'d, String, ArrayD<F>>, fn((&'d String, &'d ArrayD<F>)) -> (&'d str, &'d ArrayD<F>)>;

impl<'d, F: Float> IntoIterator for &'d StateDict<F> {
    type Item = (&'d str, &'d ArrayD<F>);
    type IntoIter = StateDictIter<'d, F>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// [`insert`](StateDict::insert)s every pair: to take part of another dictionary, or to rename its paths.
///
/// ```
/// use downhill_tensor::{Params, StateDict, Tensor};
/// let dict = (Tensor::param([1.0]), Tensor::param([2.0])).state_dict();
/// let renamed: StateDict<f64> = dict.iter().map(|(path, x)| (format!("encoder.{path}"), x.clone())).collect();
/// assert_eq!(renamed.paths().collect::<Vec<_>>(), ["encoder.0", "encoder.1"]);
/// ```
impl<F: Float, P: Into<String>, T: Into<Tensor<F>>> FromIterator<(P, T)> for StateDict<F> {
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = (P, T)>>(entries: I) -> Self {
        let mut dict = StateDict::default();
        for (path, value) in entries {
            dict.insert(path, &value.into());
        }
        dict
    }
}

/// Why a [`StateDict`] does not fit a model: every path that does not match.
#[derive(Clone, Debug, Default, PartialEq, thiserror::Error)]
pub struct StateDictError {
    /// Paths of the model that the dictionary lacks.
    pub missing: Vec<String>,
    /// Paths of the dictionary that the model lacks.
    pub unknown: Vec<String>,
    /// Paths whose shapes differ: path, the model's shape, the dictionary's.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
    /// Pairs of paths that are one parameter in the model, but have different elements in the dictionary.
    pub untied: Vec<(String, String)>,
}

impl StateDictError {
    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unknown.is_empty() && self.misshapen.is_empty() && self.untied.is_empty()
    }

    fn compare<F: Float>(&mut self, path: String, shape: &[usize], dict: &StateDict<F>) {
        match dict.0.get(&path) {
            None => self.missing.push(path),
            Some(data) if data.shape() != shape => {
                self.misshapen.push((path, shape.to_vec(), data.shape().to_vec()));
            }
            Some(_) => {}
        }
    }
}

/// Sets the elements of every tensor of `model` from `dict`.
pub(super) fn load<F: Float, M: Params<F> + ?Sized>(model: &mut M, dict: &StateDict<F>) -> Result<(), StateDictError> {
    let mut problems = StateDictError::default();
    let (mut known, mut firsts) = (BTreeSet::new(), BTreeMap::new());
    let mut parting = BTreeSet::new();
    // Check everything before changing anything.
    model.visit(&Path::ROOT, &mut |at, tensor| {
        let path = at.to_string();
        problems.compare(path.clone(), tensor.shape(), dict);
        if may_be_tied(at, tensor) {
            let first: &String = firsts.entry(tensor.address()).or_insert_with(|| path.clone());
            // Different elements at two places: an error for a parameter, but a buffer can be untied.
            match tensor.id() {
                _ if dict.agree_on(first, &path) => {}
                Some(_) => problems.untied.push((first.clone(), path.clone())),
                None => _ = parting.insert(tensor.address()),
            }
        }
        known.insert(path);
    });
    problems.unknown = dict.paths().filter(|path| !known.contains(*path)).map(str::to_owned).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    // A constant has no id: one at two places may become two.
    if !parting.is_empty() {
        model.visit_mut(&Path::ROOT, &mut |_, tensor| {
            if parting.contains(&tensor.address()) {
                *tensor = tensor.detach();
            }
        });
    }
    model.visit_once_mut(&mut |path, tensor| {
        if let Some(value) = dict.get(&path.to_string()) {
            tensor.assign(value);
        }
    });
    Ok(())
}

impl fmt::Display for StateDictError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the saved state does not fit the model:")?;
        let mut separator = " ";
        if !self.missing.is_empty() {
            write!(f, "{separator}missing {}", self.missing.join(", "))?;
            separator = "; ";
        }
        if !self.unknown.is_empty() {
            write!(f, "{separator}unknown {}", self.unknown.join(", "))?;
            separator = "; ";
        }
        for (path, model, saved) in &self.misshapen {
            write!(f, "{separator}{path} has shape {saved:?}, the model's has {model:?}")?;
            separator = "; ";
        }
        for (first, second) in &self.untied {
            write!(
                f,
                "{separator}{first} and {second} are one parameter, but have different elements in the saved state"
            )?;
            separator = "; ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Params, Tensor};

    #[test]
    fn what_does_not_fit_is_named_and_changes_nothing() {
        let saved = (Tensor::from([1.0, 2.0]), Tensor::from([1.0]), Tensor::from(1.0)).state_dict();
        let mut model = (Tensor::<f64>::param([7.0, 7.0]), Tensor::param([7.0, 7.0]));
        let error = model.load_state_dict(&saved).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the saved state does not fit the model: unknown 2; 1 has shape [1], the model's has [2]"
        );
        assert_eq!(model.0.to_vec(), [7.0, 7.0]);
        let error = (Tensor::from([1.0, 2.0]),).state_dict();
        assert_eq!(
            model.load_state_dict(&error).unwrap_err().to_string(),
            "the saved state does not fit the model: missing 1"
        );
    }

    /// PyTorch: "size mismatch", however many elements there are.
    #[test]
    fn as_many_elements_in_another_shape_do_not_fit() {
        let saved = Tensor::<f64>::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).state_dict();
        for shape in [&[3, 2][..], &[6], &[1, 2, 3], &[2, 3, 1]] {
            let mut model = Tensor::<f64>::param(Tensor::zeros(shape));
            let error = model.load_state_dict(&saved).unwrap_err();
            assert_eq!(error.misshapen, [(String::new(), shape.to_vec(), vec![2, 3])]);
            assert_eq!(model, Tensor::zeros(shape));
        }
    }

    #[test]
    fn loading_keeps_parameters_parameters() {
        let mut model = (Tensor::<f64>::param([7.0]), Tensor::from([8.0]));
        let id = model.0.id();
        let dict = (Tensor::from([1.0]), Tensor::from([2.0])).state_dict();
        model.load_state_dict(&dict).unwrap();
        assert_eq!((model.0.id(), model.0.to_vec(), model.1.to_vec()), (id, vec![1.0], vec![2.0]));
        assert!(!model.1.requires_grad());
    }
}
