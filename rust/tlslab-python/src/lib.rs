//! The Python face of tlslab.
#![forbid(unsafe_code)]
