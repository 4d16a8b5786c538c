//! The connections of a probe, and which of them count.

/// What is asked for in a connection.
pub(super) trait Ask: PartialEq {
    /// What was seen in a connection.
    type Seen: Clone;

    /// Whether it goes on with what `earlier` has left, such as a session, and uses it up.
    fn uses_up(&self, earlier: &Self::Seen) -> bool;
}

/// What was made, and what counts. A connection that the lab's own deadline cut off says nothing about the peer, which
/// may have been about to answer, nor does one that failed for a chance that had nothing to do with its aim: it does not
/// count, so that the plan asks for it once more. What becomes of the repetition counts in any case.
pub(super) struct Record<A: Ask> {
    made: Vec<A::Seen>,
    counted: Vec<A::Seen>,
    to_repeat: Vec<A>,
}

impl<A: Ask> Record<A> {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { made: Vec::new(), counted: Vec::new(), to_repeat: Vec::new() }
    }

    /// Adds what was seen in a connection, and whether that tells nothing.
    pub(super) fn add(&mut self, asked: A, seen: A::Seen, tells_nothing: bool) {
        self.made.push(seen.clone());
        if tells_nothing && !self.to_repeat.contains(&asked) {
            self.counted.retain(|earlier| !asked.uses_up(earlier));
            self.to_repeat.push(asked);
        } else {
            self.to_repeat.retain(|earlier| *earlier != asked);
            self.counted.push(seen);
        }
    }

    /// All connections, in order.
    pub(super) fn made(&self) -> &[A::Seen] {
        &self.made
    }

    /// Those that count.
    pub(super) fn counted(&self) -> &[A::Seen] {
        &self.counted
    }

    /// All connections, in order.
    pub(super) fn into_made(self) -> Vec<A::Seen> {
        self.made
    }
}
