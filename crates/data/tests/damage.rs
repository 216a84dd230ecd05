//! Files truncated and corrupted at every byte: reading never panics, never allocates much memory, and returns either
//! an error or the original content.

mod common;

use common::{TemporaryDirectory, gzip, idx, images, labels};
use downhill_data::{Columns, Csv, Header, ImageSet};
use downhill_kernels::counting::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// An upper bound on the decompressor's buffers; the files have a few hundred bytes.
const ENOUGH: usize = 256 * 1024;

/// Reads corrupt images with valid labels.
struct Reader {
    directory: TemporaryDirectory,
    expected: ImageSet,
}

impl Reader {
    fn new(test: &str) -> Self {
        let directory = TemporaryDirectory::new(test);
        directory.write("labels", &labels(20));
        let expected = ImageSet::new(images(20)[16..].to_vec(), (2, 3), labels(20)[8..].to_vec());
        Reader { directory, expected }
    }

    /// Whether the file can be read. Asserts that the content is right, or that the error explains itself.
    #[track_caller]
    fn reads(&self, bytes: &[u8]) -> bool {
        let path = self.directory.write("images", bytes);
        let labels = self.directory.path().join("labels");
        let (outcome, largest) = CountingAllocator::largest(|| ImageSet::read(path, labels, 10));
        assert!(largest < ENOUGH, "allocated {largest} bytes at once");
        match outcome {
            Ok(set) => assert!(set == self.expected, "corrupt content was accepted"),
            Err(error) => {
                let message = error.to_string();
                assert!(message.contains("images: expected ") && message.contains(", found "), "{message}");
                return false;
            }
        }
        true
    }
}

#[test]
fn the_allocator_counts() {
    let ((), largest) = CountingAllocator::largest(|| drop(std::hint::black_box(vec![0_u8; 2 * ENOUGH])));
    assert_eq!(largest, 2 * ENOUGH);
}

#[test]
fn cut_after_every_byte() {
    let reader = Reader::new("cut");
    for whole in [images(20), gzip(&images(20))] {
        assert!(reader.reads(&whole));
        for length in 0..whole.len() {
            assert!(!reader.reads(&whole[..length]), "{length} of {} bytes were accepted", whole.len());
        }
    }
}

#[test]
fn every_byte_of_the_header() {
    let reader = Reader::new("header");
    let whole = images(20);
    for position in 0..16 {
        let flipped = (0..8).map(|bit| whole[position] ^ 1 << bit);
        for value in flipped.chain([0, 1, 127, 255]) {
            let mut damaged = whole.clone();
            damaged[position] = value;
            assert_eq!(reader.reads(&damaged), damaged == whole, "byte {position} = {value}");
            assert_eq!(reader.reads(&gzip(&damaged)), damaged == whole, "byte {position} = {value}, compressed");
        }
    }
}

#[test]
fn every_bit_of_a_compressed_file() {
    let reader = Reader::new("bits");
    let whole = gzip(&images(20));
    let mut rejected = 0;
    for position in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[position] ^= 1 << bit;
            rejected += usize::from(!reader.reads(&damaged));
        }
    }
    // The time stamp (4 bytes), extra flags, operating system and reserved flags do not affect the content.
    assert!(rejected >= 8 * (whole.len() - 8), "{rejected} of {}", 8 * whole.len());
}

#[test]
fn headers_that_promise_the_moon() {
    let reader = Reader::new("moon");
    // The last one could fit in 8 kB of gzip, but must not be allocated at once.
    let promises = [
        [u32::MAX; 3],
        [u32::MAX, 1, 1],
        [1, 1 << 16, 1 << 16],
        [1 << 31, 1 << 31, 4],
        [1 << 20, 64, 64],
        [3, 1000, 1000],
    ];
    // Incompressible bytes, from a multiplicative sequence.
    let noise: Vec<u8> =
        (1..8000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24 ^ i.wrapping_mul(i) >> 3) as u8).collect();
    for shape in promises {
        for payload in [&[][..], &[7; 120], &noise] {
            let file = idx(&shape, payload);
            assert!(!reader.reads(&file) && !reader.reads(&gzip(&file)), "{shape:?}");
        }
    }
    assert!(gzip(&noise).len() * 1032 > 3_000_000);
}

#[test]
fn tables_cut_and_changed_at_every_byte() {
    let whole = "\u{feff}a;\"b \"\"c\"\"\";d\r\n1;2.5;\"-3e2\"\r\n\r\n4;5;six\r\n";
    let csv = Csv { delimiter: ';', ..Csv::default() };
    assert_eq!(csv.parse_classes::<f32>(whole).unwrap().targets, [0, 1]);
    let frames = [
        csv.clone(),
        Csv { delimiter: ' ', row_names: true, header: Header::Present, ..Csv::default() },
        Csv { columns: Columns::except(["a"]), comment: Some("\u{feff}".into()), skip_lines: 1, ..csv.clone() },
    ];
    assert_eq!(frames[0].parse_frame(whole).unwrap().len(), 2);
    for position in 0..whole.len() {
        for value in (0..128_u8).chain([0xc3, 0xff]) {
            let mut damaged = whole.as_bytes().to_vec();
            damaged[position] = value;
            let damaged = String::from_utf8_lossy(&damaged);
            let (_, _) = (csv.parse::<f64>(&damaged), csv.parse_classes::<f32>(&damaged));
            frames.iter().for_each(|csv| drop(csv.parse_frame(&damaged)));
        }
        if let Some(cut) = whole.get(..position) {
            let (_, _) = (csv.parse::<f64>(cut), csv.parse_classes::<f32>(cut));
            frames.iter().for_each(|csv| drop(csv.parse_frame(cut)));
        }
    }
}
