//! What is said before TLS: both sides of every protocol, and what they do not take.

use tlslab::starttls::{Dialogue, MAX_MESSAGE, StartTls, StartTlsError};

/// Hands over what one side has said, so many bytes at a time.
fn deliver(from: &mut Dialogue, to: &mut Dialogue, step: usize) -> bool {
    let output = from.take_output();
    output.chunks(step).for_each(|bytes| to.receive(bytes).expect("it is what was expected"));
    !output.is_empty()
}

#[test]
fn both_sides_of_a_protocol_come_to_tls_however_the_bytes_arrive() {
    for protocol in StartTls::ALL {
        assert_eq!(protocol.name().parse(), Ok(protocol));
        for step in [1, 3, usize::MAX] {
            let (mut client, mut server) = (protocol.client(), protocol.server());
            while deliver(&mut server, &mut client, step) | deliver(&mut client, &mut server, step) {}
            assert!(client.is_ready() && server.is_ready(), "{protocol} in steps of {step}");
        }
    }
    assert!("smpt".parse::<StartTls>().unwrap_err().to_string().contains("not \"smpt\""));
}

/// What a client that has been told `said`, line by line, makes of it.
fn client(protocol: StartTls, said: &[&[u8]]) -> Result<Vec<u8>, StartTlsError> {
    let mut client = protocol.client();
    said.iter().try_for_each(|bytes| client.receive(bytes))?;
    Ok(client.take_output())
}

#[test]
fn servers_of_other_makes_are_understood() {
    // Postfix, Sendmail: replies of several lines, with the keyword somewhere among them.
    let said: [&[u8]; 3] = [
        b"220-mx.example.net ESMTP\r\n220 hello\r\n",
        b"250-mx.example.net\r\n250-SIZE 10240000\r\n250-starttls\r\n250 SMTPUTF8\r\n",
        b"220 2.0.0 Ready to start TLS\r\n",
    ];
    assert_eq!(client(StartTls::Smtp, &said), Ok(b"EHLO tlslab.invalid\r\nSTARTTLS\r\n".to_vec()));
    // Dovecot: untagged data between, in any case.
    let said: [&[u8]; 3] = [
        b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.\r\n",
        b"* CAPABILITY IMAP4rev1 StartTLS\r\n* OK still there\r\na1 OK Capability completed.\r\n",
        b"a2 OK Begin TLS negotiation now.\r\n",
    ];
    assert_eq!(client(StartTls::Imap, &said), Ok(b"a1 CAPABILITY\r\na2 STARTTLS\r\n".to_vec()));
    // FTP: lines in between are free (RFC 959 4.2).
    let said: [&[u8]; 2] = [b"220-FileZilla\r\n 220 not yet\r\n220 Ready\r\n", b"234 Using TLS\r\n"];
    assert_eq!(client(StartTls::Ftp, &said), Ok(b"AUTH TLS\r\n".to_vec()));
    // OpenLDAP: an ExtendedResponse with its name, and lengths in the long form.
    let response = b"\x30\x84\x00\x00\x00\x24\x02\x01\x01\x78\x84\x00\x00\x00\x1b\x0a\x01\x00\x04\x00\x04\x00\
                     \x8a\x161.3.6.1.4.1.1466.20037";
    let mut length = response.to_vec();
    length[5] = (response.len() - 6) as u8;
    length[14] = (response.len() - 15) as u8;
    assert!(client(StartTls::Ldap, &[&length]).is_ok());
}

