//! Reading a file takes at most the documented multiple of its size in memory, even if it is malicious.
#![allow(unreachable_pub)]

mod common;

use std::path::Path;

use common::{TemporaryDirectory, compress, gzip, idx};
use downhill_data::{Columns, Csv, DataError, Header, ImageSet};
use downhill_kernels::counting::CountingAllocator;
use flate2::Compression;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const MIB: usize = 1 << 20;

/// A file of about 1 MB: its uncompressed content, and whether it is valid.
struct Case {
    name: &'static str,
    text: Vec<u8>,
    good: bool,
}

fn tables() -> Vec<Case> {
    let case = |name, text: &str, good| Case { name, text: text.as_bytes().to_vec(), good };
    let line = |width: usize| "1,".repeat(width - 1) + "1\n";
    let distinct: String = (0..140_000).map(|i| format!("1,{i:x}\n")).collect();
    let letters: Vec<char> = ('#'..='~').filter(|&c| c != ',').collect();
    let (n, mut short) = (letters.len(), String::new());
    for i in 0..200_000 {
        short.extend(['1', ',', letters[i % n], letters[i / n % n], letters[i / n / n], '\n']);
    }
    let spellings: String = (0..100_000).map(|i| format!("1,0.{i:05}\n")).collect();
    vec![
        case("one line of 500,001 fields", &line(500_001), false),
        case("one line of 65,536 fields", &line(65_536), true),
        case("lines of 65,536 fields", &line(65_536).repeat(8), true),
        case("only empty fields", &",".repeat(MIB), false),
        case("empty quoted fields", &"\"\",".repeat(300_000), false),
        case("a field of 1 MB", &format!("a,{}\n1,2\n", "x".repeat(MIB)), true),
        case("only quotation marks", &format!("a,\"{}\"\n1,2\n", "\"".repeat(MIB)), true),
        case("an unclosed quotation mark", &format!("a,\"{}", "x\n".repeat(MIB / 2)), false),
        case("a long name that is not there", &format!("{}\n1,2\n", "x".repeat(MIB)), false),
        case("blank lines", &format!("{}{}1,1\n", line(1000), "\n".repeat(MIB)), false),
        case("blank lines after a wide one", &format!("{}{}", line(1000), "\n".repeat(MIB)), true),
        case("the shortest lines", &"1,1\n".repeat(MIB / 4), true),
        case("the shortest lines with CR", &"1,1\r".repeat(MIB / 4), true),
        case("lines of three", &"1,1,1\r\n".repeat(MIB / 7), true),
        case("as many classes as lines", &distinct, true),
        case("as many classes as lines, of three letters", &short, true),
        case("as many numbers as lines", &spellings, true),
        case("nulls", &"\0".repeat(MIB), false),
        case("letters", &"a".repeat(MIB), false),
        case("line breaks", &"\n".repeat(MIB), false),
        case("two-byte letters", &"é,".repeat(MIB / 3), false),
        Case { name: "not UTF-8", text: vec![0xff; MIB], good: false },
        Case { name: "not UTF-8 in the end", text: [&vec![b'1'; MIB][..], &[0xff]].concat(), good: false },
    ]
}

#[track_caller]
fn assert_within(what: &str, name: &str, peak: usize, limit: usize) {
    assert!(peak <= limit, "{what} of {name}: {peak} bytes, but the limit is {limit}");
}

