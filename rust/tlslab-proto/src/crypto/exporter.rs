//! What binds something outside of TLS to a connection: exported keying material (RFC 5705) and tls-unique (RFC 5929).

use serde::{Deserialize, Serialize};

use super::prf::Prf;
use crate::wire::Bytes;

/// As much keying material as is exported at once, in bytes. RFC 5705 has no limit; nobody needs as much.
pub const MAX_EXPORT_LEN: usize = 0xffff;

/// Labels of the PRF that the handshake uses itself. Exported, they would give its secrets away (RFC 5705 4).
const RESERVED: [&str; 5] =
    ["client finished", "server finished", "master secret", "extended master secret", "key expansion"];

/// What a finished handshake gives to bind something to. Without EMS none of it need be one connection's alone: a third
/// party can bring about two connections with the same (RFC 7627 1, 6.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelBinding {
    /// The PRF.
    pub prf: Prf,
    /// The master secret, 48 bytes.
    pub master_secret: Bytes,
    /// The random of ClientHello, 32 bytes.
    pub client_random: Bytes,
    /// The random of ServerHello, 32 bytes.
    pub server_random: Bytes,
    /// The channel binding `tls-unique`: the verify_data of the first Finished of the handshake, 12 bytes; that is the
    /// client's in a full handshake and the server's in an abbreviated one (RFC 5929 3.1).
    pub tls_unique: Bytes,
}

/// Keying material that cannot be exported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// The label is one of the handshake's own.
    #[error("{label:?} is a label of the handshake's own, and gives its secrets away; RFC 5705 4 has EXPORTER labels")]
    Reserved {
        /// The label.
        label: String,
    },
    /// The context has a length field of two bytes.
    #[error("a context has at most 65535 bytes, and not {got} (RFC 5705 4)")]
    Context {
        /// Its bytes.
        got: usize,
    },
    /// Too much is asked for.
    #[error("at most {MAX_EXPORT_LEN} bytes are exported at once, and not {got}")]
    TooLong {
        /// What was asked for, in bytes.
        got: usize,
    },
}

impl ChannelBinding {
    /// `len` bytes of keying material. No context and an empty one are not the same (RFC 5705 4).
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn export(&self, label: &str, context: Option<&[u8]>, len: usize) -> Result<Vec<u8>, ExportError> {
        if RESERVED.contains(&label) {
            return Err(ExportError::Reserved { label: label.to_owned() });
        }
        if len > MAX_EXPORT_LEN {
            return Err(ExportError::TooLong { got: len });
        }
        let context_len = context.map(|context| u16::try_from(context.len())).transpose();
        let context_len = context_len.map_err(|_| ExportError::Context { got: context.map_or(0, <[u8]>::len) })?;
        let context_len = context_len.map(u16::to_be_bytes);
        let mut seeds: Vec<&[u8]> = vec![&self.client_random, &self.server_random];
        seeds.extend(context_len.as_ref().map(|len| &len[..]).into_iter().chain(context));
        let mut out = vec![0; len];
        self.prf.derive(&self.master_secret, label.as_bytes(), &seeds, &mut out);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding() -> ChannelBinding {
        ChannelBinding {
            prf: Prf::Sha256,
            master_secret: [1; 48].into(),
            client_random: [2; 32].into(),
            server_random: [3; 32].into(),
            tls_unique: [4; 12].into(),
        }
    }

    #[test]
    fn secrets_of_the_handshake_are_not_exported() {
        for label in RESERVED {
            assert_eq!(binding().export(label, None, 1), Err(ExportError::Reserved { label: label.to_owned() }));
        }
        assert_eq!(binding().export("l", None, 65536), Err(ExportError::TooLong { got: 65536 }));
        assert_eq!(binding().export("l", Some(&[0; 65536]), 1), Err(ExportError::Context { got: 65536 }));
        assert_eq!(binding().export("l", Some(&[0; 65535]), 65535).unwrap().len(), 65535);
        assert!(binding().export("l", None, 0).unwrap().is_empty());
    }

    #[test]
    fn an_empty_context_is_not_none() {
        let export = |context| binding().export("EXPORTER-test", context, 20).unwrap();
        assert_ne!(export(None), export(Some(b"")));
        assert_ne!(export(Some(b"")), export(Some(b"\0\0")));
    }

    #[test]
    fn a_binding_is_written_and_read() {
        let text = serde_json::to_string(&binding()).unwrap();
        assert!(text.contains(r#""prf":"sha256""#), "{text}");
        assert_eq!(serde_json::from_str::<ChannelBinding>(&text).unwrap(), binding());
    }
}
