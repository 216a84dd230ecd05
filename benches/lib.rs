//! Micro-benchmarks; see the files beside this one. `cargo bench -p downhill-benches` runs them.
