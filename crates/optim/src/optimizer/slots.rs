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
    /// Whether that walk had met the same parameter before, at another path.
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
    /// Whether this walk has met anything but what the last one met, so that what is known of tied parameters may be out
    /// of date.
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

    /// The slot at `path`, if there is one, and nothing noted. `next` is where this walk of the caller's goes on.
    pub(super) fn peek(&self, next: &mut usize, path: &Path<'_>, tensor: &Tensor<F>) -> Option<&Slot<F>> {
        let at = match self.list.get(*next) {
            // The same parameter in the same place: not worth a look at the path.
            Some(slot) if slot.id == tensor.id() || *path == *slot.path => *next,
            _ => self.list.iter().position(|slot| *path == *slot.path)?,
        };
        *next = at + 1;
        Some(&self.list[at])
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
        let slot = &self.list[at];
        self.surprised |= slot.id != id || slot.seen + 1 != self.walk;
        if self.surprised {
            self.list[at].tied = self.list.iter().any(|other| other.seen == self.walk && other.id == id);
        }
        let slot = &mut self.list[at];
        slot.id = id;
        slot.seen = self.walk;
        let tied = slot.tied;
        (slot, tied)
    }

    /// The place of a slot that is not where the walk goes on; moved there, so that the list keeps the walk's order.
    #[cold]
    fn search(&mut self, path: &Path<'_>, tensor: &Tensor<F>, group: impl FnOnce() -> usize) -> usize {
        self.surprised = true;
        match self.list.iter().position(|slot| *path == *slot.path) {
            Some(at) if at > self.next => {
                self.list[self.next..=at].rotate_right(1);
                self.next
            }
            Some(at) => {
                self.list[at..self.next].rotate_left(1);
                self.next - 1
            }
            None => {
                let slot = Slot::new(path.to_string(), tensor.shape().to_vec(), group(), ParamState::default());
                self.list.insert(self.next, slot);
                self.next
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks over `params` (path and tensor), and returns which were reported as tied.
    fn walk(slots: &mut Slots<f32>, params: &[(usize, &Tensor)]) -> Vec<bool> {
        slots.begin_walk();
        params.iter().map(|&(path, tensor)| slots.find(&Path::ROOT.index(path), tensor, || 0).1).collect()
    }

    fn paths(slots: &Slots<f32>) -> Vec<&str> {
        slots.iter().map(|slot| slot.path.as_str()).collect()
    }

    #[test]
    fn slots_take_the_order_of_the_walk() {
        let [a, b, c] = [1.0, 2.0, 3.0].map(Tensor::param);
        let mut slots = Slots::default();
        walk(&mut slots, &[(0, &a), (2, &c)]);
        walk(&mut slots, &[(0, &a), (1, &b), (2, &c)]);
        assert_eq!(paths(&slots), ["0", "1", "2"]);
        assert!(slots.surprised);
        walk(&mut slots, &[(0, &a), (1, &b), (2, &c)]);
        assert!(!slots.surprised);
        walk(&mut slots, &[(2, &c), (1, &b), (0, &a)]);
        walk(&mut slots, &[(2, &c), (1, &b), (0, &a)]);
        assert_eq!(paths(&slots), ["2", "1", "0"]);
        walk(&mut slots, &[(2, &c), (1, &b), (0, &a)]);
        assert!(!slots.surprised);
    }

    /// Whatever the order, and whatever was tied before: of each parameter the first that the walk meets is not.
    #[test]
    fn the_first_of_tied_ones_counts() {
        let params = [1.0, 2.0].map(Tensor::<f32>::param);
        let mut slots = Slots::default();
        // Every assignment of two parameters to three paths, in every order, some left out, one after the other.
        for round in 0..2000_usize {
            let seed = round.wrapping_mul(0x9E37_79B9) ^ (round >> 3);
            let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
            let order = orders[seed % 6];
            let length = 1 + seed / 6 % 3;
            let which = |path: usize| ((seed / 18) >> path) % 2;
            let visit: Vec<(usize, &Tensor)> =
                order[..length].iter().map(|&path| (path, &params[which(path)])).collect();
            let expected: Vec<bool> =
                (0..length).map(|i| visit[..i].iter().any(|(_, other)| other.id() == visit[i].1.id())).collect();
            assert_eq!(walk(&mut slots, &visit), expected, "round {round}: {order:?}");
        }
    }
}
