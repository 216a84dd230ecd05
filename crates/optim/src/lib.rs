//! downhill-optim