/// "At most 6 times the size of the text for `read`, 20 times for `read_classes` and 12 times for `read_frame`, plus
/// 4 MiB, for a frame 16 MiB."
#[test]
fn tables_as_they_are_and_compressed() {
    let directory = TemporaryDirectory::new("memory-csv");
    for Case { name, text, good } in tables() {
        // None of them is rejected only for its compression ratio.
        let csv = Csv { expansion: 1032, ..Csv::default() };
        for file in [&text, &gzip(&text)] {
            let path = directory.write("t.csv", file);
            let (numbers, taken) = CountingAllocator::peak(|| csv.read::<f64>(&path).map(drop));
            assert_within("reading", name, taken, 6 * text.len() + 4 * MIB);
            let (classes, taken) = CountingAllocator::peak(|| csv.read_classes::<f64>(&path).map(drop));
            assert_within("reading classes", name, taken, 20 * text.len() + 4 * MIB);
            assert_eq!(numbers.is_ok() || classes.is_ok(), good, "{name}: {numbers:?}, {classes:?}");
            // Without a header, so that no first line is a mixture of names and numbers.
            let csv = Csv { header: Header::Absent, ..csv.clone() };
            let (frame, taken) = CountingAllocator::peak(|| csv.read_frame(&path).map(drop));
            assert_within("reading a frame", name, taken, 12 * text.len() + 16 * MIB);
            assert!(frame.is_ok() || !good, "{name}: {frame:?}");
            let blanks = Csv { delimiter: ' ', row_names: true, comment: Some("1".into()), ..csv };
            let (_, taken) = CountingAllocator::peak(|| blanks.read_frame(&path).map(drop));
            assert_within("reading rows with names", name, taken, 12 * text.len() + 16 * MIB);
        }
        if let Ok(text) = std::str::from_utf8(&text) {
            // The text belongs to the caller and does not count.
            let (_, taken) = CountingAllocator::peak(|| csv.parse::<f64>(text).map(drop));
            assert_within("parsing", name, taken, 5 * text.len() + 4 * MIB);
        }
    }
}

/// The worst cases of a frame: fields of no or one character, as numbers and as text, with gaps and with names of rows.
#[test]
fn frames_of_the_smallest_fields() {
    let rows = |row: &str| row.repeat(MIB / row.len());
    let wide = 1 << 16;
    for (name, text) in [
        ("gaps", rows(",\n")),
        ("gaps in text", format!("x,y\n{}", rows(",\n"))),
        ("three gaps", rows(",,\n")),
        ("gaps in wide rows", format!("{}\n", ",".repeat(999)).repeat(1000)),
        ("one column", rows("1\n")),
        ("letters", rows("a,b\n")),
        ("letters in wide rows", format!("{}b\n", "a,".repeat(999)).repeat(500)),
        ("one wide row of letters", format!("{}b\n", "a,".repeat(wide - 1)).repeat(2)),
        ("two wide rows of names", format!("{}b\n", "abcdefghijklmn,".repeat(wide - 1)).repeat(2)),
        ("numbers, and a letter in the end", format!("{}a,a\n", rows("1,1\n"))),
        ("large integers", rows("12345678901234567890,1\n")),
        ("comments", rows("#\n1\n")),
        ("escaped quotation marks", rows("\"\"\"\",\"\"\"\"\n")),
    ] {
        for csv in [
            Csv { header: Header::Absent, comment: Some("#".into()), ..Csv::default() },
            Csv { header: Header::Absent, row_names: true, missing: vec![], ..Csv::default() },
            Csv { header: Header::Present, columns: Columns::except([0]), ..Csv::default() },
        ] {
            let (frame, taken) = CountingAllocator::peak(|| csv.parse_frame(&text));
            // The text belongs to the caller and does not count.
            assert_within("a frame", name, taken, 11 * text.len() + 16 * MIB);
            if let Ok(frame) = frame {
                let rows: Vec<usize> = (0..frame.len()).collect();
                let (_, taken) = CountingAllocator::peak(|| frame.select(&rows));
                assert_within("all rows of a frame", name, taken, 22 * text.len() + 16 * MIB);
            }
        }
    }
    // 256 bytes per column, if there may be more of them.
    let csv = Csv { max_columns: usize::MAX, header: Header::Present, ..Csv::default() };
    let text = format!("{}1\n", "1,".repeat(500_000)).repeat(2);
    let (frame, taken) = CountingAllocator::peak(|| csv.parse_frame(&text));
    assert_eq!(frame.unwrap().names().len(), 500_001);
    assert_within("a frame", "500,001 columns", taken, 11 * text.len() + 256 * 500_001);
}

