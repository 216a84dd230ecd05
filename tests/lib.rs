//! What no single crate of downhill can test; see the files beside this one.
