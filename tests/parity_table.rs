//! Writes `docs/parity.md`: how far every optimizer, schedule and clipping is from PyTorch, option by option.
//!
//! ```text
//! cargo run --release -p downhill-tests --example parity_table
//! ```

fn main() -> std::io::Result<()> {
    let (text, records, broken) = downhill_tests::parity::table::text();
    std::fs::write(format!("{}/../docs/parity.md", env!("CARGO_MANIFEST_DIR")), text)?;
    println!("{records} records, {broken} beyond their tolerance, written to docs/parity.md");
    Ok(())
}
