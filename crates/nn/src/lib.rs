//! downhill-nn
