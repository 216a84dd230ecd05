//! Tens of thousands of randomly mutated files: reading them never panics and takes little memory, and the results are
//! usable.
#![allow(unreachable_pub)]

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use common::{TemporaryDirectory, gzip, images, labels};
use downhill_data::{Columns, Csv, DataError, Encoder, Header, ImageSet, MissingCategory, MissingNumber, Unknown};
use downhill_kernels::counting::CountingAllocator;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// An upper bound on the memory: the decompressor's tables and window; the files have a few hundred bytes.
const ENOUGH: usize = 512 * 1024;

/// The tokens of numbers, tables and headers.
const TOKENS: [&[u8]; 22] = [
    b",",
    b"\n",
    b"\r",
    b"\"",
    b"\"\"",
    b"\t",
    b" ",
    b"-",
    b".",
    b"e",
    b"1e999",
    b"nan",
    b"inf",
    b"NA",
    b"#",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\0",
    b"\0\0\x08\x03",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x1f\x8b\x08",
];

fn mutate(bytes: &mut Vec<u8>, rng: &mut impl Rng) {
    for _ in 0..rng.random_range(1..4) {
        if bytes.is_empty() {
            bytes.push(0);
        }
        let at = rng.random_range(0..bytes.len());
        let end = (at + rng.random_range(0..40)).min(bytes.len());
        match rng.random_range(0..7) {
            0 => bytes[at] = rng.random(),
            1 => bytes[at] ^= 1 << rng.random_range(0..8),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => bytes.extend_from_within(at..end),
            place => {
                let token = TOKENS[rng.random_range(0..TOKENS.len())];
                let replaced = if place == 5 { at } else { (at + token.len()).min(bytes.len()) };
                drop(bytes.splice(at..replaced, token.iter().copied()));
            }
        }
    }
}

/// Not `fs::write`: some file systems sync a file that was truncated first, which is slow.
fn overwrite(path: &Path, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).unwrap();
    file.write_all(bytes).unwrap();
    file.set_len(bytes.len() as u64).unwrap();
}

/// Reads `count` mutations of `good`: raw, compressed, and mutated after compression. Returns how many could be read.
fn tried<T>(test: &str, good: &[u8], count: usize, read: impl Fn(&PathBuf) -> Result<T, DataError>) -> usize {
    let directory = TemporaryDirectory::new(test);
    let path = directory.path().join("file");
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let mut successes = 0;
    for i in 0..count {
        let mut bytes = good.to_vec();
        if i % 3 < 2 {
            mutate(&mut bytes, &mut rng);
        }
        if i % 3 > 0 {
            bytes = gzip(&bytes);
        }
        if i % 3 == 2 {
            mutate(&mut bytes, &mut rng);
        }
        overwrite(&path, &bytes);
        let (result, taken) = CountingAllocator::peak(|| read(&path));
        assert!(taken < ENOUGH, "{taken} bytes for {bytes:?}");
        match result {
            Ok(_) => successes += 1,
            Err(error) => assert!(error.to_string().contains("expected"), "{error}"),
        }
    }
    successes
}

#[test]
fn mutated_images() {
    let directory = TemporaryDirectory::new("labels-for-mutated");
    let good = directory.write("labels", &labels(20));
    let successes = tried("mutated-images", &images(20), 10_000, |path| {
        let set = ImageSet::read(path, &good, 10)?;
        assert_eq!(set.images().shape(), [20, set.size().0 * set.size().1]);
        Ok(set)
    });
    assert!((100..9_000).contains(&successes), "{successes} of 10,000 read");
}

#[test]
fn mutated_labels() {
    let directory = TemporaryDirectory::new("images-for-mutated");
    let good = directory.write("images", &images(20));
    let successes = tried("mutated-labels", &labels(20), 10_000, |path| {
        let set = ImageSet::read(&good, path, 10)?;
        assert!(set.labels().iter().all(|&label| label < 10));
        Ok(set)
    });
    assert!((100..9_000).contains(&successes), "{successes} of 10,000 read");
}

