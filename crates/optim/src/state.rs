//! The state that a rule keeps for one parameter.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use downhill_tensor::Float;
use serde::{Deserialize, Serialize};

use crate::aligned::Aligned;
use crate::number::Number;
use crate::scheduler::LAST;

/// The state that a rule keeps for one parameter: the number of steps taken, and named buffers and numbers, created
/// when the rule first uses them. The names are PyTorch's (`momentum_buffer`, `exp_avg`, ...).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct ParamState<F: Float = f32> {
    /// The number of steps taken with a gradient.
    pub steps: u64,
    numbers: Vec<(Cow<'static, str>, Number<f64>)>,
    buffers: Vec<(Cow<'static, str>, Aligned<F>)>,
}

impl<F: Float> Default for ParamState<F> {
    fn default() -> Self {
        ParamState { steps: 0, numbers: Vec::new(), buffers: Vec::new() }
    }
}

impl<F: Float> ParamState<F> {
    /// The state after `steps` steps of a rule without buffers; add buffers with [`set_buffer`](Self::set_buffer).
    pub fn new(steps: u64) -> Self {
        ParamState { steps, ..ParamState::default() }
    }

    /// The buffer `name`, if it exists.
    pub fn buffer(&self, name: &str) -> Option<&[F]> {
        self.buffers.iter().find(|(known, _)| known == name).map(|(_, buffer)| &**buffer)
    }

    /// Every buffer with its name.
    pub fn buffers(&self) -> impl Iterator<Item = (&str, &[F])> {
        self.buffers.iter().map(|(name, buffer)| (name.as_ref(), &**buffer))
    }

    /// Every number with its name.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, f64)> {
        self.numbers.iter().map(|(name, number)| (name.as_ref(), number.0))
    }

    /// Sets the buffer `name`, replacing an existing one.
    ///
    /// ```
    /// use downhill_optim::ParamState;
    /// let mut state = ParamState::new(3);
    /// state.set_buffer("exp_avg", &[0.5_f32, -1.0]);
    /// assert_eq!(state.buffer("exp_avg").unwrap(), [0.5, -1.0]);
    /// ```
    pub fn set_buffer(&mut self, name: impl Into<Cow<'static, str>>, elements: &[F]) {
        let (name, elements) = (name.into(), Aligned::from(elements));
        match self.buffers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, buffer)) => *buffer = elements,
            None => self.buffers.push((name, elements)),
        }
    }

    /// Sets the number `name`, replacing an existing one.
    pub fn set_number(&mut self, name: impl Into<Cow<'static, str>>, value: f64) {
        let name = name.into();
        match self.numbers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, number)) => *number = Number(value),
            None => self.numbers.push((name, Number(value))),
        }
    }

    /// The total number of elements in the buffers.
    pub fn len(&self) -> usize {
        self.buffers.iter().map(|(_, buffer)| buffer.len()).sum()
    }

    /// Whether the buffers have no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number `name`, created as `start` if it does not exist.
    pub fn number(&mut self, name: &'static str, start: f64) -> &mut f64 {
        let at = self.numbers.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.numbers.push((Cow::Borrowed(name), Number(start)));
            self.numbers.len() - 1
        });
        &mut self.numbers[at].1.0
    }

    /// The index of the buffer `name`, created with `len` elements `start` if it does not exist.
    pub fn prepare(&mut self, name: &'static str, len: usize, start: F) -> usize {
        self.buffers.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.buffers.push((Cow::Borrowed(name), Aligned::full(len, start)));
            self.buffers.len() - 1
        })
    }

    /// Mutable access to several buffers by name and length, created with zeros if they do not exist.
    ///
    /// # Panics
    /// If a name appears twice.
    pub fn buffers_mut<const N: usize>(&mut self, names: [(&'static str, usize); N]) -> [&mut [F]; N] {
        let at = names.map(|(name, len)| self.prepare(name, len, F::zero()));
        let buffers = self.buffers.get_disjoint_mut(at).expect("buffer names must be distinct");
        buffers.map(|(_, buffer)| &mut **buffer)
    }

    /// The buffer `name` as a vector of variable length, created empty if it does not exist.
    pub fn list(&mut self, name: &'static str) -> &mut Vec<F> {
        let at = self.prepare(name, 0, F::zero());
        self.buffers[at].1.as_vec()
    }
}

/// The state that a rule keeps for a parameter, to validate a state loaded from a file.
#[derive(Default)]
pub(crate) struct Kept<'a> {
    /// The buffers it has from the first step on, each with its length.
    pub(crate) always: &'a [(&'static str, usize)],
    /// The buffers that only some options need; the options may have changed since.
    pub(crate) sometimes: &'a [(&'static str, usize)],
    /// The numbers, each with its valid range.
    pub(crate) numbers: &'a [(&'static str, RangeInclusive<f64>)],
}

impl<F: Float> ParamState<F> {
    /// An error unless this is a state of the rule `of` after its first step.
    pub(crate) fn check(&self, of: &str, kept: &Kept<'_>) -> Result<(), String> {
        for (name, buffer) in self.buffers() {
            let known = kept.always.iter().chain(kept.sometimes).find(|(known, _)| *known == name);
            let &(_, len) = known.ok_or_else(|| format!("{of} has no buffer {name}"))?;
            fits(name, buffer.len(), len)?;
        }
        for (name, number) in self.numbers() {
            let known = kept.numbers.iter().find(|(known, _)| *known == name);
            let (_, range) = known.ok_or_else(|| format!("{of} has no number {name}"))?;
            if !range.contains(&number) {
                return Err(format!("{name} is {number}, must be in [{}, {}]", range.start(), range.end()));
            }
        }
        let missing = kept.always.iter().map(|(name, _)| name).find(|name| self.buffer(name).is_none());
        let missing = missing.or_else(|| {
            let has = |name: &str| self.numbers().any(|(known, _)| known == name);
            kept.numbers.iter().map(|(name, _)| name).find(|name| !has(name))
        });
        missing.map_or(Ok(()), |name| Err(format!("{name} is missing")))
    }

    /// An error for a state that no rule can produce.
    pub(crate) fn check_form(&self) -> Result<(), String> {
        if self.steps > LAST {
            return Err(format!("the number of steps must be at most 2^53, got {}", self.steps));
        }
        if self.steps == 0 && !(self.buffers.is_empty() && self.numbers.is_empty()) {
            return Err("the state is not empty, but no step has been taken".to_owned());
        }
        let mut names: Vec<&str> = self.buffers().map(|(name, _)| name).collect();
        names.extend(self.numbers().map(|(name, _)| name));
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("{} appears twice", pair[0])),
            None => Ok(()),
        }
    }
}

/// An error unless the buffer has the expected length.
pub(crate) fn fits(name: &str, len: usize, must: usize) -> Result<(), String> {
    if len == must { Ok(()) } else { Err(format!("buffer {name} has {len} elements, expected {must}")) }
}
