//! Wrong derivatives that must be caught.
