//! What the signature of a ServerKeyExchange covers (RFC 5246 7.4.3): both randoms and the parameters.

use tlslab_dh::Group;

use super::fatal::Fatal;
use super::negotiated::Negotiated;
use super::premaster;
use crate::behaviour::values::{IntegerEncoding, SignedBytes};
use crate::wire::registry::AlertDescription;
use crate::wire::{Encode, EncodeError, ServerDhParams, ServerKeyExchange};

/// The bytes under the signature of `message`, whose group is `group` where it has one.
pub(super) fn covered(
    negotiated: &Negotiated,
    message: &ServerKeyExchange,
    group: Option<&Group>,
    bytes: SignedBytes,
) -> Result<Vec<u8>, Fatal> {
    let mut covered = [negotiated.client_random, negotiated.server_random].concat();
    let params = match (message, group, bytes) {
        (ServerKeyExchange::Dhe { params, .. }, Some(group), SignedBytes::Padded) => {
            encoded_again(params, group, IntegerEncoding::Padded)
        }
        (ServerKeyExchange::Dhe { params, .. }, Some(group), SignedBytes::Minimal) => {
            encoded_again(params, group, IntegerEncoding::Minimal)
        }
        _ => message.params_bytes(),
    };
    covered.extend(params.map_err(|error| Fatal::alert(AlertDescription::INTERNAL_ERROR, error.to_string()))?);
    Ok(covered)
}

fn encoded_again(params: &ServerDhParams, group: &Group, encoding: IntegerEncoding) -> Result<Vec<u8>, EncodeError> {
    let public = premaster::pad_left(&params.dh_ys, group.len());
    let dh_ys = premaster::encode_public(&public, encoding).into();
    ServerDhParams { dh_ys, ..params.clone() }.to_bytes()
}
