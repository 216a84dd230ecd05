//! The rule's state for every parameter, by path.

use std::collections::HashMap;

use downhill_tensor::{Float, Path, Tensor};

use crate::state::ParamState;

/// What the optimizer keeps for one parameter.
#[derive(Clone, Debug)]
pub(super) struct Slot<F: Float> {
    pub(super) path: String,
    pub(super) shape: Vec<usize>,
    pub(super) group: usize,
    pub(super) state: ParamState<F>,
    /// The parameter's id when it was last visited.
    id: Option<u64>,
    /// Its position (from 1) in the current walk, maintained only once the walk has left the order of the list; 0 if
    /// not visited.
    met: usize,
}

impl<F: Float> Slot<F> {
    pub(super) fn new(path: String, shape: Vec<usize>, group: usize, state: ParamState<F>) -> Self {
        Slot { path, shape, group, state, id: None, met: 0 }
    }

    /// Stores the parameter's id, so that the next walk recognizes it.
    pub(super) fn see(&mut self, tensor: &Tensor<F>) {
        self.id = tensor.id();
    }
}

/// One slot per parameter, in the order of the walk over the model. As long as the model does not change, finding a
/// slot takes one comparison; otherwise an index lookup.
#[derive(Clone, Debug)]
pub(super) struct Slots<F: Float> {
    list: Vec<Slot<F>>,
    /// The position in the list of each path.
    index: HashMap<String, usize>,
    /// The position of the slot that the walk is expected to visit next.
    next: usize,
    /// The next visited slot's `met`; 0 as long as the walk follows the order of the list.
    met: usize,
}

impl<F: Float> Default for Slots<F> {
    fn default() -> Self {
        Slots { list: Vec::new(), index: HashMap::new(), next: 0, met: 0 }
    }
}

impl<F: Float> Slots<F> {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot<F>> {
        self.list.iter()
    }

    /// The slot at `path`.
    pub(super) fn get(&self, path: &str) -> Option<&Slot<F>> {
        self.index.get(path).map(|&at| &self.list[at])
    }

    /// The first slot.
    pub(super) fn first_mut(&mut self) -> Option<&mut Slot<F>> {
        self.list.first_mut()
    }

    pub(super) fn replace(&mut self, list: Vec<Slot<F>>) {
        *self = Slots { list, ..Slots::default() };
        self.number();
    }

    /// Replaces the slot at this path, or appends a new one.
    pub(super) fn set(&mut self, slot: Slot<F>) {
        match self.index.get(&slot.path) {
            Some(&at) => self.list[at] = slot,
            None => {
                self.index.insert(slot.path.clone(), self.list.len());
                self.list.push(slot);
            }
        }
    }

    /// Rebuilds the index.
    fn number(&mut self) {
        self.index.clear();
        self.index.extend(self.list.iter().enumerate().map(|(at, slot)| (slot.path.clone(), at)));
    }

    /// Whether the last walk followed the order of the list, so that no sorting was needed.
    #[cfg(test)]
    pub(super) fn in_order(&self) -> bool {
        self.met == 0
    }

    pub(super) fn begin_walk(&mut self) {
        self.next = 0;
        self.met = 0;
    }

    /// The slot at `path`, if there is one, without recording the visit. `next` is the position the caller's walk
    /// expects.
    pub(super) fn peek(&self, next: &mut usize, path: &Path<'_>, tensor: &Tensor<F>) -> Option<&Slot<F>> {
        let at = match self.list.get(*next) {
            // The same parameter in the same place: no need to compare paths.
            Some(slot) if slot.id == tensor.id() || *path == *slot.path => *next,
            _ => *self.index.get(&path.to_string())?,
        };
        *next = at + 1;
        Some(&self.list[at])
    }

    /// The slot at `path`, created if necessary. `group` is called for a new path's group.
    pub(super) fn find(&mut self, path: &Path<'_>, tensor: &Tensor<F>, group: impl FnOnce() -> usize) -> &mut Slot<F> {
        // Fast path: the walk follows the order of the list.
        let at = match self.list.get(self.next) {
            Some(slot) if *path == *slot.path => self.next,
            _ => self.search(path, tensor, group),
        };
        self.next = at + 1;
        let slot = &mut self.list[at];
        // Once the order has been left, number the slots for the sort in `end_walk`.
        if self.met > 0 {
            slot.met = self.met;
            self.met += 1;
        }
        slot
    }

