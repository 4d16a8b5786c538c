//! Edits of bytes: of a message's, and of records before and after their protection.

use serde_json::json;
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::Status;
use tlslab_proto::endpoint::edit::{Change, Edit, EditError, Hashed, Select, Stage};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::{AlertDescription as A, ContentType};

use super::pump::{Outcome, Setup};

fn setup() -> Setup {
    Setup::new(json!({"suites": ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"]}), json!({}))
}

fn record_edit(side: Side, stage: Stage, record: usize, content_type: Option<ContentType>, change: Change) -> Edit {
    Edit { side, select: Select::Record { record, content_type }, stage, change, transcript: Hashed::Edited }
}

fn outcome(edit: Edit) -> Outcome {
    edit.validate().unwrap();
    Setup { edits: vec![edit], ..setup() }.run().outcome()
}

fn xor(at: usize) -> Change {
    Change::Xor { at, bytes: vec![1].into() }
}

const HANDSHAKE: Option<ContentType> = Some(ContentType::HANDSHAKE);

#[test]
fn a_message_is_changed_byte_by_byte() {
    // The first byte of a message is its type: ServerHelloDone (14) becomes a CertificateVerify (15) without contents.
    let done = setup().edit(Side::Server, "ServerHelloDone", xor(0));
    assert_eq!(done.outcome(), Outcome::Alert(Side::Client, A::UNEXPECTED_MESSAGE));
    // Without its last byte the message never ends: what follows is taken for a part of it.
    let cut = setup().edit(Side::Client, "Finished", Change::Truncate { length: 15 });
    assert_eq!(cut.outcome(), Outcome::Other(Status::Handshaking, Status::Handshaking));
    // The length of its header does not cover what is appended: that is another message, here a HelloRequest, which its
    // receiver does not hash (RFC 5246 7.4.1.1).
    let append = || Change::Append { bytes: vec![0; 4].into() };
    let by_another = setup().edit_hashing(Side::Server, "ServerHelloDone", append(), Hashed::Original);
    assert_eq!(by_another.outcome(), Outcome::Established);
    let meant = setup().edit(Side::Server, "ServerHelloDone", append());
    assert_eq!(meant.outcome(), Outcome::Alert(Side::Server, A::BAD_RECORD_MAC));
    // What lies beyond the end is no change.
    let mut beyond = setup().edit(Side::Client, "Finished", xor(99)).run();
    assert_eq!(beyond.outcome(), Outcome::Established);
    assert!(!beyond.client.trace().iter().any(|event| matches!(event, Event::Sent { edited: true, .. })));
}

#[test]
fn a_plaintext_record_is_what_its_sender_seals() {
    // The client's Finished: the record is sound, its verify_data is not.
    let finished = outcome(record_edit(Side::Client, Stage::Record, 2, HANDSHAKE, xor(15)));
    assert_eq!(finished, Outcome::Alert(Side::Server, A::DECRYPT_ERROR));
    // A record that was never sealed has no sequence number: the next one is fine, and the handshake has a gap.
    let dropped = outcome(record_edit(Side::Server, Stage::Record, 1, HANDSHAKE, Change::Drop));
    assert_eq!(dropped, Outcome::Alert(Side::Client, A::UNEXPECTED_MESSAGE));
    let twice = outcome(record_edit(Side::Client, Stage::Record, 0, None, Change::Duplicate));
    assert_eq!(twice, Outcome::Alert(Side::Server, A::UNEXPECTED_MESSAGE));
    let swapped = outcome(record_edit(Side::Server, Stage::Record, 1, None, Change::Swap));
    assert_eq!(swapped, Outcome::Alert(Side::Client, A::UNEXPECTED_MESSAGE));
}

#[test]
fn a_record_may_be_cut_anywhere() {
    for lengths in [vec![1], vec![3, 1, 1], vec![4, 4], vec![10_000]] {
        for record in 0..3 {
            let refragment = Change::Refragment { lengths: lengths.clone() };
            let cut = outcome(record_edit(Side::Client, Stage::Record, record, HANDSHAKE, refragment));
            // A piece of nothing is no handshake record (RFC 5246 6.2.1).
            let refused = Outcome::Alert(Side::Server, A::UNEXPECTED_MESSAGE);
            assert_eq!(cut, if lengths == [10_000] { refused } else { Outcome::Established }, "{lengths:?} {record}");
        }
    }
}

#[test]
fn a_sealed_record_is_changed_on_the_way() {
    // Behind five bytes of header and eight of nonce.
    let changed = outcome(record_edit(Side::Client, Stage::Ciphertext, 2, HANDSHAKE, xor(13)));
    assert_eq!(changed, Outcome::Alert(Side::Server, A::BAD_RECORD_MAC));
    // A second copy does not have the sequence number that is due.
    let replayed = outcome(record_edit(Side::Client, Stage::Ciphertext, 2, HANDSHAKE, Change::Duplicate));
    assert_eq!(replayed, Outcome::Alert(Side::Server, A::BAD_RECORD_MAC));
    let header =
        outcome(record_edit(Side::Server, Stage::Ciphertext, 0, None, Change::Xor { at: 1, bytes: vec![3].into() }));
    assert_eq!(header, Outcome::Alert(Side::Client, A::PROTOCOL_VERSION));
}

#[test]
fn the_trace_tells_which_record_was_edited() {
    let edit = record_edit(Side::Client, Stage::Ciphertext, 1, None, Change::Drop);
    let mut pair = Setup { edits: vec![edit], ..setup() }.run();
    let edited = |event: &&Event| matches!(event, Event::RecordEdited { record: 1, stage: Stage::Ciphertext, sent, .. } if sent.is_empty());
    assert_eq!(pair.client.trace().iter().filter(edited).count(), 1);
}

#[test]
fn stages_selectors_and_changes_have_to_fit() {
    let records = record_edit(Side::Client, Stage::Message, 0, None, Change::Drop);
    assert_eq!(records.validate(), Err(EditError::WrongSelector { stage: "message", records: false }));
    let by_index = Edit { select: Select::Index { index: 0 }, stage: Stage::Record, ..records.clone() };
    assert_eq!(by_index.validate(), Err(EditError::WrongSelector { stage: "record", records: true }));
    let refragmented = Edit { change: Change::Refragment { lengths: vec![1] }, ..records };
    let wrong = EditError::WrongStage { change: "refragment", stage: "message", stages: vec!["record"] };
    assert_eq!(wrong.to_string(), "refragment cannot be made at stage message, only at record");
    assert_eq!(refragmented.validate(), Err(wrong));
}

#[test]
fn an_edit_of_a_record_is_data() {
    let text = json!({
        "side": "client",
        "select": {"record": 2, "content_type": "handshake"},
        "stage": "record",
        "change": {"refragment": {"lengths": [1, 2]}},
    });
    let edit: Edit = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(
        edit,
        record_edit(Side::Client, Stage::Record, 2, HANDSHAKE, Change::Refragment { lengths: vec![1, 2] })
    );
    let mut written = serde_json::to_value(&edit).unwrap();
    written.as_object_mut().unwrap().remove("transcript");
    assert_eq!(written, text);
}
