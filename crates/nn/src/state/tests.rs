use std::path::PathBuf;

use downhill_tensor::{Params, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::{Mlp, Module, Relu};

fn decode<T: DeserializeOwned>(bytes: &[u8], kind: &str) -> Result<T, StateProblem> {
    format::decode(bytes, bytes.len() as u64, kind)
}

/// A directory for one test, removed afterwards.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("downhill-nn-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("model")
    }

    fn names(&self) -> Vec<String> {
        fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn mlp<F: Float>(sizes: &[usize], seed: u64) -> Mlp<F> {
    Mlp::new(sizes, Relu, &mut ChaCha8Rng::seed_from_u64(seed))
}

fn problem<T>(result: Result<T, StateError>) -> String {
    let Err(error) = result else { panic!("no error") };
    let message = error.to_string();
    let path = format!("{}: ", error.path.display());
    message.strip_prefix(&path).unwrap_or_else(|| panic!("{message} does not name {path}")).to_owned()
}

#[test]
fn a_model_comes_back_bit_for_bit() {
    let directory = Directory::new("round-trip");
    let mut trained = mlp::<f32>(&[3, 4, 2], 1);
    trained.layers[0].bias = Some(Tensor::param([f32::MIN_POSITIVE / 2.0, -0.0, f32::MAX, f32::INFINITY]));
    save(&trained, directory.file()).unwrap();
    let mut model = mlp::<f32>(&[3, 4, 2], 2);
    let id = model.layers[0].weight.id();
    load(&mut model, directory.file()).unwrap();
    let bits = |model: &Mlp| -> Vec<u32> {
        model.named_params().iter().flat_map(|(_, tensor)| tensor.to_vec()).map(f32::to_bits).collect()
    };
    assert_eq!(bits(&model), bits(&trained));
    assert_eq!(model.layers[0].weight.id(), id, "the same parameters with other elements");
    assert!(model.forward(&Tensor::ones(&[1, 3])).requires_grad());
    assert_eq!(directory.names(), ["model"], "nothing else is left behind");
}

/// Trait objects and slices, behind every kind of pointer.
#[test]
fn a_model_behind_a_pointer() {
    let directory = Directory::new("dyn");
    let trained: Box<dyn Module> = Box::new(mlp::<f32>(&[3, 2], 1));
    save(&*trained, directory.file()).unwrap();
    let mut models: Vec<Box<dyn Module>> = vec![Box::new(mlp::<f32>(&[3, 2], 2)), Box::new(mlp::<f32>(&[3, 2], 3))];
    let x = Tensor::ones(&[1, 3]);
    for model in &mut models {
        let model: &mut dyn Module = &mut **model;
        load(model, directory.file()).unwrap();
        assert_eq!(model.forward(&x), trained.forward(&x));
    }
    let slice: &[Tensor] = &[Tensor::param([1.0, 2.0])];
    let mut other = [Tensor::param([0.0, 0.0])];
    save(slice, directory.file()).unwrap();
    load::<f32>(&mut other[..], directory.file()).unwrap();
    assert_eq!(other[0].to_vec(), [1.0, 2.0]);
}

#[test]
fn a_shape_with_as_many_elements_is_another_shape() {
    let directory = Directory::new("shapes");
    save(&Tensor::<f32>::param([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), directory.file()).unwrap();
    for other in [&[3, 2][..], &[6], &[1, 2, 3], &[2, 3, 1]] {
        let mut model = Tensor::<f32>::param(Tensor::zeros(other));
        let message = problem(load(&mut model, directory.file()));
        assert!(message.ends_with(&format!("has shape [2, 3], the model's has {other:?}")), "{message}");
        assert_eq!(model, Tensor::zeros(other));
    }
}

/// Nothing is read beyond the header if the magic bytes, the version or the length are wrong.
#[test]
fn the_header_is_looked_at_first() {
    struct Bomb;
    impl io::Read for Bomb {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("read beyond the header")
        }
    }
    let foreign = io::Read::chain(&[0; format::HEADER][..], Bomb);
    let result = format::decode::<u8>(foreign, 4 << 30, "k");
    assert!(matches!(result, Err(StateProblem::NotOurs)), "{result:?}");
    let header = [b"downhill".as_slice(), &[1, 0, 0, 0], &u64::MAX.to_le_bytes(), &[0; 8]].concat();
    let result = format::decode::<u8>(io::Read::chain(&header[..], Bomb), 4 << 30, "k");
    assert!(matches!(result, Err(StateProblem::Truncated { found: 4_294_967_296, .. })), "{result:?}");
    let header = [b"downhill".as_slice(), &[2, 0, 0, 0], &u64::MAX.to_le_bytes(), &[0; 8]].concat();
    let result = format::decode::<u8>(io::Read::chain(&header[..], Bomb), 4 << 30, "k");
    assert!(matches!(result, Err(StateProblem::Version { found: 2, known: 1 })), "{result:?}");
}

/// Another program may write to the file between the query of its size and the read.
#[test]
fn a_file_that_changes_while_it_is_read() {
    let bytes = format::encode(&run(), "run").unwrap();
    let n = bytes.len() as u64;
    let shorter = format::decode::<Run>(&bytes[..bytes.len() - 9], n, "run");
    assert!(matches!(shorter, Err(StateProblem::Truncated { found, expected }) if (found, expected) == (n - 9, n)));
    let longer = format::decode::<Run>(&[&bytes[..], b"appended"].concat()[..], n, "run");
    assert!(matches!(longer, Err(StateProblem::TooLong { found, expected }) if (found, expected) == (n + 1, n)));
    let mut other = bytes.clone();
    other[format::HEADER + 20] ^= 4;
    let mixed = io::Read::chain(&bytes[..40], &other[40..]);
    assert!(matches!(format::decode::<Run>(mixed, n, "run"), Err(StateProblem::Damaged)));
}

#[test]
fn saving_again_replaces() {
    let directory = Directory::new("replace");
    save(&mlp::<f64>(&[30, 40, 2], 1), directory.file()).unwrap();
    let second = mlp::<f64>(&[3, 2], 2);
    save(&second, directory.file()).unwrap();
    let mut model = mlp::<f64>(&[3, 2], 3);
    load(&mut model, directory.file()).unwrap();
    assert_eq!(model.layers[0].weight, second.layers[0].weight);
}

#[test]
fn a_save_that_fails_loses_nothing() {
    let directory = Directory::new("interrupted");
    fs::create_dir(directory.file()).unwrap();
    let message = problem(save(&mlp::<f32>(&[3, 2], 1), directory.file()));
    assert_eq!(message, "cannot be written: it is a directory");
    assert_eq!(directory.names(), ["model"], "the temporary file is gone");

    // A value whose serialization fails half-way, over a valid file.
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    let file = directory.0.join("other");
    write(&7_u32, "number", &file).unwrap();
    let message = problem(write(&(1_u32, Refuses), "number", &file));
    assert_eq!(message, "cannot be written: the value cannot be encoded: no");
    assert_eq!(read::<u32>("number", &file).unwrap(), 7);
}

#[test]
fn what_is_wrong_is_said() {
    let directory = Directory::new("errors");
    let file = directory.file();
    let mut model = mlp::<f32>(&[3, 2], 1);
    let before = model.layers[0].weight.to_vec();

    let message = problem(load(&mut model, &file));
    assert!(message.starts_with("cannot be read: "), "{message}");
    let message = problem(load(&mut model, &directory.0));
    assert_eq!(message, "cannot be read: not a regular file");

    fs::write(&file, "a text of somebody else's, long enough for a header").unwrap();
    let not_ours = "is not a downhill state file: it does not start with the bytes `downhill`";
    assert_eq!(problem(load(&mut model, &file)), not_ours);
    fs::write(&file, "").unwrap();
    assert_eq!(problem(load(&mut model, &file)), not_ours);

    save(&mlp::<f64>(&[3, 2], 1), &file).unwrap();
    assert_eq!(problem(load(&mut model, &file)), "contains a `f64 model`, expected a `f32 model`");

    save(&mlp::<f32>(&[4, 2], 1), &file).unwrap();
    assert_eq!(
        problem(load(&mut model, &file)),
        "the saved state does not fit the model: layers.0.weight has shape [2, 4], the model's has [2, 3]"
    );

    save(&model, &file).unwrap();
    let bytes = fs::read(&file).unwrap();
    let n = bytes.len();
    fs::write(&file, &bytes[..n - 3]).unwrap();
    assert_eq!(problem(load(&mut model, &file)), format!("is truncated: it has {} of {n} bytes", n - 3));
    fs::write(&file, [&bytes[..], b"more"].concat()).unwrap();
    let too_long = format!("is too long: it has {} bytes, expected {n}", n + 4);
    assert_eq!(problem(load(&mut model, &file)), too_long);
    fs::write(&file, [&bytes[..8], &[2, 0, 0, 0], &bytes[12..]].concat()).unwrap();
    assert_eq!(problem(load(&mut model, &file)), "has format version 2, but this program reads version 1");
    fs::write(&file, [&bytes[..n - 1], &[bytes[n - 1] ^ 1]].concat()).unwrap();
    assert_eq!(problem(load(&mut model, &file)), "is corrupt: the checksum does not match");

    assert_eq!(model.layers[0].weight.to_vec(), before, "no failure has changed the model");
}

#[test]
fn a_kind_may_have_255_bytes() {
    let directory = Directory::new("kind");
    let kind = "k".repeat(255);
    write(&1, &kind, directory.file()).unwrap();
    assert_eq!(read::<i32>(&kind, directory.file()).unwrap(), 1);
}

#[test]
#[should_panic(expected = "state::write: the kind has 256 bytes, but at most 255 are allowed")]
fn a_kind_has_its_limit() {
    let _ = write(&1, &"k".repeat(256), "never-written");
}

/// Tensors, strings, a map and options.
type Run = (StateDict<f32>, Vec<String>, std::collections::BTreeMap<String, Option<Vec<u8>>>);

fn run() -> Run {
    let notes = vec!["first".to_owned(), "second".to_owned()];
    let map = [("a".to_owned(), Some(vec![1, 2, 3])), ("b".to_owned(), None)];
    (mlp::<f32>(&[2, 3, 1], 1).state_dict(), notes, map.into())
}

#[test]
fn every_truncation_is_an_error() {
    let bytes = format::encode(&run(), "run").unwrap();
    assert_eq!(decode::<Run>(&bytes, "run").unwrap(), run());
    for length in 0..bytes.len() {
        assert!(decode::<Run>(&bytes[..length], "run").is_err(), "{length} bytes");
    }
}

#[test]
fn every_change_of_a_byte_is_an_error() {
    let mut bytes = format::encode(&run(), "run").unwrap();
    for i in 0..bytes.len() {
        for change in [1, 0x80, 0xff] {
            bytes[i] ^= change;
            assert!(decode::<Run>(&bytes, "run").is_err(), "byte {i} changed by {change:#x}");
            bytes[i] ^= change;
        }
    }
}

/// A file with a valid header for arbitrary content, as an attacker would write it.
fn forged(covered: &[u8]) -> Vec<u8> {
    let length = (covered.len() as u64).to_le_bytes();
    [b"downhill".as_slice(), &[1, 0, 0, 0], &length, &format::checksum(covered), covered].concat()
}

#[test]
fn forgeries_neither_panic_nor_fill_the_memory() {
    let bytes = format::encode(&run(), "run").unwrap();
    let covered = &bytes[format::HEADER..];
    assert_eq!(forged(covered), bytes);
    let mut loaded = 0;
    for i in 0..covered.len() {
        let _ = decode::<Run>(&forged(&covered[..i]), "run");
        let mut changed = covered.to_vec();
        for value in 0..=255 {
            changed[i] = value;
            loaded += usize::from(decode::<Run>(&forged(&changed), "run").is_ok());
        }
        // A length of 2⁶⁴ - 1 in place of every byte.
        let huge = [&covered[..i], &[253], &[0xff; 8], &covered[i + 1..]].concat();
        let _ = decode::<Run>(&forged(&huge), "run");
    }
    assert!(loaded > covered.len(), "changed elements are still elements");
}

#[test]
fn a_lie_about_a_length_is_found_before_the_memory_is_taken() {
    // Lengths from plausible to absurd, in front of four bytes.
    for length in [5_u64, 1 << 20, 1 << 40, 1 << 62, u64::MAX] {
        let body = [&[253], length.to_le_bytes().as_slice(), b"abcd"].concat();
        let file = forged(&[&[1, b'k'], body.as_slice()].concat());
        for result in [
            decode::<String>(&file, "k").err(),
            decode::<Vec<f64>>(&file, "k").err(),
            decode::<Vec<String>>(&file, "k").err(),
        ] {
            assert!(matches!(result, Some(StateProblem::Undecodable(_))), "length {length}: {result:?}");
        }
    }
}

#[test]
fn what_is_left_over_inside_is_found() {
    let file = forged(&[1, b'k', 7, 8]);
    let result = decode::<u8>(&file, "k");
    assert!(matches!(result, Err(StateProblem::TooLong { found: 32, expected: 31 })), "{result:?}");
}

#[test]
fn small_numbers_of_large_types_are_within_the_limits() {
    // `bincode` budgets sixteen bytes for each of these and writes one; the counts are around every limit.
    for count in [4_000, 4_100, 65_000, 66_000, 1_100_000] {
        let value = vec![0_u128; count];
        let file = format::encode(&value, "k").unwrap();
        assert!(decode::<Vec<u128>>(&file, "k").unwrap() == value, "{count}");
    }
}
