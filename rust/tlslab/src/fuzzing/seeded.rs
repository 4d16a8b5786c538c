//! Bugs that were found in real stacks once, as behaviours: what a campaign has to find.

use tlslab_proto::behaviour::{BehaviourError, ClientBehaviour, ServerBehaviour};

/// A bug, as knobs of the side that has it, and of what it takes to show. The other side keeps the RFCs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeededBug {
    /// What it is called.
    pub name: &'static str,
    /// The client's knobs, as on the command line.
    pub client: &'static str,
    /// The server's.
    pub server: &'static str,
    /// Who had it, or who tells of it.
    pub reference: &'static str,
}

impl SeededBug {
    /// Both sides' behaviours.
    ///
    /// # Errors
    /// None for those of [`SEEDED`], which a test holds to that.
    pub fn behaviours(&self) -> Result<(ClientBehaviour, ServerBehaviour), BehaviourError> {
        let client = ClientBehaviour::from_assignments(self.client)?;
        Ok((client, ServerBehaviour::from_assignments(self.server)?))
    }
}

const fn of_client(name: &'static str, client: &'static str, reference: &'static str) -> SeededBug {
    SeededBug { name, client, server: "", reference }
}

const fn of_server(name: &'static str, server: &'static str, reference: &'static str) -> SeededBug {
    SeededBug { name, client: "", server, reference }
}

/// All of them.
pub const SEEDED: &[SeededBug] = &[
    of_server("leading_zero_kept", "premaster_zeros=keep", "KB4528489, cause 1; RFC 5246 8.1.2"),
    of_client("leading_zero_kept_with_ems", "premaster_zeros_ems=keep", "RFC 5246 8.1.2; RFC 7627 4"),
    of_server(
        "ems_session_without_ems",
        "resume_downgrade=resume",
        "Triple Handshake (Bhargavan et al., 2014); RFC 7627 5.3",
    ),
    of_server(
        "session_without_ems_with_ems",
        "resume_upgrade=resume",
        "Triple Handshake (Bhargavan et al., 2014); RFC 7627 5.3",
    ),
    of_server("certificate_request_in_resumption", "request_certificate=always", "KB4528489, cause 2; RFC 5246 7.3"),
    of_client("early_finished", "early_finished=skip_any", "CVE-2014-6593 of JSSE; SKIP-TLS (Beurdouche et al., 2015)"),
    of_server(
        "skipped_change_cipher_spec",
        "early_finished=skip_change_cipher_spec",
        "A Messy State of the Union (Beurdouche et al., 2015); RFC 5246 7.1",
    ),
    of_client("early_change_cipher_spec", "early_change_cipher_spec=accept", "CVE-2014-0224 of OpenSSL; RFC 5246 7.1"),
    SeededBug {
        name: "heartbeat_length_trusted",
        client: "heartbeat=on",
        server: "heartbeat=trust_length",
        reference: "CVE-2014-0160 of OpenSSL, Heartbleed; RFC 6520 4",
    },
    // It matters under CBC without encrypt-then-MAC alone.
    SeededBug {
        name: "padding_not_checked",
        client: "padding_check=off,encrypt_then_mac=off,suites=TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
        server: "record_padding=longest",
        reference: "CVE-2014-8730 of F5, POODLE in TLS; RFC 5246 6.2.3.2",
    },
    of_server("finished_not_checked", "finished_check=off", "The POODLE has friends (Pettersen, 2015); RFC 5246 7.4.9"),
    of_client("signature_not_checked", "signature_check=off", "CVE-2014-1266 of Secure Transport; RFC 5246 7.4.3"),
    of_server("ticket_after_its_key", "resumption=ticket,ticket_key=zeros", "CVE-2020-13777 of GnuTLS; RFC 5077 5.5"),
    of_server("downgrade_not_noticed", "fallback_check=off", "CVE-2014-3566, POODLE; RFC 7507 3"),
    of_client("unexpected_messages_skipped", "on_unexpected=ignore", "CVE-2015-0204, FREAK; RFC 5246 7.2.2"),
];

/// The one of this name.
pub fn by_name(name: &str) -> Option<SeededBug> {
    SEEDED.iter().find(|bug| bug.name == name).copied()
}
