//! The tables of `data/tables` are what their README says.

use std::path::{Path, PathBuf};

use downhill_data::{Columns, Csv, Encoder, MissingCategory, MissingNumber};
use downhill_tensor::Tensor;
use ndarray::Axis;
use sha2::{Digest, Sha256};

fn tables() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/tables")
}

/// Every file is listed with its size and its checksum; so is the text beside the tables.
#[test]
fn the_files_are_the_ones_the_readme_says() {
    for (folder, extension, count) in [(tables(), "csv", 4), (tables().join("../text"), "txt", 1)] {
        assert_eq!(listed(&folder, extension), count);
    }
}

/// The number of files with this extension, each of which is in the folder's README.
fn listed(folder: &Path, extension: &str) -> usize {
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|found| found == extension) {
            let bytes = std::fs::read(&path).unwrap();
            let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            let name = path.file_name().unwrap().to_str().unwrap();
            let row = format!("| `{name}` | {} | `{digest}` |", bytes.len());
            assert!(readme.contains(&row), "no row {row}");
            files += 1;
        }
    }
    files
}

/// scikit-learn's description has the mean of every feature, to two or three digits.
#[test]
fn flowers_wines_and_tumours() {
    let csv = Csv { skip_lines: 1, ..Csv::default() };
    for (name, samples, features, classes) in [
        ("iris", 150, 4, vec![50, 50, 50]),
        ("wine", 178, 13, vec![59, 71, 48]),
        ("breast_cancer", 569, 30, vec![212, 357]),
    ] {
        let table = csv.read_classes::<f64>(tables().join(format!("{name}.csv"))).unwrap();
        assert_eq!(table.features.dim(), (samples, features));
        let counts = (0..classes.len()).map(|class| table.targets.iter().filter(|&&target| target == class).count());
        assert_eq!(counts.collect::<Vec<_>>(), classes, "{name}");
        let means = table.features.mean_axis(Axis(0)).unwrap().to_vec();
        let described: &[(usize, f64, f64)] = match name {
            "iris" => &[(0, 5.84, 0.005), (1, 3.05, 0.01), (2, 3.76, 0.005), (3, 1.20, 0.005)],
            "wine" => &[(0, 13.0, 0.05), (4, 99.7, 0.05), (9, 5.1, 0.05), (12, 746.0, 1.0)],
            // Its table has only the smallest and the largest value: those of the radius are 6.981 and 28.11.
            _ => &[],
        };
        for &(feature, mean, precision) in described {
            assert!((means[feature] - mean).abs() <= precision, "{name}, feature {feature}: {}", means[feature]);
        }
        let radius = table.features.column(0);
        let bounds = radius.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)));
        assert!(name != "breast_cancer" || bounds == (6.981, 28.11), "{bounds:?}");
    }
}

/// The numbers of the data set's own documentation: 344 penguins, two without measurements, eleven without sex.
#[test]
fn penguins() {
    let table = Csv::default().read_frame(tables().join("penguins.csv")).unwrap();
    assert_eq!(table.len(), 344);
    let species = table.classes("species").unwrap();
    assert_eq!(species.names, ["Adelie", "Chinstrap", "Gentoo"]);
    let counts = [0, 1, 2].map(|class| species.labels.iter().filter(|&&label| label == class).count());
    assert_eq!(counts, [152, 68, 124]);
    let measured = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"];
    assert_eq!((table.count_missing(measured).unwrap(), table.count_missing("sex").unwrap()), (8, 11));
    assert_eq!(table.drop_missing(Columns::All).unwrap().len(), 333);

    let encoder = Encoder {
        columns: Columns::except(["species", "year"]),
        missing_numbers: MissingNumber::Mean,
        missing_categories: MissingCategory::MostFrequent,
        ..Encoder::default()
    };
    let encoding = encoder.fit(&table).unwrap();
    assert_eq!(encoding.feature_names()[..3], ["island=Biscoe", "island=Dream", "island=Torgersen"]);
    assert_eq!(encoding.feature_names()[6..], ["body_mass_g".to_owned(), "sex=female".into(), "sex=male".into()]);
    let x: Tensor<f64> = encoding.transform(&table).unwrap();
    assert_eq!(x.shape(), [344, 9]);
    // The fourth has nothing but its island: the means of the others, and the more frequent sex.
    let fourth = x.select(0, 3_usize).to_vec();
    let documented = [43.92, 17.15, 200.92, 4201.75];
    assert!(fourth[3..7].iter().zip(documented).all(|(x, mean)| (x - mean).abs() < 0.006), "{fourth:?}");
    assert_eq!((&fourth[..3], &fourth[7..]), (&[0.0, 0.0, 1.0][..], &[0.0, 1.0][..]));
}
