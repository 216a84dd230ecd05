//! Error messages name the file, what was expected and what was found.

mod common;

use std::fs;

use common::{TemporaryDirectory, compress, gzip, idx, images, labels};
use downhill_data::{DataError, ImageSet, Mnist};
use flate2::Compression;

/// The error of reading five images and their labels, one of the two files replaced.
fn reading(test: &str, images: Option<&[u8]>, labels: Option<&[u8]>) -> String {
    let directory = TemporaryDirectory::new(test);
    let images = directory.write("images", images.unwrap_or(&common::images(5)));
    let labels = directory.write("labels", labels.unwrap_or(&common::labels(5)));
    let error = ImageSet::read(images, labels, 10).expect_err("the file is bad").to_string();
    error.replace(&format!("{}/", directory.path().display()), "")
}

/// The error of [`Mnist::load`] with four valid files, after `damage`.
fn loading(test: &str, damage: impl Fn(&TemporaryDirectory)) -> String {
    let directory = TemporaryDirectory::new(test);
    for (name, count) in [("train", 8), ("t10k", 5)] {
        directory.write(&format!("{name}-images-idx3-ubyte"), &images(count));
        directory.write(&format!("{name}-labels-idx1-ubyte.gz"), &gzip(&labels(count)));
    }
    assert!(Mnist::load(directory.path()).is_ok(), "the undamaged files can be read");
    damage(&directory);
    let error = Mnist::load(directory.path()).expect_err("the files are bad").to_string();
    error.replace(&directory.path().display().to_string(), "DIR")
}

#[test]
fn no_directory() {
    let error = loading("no-directory", |directory| fs::remove_dir_all(directory.path()).unwrap());
    assert_eq!(error, "DIR: no such file or directory, expected a directory of four IDX files");
    let directory = TemporaryDirectory::new("a-file-for-a-directory");
    let error = Mnist::load(directory.write("mnist.zip", b"PK")).unwrap_err().to_string();
    assert!(error.ends_with("mnist.zip: expected a directory of four IDX files, found a file"), "{error}");
}

#[test]
fn missing_file() {
    let error =
        loading("missing", |directory| fs::remove_file(directory.path().join("t10k-images-idx3-ubyte")).unwrap());
    assert_eq!(
        error,
        "DIR/t10k-images-idx3-ubyte: no such file or directory, expected a file of that name, or \
         t10k-images-idx3-ubyte.gz, t10k-images.idx3-ubyte, t10k-images.idx3-ubyte.gz"
    );
    let error = ImageSet::read("no/images", "no/labels", 10).unwrap_err();
    assert!(matches!(error, DataError::Missing { .. }));
    assert_eq!(error.to_string(), "no/images: no such file or directory, expected a file");
}

#[test]
fn directory_instead_of_a_file() {
    let error = loading("directory", |directory| {
        let path = directory.path().join("train-images-idx3-ubyte");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
    });
    assert_eq!(error, "DIR/train-images-idx3-ubyte: expected a file, found a directory");
}

#[cfg(unix)]
#[test]
fn a_device_instead_of_a_file() {
    let error = ImageSet::read("/dev/zero", "/dev/zero", 10).unwrap_err().to_string();
    assert_eq!(error, "/dev/zero: expected a file, found a device, socket or pipe");
}

#[test]
fn empty_and_tiny_files() {
    let start = "expected a file that starts with the magic number 0x00000803 (images: unsigned bytes in 3 dimensions)";
    assert_eq!(reading("empty", Some(b""), None), format!("images: {start}, found an empty one"));
    assert_eq!(reading("empty-gzip", Some(&gzip(b"")), None), format!("images: {start}, found an empty one"));
    assert_eq!(reading("tiny", Some(&[0, 0, 8]), None), format!("images: {start}, found one of 3 bytes"));
    assert_eq!(
        reading("header", Some(&images(5)[..11]), None),
        "images: expected a header of 16 bytes, found a file of 11 bytes"
    );
}

