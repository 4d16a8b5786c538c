//! What a handshake gives to bind something to (RFC 5705, RFC 5929), and draws that are chosen.

use serde_json::json;
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Purpose;
use tlslab_proto::endpoint::edit::{Change, Edit, Hashed, Select, Stage};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::{Handshake, Message};

use super::pump::{Outcome, Pair, Setup};

/// The verify_data that `side` has sent, in order.
fn finished(pair: &mut Pair, side: Side) -> Vec<Vec<u8>> {
    let verify_data = |message| match message {
        Message::Handshake(Handshake::Finished(finished)) => Some(finished.verify_data.to_vec()),
        _ => None,
    };
    pair.sent(side).into_iter().filter_map(verify_data).collect()
}

/// The channel binding that both sides have alike: its tls-unique, and something exported.
fn binding(pair: &Pair) -> [Vec<u8>; 2] {
    let [client, server] = [pair.client.channel_binding(), pair.server.channel_binding()].map(Option::unwrap);
    assert_eq!(client, server);
    [client.tls_unique.to_vec(), client.export("EXPORTER-test", None, 32).unwrap()]
}

#[test]
fn tls_unique_is_the_first_finished_of_the_last_handshake() {
    let setup = Setup::both(json!({"renegotiation": "secure"}));
    let mut full = setup.run();
    let first = binding(&full);
    assert_eq!(first[0], finished(&mut full, Side::Client)[0]);

    let mut resumed = setup.next().run();
    let second = binding(&resumed);
    assert_eq!(second[0], finished(&mut resumed, Side::Server)[0], "the server's comes first (RFC 5246 7.3)");
    assert_ne!(second[1], first[1], "the randoms are others");

    resumed.renegotiate(Side::Client);
    let third = binding(&resumed);
    assert_eq!(third[0], finished(&mut resumed, Side::Client)[1]);
    assert_ne!(third[1], second[1]);

    let told = |event: &Event| match event {
        Event::Established { agreed, binding: Some(binding) } => {
            Some((agreed.resumed.is_some(), binding.tls_unique.to_vec()))
        }
        _ => None,
    };
    for side in [Side::Client, Side::Server] {
        let told: Vec<_> = resumed.trace(side).iter().filter_map(told).collect();
        assert_eq!(told, [(true, second[0].clone()), (false, third[0].clone())], "{side}");
    }
}

/// Another one that the client builds and drops has other contents, since it comes after the first.
#[test]
fn tls_unique_is_what_was_sent() {
    let setup = Setup::both(json!({"renegotiation": "secure"}));
    let select = |message: &str| Select::Message { message: message.to_owned(), occurrence: 0 };
    let edit = |message, stage, change| Edit {
        side: Side::Client,
        select: select(message),
        stage,
        change,
        transcript: Hashed::Edited,
    };
    let another = Change::PlanAfter { message: "Finished".to_owned() };
    let edits = vec![edit("ChangeCipherSpec", Stage::Plan, another), edit("Finished", Stage::Message, Change::Drop)];
    let mut pair = Setup { edits, ..setup }.run();
    assert_eq!(binding(&pair)[0], finished(&mut pair, Side::Client)[0]);
    // A renegotiation is bound to it as well (RFC 5746 3.1).
    pair.renegotiate(Side::Client);
    assert_eq!((pair.outcome(), finished(&mut pair, Side::Client).len()), (Outcome::Established, 2));
}

#[test]
fn nothing_is_bound_before_a_handshake_is_done() {
    let pair = Setup::both(json!({})).pair();
    assert!(pair.client.channel_binding().is_none() && pair.server.channel_binding().is_none());
}

#[test]
fn what_is_chosen_takes_the_place_of_draws() {
    let setup = Setup::both(json!({"suites": ["TLS_RSA_WITH_AES_128_CBC_SHA"]}));
    let mut pair = setup.pair();
    pair.client.choose(Purpose::Random, &[9; 32]);
    pair.client.choose(Purpose::Random, &[1; 32]);
    pair.client.choose(Purpose::Premaster, &[2; 99]);
    pair.server.choose(Purpose::Random, &[3; 32]);
    pair.server.choose(Purpose::SessionId, &[4; 5]);
    pair.pump();
    assert_eq!(pair.outcome(), Outcome::Established);
    let binding = pair.client.channel_binding().unwrap();
    assert_eq!((&binding.client_random[..], &binding.server_random[..]), (&[1; 32][..], &[3; 32][..]));
    let premaster = pair.trace(Side::Server).iter().find_map(|event| match event {
        Event::RsaTransport { premaster, .. } => Some(premaster.to_vec()),
        _ => None,
    });
    assert_eq!(premaster.unwrap(), [&[3, 3][..], &[2; 46]].concat());
    let Message::Handshake(Handshake::ServerHello(hello)) = &pair.sent(Side::Server)[0] else { panic!("no hello") };
    let drawn = setup.run().sent(Side::Server)[0].clone();
    let Message::Handshake(Handshake::ServerHello(drawn)) = drawn else { panic!("no hello") };
    assert_eq!(hello.session_id[..], [&[4; 5][..], &drawn.session_id[5..]].concat());
}
