//! The ClientHello, and the ServerHello that answers it.

use super::{ClientRole, State};
use crate::behaviour::lists::GroupSpec;
use crate::behaviour::values::{Ems, Heartbeats, RenegotiationSignal, Switch, Version};
use crate::crypto::Side;
use crate::crypto::draws::Purpose;
use crate::crypto::suite::{self, KeyExchange, SuiteParams};
use crate::endpoint::core::Core;
use crate::endpoint::fatal::Fatal;
use crate::endpoint::negotiated::{Choices, Negotiated, nothing_negotiated};
use crate::endpoint::trace::Sink;
use crate::wire::registry::{
    AlertDescription, CipherSuite, CompressionMethod, HeartbeatMode, NameType, NamedGroup, PointFormat,
};
use crate::wire::{Bytes, ClientHello, Extension, Extensions, Random, ServerHello, ServerName};

impl ClientRole {
    /// The ClientHello that the behaviour asks for.
    pub(super) fn client_hello<S: Sink>(&mut self, core: &mut Core<S>) -> ClientHello {
        self.choose_session(core);
        let (shared, own) = (&core.knobs, &self.config.own);
        let newest = shared.versions.iter().copied().max().unwrap_or(Version::Tls12);
        let mut cipher_suites = self.config.suites.clone();
        // RFC 5746 3.5, 4.2: never where the extension can be sent in a renegotiation.
        if own.renegotiation_info == RenegotiationSignal::Scsv && !core.handshakes.is_bound() {
            cipher_suites.push(CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
        }
        if own.fallback_scsv == Switch::On {
            cipher_suites.push(CipherSuite::TLS_FALLBACK_SCSV);
        }
        let extensions = self.extensions(core, newest);
        let hello = ClientHello {
            client_version: newest.wire(),
            random: Random(core.draw(Purpose::Random)),
            session_id: self.resumption.session_id(),
            cipher_suites,
            compression_methods: vec![CompressionMethod::NULL],
            extensions: (!extensions.is_empty()).then_some(Extensions(extensions)),
        };
        self.offer = Some(hello.clone());
        hello
    }

    fn extensions<S: Sink>(&self, core: &Core<S>, newest: Version) -> Vec<Extension> {
        let (shared, own) = (&core.knobs, &self.config.own);
        let offers = |test: fn(&SuiteParams) -> bool| {
            self.config.suites.iter().filter_map(|suite| suite::params(*suite)).any(|params| test(&params))
        };
        let offers_curves = offers(|params| params.key_exchange == KeyExchange::Ecdhe) && !shared.curves.is_empty();
        let mut groups: Vec<NamedGroup> = Vec::new();
        if offers_curves {
            groups.extend(shared.curves.iter().map(|curve| curve.wire()));
        }
        groups.extend(own.groups.iter().filter_map(|group| match group {
            GroupSpec::Named(name) => NamedGroup::from_name(name),
            GroupSpec::Custom(_) => None,
        }));

        let mut extensions = Vec::new();
        if let Some(name) = &own.server_name {
            let name = ServerName { name_type: NameType::HOST_NAME, name: name.as_str().into() };
            extensions.push(Extension::ServerName { server_name_list: Some(vec![name]) });
        }
        if shared.ems != Ems::Off {
            extensions.push(Extension::ExtendedMasterSecret);
        }
        if own.renegotiation_info == RenegotiationSignal::Extension || core.handshakes.is_bound() {
            let renegotiated_connection = core.handshakes.info(Side::Client);
            extensions.push(Extension::RenegotiationInfo { renegotiated_connection });
        }
        if !groups.is_empty() {
            extensions.push(Extension::SupportedGroups { named_group_list: groups });
        }
        if offers_curves {
            extensions.push(Extension::EcPointFormats { ec_point_format_list: vec![PointFormat::UNCOMPRESSED] });
        }
        if newest >= Version::Tls12 && !shared.signature_algorithms.is_empty() {
            let schemes = shared.signature_algorithms.iter().map(|scheme| scheme.0).collect();
            extensions.push(Extension::SignatureAlgorithms { supported_signature_algorithms: schemes });
        }
        if !shared.alpn.is_empty() {
            let names = shared.alpn.iter().map(|name| name.as_str().into()).collect();
            extensions.push(Extension::Alpn { protocol_name_list: names });
        }
        if shared.encrypt_then_mac == Switch::On && offers(|params| !params.is_aead()) {
            extensions.push(Extension::EncryptThenMac);
        }
        if shared.heartbeat != Heartbeats::Off {
            extensions.push(Extension::Heartbeat { mode: HeartbeatMode::PEER_ALLOWED_TO_SEND });
        }
        // RFC 5077 3.2: without a ticket, an empty one asks for one.
        if shared.resumption.by_ticket() {
            extensions.push(Extension::SessionTicket { ticket: self.resumption.ticket() });
        }
        extensions
    }

    /// Holds the ServerHello against the offer, and takes its choices.
    pub(super) fn on_server_hello<S: Sink>(&mut self, core: &mut Core<S>, hello: &ServerHello) -> Result<(), Fatal> {
        let illegal = |reason: String| Fatal::alert(AlertDescription::ILLEGAL_PARAMETER, reason);
        let offer = self.offer.as_ref().ok_or_else(nothing_negotiated)?;

        let version = Version::from_wire(hello.server_version).filter(|version| core.speaks(*version));
        let version = version.ok_or_else(|| {
            let reason = format!("the server chose version {}, which was not offered", hello.server_version);
            Fatal::alert(AlertDescription::PROTOCOL_VERSION, reason)
        })?;
        if self.config.own.downgrade_check == Switch::On && could_be_newer(offer, hello) {
            let chosen = hello.server_version;
            let reason = format!("the server chose version {chosen}, and its random says that it speaks TLS 1.2");
            return Err(illegal(reason));
        }
        let suite = hello.cipher_suite;
        if !offer.cipher_suites.contains(&suite) {
            return Err(illegal(format!("the server chose suite {suite}, which was not offered")));
        }
        let params = suite::params(suite)
            .filter(|params| params.min_version() <= version.wire())
            .ok_or_else(|| illegal(format!("suite {suite} cannot be used in {}", hello.server_version)))?;
        if hello.compression_method != CompressionMethod::NULL {
            return Err(illegal(format!("the server chose compression {}", hello.compression_method)));
        }

        let answer = Answer::read(hello, offer, &params)?;
        core.handshakes.check_server(answer.renegotiation_info.as_ref())?;
        if core.knobs.ems == Ems::Required && !answer.ems {
            return Err(Fatal::alert(
                AlertDescription::HANDSHAKE_FAILURE,
                "the server does not use the extended master secret that this client requires",
            ));
        }
        core.check_kept_ems(answer.ems)?;
        self.resumption.on_server_hello(hello.session_id.clone(), answer.ticket);
        let choices = Choices {
            version,
            suite,
            params,
            ems: answer.ems,
            encrypt_then_mac: answer.encrypt_then_mac,
            heartbeat: core.takes_heartbeats(answer.heartbeat)?,
            alpn: answer.alpn,
        };
        core.check_kept_mac(&choices)?;
        core.agree(Negotiated::new(choices, offer.random.0, hello.random.0));
        match self.resumption.accepted() {
            Some(true) => self.resume(core)?,
            Some(false) => self.state = State::after_full_hello(&params),
            None => self.state = State::FullOrAbbreviated,
        }
        Ok(())
    }
}

/// Whether the server would have taken the newest version that this client speaks, had it been asked (RFC 8446 4.1.3).
fn could_be_newer(offer: &ClientHello, hello: &ServerHello) -> bool {
    let newest = Version::Tls12.wire();
    offer.client_version >= newest && hello.server_version < newest && hello.random.0.ends_with(&Random::DOWNGRADED)
}

/// What the ServerHello's extensions say.
#[derive(Default)]
struct Answer {
    ems: bool,
    encrypt_then_mac: bool,
    heartbeat: Option<HeartbeatMode>,
    alpn: Option<Vec<u8>>,
    renegotiation_info: Option<Bytes>,
    /// Whether the server promises a NewSessionTicket (RFC 5077 3.2).
    ticket: bool,
}

impl Answer {
    fn read(hello: &ServerHello, offer: &ClientHello, params: &SuiteParams) -> Result<Self, Fatal> {
        let illegal = |reason: String| Err(Fatal::alert(AlertDescription::ILLEGAL_PARAMETER, reason));
        if let Some(twice) = hello.extensions().first_duplicate() {
            return illegal(format!("the ServerHello has extension {twice} twice"));
        }
        let mut answer = Self::default();
        for extension in hello.extensions().iter() {
            let extension_type = extension.extension_type();
            if !offered(offer, extension) {
                // RFC 5246 7.4.1.4: an extension that was not offered gets unsupported_extension.
                return Err(Fatal::alert(
                    AlertDescription::UNSUPPORTED_EXTENSION,
                    format!("the server answers extension {extension_type}, which was not offered"),
                ));
            }
            match extension {
                Extension::ExtendedMasterSecret => answer.ems = true,
                // RFC 7366 3: there is nothing to answer where the suite is an AEAD.
                Extension::EncryptThenMac if params.is_aead() => {
                    return illegal("the server answers encrypt_then_mac with an AEAD suite".to_owned());
                }
                Extension::EncryptThenMac => answer.encrypt_then_mac = true,
                Extension::Heartbeat { mode } => answer.heartbeat = Some(*mode),
                // RFC 5077 3.2: the server's is empty.
                Extension::SessionTicket { ticket } if !ticket.is_empty() => {
                    return illegal(
                        "the server answers session_ticket with a ticket, which NewSessionTicket is for".to_owned(),
                    );
                }
                Extension::SessionTicket { .. } => answer.ticket = true,
                // RFC 6066 3: the answer is empty; it is the question that has names.
                Extension::ServerName { server_name_list: Some(_) } => {
                    return Err(Fatal::alert(
                        AlertDescription::DECODE_ERROR,
                        "the server answers server_name with names",
                    ));
                }
                // RFC 5246 7.4.1.4.1: servers must not send it. (Nor supported_groups, but some did, and clients let it
                // pass since.)
                Extension::SignatureAlgorithms { .. } => {
                    return illegal("the server sends signature_algorithms, which is the client's to send".to_owned());
                }
                Extension::RenegotiationInfo { renegotiated_connection } => {
                    answer.renegotiation_info = Some(renegotiated_connection.clone());
                }
                // RFC 8422 5.2: uncompressed points are always among the formats.
                Extension::EcPointFormats { ec_point_format_list }
                    if !ec_point_format_list.contains(&PointFormat::UNCOMPRESSED) =>
                {
                    return illegal("the server's point formats lack uncompressed".to_owned());
                }
                Extension::Alpn { protocol_name_list } => {
                    let ([name], Some(offers)) = (protocol_name_list.as_slice(), alpn_offers(offer)) else {
                        return illegal("the server's ALPN answer is not one protocol".to_owned());
                    };
                    if !offers.contains(name) {
                        return illegal(format!("the server chose protocol {name}, which was not offered"));
                    }
                    answer.alpn = Some(name.to_vec());
                }
                _ => {}
            }
        }
        Ok(answer)
    }
}

/// Whether the offer allows the server to answer with `extension`.
fn offered(offer: &ClientHello, extension: &Extension) -> bool {
    let wanted = extension.extension_type();
    let signalled = matches!(extension, Extension::RenegotiationInfo { .. })
        && offer.cipher_suites.contains(&CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
    signalled || offer.extensions().iter().any(|offered| offered.extension_type() == wanted)
}

fn alpn_offers(offer: &ClientHello) -> Option<&[crate::wire::Text]> {
    offer.extensions().iter().find_map(|extension| match extension {
        Extension::Alpn { protocol_name_list } => Some(protocol_name_list.as_slice()),
        _ => None,
    })
}
