//! A strict reader for the IDX format of MNIST and similar data sets.
//!
//! ```text
//! 0  0  type  dims        magic number; type 0x08 is unsigned bytes
//! size of axis 1          big-endian u32, `dims` times
//! ...
//! the elements            row-major, and nothing after them
//! ```
//! The size in the header is compared with the size of the file before the elements are read. Reading takes as much
//! memory as the file is large plus at most 256 KiB; for a compressed file, twice the size in its header but at most
//! three times its decompressed size, plus 256 KiB.
//!
//! Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", <http://yann.lecun.com/exdb/mnist/>.

use std::path::Path;

use crate::DataError;
use crate::source::Source;

/// The content of a well-formed file: `bytes` has as many elements as `shape`, such as 60000 × 28 × 28.
pub(crate) struct Idx<const DIMS: usize> {
    pub(crate) shape: [usize; DIMS],
    pub(crate) bytes: Vec<u8>,
}

/// Images, `[count, rows, columns]`.
pub(crate) fn read_images(path: &Path) -> Result<Idx<3>, DataError> {
    let images = read::<3>(path)?;
    let [_, rows, columns] = images.shape;
    if rows == 0 || columns == 0 {
        return Err(DataError::content(path, "images of at least 1 × 1 pixel", format!("{rows} × {columns}")));
    }
    // Can only fail with zero images: others of that size would not fit in a file.
    let bytes = rows.checked_mul(columns).and_then(|pixels| pixels.checked_mul(size_of::<f32>()));
    if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        let (expected, found) = ("images that fit in memory", format!("{rows} × {columns} pixels"));
        return Err(DataError::content(path, expected, found));
    }
    Ok(images)
}

/// Labels, `[count]`, each less than `classes`.
pub(crate) fn read_labels(path: &Path, classes: usize) -> Result<Idx<1>, DataError> {
    let labels = read::<1>(path)?;
    let stray = labels.bytes.iter().enumerate().find(|&(_, &label)| usize::from(label) >= classes);
    if let Some((index, label)) = stray {
        return Err(DataError::content(
            path,
            format!("labels below {classes}"),
            format!("label {label} at index {index}"),
        ));
    }
    Ok(labels)
}

/// Unsigned bytes in `DIMS` dimensions.
fn read<const DIMS: usize>(path: &Path) -> Result<Idx<DIMS>, DataError> {
    let mut source = Source::open(path)?;
    let shape = read_header::<DIMS>(&mut source)?;

    // The product of three u32 may overflow a u64, but not a u128.
    let header = 4 + 4 * DIMS as u128;
    let size = shape.iter().map(|&axis| u128::from(axis)).product::<u128>();
    let expected = || format!("{} bytes ({header} + {}, according to its header)", header + size, times(&shape));
    if let Some(found) = source.cannot_hold(header + size) {
        return Err(DataError::content(path, expected(), found));
    }
    let bytes = source.read_up_to(u64::try_from(size).unwrap_or(u64::MAX))?;
    let found = bytes.len() as u128;
    if found != size {
        return Err(DataError::content(path, expected(), format!("{} bytes", header + found)));
    }
    if !source.has_ended()? {
        return Err(DataError::content(path, expected(), format!("at least {} bytes", header + found + 1)));
    }
    Ok(Idx { shape: shape.map(|axis| axis as usize), bytes })
}

/// Checks the magic number and returns the size of every axis.
fn read_header<const DIMS: usize>(source: &mut Source) -> Result<[u32; DIMS], DataError> {
    let wanted = u32::from_be_bytes([0, 0, 0x08, DIMS as u8]);
    let magic = source.read_up_to(4)?;
    let Ok(magic) = <[u8; 4]>::try_from(magic.as_slice()) else {
        let found = if magic.is_empty() { "an empty one".into() } else { format!("one of {} bytes", magic.len()) };
        return Err(DataError::content(source.path(), format!("a file that starts with {}", describe(wanted)), found));
    };
    let found = u32::from_be_bytes(magic);
    if found != wanted {
        return Err(DataError::content(source.path(), describe(wanted), describe(found) + guess(magic)));
    }
    let sizes = source.read_up_to(4 * DIMS as u64)?;
    if sizes.len() != 4 * DIMS {
        let (expected, found) = (4 + 4 * DIMS, 4 + sizes.len());
        let expected = format!("a header of {expected} bytes");
        return Err(DataError::content(source.path(), expected, format!("a file of {found} bytes")));
    }
    let mut shape = [0; DIMS];
    for (axis, size) in shape.iter_mut().zip(sizes.as_chunks::<4>().0) {
        *axis = u32::from_be_bytes(*size);
    }
    Ok(shape)
}

/// A magic number, explained.
fn describe(magic: u32) -> String {
    let what = match magic {
        0x0801 => "labels: unsigned bytes in 1 dimension",
        0x0803 => "images: unsigned bytes in 3 dimensions",
        _ => return format!("0x{magic:08x}"),
    };
    format!("the magic number 0x{magic:08x} ({what})")
}

/// The likely cause of a wrong magic number.
fn guess(magic: [u8; 4]) -> &'static str {
    match magic {
        [0, 0, 0x08, 1 | 3] => ": are the image and label files swapped?",
        [0, 0, 0x08, _] => ": unsigned bytes with a different number of dimensions",
        [0, 0, 0x09 | 0x0b..=0x0e, _] => ": an element type other than unsigned bytes",
        [b'<', ..] => ": this looks like HTML, perhaps the error page of a download",
        _ => "",
    }
}

/// `60000 × 28 × 28`.
fn times(shape: &[u32]) -> String {
    let sizes: Vec<String> = shape.iter().map(u32::to_string).collect();
    sizes.join(" × ")
}