#[test]
fn truncated_raw() {
    let whole = images(5);
    assert_eq!(
        reading("truncated", Some(&whole[..40]), None),
        "images: expected 46 bytes (16 + 5 × 2 × 3, according to its header), found 40 bytes"
    );
    assert_eq!(
        reading("truncated-labels", None, Some(&labels(5)[..12])),
        "labels: expected 13 bytes (8 + 5, according to its header), found 12 bytes"
    );
    assert_eq!(
        reading("truncated-inside", Some(&gzip(&whole[..40])), None),
        "images: expected 46 bytes (16 + 5 × 2 × 3, according to its header), found 40 bytes"
    );
}

#[test]
fn truncated_gzip() {
    let whole = gzip(&images(5));
    let error = reading("truncated-gzip", Some(&whole[..whole.len() / 2]), None);
    assert!(
        error.starts_with(
            "images: expected a complete gzip stream with a matching checksum, found one that is corrupt after"
        ),
        "{error}"
    );
    assert!(error.ends_with("decompressed bytes (the file ends there)"), "{error}");
    // Everything but the eight bytes of checksum and length.
    let error = reading("no-checksum", Some(&whole[..whole.len() - 8]), None);
    assert!(error.contains("corrupt after 46 decompressed bytes (the file ends there)"), "{error}");
}

#[test]
fn corrupt_gzip() {
    let whole = gzip(&images(5));
    let mut corrupt = whole.clone();
    corrupt[whole.len() - 6] ^= 1;
    assert_eq!(
        reading("checksum", Some(&corrupt), None),
        "images: expected a complete gzip stream with a matching checksum, found one that is corrupt after 46 \
         decompressed bytes (corrupt gzip stream does not have a matching checksum)"
    );
    let trailing = [whole, b"garbage, and no gzip".to_vec()].concat();
    let error = reading("garbage", Some(&trailing), None);
    assert!(error.contains("corrupt after 46 decompressed bytes (invalid gzip header)"), "{error}");
}

#[test]
fn trailing_bytes() {
    let longer = [images(5), vec![0]].concat();
    assert_eq!(
        reading("trailing", Some(&longer), None),
        "images: expected 46 bytes (16 + 5 × 2 × 3, according to its header), found 47 bytes"
    );
    assert_eq!(
        reading("trailing-inside", Some(&gzip(&[longer, vec![0; 9]].concat())), None),
        "images: expected 46 bytes (16 + 5 × 2 × 3, according to its header), found at least 47 bytes"
    );
}

#[test]
fn wrong_magic() {
    let expected = "images: expected the magic number 0x00000803 (images: unsigned bytes in 3 dimensions), found";
    let wrong = |test: &str, magic: [u8; 4]| {
        let mut file = images(5);
        file[..4].copy_from_slice(&magic);
        reading(test, Some(&file), None)
    };
    assert_eq!(wrong("magic", *b"PK\x03\x04"), format!("{expected} 0x504b0304"));
    assert_eq!(
        wrong("html", *b"<htm"),
        format!("{expected} 0x3c68746d: this looks like HTML, perhaps the error page of a download")
    );
    assert_eq!(
        wrong("float", [0, 0, 0x0d, 3]),
        format!("{expected} 0x00000d03: an element type other than unsigned bytes")
    );
    assert_eq!(
        wrong("colour", [0, 0, 8, 4]),
        format!("{expected} 0x00000804: unsigned bytes with a different number of dimensions")
    );
}

#[test]
fn swapped_files() {
    assert_eq!(
        reading("swapped", Some(&labels(5)), Some(&images(5))),
        "images: expected the magic number 0x00000803 (images: unsigned bytes in 3 dimensions), found the magic number \
         0x00000801 (labels: unsigned bytes in 1 dimension): are the image and label files swapped?"
    );
    assert_eq!(
        reading("images-for-labels", None, Some(&gzip(&images(5)))),
        "labels: expected the magic number 0x00000801 (labels: unsigned bytes in 1 dimension), found the magic number \
         0x00000803 (images: unsigned bytes in 3 dimensions): are the image and label files swapped?"
    );
}

#[test]
fn count_mismatch() {
    let error = reading("count", None, Some(&labels(4)));
    assert_eq!(error, "labels: expected 5 labels, one per image in images, found 4");
}

#[test]
fn label_out_of_range() {
    let bad = idx(&[5], &[0, 9, 3, 10, 255]);
    assert_eq!(reading("label", None, Some(&bad)), "labels: expected labels below 10, found label 10 at index 3");
    let directory = TemporaryDirectory::new("letters");
    let (images, letters) = (directory.write("i", &images(5)), directory.write("l", &idx(&[5], &[1, 26, 3, 10, 7])));
    assert_eq!(ImageSet::read(images, letters, 27).unwrap().labels(), [1, 26, 3, 10, 7]);
}

