//! What a rule remembers of one parameter.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use downhill_tensor::Float;
use serde::{Deserialize, Serialize};

use crate::aligned::Aligned;
use crate::number::Number;
use crate::scheduler::LAST;

/// What a rule remembers of one parameter: how many steps it has taken, and named buffers and numbers that come into
/// being when the rule first asks for them. Names are PyTorch's (`momentum_buffer`, `exp_avg`, ...).
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
    /// What a rule that needs no buffers remembers after so many steps; the buffers are added with
    /// [`set_buffer`](Self::set_buffer).
    pub fn new(steps: u64) -> Self {
        ParamState { steps, ..ParamState::default() }
    }

    /// A buffer, if the rule has made it.
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

    /// Puts a buffer in place of the one of that name, or beside the others.
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

    /// Puts a number in place of the one of that name, or beside the others.
    pub fn set_number(&mut self, name: impl Into<Cow<'static, str>>, value: f64) {
        let name = name.into();
        match self.numbers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, number)) => *number = Number(value),
            None => self.numbers.push((name, Number(value))),
        }
    }

    /// How many elements the buffers hold.
    pub fn len(&self) -> usize {
        self.buffers.iter().map(|(_, buffer)| buffer.len()).sum()
    }

    /// Whether the buffers hold no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A number; `start` when it is new.
    pub fn number(&mut self, name: &'static str, start: f64) -> &mut f64 {
        let at = self.numbers.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.numbers.push((Cow::Borrowed(name), Number(start)));
            self.numbers.len() - 1
        });
        &mut self.numbers[at].1.0
    }

    /// Makes a buffer of `len` elements `start` if there is none of that name.
    pub fn prepare(&mut self, name: &'static str, len: usize, start: F) -> usize {
        self.buffers.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.buffers.push((Cow::Borrowed(name), Aligned::full(len, start)));
            self.buffers.len() - 1
        })
    }

    /// Several buffers at once, by name and length, to be changed; zeros when they are new.
    ///
    /// # Panics
    /// If a name comes twice.
    pub fn buffers_mut<const N: usize>(&mut self, names: [(&'static str, usize); N]) -> [&mut [F]; N] {
        let at = names.map(|(name, len)| self.prepare(name, len, F::zero()));
        let buffers = self.buffers.get_disjoint_mut(at).expect("every name comes once");
        buffers.map(|(_, buffer)| &mut **buffer)
    }

    /// A buffer whose length changes; empty when it is new.
    pub fn list(&mut self, name: &'static str) -> &mut Vec<F> {
        let at = self.prepare(name, 0, F::zero());
        self.buffers[at].1.as_vec()
    }
}

/// What a rule keeps of a parameter, to be compared with what a file says.
#[derive(Default)]
pub(crate) struct Kept<'a> {
    /// The buffers it has from the first step on, each with its length.
    pub(crate) always: &'a [(&'static str, usize)],
    /// Those that some options ask for, perhaps options that have been changed since.
    pub(crate) sometimes: &'a [(&'static str, usize)],
    /// The numbers, each with its bounds.
    pub(crate) numbers: &'a [(&'static str, RangeInclusive<f64>)],
}

impl<F: Float> ParamState<F> {
    /// An error unless this is what the rule called `of` keeps after its first step.
    pub(crate) fn check(&self, of: &str, kept: &Kept<'_>) -> Result<(), String> {
        for (name, buffer) in self.buffers() {
            let known = kept.always.iter().chain(kept.sometimes).find(|(known, _)| *known == name);
            let &(_, len) = known.ok_or_else(|| format!("{of} keeps no buffer {name}"))?;
            fits(name, buffer.len(), len)?;
        }
        for (name, number) in self.numbers() {
            let known = kept.numbers.iter().find(|(known, _)| *known == name);
            let (_, range) = known.ok_or_else(|| format!("{of} keeps no number {name}"))?;
            if !range.contains(&number) {
                return Err(format!("{name} is {number}, not from {} to {}", range.start(), range.end()));
            }
        }
        let missing = kept.always.iter().map(|(name, _)| name).find(|name| self.buffer(name).is_none());
        let missing = missing.or_else(|| {
            let has = |name: &str| self.numbers().any(|(known, _)| known == name);
            kept.numbers.iter().map(|(name, _)| name).find(|name| !has(name))
        });
        missing.map_or(Ok(()), |name| Err(format!("{name} is missing")))
    }

    /// An error for what no rule can leave behind.
    pub(crate) fn check_form(&self) -> Result<(), String> {
        if self.steps > LAST {
            return Err(format!("{} steps are more than can be counted", self.steps));
        }
        if self.steps == 0 && !(self.buffers.is_empty() && self.numbers.is_empty()) {
            return Err("there is something to remember before the first step".to_owned());
        }
        let mut names: Vec<&str> = self.buffers().map(|(name, _)| name).collect();
        names.extend(self.numbers().map(|(name, _)| name));
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("{} comes twice", pair[0])),
            None => Ok(()),
        }
    }
}

/// An error unless a buffer is as long as it must be.
pub(crate) fn fits(name: &str, len: usize, must: usize) -> Result<(), String> {
    if len == must { Ok(()) } else { Err(format!("buffer {name} has {len} elements, expected {must}")) }
}
