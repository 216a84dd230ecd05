//! Writes `docs/parity.md`: the difference between every optimizer, schedule and clipping function and PyTorch's,
//! option by option, and the largest one of every layer, loss, metric and operation.
//!
//! ```text
//! cargo run --release -p downhill-tests --example parity_table
//! ```

fn main() -> std::io::Result<()> {
    let (text, records, broken) = downhill_tests::parity::table::text();
    std::fs::write(format!("{}/../docs/parity.md", env!("CARGO_MANIFEST_DIR")), text)?;
    println!("{records} records written to docs/parity.md, {broken} exceed their tolerance");
    Ok(())
}