/// A file of 1 MB that decompresses to 1 GB, which is measured but not stored.
#[test]
fn gzip_bombs_of_tables() {
    let directory = TemporaryDirectory::new("memory-bomb");
    for content in [b"1,1\n".as_slice(), b",", b"a", b"\n", b"\0", b"\""] {
        let bomb = compress(&content.repeat((64 << 20) / content.len()), Compression::best());
        // Concatenated gzip streams are one.
        let path = directory.write("t.csv.gz", &bomb.repeat(16));
        let (result, taken) = CountingAllocator::peak(|| Csv::default().read_classes::<f64>(&path));
        assert!(result.is_err());
        assert_within("reading", "a bomb", taken, MIB);
        let (result, taken) = CountingAllocator::peak(|| Csv::default().read_frame(&path));
        assert!(result.is_err());
        assert_within("reading a frame of", "a bomb", taken, MIB);
    }
}

/// The first bytes show that it is neither a table nor images.
#[test]
fn sparse_files() {
    let directory = TemporaryDirectory::new("memory-sparse");
    let path = directory.path().join("sparse");
    std::fs::File::create(&path).unwrap().set_len(4 << 30).unwrap();
    let (result, taken) = CountingAllocator::peak(|| Csv::default().read::<f64>(&path));
    assert!(result.unwrap_err().to_string().ends_with("expected text in UTF-8, found the byte 0x00"));
    assert_within("reading", "4 GiB of nothing", taken, MIB);
    let (result, taken) = CountingAllocator::peak(|| ImageSet::read(&path, &path, 10));
    assert!(matches!(result, Err(DataError::Content { .. })));
    assert_within("reading", "4 GiB of nothing", taken, MIB);
}

/// "As much memory as the file is large plus at most 256 KiB; for a compressed file, twice the size in its header but
/// at most three times its decompressed size, plus 256 KiB."
#[test]
fn images() {
    let directory = TemporaryDirectory::new("memory-idx");
    let labels = directory.write("labels", &idx(&[1], &[0]));
    let read = |path: &Path| CountingAllocator::peak(|| ImageSet::read(path, &labels, 10).map(drop));
    let pixels = vec![0; 3_000_000];
    for (name, shape, held, good) in [
        ("a valid file", [1, 1000, 3000], 3_000_000, true),
        ("a header that claims more", [1, 1000, 3000], 2_000_000, false),
        ("a header that claims one byte more", [1, 1000, 3000], 2_999_999, false),
        ("a header that claims less", [1, 1000, 2999], 3_000_000, false),
        ("a header that claims one byte", [1, 1, 1], 3_000_000, false),
        ("a header that claims much more", [3, 1000, 1000], 10, false),
        ("a header that claims all memory", [u32::MAX; 3], 1_000_000, false),
        ("many empty images", [u32::MAX, 0, 1], 0, false),
        ("zero images of a huge size", [0, u32::MAX, u32::MAX], 0, false),
        ("zero images of a size that wraps", [0, 1 << 31, 1 << 31], 0, false),
    ] {
        let file = idx(&shape, &pixels[..held]);
        let (result, taken) = read(&directory.write("images", &file));
        assert_eq!(result.is_ok(), good, "{name}: {result:?}");
        assert_within("reading", name, taken, file.len() + MIB / 4);
        let announced = shape.iter().map(|&size| u128::from(size)).product::<u128>();
        let limit = announced.saturating_mul(2).min(3 * held as u128) as usize + MIB / 4;
        let (result, taken) = read(&directory.write("images.gz", &gzip(&file)));
        assert_eq!(result.is_ok(), good, "{name}, compressed: {result:?}");
        assert_within("reading", name, taken, limit);
    }
}

#[test]
fn the_allocator_counts() {
    let (_, taken) = CountingAllocator::peak(|| drop(std::hint::black_box(vec![0_u8; MIB])));
    assert_eq!(taken, MIB);
    let (_, taken) = CountingAllocator::peak(|| {
        let mut grown = std::hint::black_box(Vec::<u8>::with_capacity(MIB));
        grown.reserve_exact(2 * MIB);
    });
    assert_eq!(taken, 3 * MIB);
}
