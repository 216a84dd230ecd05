//! The state of every parameter, by path.

use downhill_tensor::{Float, Path, Tensor};

use crate::state::ParamState;

/// What the optimiser keeps of one parameter.
#[derive(Clone, Debug)]
pub(super) struct Slot<F: Float> {
    pub(super) path: String,
    pub(super) shape: Vec<usize>,
    pub(super) group: usize,
    pub(super) state: ParamState<F>,
    /// The parameter's number when it was last seen, and in which walk that was.
    id: Option<u64>,
    seen: u64,
    /// Whether it was then the same parameter as at an earlier path.
    tied: bool,
}

impl<F: Float> Slot<F> {
    pub(super) fn new(path: String, shape: Vec<usize>, group: usize, state: ParamState<F>) -> Self {
        Slot { path, shape, group, state, id: None, seen: 0, tied: false }
    }
}

/// One slot a parameter, in the order of the walk over the model. As long as the model does not change, finding a
/// slot is one comparison.
#[derive(Clone, Debug)]
pub(super) struct Slots<F: Float> {
    list: Vec<Slot<F>>,
    /// The number of walks begun.
    walk: u64,
    /// Where the walk is expected to go on.
    next: usize,
    /// Whether this walk has met something new, so that what is known of tied parameters may be out of date.
    surprised: bool,
}

impl<F: Float> Default for Slots<F> {
    fn default() -> Self {
        Slots { list: Vec::new(), walk: 0, next: 0, surprised: false }
    }
}

impl<F: Float> Slots<F> {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot<F>> {
        self.list.iter()
    }

    /// The first slot.
    pub(super) fn first_mut(&mut self) -> Option<&mut Slot<F>> {
        self.list.first_mut()
    }

    pub(super) fn replace(&mut self, list: Vec<Slot<F>>) {
        *self = Slots { list, ..Slots::default() };
    }

    pub(super) fn begin_walk(&mut self) {
        self.walk += 1;
        self.next = 0;
        self.surprised = false;
    }

    /// The slot at `path`, and whether the parameter there is one that this walk has met already under another path.
    /// `group` is asked for a new path's group.
    pub(super) fn find(
        &mut self,
        path: &Path<'_>,
        tensor: &Tensor<F>,
        group: impl FnOnce() -> usize,
    ) -> (&mut Slot<F>, bool) {
        let at = match self.list.get(self.next) {
            Some(slot) if *path == *slot.path => self.next,
            _ => self.search(path, tensor, group),
        };
        self.next = at + 1;
        let id = tensor.id();
        self.surprised |= self.list[at].id != id;
        if self.surprised {
            self.list[at].tied = self.list.iter().any(|other| other.seen == self.walk && other.id == id);
        }
        let slot = &mut self.list[at];
        slot.id = id;
        slot.seen = self.walk;
        let tied = slot.tied;
        (slot, tied)
    }

    #[cold]
    fn search(&mut self, path: &Path<'_>, tensor: &Tensor<F>, group: impl FnOnce() -> usize) -> usize {
        let known = self.list.iter().position(|slot| *path == *slot.path);
        // Walking on over slots that were not visited (no gradient this time) changes nothing for the rest.
        self.surprised |= known.is_none_or(|at| at < self.next);
        known.unwrap_or_else(|| {
            let slot = Slot::new(path.to_string(), tensor.shape().to_vec(), group(), ParamState::default());
            self.list.push(slot);
            self.list.len() - 1
        })
    }
}
