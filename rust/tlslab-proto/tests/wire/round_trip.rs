//! `decode(encode(x)) == x`, and whatever decodes encodes to the same bytes.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tlslab_proto::wire::registry::ContentType;
use tlslab_proto::wire::*;

use crate::strategies as some;

/// Both directions for a type whose bytes explain themselves; `noise` is anything, `value` a value of the type.
fn both_ways<T: Encode + Decode + PartialEq + Debug>(value: &T, noise: &[u8]) -> Result<(), TestCaseError> {
    let bytes = value.to_bytes().expect("a value within the RFC's limits encodes");
    let decoded = T::from_bytes(&bytes);
    prop_assert_eq!(decoded.as_ref(), Ok(value));
    if let Ok(decoded) = T::from_bytes(noise) {
        prop_assert_eq!(decoded.to_bytes().expect("what decodes encodes"), noise);
    }
    Ok(())
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![0u8..4, any::<u8>()], 0..60)
}

macro_rules! both_ways {
    ($($name:ident: $value:expr;)*) => {
        proptest! { $(
            #[test]
            fn $name(value in $value, noise in noise()) {
                both_ways(&value, &noise)?;
            }
        )* }
    };
}

both_ways! {
    client_hello: some::client_hello();
    server_hello: some::server_hello();
    certificate: some::certificate();
    server_dh_params: some::dh_params();
    server_ecdh_params: some::ecdh_params();
    new_session_ticket: some::new_session_ticket();
    extension: some::extension();
    alert: some::alert();
    record: some::record();
    record_header: some::record_header();
}

proptest! {
    #[test]
    fn every_message_in_its_context((context, message) in some::message_in_context()) {
        let bytes = message.to_bytes().expect("a message within the RFC's limits encodes");
        prop_assert_eq!(Message::decode(message.content_type(), &bytes, &context), Ok(message));
    }

    /// A message with a few bytes changed is near enough to a message to get deep into the decoder.
    #[test]
    fn whatever_decodes_encodes_to_the_same_bytes(
        (context, message) in some::message_in_context(),
        other_context in some::context(),
        changes in vec((any::<Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = message.to_bytes().expect("a message within the RFC's limits encodes");
        if !bytes.is_empty() {
            changes.iter().for_each(|(at, byte)| *at.get_mut(&mut bytes) = *byte);
        }
        for context in [context, other_context] {
            if let Ok(decoded) = Message::decode(message.content_type(), &bytes, &context) {
                prop_assert_eq!(decoded.to_bytes(), Ok(bytes.clone()));
            }
        }
    }

    #[test]
    fn noise_never_panics(content_type in some::number::<ContentType>(), noise in noise(), context in some::context()) {
        if let Ok(decoded) = Message::decode(content_type, &noise, &context) {
            prop_assert_eq!(decoded.to_bytes(), Ok(noise));
        }
    }

    /// A header declares the length of the body that the encoder wrote.
    #[test]
    fn headers_frame_their_messages((_, message) in some::message_in_context(), record in some::record()) {
        if let Message::Handshake(handshake) = &message {
            let bytes = handshake.to_bytes().expect("encodes");
            let header = HandshakeHeader::from_bytes(&bytes[..HandshakeHeader::LEN]).expect("four bytes");
            prop_assert_eq!(header.msg_type, handshake.msg_type());
            prop_assert_eq!(HandshakeHeader::LEN + header.length, bytes.len());
        }
        let bytes = record.to_bytes().expect("encodes");
        let header = RecordHeader::from_bytes(&bytes[..RecordHeader::LEN]).expect("five bytes");
        prop_assert_eq!((header.content_type, header.version), (record.content_type, record.version));
        prop_assert_eq!(RecordHeader::LEN + usize::from(header.length), bytes.len());
    }
}
