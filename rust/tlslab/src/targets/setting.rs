//! Settings: what an endpoint has agreed to when a target's bytes come in, and the connections before that one.

use std::sync::LazyLock;

use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::draws::Draws;

use crate::fuzzing::Input;
use crate::scenario::connection::{Connection, Pair, Setup};
use crate::scenario::stores::Stores;
use crate::scenario::{Plan, Scenario};

/// A setting, ready to run.
pub(super) struct Setting {
    pub(super) name: &'static str,
    /// As data; its seed is 0.
    pub(super) input: Input,
    setup: Setup,
}

/// Name, client, server, scenario. A target's first byte is a place in this list, so that new ones go to its end.
const SETTINGS: &[(&str, &str, &str, &str)] = &[
    ("dhe", "suites=TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "", r#"[{}]"#),
    ("dhe-tls10", "versions=TLSv1.0,ems=off,suites=TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "ems=off", r#"[{}]"#),
    ("dhe-tls11", "versions=TLSv1.1,suites=TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "encrypt_then_mac=off", r#"[{}]"#),
    ("ecdhe", "suites=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,alpn=h2,server_name=lab.example", "alpn=h2", r#"[{}]"#),
    ("rsa", "suites=TLS_RSA_WITH_AES_128_CBC_SHA256,certificates=rsa", "", r#"[{}]"#),
    ("chacha", "suites=TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "curves=secp256r1,record_size=50", r#"[{}]"#),
    ("certificate", "certificates=rsa", "request_certificate=full,flight_records=coalesced", r#"[{}]"#),
    (
        "certificate-tls10",
        "versions=TLSv1.0,certificates=rsa",
        "request_certificate=full,client_certificate=required",
        r#"[{}]"#,
    ),
    ("session-id", "resumption=session_id", "resumption=session_id", r#"[{}, {}]"#),
    ("ticket", "resumption=ticket", "resumption=ticket,ticket_renewal=always", r#"[{}, {}]"#),
    ("declined", "resumption=both", "resumption=both", r#"[{}, {"forgets": ["server_sessions", "ticket_key"]}]"#),
    (
        "anonymous",
        "suites=TLS_DH_anon_WITH_AES_128_GCM_SHA256",
        "suites=TLS_DH_anon_WITH_AES_128_GCM_SHA256",
        r#"[{}]"#,
    ),
    ("renegotiation", "renegotiation=secure", "renegotiation=secure", r#"[{"renegotiates": {"by": "client"}}]"#),
    (
        "hello-request",
        "renegotiation=secure,certificates=ecdsa",
        "renegotiation=secure,request_certificate=full",
        r#"[{"renegotiates": {"by": "server"}}]"#,
    ),
    (
        "resumed-renegotiation",
        "renegotiation=secure,offer_in_renegotiation=offer",
        "renegotiation=secure",
        r#"[{}, {"renegotiates": {"by": "server", "when": "resumed"}}]"#,
    ),
    ("fallback", "versions=TLSv1.0+TLSv1.1,fallback_scsv=on", "versions=TLSv1.0+TLSv1.1", r#"[{}]"#),
    ("refused", "suites=TLS_RSA_WITH_AES_128_CBC_SHA", "suites=TLS_DHE_RSA_WITH_AES_128_CBC_SHA", r#"[{}]"#),
];

/// A safe prime above a byte boundary: exchanges in its group cost next to nothing.
const GROUP: &str = r#"{"groups": [{"p": "0x10000000000000c1f", "g": "4"}]}"#;

/// All settings.
pub(super) fn all() -> &'static [Setting] {
    static ALL: LazyLock<Vec<Setting>> = LazyLock::new(|| SETTINGS.iter().map(|row| Setting::new(*row)).collect());
    &ALL
}

impl Setting {
    fn new((name, client, server, connections): (&'static str, &str, &str, &str)) -> Self {
        let client = ClientBehaviour::from_assignments(client).expect("the table has behaviours");
        let server = ServerBehaviour::from_assignments(server).expect("the table has behaviours");
        let group = serde_json::from_str(GROUP).expect("it is a knob");
        let server = server.with(&group).expect("it is a group");
        let connections: Vec<Plan> = serde_json::from_str(connections).expect("the table has scenarios");
        let scenario = Scenario { name: name.to_owned(), connections };
        let input = Input::new(client, server, scenario, 0);
        let setup = input.experiment().setup().expect("the table has what can be run");
        Self { name, input, setup }
    }

    /// The plan of the last connection, which is the one that a target's bytes are for.
    pub(super) fn plan(&self) -> &Plan {
        self.input.scenario.connections.last().expect("each setting has a connection")
    }

    /// Both endpoints of the last connection, the others having been.
    pub(super) fn pair(&self) -> Pair<()> {
        let mut stores = Stores::default();
        let draws = Draws::new(self.input.seed, 0);
        let (number, plan) = (self.input.scenario.connections.len() as u16 - 1, self.plan());
        for (number, plan) in (0..number).zip(&self.input.scenario.connections) {
            self.setup.run(draws, number, plan, &mut stores, &mut ()).expect("a setting has no edits");
        }
        self.setup.pair(draws, number, plan, &mut stores)
    }

    /// Its connections, left alone.
    pub(super) fn connections(&self) -> Vec<Connection> {
        self.input.run().expect("the table has what can be run").connections
    }
}
