//! What an explanation comes to where that depends on more than classes: trials, until each stratum was met that matters.
//!
//! A stratum is for other values what a class is for those of Diffie-Hellman. Its chance is known; no count of trials
//! stands for it.

use std::collections::HashSet;

use tlslab_proto::behaviour::values::FixedLengthZeros;
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::Signatures;
use tlslab_proto::endpoint::trace::Event;

use super::chances::Chances;
use super::explanation::SEED;
use super::outlook::{Outlook, last};
use crate::experiment::{Experiment, ExperimentError};
use crate::scenario::Plan;
use crate::scenario::connection::{Connection, Setup};
use crate::scenario::stores::Stores;

/// As many trials as are made at most: a stratum that is met once in 512 is missed by one run of trials in 50.
const TRIALS: u64 = 2048;

/// How a value begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Start {
    /// With no zero byte.
    Full,
    /// With a zero byte, and then a set top bit.
    ZeroThenSet,
    /// With a zero byte, and then none; of values that nobody takes for a signed integer, with a zero byte.
    Zero,
}

/// How the values of a connection begin, where it has them: Z, both public values, the x-coordinate of ECDH, the server's
/// signature, the ciphertext of RSA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Stratum([Option<Start>; 6]);

/// Where Z stands, and how many values below the prime there are.
const Z: usize = 0;
const BELOW_P: usize = 3;

/// One connection for each stratum that matters, with its chance.
pub(super) fn outlooks_by_stratum(experiment: &Experiment, chances: &Chances) -> Result<Vec<Outlook>, ExperimentError> {
    // A simulated signature begins with a zero byte as often as a real one.
    let setup = Setup { signatures: Signatures::Simulated, ..experiment.setup()? };
    let mut met = HashSet::new();
    let mut found = Vec::new();
    for trial in 0..TRIALS {
        let connection = setup.record(Draws::new(SEED, trial), 0, &Plan::default(), &mut Stores::default())?;
        let Some(outlook) = Outlook::of(&connection, 1.0) else { continue };
        let stratum = Stratum::of(&connection, &outlook, experiment);
        if met.insert(stratum) {
            found.push(Outlook { chance: stratum.chance(chances), ..outlook });
        }
        if stratum.usual().all(|usual| met.contains(&usual)) {
            break;
        }
    }
    Ok(found)
}

impl Stratum {
    /// Values that are sent and used in full length, zeros and all, are as good as absent.
    fn of(connection: &Connection, outlook: &Outlook, experiment: &Experiment) -> Self {
        let (client, server) = (&experiment.client, &experiment.server);
        let strips = |zeros: FixedLengthZeros| zeros != FixedLengthZeros::Keep;
        let strips_ecdh = strips(client.shared.ecdh_zeros) || strips(server.shared.ecdh_zeros);
        let seen = &outlook.seen;
        let z = last(connection, Side::Server, |event| match event {
            Event::DiffieHellman { z, .. } => Some(Start::of_z(z)),
            _ => None,
        });
        let ecdh = last(connection, Side::Server, |event| match event {
            Event::Ecdh { z, .. } if strips_ecdh => Some(Start::of(z.first() == Some(&0))),
            _ => None,
        });
        let signature = last(connection, Side::Server, |event| match event {
            Event::Signed { .. } if strips(server.own.rsa_signature_zeros) => Some(Start::of(seen.short_signature)),
            _ => None,
        });
        let ciphertext = last(connection, Side::Client, |event| match event {
            Event::RsaTransport { .. } if strips(client.own.rsa_ciphertext_zeros) => {
                Some(Start::of(seen.short_ciphertext))
            }
            _ => None,
        });
        let public = |zeros: u8| z.map(|_| Start::of(zeros > 0));
        Self([z, public(seen.ys_zeros), public(seen.yc_zeros), ecdh, signature, ciphertext])
    }

    /// The strata that matter: that in which no value is short, and those in which one is.
    fn usual(self) -> impl Iterator<Item = Self> {
        let full = Self(self.0.map(|start| start.map(|_| Start::Full)));
        let with = move |at: usize, start| {
            let mut one = full;
            one.0[at] = Some(start);
            one
        };
        let present = (0..full.0.len()).filter(move |at| full.0[*at].is_some());
        let set = full.0[Z].map(|_| with(Z, Start::ZeroThenSet));
        present.map(move |at| with(at, Start::Zero)).chain([full]).chain(set)
    }

    /// Its chance: the values are uniform and independent, those of ECDH and RSA below a number just below a byte boundary.
    fn chance(self, chances: &Chances) -> f64 {
        let usual = Chances::usual();
        let each = self.0.iter().enumerate().map(|(at, start)| {
            let zero = if at < BELOW_P { chances.any() } else { usual.any() };
            // After the zeros comes any byte but zero.
            match (at, start) {
                (_, None) => 1.0,
                (_, Some(Start::Full)) => 1.0 - zero,
                (Z, Some(Start::ZeroThenSet)) => zero * 128.0 / 255.0,
                (Z, Some(Start::Zero)) => zero * 127.0 / 255.0,
                (_, Some(_)) => zero,
            }
        });
        each.product()
    }
}

impl Start {
    fn of(is_short: bool) -> Self {
        if is_short { Self::Zero } else { Self::Full }
    }

    fn of_z(z: &[u8]) -> Self {
        match z {
            [0, ..] if z.iter().find(|byte| **byte != 0).is_some_and(|byte| byte & 0x80 != 0) => Self::ZeroThenSet,
            [0, ..] => Self::Zero,
            _ => Self::Full,
        }
    }
}
