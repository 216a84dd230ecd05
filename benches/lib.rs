//! Micro-benchmarks, in the other files of this folder. `cargo bench -p downhill-benches` runs them.
