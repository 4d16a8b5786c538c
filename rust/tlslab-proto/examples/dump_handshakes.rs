//! Prints the inputs of the handshakes that `tests/handshake_known_answer.rs` runs, as JSON lines, for an independent
//! implementation to compute the rest:
//!
//! ```text
//! cargo run -p tlslab-proto --example dump_handshakes | python tests/data/handshake_known_answers.py
//! ```

#[path = "../tests/data/handshakes.rs"]
mod handshakes;

fn main() -> Result<(), serde_json::Error> {
    for (inputs, _) in handshakes::run_all() {
        println!("{}", serde_json::to_string(&inputs)?);
    }
    Ok(())
}
