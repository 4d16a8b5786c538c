//! Prints the known-answer vectors of a seed (default 1), as the command `tlslab vectors` does:
//!
//! ```text
//! cargo run -p tlslab --example vectors -- 1 > vectors.json
//! ```

use std::error::Error;
use std::io::{self, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let seed = match std::env::args().nth(1) {
        Some(seed) => seed.parse()?,
        None => 1,
    };
    io::stdout().write_all(tlslab::vectors::generate(seed).to_json().as_bytes())?;
    Ok(())
}