#[test]
fn sizes_beyond_all_memory() {
    let most = idx(&[u32::MAX; 3], &[0; 100]);
    let expected = "images: expected 79228162458924105385300197391 bytes (16 + 4294967295 × 4294967295 × 4294967295, \
                    according to its header), found";
    assert_eq!(reading("overflow", Some(&most), None), format!("{expected} 116 bytes"));
    let error = reading("overflow-gzip", Some(&gzip(&most)), None);
    assert!(error.starts_with(&format!("{expected} a gzip file of ")), "{error}");
    assert!(error.ends_with("which can hold at most 1032 times that"), "{error}");
    // The product is 2⁶⁴, which wraps to 0 in 64 bits.
    let wrapping = idx(&[1 << 31, 1 << 31, 4], &[]);
    assert!(reading("wrapping", Some(&wrapping), None).contains("found 16 bytes"));
}

#[test]
fn images_without_pixels() {
    for (test, [rows, columns]) in [("no-rows", [0, 28]), ("no-columns", [28, 0]), ("no-pixels", [0, 0])] {
        let error = reading(test, Some(&idx(&[5, rows, columns], &[])), None);
        assert_eq!(error, format!("images: expected images of at least 1 × 1 pixel, found {rows} × {columns}"));
    }
}

/// Zero images take zero bytes, whatever their size; but a batch of them would have a shape too large for a tensor.
#[test]
fn no_images_of_a_size_that_cannot_be() {
    for (test, size) in [("huge", [u32::MAX, u32::MAX]), ("huge-wraps", [1 << 31, 1 << 31])] {
        let error = reading(test, Some(&idx(&[0, size[0], size[1]], &[])), Some(&labels(0)));
        let [rows, columns] = size;
        let expected = "images: expected images that fit in memory, found";
        assert_eq!(error, format!("{expected} {rows} × {columns} pixels"));
    }
}

#[test]
fn test_images_of_another_size() {
    let error = loading("sizes", |directory| {
        directory.write("t10k-images-idx3-ubyte", &idx(&[5, 3, 2], &[0; 30]));
    });
    assert_eq!(error, "DIR: expected test images of 2 × 3 pixels, like the training images, found 3 × 2");
}

/// Well-formed files are read, compressed or not, whatever their extension.
#[test]
fn good_files_of_every_kind() {
    let directory = TemporaryDirectory::new("good");
    let expected = ImageSet::new(images(7)[16..].to_vec(), (2, 3), labels(7)[8..].to_vec());
    for (i, l) in [(images(7), labels(7)), (gzip(&images(7)), labels(7)), (images(7), gzip(&labels(7)))] {
        assert_eq!(ImageSet::read(directory.write("i", &i), directory.write("l.gz", &l), 10).unwrap(), expected);
    }
    // Concatenated gzip streams are one, as for `gunzip`.
    let parts = [gzip(&images(7)[..20]), gzip(&images(7)[20..])].concat();
    assert_eq!(ImageSet::read(directory.write("i", &parts), directory.write("l", &labels(7)), 10).unwrap(), expected);
    // Zero images, and a gzip file with nearly the maximum compression ratio.
    let none = ImageSet::read(directory.write("i", &images(0)), directory.write("l", &labels(0)), 10).unwrap();
    assert!(none.is_empty() && none.batches(4).next().is_none() && none.images().shape() == [0, 6]);
    let black = compress(&idx(&[7, 1000, 1000], &vec![0; 7_000_000]), Compression::best());
    assert!(black.len() * 1000 < 7_000_000, "{}", black.len());
    assert_eq!(ImageSet::read(directory.write("i", &black), directory.write("l", &labels(7)), 10).unwrap().len(), 7);

    // The file names in some archives.
    for part in ["train", "t10k"] {
        directory.write(&format!("{part}-images.idx3-ubyte"), &images(7));
        directory.write(&format!("{part}-labels.idx1-ubyte.gz"), &gzip(&labels(7)));
    }
    assert_eq!(Mnist::load(directory.path()).unwrap().test, expected);
}