#[test]
fn mutated_tables() {
    let good = "\u{feff}a;\"b \"\"c\"\"\";class\r\n1;2.5;\"-3e2\"\r\n\r\n4;+5;.25\r\n7;8;-3E+2\r\n-1; -2 ; 0\r\n";
    for header in [Header::Detect, Header::Present] {
        let csv = Csv { delimiter: ';', header, ..Csv::default() };
        let successes = tried("mutated-tables", good.as_bytes(), 10_000, |path| {
            let numbers = csv.read::<f32>(path);
            let classes = csv.read_classes::<f32>(path)?;
            let count = classes.class_names.len();
            assert!(classes.targets.iter().all(|&target| target < count));
            assert!((0..count).all(|class| classes.targets.contains(&class)), "a class without a sample");
            if let Ok(table) = numbers {
                assert!(table.features.iter().chain(&table.targets).all(|number| number.is_finite()));
                // Numeric labels are as many classes as there are distinct values (these are exact in `f64`).
                let mut distinct: Vec<f64> = csv.read::<f64>(path)?.targets.to_vec();
                distinct.sort_by(f64::total_cmp);
                distinct.dedup_by(|a, b| a == b);
                assert_eq!(count, distinct.len(), "{:?}", classes.class_names);
            }
            Ok(classes)
        });
        assert!((1_000..9_000).contains(&successes), "{successes} of 10,000 read");
    }
}

/// A frame of whatever is read can be encoded as it says, and new data by what was learned from it.
#[test]
fn mutated_frames() {
    let good = "a note\n# more\nname;x;\"sex \"\"f/m\"\"\";day\r\nVolvo;1;m;2007-11-11\r\n\r\nFiat;NA;f;\r\n\"B;M\";-3e2;?;2008-02-29\r\n";
    let options = Csv { delimiter: ';', skip_lines: 1, comment: Some("#".into()), ..Csv::default() };
    // Between blanks nothing is not even an empty field.
    let by_blanks = good.replace("f;\r", "f;NA\r").replace(';', "  ");
    for (csv, text) in [
        (options.clone(), good),
        (Csv { row_names: true, header: Header::Present, ..options.clone() }, good),
        (Csv { columns: Columns::except([0]), ..options.clone() }, good),
        (Csv { delimiter: ' ', header: Header::Present, ..options }, &by_blanks),
    ] {
        let successes = tried("mutated-frames", text.as_bytes(), 5_000, |path| {
            let frame = csv.read_frame(path)?;
            assert!(!frame.is_empty() && frame.names().len() > 0);
            let encoder = Encoder {
                unknown: Unknown::Ignore,
                missing_numbers: MissingNumber::Median,
                missing_categories: MissingCategory::Constant("none".into()),
                ..Encoder::default()
            };
            // An error if two columns have one name, or one has no value.
            let encoding = encoder.fit(&frame)?;
            let features = encoding.transform::<f64>(&frame)?;
            assert_eq!(features.shape(), [frame.len(), encoding.feature_names().len()]);
            assert!(features.to_vec().iter().all(|x| x.is_finite()));
            let part = frame.select(&[frame.len() - 1, 0]);
            assert_eq!(encoding.transform::<f64>(&part)?.shape()[0], 2);
            let _ = (frame.drop_missing(Columns::All)?, frame.numbers::<f32>(Columns::All), frame.classes(0));
            Ok(frame)
        });
        assert!((500..4_500).contains(&successes), "{successes} of 5,000 read");
    }
}

/// Another program rewrites the files while they are read: the result is an error, or one of the two contents.
#[test]
fn files_that_another_program_writes_meanwhile() {
    let directory = TemporaryDirectory::new("meanwhile");
    let (images_path, table_path) = (directory.path().join("images"), directory.path().join("table"));
    let labels = directory.write("labels", &labels(200));
    let table = |value: &str| format!("{value},{value}\n").repeat(20_000);
    let (first, second) = (gzip(&images(200)), images(200));
    let expected = ImageSet::new(images(200)[16..].to_vec(), (2, 3), common::labels(200)[8..].to_vec());
    let done = AtomicBool::new(false);
    overwrite(&images_path, &first);
    overwrite(&table_path, table("1").as_bytes());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for (image, text) in [(&first, gzip(table("1").as_bytes())), (&second, table("22").into_bytes())] {
                    fs::write(&images_path, image).unwrap();
                    fs::write(&table_path, text).unwrap();
                    fs::OpenOptions::new().append(true).open(&table_path).unwrap().write_all(b"1,1\n").unwrap();
                }
            }
        });
        // Also on a panic, or the writer would never end.
        let _done = SetOnDrop(&done);
        for _ in 0..200 {
            if let Ok(set) = ImageSet::read(&images_path, &labels, 10) {
                assert!(set == expected);
            }
            if let Ok(table) = Csv::default().read::<f64>(&table_path) {
                assert_eq!(table.targets.len(), table.features.nrows());
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
