//! What a rule remembers of one parameter.

use std::borrow::Cow;

use downhill_tensor::Float;
use serde::{Deserialize, Serialize};

use crate::aligned::Aligned;

/// What a rule remembers of one parameter: how many steps it has taken, and named buffers and numbers that come into
/// being when the rule first asks for them. Names are PyTorch's (`momentum_buffer`, `exp_avg`, ...).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct ParamState<F: Float = f32> {
    /// The number of steps taken with a gradient.
    pub steps: u64,
    numbers: Vec<(Cow<'static, str>, f64)>,
    buffers: Vec<(Cow<'static, str>, Aligned<F>)>,
}

impl<F: Float> Default for ParamState<F> {
    fn default() -> Self {
        ParamState { steps: 0, numbers: Vec::new(), buffers: Vec::new() }
    }
}

impl<F: Float> ParamState<F> {
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
        self.numbers.iter().map(|(name, number)| (name.as_ref(), *number))
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
            self.numbers.push((Cow::Borrowed(name), start));
            self.numbers.len() - 1
        });
        &mut self.numbers[at].1
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
