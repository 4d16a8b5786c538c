//! Public values of the client: short ones, and those that none may have.

use tlslab_proto::behaviour::values::IntegerEncoding;

use super::{Plan, asked, cells, zeros};
use crate::probe::findings::hides_refusals;
use crate::probe::invalid::InvalidPublic;
use crate::probe::observation::Observation;
use crate::probe::step::{Purpose, Share, Step};

pub(super) const MOST: usize = 9 + 2 * (MOST_GUESSES - 1);

/// Where a refusal does not show, the client guesses so often at a secret that has two values: one that is used is taken for
/// refused once in 64 times.
const MOST_GUESSES: usize = 6;

/// What is asked in the first cell there is: a server treats public values alike whatever the suite.
pub(super) fn next(_: &Plan, seen: &[Observation]) -> Option<Step> {
    let cell = *cells(seen).first()?;
    // How the server reacts to other keys than its own, if it has not shown it yet.
    let differed = [Purpose::LeadingZero, Purpose::KeptZero].map(|purpose| asked(seen, purpose, cell));
    if differed.iter().flatten().all(|seen| seen.established) && asked(seen, Purpose::KeptZero, cell).is_none() {
        return Some(zeros::kept(cell));
    }
    let step = |purpose, share| Step::in_cell(purpose, cell).with_share(share);
    let short = |purpose, encoding| step(purpose, Share::ShortPublic).with_public_value(encoding);
    let invalid = |value| step(Purpose::InvalidPublicValue(value), Share::Invalid(value));
    let steps = [
        short(Purpose::PaddedPublicValue, IntegerEncoding::Padded),
        short(Purpose::MinimalPublicValue, IntegerEncoding::Minimal),
    ];
    let all = InvalidPublic::OUT_OF_RANGE.into_iter().chain([InvalidPublic::OutsideSubgroup]).map(invalid);
    let guesses = [InvalidPublic::MinusOne, InvalidPublic::OutsideSubgroup].map(invalid);
    let unasked = steps.into_iter().chain(all).find(|step| asked(seen, step.purpose, cell).is_none());
    unasked.or_else(|| guesses.into_iter().find(|step| is_worth_a_guess(step.purpose, seen)))
}

/// Whether another guess may tell what the ones before it did not.
fn is_worth_a_guess(purpose: Purpose, seen: &[Observation]) -> bool {
    let mut made = seen.iter().filter(|seen| seen.purpose == purpose);
    hides_refusals(seen) && made.clone().count() < MOST_GUESSES && !made.any(|seen| seen.established)
}