#[test]
fn no_is_no() {
    let cases: [(StartTls, &[&[u8]]); 9] = [
        (StartTls::Smtp, &[b"220 x\r\n", b"250-x\r\n250 NOSTARTTLS\r\n"]),
        (StartTls::Smtp, &[b"220 x\r\n", b"250 STARTTLS\r\n", b"454 not now\r\n"]),
        (StartTls::Imap, &[b"* OK x\r\n", b"* CAPABILITY IMAP4rev1\r\na1 OK\r\n"]),
        (StartTls::Imap, &[b"* PREAUTH x\r\n"]),
        (StartTls::Pop3, &[b"+OK\r\n", b"-ERR no\r\n"]),
        (StartTls::Ftp, &[b"220 x\r\n", b"530 no\r\n"]),
        (StartTls::Ldap, &[b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"]),
        (StartTls::Postgres, &[b"N"]),
        (StartTls::Mysql, &[b"\x05\x00\x00\x00\xff\x15\x04no"]),
    ];
    for (protocol, said) in cases {
        let error = client(protocol, said).expect_err("it is a no");
        assert!(matches!(error, StartTlsError::Refused { .. }), "{protocol}: {error}");
    }
}

#[test]
fn another_protocol_is_recognised() {
    for protocol in StartTls::ALL {
        // PostgreSQL's answer is one byte, and H is none.
        let error = client(protocol, &[b"HTTP/1.1 400 Bad Request\r\n\r\n"]).expect_err("it is HTTP");
        let named = matches!(error, StartTlsError::Unexpected { .. } | StartTlsError::TooLong { .. });
        assert!(named, "{protocol}: {error}");
    }
}

#[test]
fn what_a_peer_says_is_bounded() {
    for protocol in [StartTls::Smtp, StartTls::Imap, StartTls::Pop3, StartTls::Ftp] {
        for mut side in [protocol.client(), protocol.server()] {
            let line = vec![b'2'; 1 << 20];
            let error = line.chunks(4096).find_map(|bytes| side.receive(bytes).err()).expect("it is too much");
            assert!(matches!(error, StartTlsError::TooLong { limit: MAX_MESSAGE, .. }), "{protocol}: {error}");
        }
        // A reply that never ends, in lines that do.
        let mut side = protocol.client();
        let line = if protocol == StartTls::Imap { &b"* OK x\r\n"[..] } else { b"220-x\r\n" };
        let result = (0..1 << 20).find_map(|_| side.receive(line).err());
        assert!(result.is_some(), "{protocol} is read for ever");
    }
    // Lengths that are announced are believed at once.
    for (mut side, header) in [
        (StartTls::Mysql.client(), &b"\xff\xff\xff\0"[..]),
        (StartTls::Ldap.client(), b"\x30\x84\xff\xff\xff\xff"),
        (StartTls::Postgres.server(), b"\xff\xff\xff\xff"),
    ] {
        assert!(matches!(side.receive(header), Err(StartTlsError::TooLong { .. })));
    }
}

#[test]
fn nothing_may_come_between_consent_and_tls() {
    for (mut side, said) in [
        (StartTls::Pop3.client(), &b"+OK\r\n+OK begin\r\n+OK injected\r\n"[..]),
        (StartTls::Smtp.server(), b"STARTTLS\r\nEHLO injected\r\n"),
        (StartTls::Postgres.client(), b"SE"),
    ] {
        assert!(matches!(side.receive(said), Err(StartTlsError::Early { .. })));
    }
}

/// A client of MySQL asks, and does not wait.
#[test]
fn what_may_come_at_once_is_handed_over() {
    let (mut client, mut server) = (StartTls::Mysql.client(), StartTls::Mysql.server());
    client.receive(&server.take_output()).expect("it is a greeting");
    server.receive(&[&client.take_output()[..], b"ClientHello"].concat()).expect("it is a request, and more");
    assert!(server.is_ready());
    assert_eq!(server.take_rest(), b"ClientHello");
}

/// A handshake in packets, application data without, cut anywhere.
#[test]
fn packets_of_tds_end_with_the_handshake() {
    let handshake: Vec<u8> = (0..10_000u32).map(|number| number as u8).collect();
    let data = b"\x17\x03\x03\x00\x02hi".to_vec();
    for step in [1, 7, 4096, usize::MAX] {
        let mut sender = StartTls::Tds.framing().expect("TDS has packets");
        let mut wire = sender.wrap(handshake.clone(), true);
        assert_eq!(wire.len(), handshake.len() + 3 * 8, "three packets of at most 4096 bytes");
        wire.extend(sender.wrap(data.clone(), false));
        assert!(wire.ends_with(&data));
        let mut receiver = StartTls::Tds.framing().expect("TDS has packets");
        let records: Vec<u8> = wire.chunks(step).flat_map(|bytes| receiver.unwrap(bytes)).collect();
        assert!(records == [&handshake[..], &data].concat(), "in steps of {step}");
    }
    assert!(StartTls::ALL.into_iter().filter(|protocol| protocol.framing().is_some()).eq([StartTls::Tds]));
}

/// Whatever arrives, there is an answer or an error.
#[test]
fn no_bytes_break_a_dialogue() {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    for protocol in StartTls::ALL {
        for _ in 0..2_000 {
            for mut side in [protocol.client(), protocol.server()] {
                let length = usize::from(next()) % 64;
                let mut bytes: Vec<u8> = (0..length).map(|_| next()).collect();
                // Beginnings that get past the first check.
                let openings: [&[u8]; 8] = [
                    b"",
                    b"220 ",
                    b"\x12\x01\x00\x20\0\0\0\0",
                    b"\x30\x10\x02\x01\x01\x78",
                    b"\x20\0\0\0\x0a",
                    b"\0\0\0\x10",
                    b"* OK",
                    b"\x04\x01\x00\x08\0\0\0\0",
                ];
                bytes.splice(0..0, openings[usize::from(next()) % 8].iter().copied());
                let _ = side.receive(&bytes);
                if let Some(mut framing) = protocol.framing() {
                    framing.unwrap(&bytes);
                }
            }
        }
    }
}
