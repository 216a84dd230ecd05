//! The state of every parameter, by path.

use std::collections::HashMap;

use downhill_tensor::{Float, Path, Tensor};

use crate::state::ParamState;

/// What the optimiser keeps of one parameter.
#[derive(Clone, Debug)]
pub(super) struct Slot<F: Float> {
    pub(super) path: String,
    pub(super) shape: Vec<usize>,
    pub(super) group: usize,
    pub(super) state: ParamState<F>,
    /// The parameter's number when it was last seen.
    id: Option<u64>,
    /// When in this walk it was met, if the walk has left the order of the list.
    met: usize,
}

impl<F: Float> Slot<F> {
    pub(super) fn new(path: String, shape: Vec<usize>, group: usize, state: ParamState<F>) -> Self {
        Slot { path, shape, group, state, id: None, met: 0 }
    }

    /// Notes which parameter this is, so that the next walk knows it again.
    pub(super) fn see(&mut self, tensor: &Tensor<F>) {
        self.id = tensor.id();
    }
}

/// One slot a parameter, in the order of the walk over the model. As long as the model does not change, finding a
/// slot is one comparison; else it is a look into the index.
#[derive(Clone, Debug)]
pub(super) struct Slots<F: Float> {
    list: Vec<Slot<F>>,
    /// Where the slot of a path is in the list.
    index: HashMap<String, usize>,
    /// Where the walk is expected to go on.
    next: usize,
    /// How many slots the walk has met since it left the order of the list; 0 as long as it has not.
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

    /// Puts a slot in place of the one at its path, or behind all others.
    pub(super) fn set(&mut self, slot: Slot<F>) {
        match self.index.get(&slot.path) {
            Some(&at) => self.list[at] = slot,
            None => {
                self.index.insert(slot.path.clone(), self.list.len());
                self.list.push(slot);
            }
        }
    }

    fn number(&mut self) {
        self.index.clear();
        self.index.extend(self.list.iter().enumerate().map(|(at, slot)| (slot.path.clone(), at)));
    }

    /// Whether the last walk went in the order of the list, so that no slot had to be looked up.
    #[cfg(test)]
    pub(super) fn in_order(&self) -> bool {
        self.met == 0
    }

    pub(super) fn begin_walk(&mut self) {
        self.next = 0;
        self.met = 0;
    }

    /// The slot at `path`, if there is one, and nothing noted. `next` is where this walk of the caller's goes on.
    pub(super) fn peek(&self, next: &mut usize, path: &Path<'_>, tensor: &Tensor<F>) -> Option<&Slot<F>> {
        let at = match self.list.get(*next) {
            // The same parameter in the same place: not worth a look at the path.
            Some(slot) if slot.id == tensor.id() || *path == *slot.path => *next,
            _ => *self.index.get(&path.to_string())?,
        };
        *next = at + 1;
        Some(&self.list[at])
    }

    /// The slot at `path`, made if there is none. `group` is asked for a new path's group.
    pub(super) fn find(&mut self, path: &Path<'_>, tensor: &Tensor<F>, group: impl FnOnce() -> usize) -> &mut Slot<F> {
        let at = match self.list.get(self.next) {
            Some(slot) if *path == *slot.path => self.next,
            _ => self.search(path, tensor, group),
        };
        self.next = at + 1;
        let slot = &mut self.list[at];
        if self.met > 0 {
            slot.met = self.met;
            self.met += 1;
        }
        slot
    }

    /// The place of a slot that is not where the walk goes on.
    #[cold]
    fn search(&mut self, path: &Path<'_>, tensor: &Tensor<F>, group: impl FnOnce() -> usize) -> usize {
        let path = path.to_string();
        let known = self.index.get(&path).copied();
        let at = known.unwrap_or(self.list.len());
        // One or several left out, or a new one at the end, is no other order.
        if at < self.next || (known.is_none() && self.next < at) {
            self.leave_order();
        }
        if known.is_none() {
            self.index.insert(path.clone(), at);
            self.list.push(Slot::new(path, tensor.shape().to_vec(), group(), ParamState::default()));
        }
        at
    }

    /// From here on it is noted in which order the walk goes; before, it was that of the list.
    fn leave_order(&mut self) {
        if self.met == 0 {
            self.list.iter_mut().for_each(|slot| slot.met = 0);
            for (at, slot) in self.list[..self.next].iter_mut().enumerate() {
                slot.met = at + 1;
            }
            self.met = self.next + 1;
        }
    }

    /// Brings the list into the order of the walk. What the walk has not met stays behind what it was behind.
    pub(super) fn end_walk(&mut self) {
        if self.met == 0 {
            return;
        }
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

    /// Walks over these paths, and returns those in the list, with how many slots the walk had to put into order.
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
        // Left out once, it keeps its place, and nothing is out of order.
        assert_eq!(walk(&mut slots, &[2, 0]), (vec![2, 1, 0], 0));
        assert_eq!(walk(&mut slots, &[2, 1, 0, 3]), (vec![2, 1, 0, 3], 0));
    }

    /// Whatever a walk meets, in whatever order: afterwards the list has that order among what was met, and lacks nothing.
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
