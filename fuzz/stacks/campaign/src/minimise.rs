//! Smaller parts that a stack dies of, too.

use std::error::Error;

use tlslab::fuzzing::Part;

use crate::worker::{Answer, Worker};

/// The part with as few connections and edits as it takes.
pub(crate) fn minimise(part: &Part, seed: u64) -> Result<Part, Box<dyn Error>> {
    let mut smallest = part.clone();
    loop {
        let mut smaller = None;
        for candidate in candidates(&smallest) {
            if let Answer::Died(_) = Worker::start()?.run(&candidate, seed)? {
                smaller = Some(candidate);
                break;
            }
        }
        match smaller {
            Some(smaller) => smallest = smaller,
            None => return Ok(smallest),
        }
    }
}

/// All parts that are smaller by a connection, an edit or what else a connection has.
fn candidates(part: &Part) -> Vec<Part> {
    let mut candidates = Vec::new();
    let count = part.scenario.connections.len();
    for number in 0..count {
        let mut keep = |change: &dyn Fn(&mut Part)| {
            let mut smaller = part.clone();
            change(&mut smaller);
            if smaller != *part {
                candidates.push(smaller);
            }
        };
        if count > 1 {
            keep(&|part| drop(part.scenario.connections.remove(number)));
        }
        for edit in 0..part.scenario.connections[number].edits.len() {
            keep(&|part| drop(part.scenario.connections[number].edits.remove(edit)));
        }
        keep(&|part| part.scenario.connections[number].fault = None);
        keep(&|part| part.scenario.connections[number].client.clear());
        keep(&|part| part.scenario.connections[number].server.clear());
    }
    candidates
}
