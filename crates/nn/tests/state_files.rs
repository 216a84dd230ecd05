//! Forged and corrupt state files: reading one never panics, and takes at most four times its size plus 1 MiB of
//! memory, whatever lengths it claims.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use downhill_kernels::counting::CountingAllocator;
use downhill_nn::state::{self, StateProblem};
use downhill_nn::{Linear, Mlp, Relu};
use downhill_tensor::{Params, StateDict, Tensor};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::de::DeserializeOwned;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const MIB: usize = 1 << 20;

/// A file for one test, removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Self {
        Scratch(std::env::temp_dir().join(format!("downhill-state-files-{test}-{}", std::process::id())))
    }

    /// Reads these bytes as a `T` and asserts the bound on memory.
    #[track_caller]
    fn read<T: DeserializeOwned>(&self, bytes: &[u8], kind: &str) -> Result<T, StateProblem> {
        // Not `fs::write`: some file systems sync a file that was truncated first, which is slow.
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&self.0).unwrap();
        file.write_all(bytes).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        let (result, taken) = CountingAllocator::peak(|| state::read::<T>(kind, &self.0));
        assert!(taken <= 4 * bytes.len() + MIB, "{taken} bytes for a file of {}", bytes.len());
        result.map_err(|error| error.problem)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A file of that kind with a valid header for an arbitrary body. The checksum is 64-bit FNV-1a:
/// <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>.
fn forged(kind: &str, body: &[u8]) -> Vec<u8> {
    let covered = [&[kind.len() as u8], kind.as_bytes(), body].concat();
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let checksum = covered.iter().fold(0xcbf2_9ce4_8422_2325, step);
    [b"downhill", &[1, 0, 0, 0][..], &(covered.len() as u64).to_le_bytes(), &checksum.to_le_bytes(), &covered].concat()
}

/// The encoding of a length, in nine bytes.
fn length(length: u64) -> Vec<u8> {
    [&[253][..], &length.to_le_bytes()].concat()
}

#[test]
fn a_true_model_takes_four_times_its_size() {
    let scratch = Scratch::new("true");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    // Around the sizes at which the capacity of a growing vector doubles.
    for width in [511, 512, 513, 1025] {
        let trained: Linear = Linear::new(width, width, &mut rng);
        state::save(&trained, &scratch.0).unwrap();
        let bytes = fs::read(&scratch.0).unwrap();
        let dict: StateDict = scratch.read(&bytes, "f32 model").unwrap();
        assert_eq!(dict, trained.state_dict());
        let mut model: Linear = Linear::new(width, width, &mut rng);
        let (result, taken) = CountingAllocator::peak(|| state::load(&mut model, &scratch.0));
        result.unwrap();
        assert!(taken <= 4 * bytes.len() + MIB, "{taken} bytes for {}", bytes.len());
        assert_eq!(model.weight, trained.weight);
    }
}

#[test]
fn lengths_that_lie() {
    let scratch = Scratch::new("lies");
    for size in [0, 10, 5_000, 70_000, MIB] {
        let filler = vec![b'a'; size];
        let n = size as u64;
        for lie in [n + 1, 2 * n + 1, 16 * n + 1, n + (1 << 20), 1 << 40, 1 << 62, u64::MAX] {
            let file = forged("k", &[length(lie), filler.clone()].concat());
            assert!(scratch.read::<String>(&file, "k").is_err());
            assert!(scratch.read::<Vec<f32>>(&file, "k").is_err());
            assert!(scratch.read::<Vec<f64>>(&file, "k").is_err());
            assert!(scratch.read::<BTreeMap<String, f64>>(&file, "k").is_err());
            // Nested false lengths.
            let file = forged("k", &[length(lie), length(lie), length(lie), filler.clone()].concat());
            assert!(scratch.read::<Vec<Vec<Vec<f64>>>>(&file, "k").is_err());
            // A model: the number of tensors, a path, a version, a shape, elements; one false length at a time.
            for at in 0..4 {
                let say = |place: usize, truth: u64| length(if place == at { lie } else { truth });
                let body =
                    [say(0, 1), say(1, 1), vec![b'w', 1], say(2, 1), vec![2], say(3, 2), filler.clone()].concat();
                let file = forged("f32 model", &body);
                assert!(scratch.read::<StateDict>(&file, "f32 model").is_err());
            }
        }
    }
}

/// A shape may have 64 axes, but not 65.
#[test]
fn shapes_with_many_axes() {
    let scratch = Scratch::new("axes");
    for axes in [0, 1, 64, 65, 100, 1_000_000] {
        let shape = vec![1; axes];
        let body = [&[1, 1, b'w', 1][..], &length(axes as u64), &shape, &[1], &2.5_f32.to_le_bytes()].concat();
        let result = scratch.read::<StateDict>(&forged("f32 model", &body), "f32 model");
        match result {
            Ok(dict) => assert_eq!((axes <= 64, dict.get("w").unwrap().to_vec()), (true, vec![2.5])),
            Err(error) => {
                assert!(axes > 64 && error.to_string().ends_with("an array has more than 64 axes"), "{error}");
            }
        }
    }
    // Sizes whose product wraps around to the actual number of elements.
    for shape in [[1_u64 << 32, 1 << 32, 1], [3, 0xaaaa_aaaa_aaaa_aaab, 1], [u64::MAX, u64::MAX, 1], [1 << 63, 2, 0]] {
        let sizes = shape.map(length).concat();
        let body = [&[1, 1, b'w', 1, 3][..], &sizes, &[1], &2.5_f32.to_le_bytes()].concat();
        assert!(scratch.read::<StateDict>(&forged("f32 model", &body), "f32 model").is_err(), "{shape:?}");
    }
}

