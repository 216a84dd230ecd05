use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f32),
    Box(u8, i64),
    Named { name: String, inside: Option<std::boxed::Box<Shape>> },
}

/// Asserts that the decoder agrees with `bincode`'s own on an encoded value, and on every change of a byte; and that
/// every truncation is an error.
#[track_caller]
fn agrees<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    let config = bincode::config::standard().with_limit::<{ 1 << 20 }>();
    let bytes = bincode::serde::encode_to_vec(&value, config).unwrap();
    let (read, length) = decode::<T>(&bytes).unwrap();
    assert!(read == value && length == bytes.len(), "{value:?} became {read:?}");
    for i in 0..bytes.len() {
        assert!(decode::<T>(&bytes[..i]).is_err(), "{i} bytes of {value:?}");
        for byte in 0..=255 {
            let mut changed = bytes.clone();
            changed[i] = byte;
            let theirs = bincode::serde::decode_from_slice::<T, _>(&changed, config);
            let ours = decode::<T>(&changed);
            // `{:?}`, because NaN is not equal to itself.
            match (&ours, &theirs) {
                (Ok(ours), Ok(theirs)) => assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{changed:?}"),
                _ => assert!(ours.is_err() && theirs.is_err(), "{changed:?}: {ours:?}, {theirs:?}"),
            }
        }
    }
}

#[test]
fn every_type_is_read_as_bincode_reads_it() {
    agrees((true, false, 'a', 'é', '€', '😀'));
    agrees((0_u8, 250_u8, 251_u8, 255_u8, -128_i8, 127_i8, ()));
    agrees((250_u16, 251_u16, u16::MAX, i16::MIN, i16::MAX, -1_i16));
    agrees((250_u32, 65_536_u32, u32::MAX, i32::MIN, i32::MAX, 125_i32));
    agrees((250_u64, 1_u64 << 32, u64::MAX, i64::MIN, i64::MAX, -126_i64, 7_usize));
    agrees((u128::MAX, 1_u128 << 64, i128::MIN, i128::MAX, 0_i128));
    agrees((1.5_f32, f32::MIN_POSITIVE, -0.0_f64, f64::MAX));
    agrees(("".to_owned(), "München".to_owned(), vec![1_u8, 2, 3], [7_u16; 3], vec![(); 3]));
    agrees((None::<u32>, Some(7_u32), Some(Some("x".to_owned())), BTreeMap::from([(1_u8, "one".to_owned())])));
    let inside = Some(Box::new(Shape::Circle(2.5)));
    agrees(vec![Shape::Point, Shape::Box(1, -2), Shape::Named { name: "n".to_owned(), inside }]);
}

#[test]
fn what_is_wrong_is_said() {
    let message = |bytes: &[u8]| decode::<Vec<u32>>(bytes).unwrap_err().to_string();
    assert_eq!(message(&[]), "unexpected end, 1 more bytes expected");
    assert_eq!(message(&[2, 7]), "unexpected end, 1 more bytes expected");
    assert_eq!(message(&[1, 255]), "255 is not a valid integer prefix");
    assert_eq!(message(&[1, 253, 0, 0, 0, 0, 1, 0, 0, 0]), "4294967296 is out of range for its type");
    let lie = [&[253][..], &u64::MAX.to_le_bytes(), &[0; 5]].concat();
    assert_eq!(message(&lie), format!("a length of {} elements, but only 5 bytes are left", u64::MAX));
    let short = decode::<String>(&[5, b'a']).unwrap_err().to_string();
    assert_eq!(short, "a length of 5 bytes, but only 1 are left");
    let lie = decode::<String>(&lie).unwrap_err().to_string();
    assert_eq!(lie, format!("a length of {} bytes, but only 5 are left", u64::MAX));
}

/// Elements that take no bytes: a loop over 2⁶⁴ of them would never end.
#[test]
fn elements_without_bytes_are_few() {
    assert!(decode::<Vec<()>>(&[&[252][..], &60_000_u32.to_le_bytes()].concat()).is_ok());
    assert!(decode::<Vec<()>>(&[&[253][..], &u64::MAX.to_le_bytes()].concat()).is_err());
}

#[derive(Debug, Deserialize)]
struct Chain(Option<Box<Chain>>);

impl Chain {
    fn length(&self) -> usize {
        self.0.as_ref().map_or(0, |rest| 1 + rest.length())
    }
}

#[test]
fn a_file_cannot_go_deeper_than_the_stack() {
    let error = decode::<Chain>(&vec![1; 1 << 20]).unwrap_err().to_string();
    assert_eq!(error, "values are nested more than 500 deep");
    let (chain, _) = decode::<Chain>(&[1, 1, 1, 1, 0]).unwrap();
    assert_eq!(chain.length(), 4);
}