    /// The position of a slot that is not where the walk expected it.
    #[cold]
    fn search(&mut self, path: &Path<'_>, tensor: &Tensor<F>, group: impl FnOnce() -> usize) -> usize {
        let path = path.to_string();
        let known = self.index.get(&path).copied();
        let at = known.unwrap_or(self.list.len());
        // Skipping slots, or appending a new one at the end, keeps the order. Going back or inserting does not.
        if at < self.next || (known.is_none() && self.next < at) {
            self.leave_order();
        }
        if known.is_none() {
            self.index.insert(path.clone(), at);
            self.list.push(Slot::new(path, tensor.shape().to_vec(), group(), ParamState::default()));
        }
        at
    }

    /// From here on the walk's order is recorded in `met`; up to here it was that of the list.
    fn leave_order(&mut self) {
        if self.met == 0 {
            self.list.iter_mut().for_each(|slot| slot.met = 0);
            for (at, slot) in self.list[..self.next].iter_mut().enumerate() {
                slot.met = at + 1;
            }
            self.met = self.next + 1;
        }
    }

    /// Sorts the list into the order of the walk. Slots that were not visited stay behind their predecessors.
    pub(super) fn end_walk(&mut self) {
        if self.met == 0 {
            return;
        }
        // The sort is stable: an unvisited slot with its predecessor's key stays directly behind it.
        let mut before = 0;
        for slot in &mut self.list {
            match slot.met {
                0 => slot.met = before,
                met => before = met,
            }
        }
        self.list.sort_by_key(|slot| slot.met);
        self.number();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks over these paths; returns the paths in the list and `met`, which is 0 if no sorting was needed.
    fn walk(slots: &mut Slots<f32>, paths: &[usize]) -> (Vec<usize>, usize) {
        let tensor = Tensor::param(1.0);
        slots.begin_walk();
        for &path in paths {
            let slot = slots.find(&Path::ROOT.index(path), &tensor, || path);
            assert_eq!((slot.path.as_str(), slot.group), (path.to_string().as_str(), path));
        }
        slots.end_walk();
        for (at, slot) in slots.list.iter().enumerate() {
            assert_eq!(slots.index[&slot.path], at);
        }
        assert_eq!(slots.index.len(), slots.list.len());
        (slots.iter().map(|slot| slot.path.parse().unwrap()).collect(), slots.met)
    }

    #[test]
    fn slots_take_the_order_of_the_walk() {
        let mut slots = Slots::default();
        assert_eq!(walk(&mut slots, &[0, 2]), (vec![0, 2], 0));
        assert_eq!(walk(&mut slots, &[0, 1, 2]).0, [0, 1, 2]);
        assert_eq!(walk(&mut slots, &[0, 1, 2]), (vec![0, 1, 2], 0));
        assert_eq!(walk(&mut slots, &[2, 1, 0]).0, [2, 1, 0]);
        assert_eq!(walk(&mut slots, &[2, 1, 0]), (vec![2, 1, 0], 0));
        // A slot that is skipped keeps its place, and the list is still in order.
        assert_eq!(walk(&mut slots, &[2, 0]), (vec![2, 1, 0], 0));
        assert_eq!(walk(&mut slots, &[2, 1, 0, 3]), (vec![2, 1, 0, 3], 0));
    }

    /// After any walk, the visited slots are in the order of the walk, and no slot is lost.
    #[test]
    fn any_order_after_any_other() {
        let mut slots = Slots::default();
        let mut known = std::collections::BTreeSet::new();
        let mut seed = 1_u64;
        for _ in 0..2000 {
            let mut draw = |n: u64| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((seed >> 33) % n) as usize
            };
            let mut paths: Vec<usize> = (0..6).filter(|_| draw(3) > 0).collect();
            for i in (1..paths.len()).rev() {
                if draw(2) == 0 {
                    paths.swap(i, draw(i as u64 + 1));
                }
            }
            known.extend(paths.iter().copied());
            let (list, _) = walk(&mut slots, &paths);
            let met: Vec<usize> = list.iter().copied().filter(|path| paths.contains(path)).collect();
            assert_eq!(met, paths);
            assert_eq!(list.iter().copied().collect::<std::collections::BTreeSet<_>>(), known);
        }
    }
}