#[test]
fn headers_that_lie() {
    let scratch = Scratch::new("headers");
    let good = forged("k", &[7]);
    assert_eq!(scratch.read::<u8>(&good, "k").unwrap(), 7);
    for lie in [0, 2, 4, 1 << 20, 1 << 40, u64::MAX - 27, u64::MAX] {
        let mut file = good.clone();
        file[12..20].copy_from_slice(&lie.to_le_bytes());
        let result = scratch.read::<u8>(&file, "k");
        assert!(matches!(result, Err(StateProblem::Truncated { .. } | StateProblem::TooLong { .. })), "{result:?}");
    }
    // A sparse file of 4 GiB, and one that starts with a valid file.
    for start in [&[][..], &good] {
        fs::write(&scratch.0, start).unwrap();
        fs::OpenOptions::new().write(true).open(&scratch.0).unwrap().set_len(4 << 30).unwrap();
        let (result, taken) = CountingAllocator::peak(|| state::read::<u8>("k", &scratch.0));
        assert!(result.is_err() && taken < MIB / 16, "{result:?}, {taken} bytes");
    }
}

/// What a training run saves: tensors, strings, a map, options.
type Run = (StateDict, Vec<String>, BTreeMap<String, Option<Vec<u8>>>, Option<f64>);

fn run(rng: &mut ChaCha8Rng) -> Run {
    let notes = vec!["first".to_owned(), "zweitens: größer".to_owned()];
    let map = [("a".to_owned(), Some(vec![1, 2, 3])), ("b".to_owned(), None)];
    (Mlp::<f32>::new(&[2, 3, 1], Relu, rng).state_dict(), notes, map.into(), Some(0.1))
}

/// A few random changes: bytes, integer prefixes, truncations, insertions of lengths, repetitions.
fn mutate(bytes: &mut Vec<u8>, rng: &mut impl Rng) {
    for _ in 0..rng.random_range(1..4) {
        if bytes.is_empty() {
            bytes.push(0);
        }
        let at = rng.random_range(0..bytes.len());
        match rng.random_range(0..6) {
            0 => bytes[at] = rng.random(),
            1 => bytes[at] ^= 1 << rng.random_range(0..8),
            2 => bytes[at] = rng.random_range(250..=255),
            3 => bytes.truncate(at),
            4 => drop(bytes.splice(at..at, length(1 << rng.random_range(0..64)))),
            _ => {
                let end = (at + rng.random_range(0..40)).min(bytes.len());
                bytes.extend_from_within(at..end);
            }
        }
    }
}

/// 20,000 files, half of them with a valid checksum, so that their content is decoded.
#[test]
fn mutations() {
    let scratch = Scratch::new("mutations");
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let value = run(&mut rng);
    state::write(&value, "run", &scratch.0).unwrap();
    let good = fs::read(&scratch.0).unwrap();
    assert_eq!(scratch.read::<Run>(&good, "run").unwrap(), value);
    let body = &good[28 + 4..];
    assert_eq!(forged("run", body), good);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..10_000 {
        let mut file = good.clone();
        mutate(&mut file, &mut rng);
        let result = scratch.read::<Run>(&file, "run");
        assert!(file == good || result.is_err(), "a damaged file was taken for a good one");

        let mut changed = body.to_vec();
        mutate(&mut changed, &mut rng);
        match scratch.read::<Run>(&forged("run", &changed), "run") {
            Ok((dict, ..)) => {
                // The decoded value is usable.
                let mut model = Mlp::<f32>::new(&[2, 3, 1], Relu, &mut rng);
                let _ = model.load_state_dict(&dict);
                read += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(read > 1000 && refused > 1000, "{read} read, {refused} refused");
}

/// Another program rewrites the same file repeatedly, in place, truncating it first.
#[test]
fn a_file_that_another_program_writes_meanwhile() {
    let scratch = Scratch::new("meanwhile");
    let [first, second] = [1.0, 2.0].map(|value| {
        state::save(&Tensor::<f32>::full(&[200, 100], value), &scratch.0).unwrap();
        fs::read(&scratch.0).unwrap()
    });
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                fs::write(&scratch.0, &first).unwrap();
                fs::write(&scratch.0, &second).unwrap();
            }
        });
        // Also on a panic, or the writer would never end.
        let _done = SetOnDrop(&done);
        let mut model = Tensor::<f32>::param(Tensor::zeros(&[200, 100]));
        for _ in 0..500 {
            if state::load(&mut model, &scratch.0).is_ok() {
                let values = model.to_vec();
                assert!(values.iter().all(|value| *value == values[0]), "half of one and half of the other");
            }
        }
    });
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
