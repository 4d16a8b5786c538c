//! Fragmentation out and in: whatever the cuts, the same messages arrive.

use proptest::prelude::*;
use tlslab_proto::record::deframer::{Deframer, FramingError};
use tlslab_proto::record::fragment::FragmentLimit;
use tlslab_proto::record::joiner::HandshakeJoiner;
use tlslab_proto::wire::registry::{ContentType, ProtocolVersion};
use tlslab_proto::wire::{Encode, Record};

fn records() -> impl Strategy<Value = Vec<Record>> {
    let record = (any::<u8>(), any::<u16>(), prop::collection::vec(any::<u8>(), 0..300)).prop_map(
        |(content_type, version, fragment)| Record {
            content_type: ContentType(content_type),
            version: ProtocolVersion(version),
            fragment: fragment.into(),
        },
    );
    prop::collection::vec(record, 0..8)
}

fn encode(records: &[Record]) -> Vec<u8> {
    let mut wire = Vec::new();
    for record in records {
        record.encode(&mut wire).expect("the fragment is shorter than 2^16");
    }
    wire
}

/// Cuts `wire` at the given places, in order, and pushes the pieces one by one.
fn deframe(wire: &[u8], cuts: &[prop::sample::Index]) -> (Vec<Record>, Result<bool, FramingError>) {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
    cuts.sort_unstable();
    let mut deframer = Deframer::new();
    let mut records = Vec::new();
    let mut start = 0;
    for cut in cuts.into_iter().chain([wire.len()]) {
        deframer.push(&wire[start..cut]);
        start = cut;
        loop {
            match deframer.next_record() {
                Ok(Some(record)) => records.push(record),
                Ok(None) => break,
                Err(error) => return (records, Err(error)),
            }
        }
    }
    (records, Ok(deframer.is_partial()))
}

proptest! {
    #[test]
    fn records_are_the_same_however_the_bytes_are_cut(
        records in records(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        prop_assert_eq!(deframe(&encode(&records), &cuts), (records, Ok(false)));
    }

    #[test]
    fn a_truncated_stream_gives_the_records_before_and_is_partial(
        records in records(),
        at in any::<prop::sample::Index>(),
    ) {
        let wire = encode(&records);
        let end = at.index(wire.len() + 1);
        let (arrived, partial) = deframe(&wire[..end], &[]);
        prop_assert_eq!(&arrived[..], &records[..arrived.len()]);
        prop_assert_eq!(partial, Ok(encode(&arrived).len() < end));
    }

    #[test]
    fn rubbish_gives_the_same_however_it_is_cut(
        wire in prop::collection::vec(any::<u8>(), 0..2000),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        prop_assert_eq!(deframe(&wire, &cuts), deframe(&wire, &[]));
    }

    #[test]
    fn messages_survive_fragmentation_and_coalescing(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8),
        limit in 1usize..400,
    ) {
        let messages: Vec<Vec<u8>> = bodies
            .iter()
            .map(|body| [&[11, 0][..], &(body.len() as u16).to_be_bytes(), body].concat())
            .collect();
        let flight = messages.concat();
        let mut joiner = HandshakeJoiner::default();
        let mut joined = Vec::new();
        for fragment in FragmentLimit::new(limit).unwrap().fragments(&flight) {
            joiner.push(fragment).unwrap();
            while let Some(message) = joiner.next_message().unwrap() {
                joined.push(message);
            }
        }
        prop_assert!(!joiner.is_partial());
        prop_assert_eq!(joined, messages);
    }
}
