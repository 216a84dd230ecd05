use super::*;
use crate::Kernels;

#[test]
fn a_large_block_is_used_again() {
    let len = 10_000;
    let first = Memory::full(&[len], 1.0_f64);
    let address = first.as_slice().as_ptr();
    let clone = first.clone();
    drop(first);
    assert_ne!(Memory::full(&[len], 2.0_f64).as_slice().as_ptr(), address, "a clone still uses it");
    drop(clone);
    let next = Memory::full(&[len - 1], 3.0_f64);
    assert_eq!(next.as_slice().as_ptr(), address);
    assert_eq!(next.as_slice(), vec![3.0; len - 1]);
}

/// With the elements that it had, and any number of them.
#[test]
fn memory_that_is_left_over_has_its_length() {
    for len in [0, 1, SMALL, SMALL + 1, 5000, 10_000] {
        let first = Memory::<f32>::left_over(len, &[len]);
        assert!(first.as_slice().len() == len || len <= SMALL);
    }
    drop(Memory::full(&[10_000], 1.0_f32));
    for (len, expected) in [(9000, 9000), (9990, 9000), (10_000, 9000)] {
        let again = Memory::<f32>::left_over(len, &[len]);
        assert_eq!(again.as_slice().len(), len);
        assert_eq!(again.as_slice().as_ptr().addr() % LINE, 0);
        let kept = again.as_slice().iter().filter(|&&x| x == 1.0).count();
        assert_eq!(kept, expected, "only what is new is written");
    }
}

/// New memory and memory that is used again.
#[test]
fn tests_see_elements_that_nobody_wrote() {
    for len in [1, SMALL, SMALL + 1, 5000, 5000] {
        let mut room = Room::new(len, &[len]);
        // SAFETY: elements are initialized.
        assert!(room.slots().iter().all(|x: &MaybeUninit<f64>| unsafe { x.assume_init() }.is_nan()));
        let memory = Memory::<f64>::unset(len, &[len]);
        assert!(memory.as_slice()[..len].iter().all(|x| x.is_nan()));
        assert!(memory.as_slice()[len..].iter().all(|&x| x == 0.0), "the padding of a few elements");
        drop(memory);
        drop(Memory::full(&[len], 1.0_f64));
    }
}

#[test]
fn blocks_begin_a_line() {
    for len in [SMALL + 1, 100, 5000, 100_000] {
        let appended = Memory::<f64>::appended_by(&[len], |elements| elements.extend((0..len).map(|i| i as f64)));
        for memory in [Memory::full(&[len], 1.0), appended.clone()] {
            assert_eq!((memory.as_slice().as_ptr().addr() % LINE, memory.as_slice().len()), (0, len));
        }
        assert_eq!(appended.into_vec(len), (0..len).map(|i| i as f64).collect::<Vec<_>>());
    }
}

#[test]
#[should_panic(expected = "a tensor of shape [20] needs 20 elements, but 19 were appended")]
fn appended_by_too_few() {
    Memory::<f32>::appended_by(&[20], |elements| elements.resize(elements.len() + 19, 0.0));
}

#[test]
fn kept_memory_is_bounded() {
    let many: Vec<Memory<f32>> = (0..3 * KEPT_BLOCKS).map(|i| Memory::full(&[5000 + i], 0.0)).collect();
    drop(many);
    drop(Memory::full(&[KEPT_BYTES.end], 0.0_f32));
    let kept = f32::free_list().with_borrow(|list| list.iter().map(Vec::capacity).collect::<Vec<_>>());
    assert_eq!(kept.len(), KEPT_BLOCKS);
    assert!(kept.iter().all(|&capacity| capacity * 4 < KEPT_BYTES.end));
}

/// Otherwise a few elements could pin the memory of millions.
#[test]
fn a_block_is_used_again_for_what_fills_half_of_it() {
    drop(Memory::full(&[100_000], 1.0_f32));
    for (len, again) in [(10_000, false), (40_000, false), (60_000, true)] {
        let Memory::Shared(block) = Memory::full(&[len], 2.0_f32) else { panic!("{len} elements are inline") };
        assert_eq!(block.elements.capacity() >= 100_000, again, "{len}");
    }
}

#[test]
fn small_and_large_give_their_elements_back() {
    for len in [0, 1, SMALL, SMALL + 1, 5000] {
        let elements: Vec<f64> = (0..len).map(|i| i as f64).collect();
        let memory = Memory::from(elements.clone());
        assert_eq!(memory.as_slice()[..len], elements);
        assert_eq!(memory.clone().into_vec(len), elements);
        assert_eq!(memory.into_vec(len), elements);
    }
}
