//! What the signature of a ServerKeyExchange covers (RFC 5246 7.4.3): both randoms and the parameters.

use tlslab_dh::Group;

use super::fatal::Fatal;
use super::negotiated::Negotiated;
use super::premaster;
use crate::behaviour::values::{IntegerEncoding, SignedBytes};
use crate::wire::registry::AlertDescription;
use crate::wire::{Encode, EncodeError, ServerDhParams, ServerKeyExchange};

/// Randoms and parameters are mostly shorter than this, so that they are written without growing.
const USUAL_LEN: usize = 1 << 10;

/// The bytes under the signature of `message`, whose group is `group` where it has one.
pub(super) fn covered(
    negotiated: &Negotiated,
    message: &ServerKeyExchange,
    group: Option<&Group>,
    bytes: SignedBytes,
) -> Result<Vec<u8>, Fatal> {
    let mut covered = Vec::with_capacity(USUAL_LEN);
    covered.extend_from_slice(&negotiated.client_random);
    covered.extend_from_slice(&negotiated.server_random);
    let params = match (message, group, bytes) {
        (ServerKeyExchange::Dhe { params, .. }, Some(group), SignedBytes::Padded) => {
            encode_again(params, group, IntegerEncoding::Padded, &mut covered)
        }
        (ServerKeyExchange::Dhe { params, .. }, Some(group), SignedBytes::Minimal) => {
            encode_again(params, group, IntegerEncoding::Minimal, &mut covered)
        }
        _ => message.encode_params(&mut covered),
    };
    params.map_err(|error| Fatal::alert(AlertDescription::INTERNAL_ERROR, error.to_string()))?;
    Ok(covered)
}

fn encode_again(
    params: &ServerDhParams,
    group: &Group,
    encoding: IntegerEncoding,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let public = premaster::pad_left(&params.dh_ys, group.len());
    let dh_ys = premaster::encode_public(&public, encoding).into();
    ServerDhParams { dh_ys, ..params.clone() }.encode(out)
}
