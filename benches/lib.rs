//! Micro-benchmarks; see the files beside this one. Run them with
//!
//!     cargo bench -p downhill-benches
