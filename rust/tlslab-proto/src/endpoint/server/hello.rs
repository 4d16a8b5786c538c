//! The ClientHello as a server reads it, and the ServerHello that answers it.

use tlslab_dh::Group;

use super::certificate::Occasion;
use super::resumption::keeps_name;
use super::{Choice, Exchange, ServerRole, State};
use crate::behaviour::values::{CertificateKind, Ems, ListedGroups, Preference, Switch, TicketRenewal, Version};
use crate::crypto::Side;
use crate::crypto::draws::Purpose;
use crate::crypto::ecdh::Curve;
use crate::crypto::suite::{self, Authentication, KeyExchange, SuiteParams};
use crate::endpoint::core::Core;
use crate::endpoint::fatal::Fatal;
use crate::endpoint::identity::common_scheme;
use crate::endpoint::negotiated::{Choices, Negotiated, nothing_negotiated};
use crate::endpoint::outbox::Item;
use crate::endpoint::session::{Session, SessionKind};
use crate::endpoint::trace::Sink;
use crate::wire::registry::{
    AlertDescription, CipherSuite, CompressionMethod, HandshakeType, HeartbeatMode, NameType, NamedGroup, PointFormat,
    SignatureScheme,
};
use crate::wire::{Bytes, ClientHello, Extension, Extensions, Random, ServerHello, ServerName, Text};

impl ServerRole {
    /// Chooses what the ClientHello offers, and plans the flight that says so.
    pub(super) fn on_client_hello<S: Sink>(&mut self, core: &mut Core<S>, hello: &ClientHello) -> Result<(), Fatal> {
        let offer = Offer::read(hello)?;
        let speaks_rfc_5746 = self.config.own.renegotiation_info == Switch::On;
        let answers_info = speaks_rfc_5746 && core.handshakes.check_client(offer.scsv, offer.renegotiation_info)?;
        self.renegotiation_info = answers_info.then(|| core.handshakes.info(Side::Server));
        let version = self.choose_version(core, hello)?;
        if core.knobs.ems == Ems::Required && !offer.ems {
            return Err(Fatal::alert(
                AlertDescription::HANDSHAKE_FAILURE,
                "the client does not offer the extended master secret that this server requires",
            ));
        }
        core.check_kept_ems(offer.ems)?;
        let heartbeat = core.takes_heartbeats(offer.heartbeat)?;
        let alpn = choose_protocol(&core.knobs.alpn, offer.alpn)?;
        self.server_name = offer.server_name.cloned();
        if let Some((kind, session)) = self.session_to_resume(core, hello, &offer, version)? {
            return self.resume(core, hello, &offer, alpn, kind, session);
        }
        let selection =
            self.choose_suite(core, hello, &offer, version).ok_or_else(|| self.no_common_suite(hello, &offer))?;

        let choices = Choices {
            version,
            suite: selection.suite,
            params: selection.params,
            ems: offer.ems && core.knobs.ems != Ems::Off,
            encrypt_then_mac: encrypts_then_macs(core, &offer, &selection.params),
            heartbeat,
            alpn,
        };
        core.check_kept_mac(&choices)?;
        self.issues_ticket = core.knobs.resumption.by_ticket() && offer.ticket.is_some() && keeps_name(&offer);
        self.session_id = self.fresh_session_id(core, &offer);
        self.answers = self.answers(&choices, &offer);
        self.choice = Some(Choice {
            client_version: hello.client_version,
            identity: selection.identity,
            scheme: selection.scheme,
            exchange: selection.exchange,
        });
        let occasion = if offer.offers_session(hello) { Occasion::Declined } else { Occasion::Full };
        let requests = self.requests_certificate(occasion, &selection.params);
        plan_flight(core, &selection.params, requests);
        let random = self.random(core, choices.version);
        core.agree(Negotiated::new(choices, hello.random.0, random));
        self.state = if requests { State::Certificate } else { State::ClientKeyExchange };
        Ok(())
    }

    /// Resumes a session: the rest of the server's part follows ServerHello at once (RFC 5246 7.3). What the extensions
    /// other than EMS come to is negotiated anew.
    fn resume<S: Sink>(
        &mut self,
        core: &mut Core<S>,
        hello: &ClientHello,
        offer: &Offer<'_>,
        alpn: Option<Vec<u8>>,
        kind: SessionKind,
        session: Session,
    ) -> Result<(), Fatal> {
        let params = suite::params(session.suite).ok_or_else(nothing_negotiated)?;
        let choices = Choices {
            version: session.version,
            suite: session.suite,
            params,
            ems: self.echoes_ems(core, offer, &session),
            encrypt_then_mac: encrypts_then_macs(core, offer, &params),
            heartbeat: core.takes_heartbeats(offer.heartbeat)?,
            alpn,
        };
        core.check_kept_mac(&choices)?;
        self.issues_ticket = kind == SessionKind::Ticket && self.config.own.ticket_renewal == TicketRenewal::Always;
        self.session_id = hello.session_id.clone();
        self.answers = self.answers(&choices, offer);
        let random = self.random(core, choices.version);
        core.agree(Negotiated::new(choices, hello.random.0, random));
        core.resume(kind, session)?;
        let requests = self.requests_certificate(Occasion::Abbreviated, &params);
        let request = requests.then_some(HandshakeType::CERTIFICATE_REQUEST);
        core.outbox.plan([HandshakeType::SERVER_HELLO].into_iter().chain(request).map(Item::Handshake));
        self.plan_finish(core);
        self.state = if requests { State::Certificate } else { State::ChangeCipherSpec };
        Ok(())
    }

    /// The server's random, with its mark where the client could have had more.
    fn random<S: Sink>(&self, core: &Core<S>, version: Version) -> [u8; 32] {
        let mut random: [u8; 32] = core.draw(Purpose::Random);
        let downgraded = version < Version::Tls12 && core.knobs.versions.contains(&Version::Tls12);
        if downgraded && self.config.own.downgrade_signal == Switch::On {
            random[24..].copy_from_slice(&Random::DOWNGRADED);
        }
        random
    }

    /// The ServerHello that says what was chosen.
    pub(super) fn server_hello<S: Sink>(&self, core: &Core<S>) -> Result<ServerHello, Fatal> {
        let negotiated = core.negotiated()?;
        let answers = &self.answers;
        Ok(ServerHello {
            server_version: negotiated.version.wire(),
            random: Random(negotiated.server_random),
            session_id: self.session_id.clone(),
            cipher_suite: negotiated.suite,
            compression_method: CompressionMethod::NULL,
            extensions: (!answers.is_empty()).then(|| Extensions(answers.clone())),
        })
    }

    fn answers(&self, choices: &Choices, offer: &Offer<'_>) -> Vec<Extension> {
        let mut answers = Vec::new();
        if choices.ems {
            answers.push(Extension::ExtendedMasterSecret);
        }
        if let Some(info) = &self.renegotiation_info {
            answers.push(Extension::RenegotiationInfo { renegotiated_connection: info.clone() });
        }
        if choices.params.key_exchange == KeyExchange::Ecdhe && offer.point_formats {
            answers.push(Extension::EcPointFormats { ec_point_format_list: vec![PointFormat::UNCOMPRESSED] });
        }
        if choices.encrypt_then_mac {
            answers.push(Extension::EncryptThenMac);
        }
        if choices.heartbeat {
            answers.push(Extension::Heartbeat { mode: HeartbeatMode::PEER_ALLOWED_TO_SEND });
        }
        if let Some(protocol) = &choices.alpn {
            answers.push(Extension::Alpn { protocol_name_list: vec![Text(protocol.clone())] });
        }
        // RFC 5077 3.2: an empty one promises NewSessionTicket.
        if self.issues_ticket {
            answers.push(Extension::SessionTicket { ticket: Bytes::default() });
        }
        answers
    }

    /// The newest version that the server speaks and the client's version allows (RFC 5246 E.1).
    fn choose_version<S: Sink>(&self, core: &Core<S>, hello: &ClientHello) -> Result<Version, Fatal> {
        let spoken = &core.knobs.versions;
        let allowed = |version: &Version| version.wire() <= hello.client_version && core.speaks(*version);
        let version = spoken.iter().copied().filter(allowed).max();
        let version = version.ok_or_else(|| {
            let newest = hello.client_version;
            let reason = format!("the client's newest version is {newest}, older than any of the server's");
            Fatal::alert(AlertDescription::PROTOCOL_VERSION, reason)
        })?;
        // RFC 7507 3: a client that fell back although the server speaks more.
        let fell_back = hello.cipher_suites.contains(&CipherSuite::TLS_FALLBACK_SCSV)
            && self.config.own.fallback_check == Switch::On;
        if fell_back && spoken.iter().any(|spoken| spoken.wire() > hello.client_version) {
            return Err(Fatal::alert(
                AlertDescription::INAPPROPRIATE_FALLBACK,
                "the client fell back to an older version than the server speaks",
            ));
        }
        Ok(version)
    }

    fn choose_suite<S: Sink>(
        &self,
        core: &Core<S>,
        hello: &ClientHello,
        offer: &Offer<'_>,
        version: Version,
    ) -> Option<Selection> {
        let (order, other) = match self.config.own.suite_preference {
            Preference::Server => (&self.config.suites, &hello.cipher_suites),
            Preference::Client => (&hello.cipher_suites, &self.config.suites),
        };
        let common = order.iter().copied().filter(|suite| other.contains(suite));
        common.into_iter().find_map(|suite| self.select(core, suite, offer, version))
    }

    /// Why there is no selection. RFC 7919 4 has an alert of its own for a client whose finite-field groups are not the
    /// server's, if no other suite will do.
    fn no_common_suite(&self, hello: &ClientHello, offer: &Offer<'_>) -> Fatal {
        let is_dhe =
            |suite: &CipherSuite| suite::params(*suite).is_some_and(|params| params.key_exchange == KeyExchange::Dhe);
        let offers_dhe = hello.cipher_suites.iter().any(|suite| is_dhe(suite) && self.config.suites.contains(suite));
        if offers_dhe && offer.lists_finite_fields() && self.choose_group(offer).is_none() {
            let reason = "the client lists finite-field groups, none of them the server's, and no other suite will do";
            return Fatal::alert(AlertDescription::INSUFFICIENT_SECURITY, reason);
        }
        let reason = "no cipher suite, with its group, certificate and signature scheme, is common to both sides";
        Fatal::alert(AlertDescription::HANDSHAKE_FAILURE, reason)
    }

    /// The selection of `suite`, if everything that it needs is there.
    fn select<S: Sink>(
        &self,
        core: &Core<S>,
        suite: CipherSuite,
        offer: &Offer<'_>,
        version: Version,
    ) -> Option<Selection> {
        let params = suite::params(suite).filter(|params| params.min_version() <= version.wire())?;
        let exchange = match params.key_exchange {
            KeyExchange::Rsa => Exchange::Rsa,
            KeyExchange::Dhe => Exchange::FiniteField(self.choose_group(offer)?),
            KeyExchange::Ecdhe => Exchange::Curve(choose_curve(core, offer)?),
        };
        let kind = match params.authentication {
            Authentication::Anonymous => None,
            Authentication::Rsa => Some(CertificateKind::Rsa),
            // RFC 8422 5.3: the client's curves are those of certificates too, and the lab's ECDSA keys have this one.
            Authentication::Ecdsa if !offer.takes_curve(NamedGroup::SECP256R1) => return None,
            Authentication::Ecdsa => Some(CertificateKind::Ecdsa),
        };
        let identity = match kind {
            Some(kind) => Some(self.config.identities.iter().position(|identity| identity.kind == kind)?),
            None => None,
        };
        let signs = params.has_server_key_exchange() && version >= Version::Tls12;
        let scheme = match kind.filter(|_| signs) {
            Some(kind) => Some(choose_scheme(core, offer, kind)?),
            None => None,
        };
        Some(Selection { suite, params, exchange, identity, scheme })
    }

    /// RFC 7919 4: a client that lists finite-field groups gets one of them or no such suite.
    fn choose_group(&self, offer: &Offer<'_>) -> Option<Group> {
        let mut groups = self.config.groups.iter();
        if !offer.lists_finite_fields() || self.config.own.listed_groups == ListedGroups::Ignore {
            return groups.next().cloned();
        }
        let listed = |group: &&Group| {
            group.name().and_then(NamedGroup::from_name).is_some_and(|group| offer.groups.contains(&group))
        };
        groups.find(listed).cloned()
    }
}

/// Plans the first flight of a full handshake, with a CertificateRequest if the server `requests` a certificate.
fn plan_flight<S: Sink>(core: &mut Core<S>, params: &SuiteParams, requests: bool) {
    let flight = [
        Some(HandshakeType::SERVER_HELLO),
        params.has_certificate().then_some(HandshakeType::CERTIFICATE),
        params.has_server_key_exchange().then_some(HandshakeType::SERVER_KEY_EXCHANGE),
        requests.then_some(HandshakeType::CERTIFICATE_REQUEST),
        Some(HandshakeType::SERVER_HELLO_DONE),
    ];
    core.outbox.plan(flight.into_iter().flatten().map(Item::Handshake));
}

/// A suite with all that it takes to run it.
struct Selection {
    suite: CipherSuite,
    params: SuiteParams,
    exchange: Exchange,
    identity: Option<usize>,
    scheme: Option<SignatureScheme>,
}

/// What a ClientHello's extensions and signalling suites say.
#[derive(Default)]
pub(super) struct Offer<'a> {
    pub(super) ems: bool,
    encrypt_then_mac: bool,
    scsv: bool,
    renegotiation_info: Option<&'a Bytes>,
    heartbeat: Option<HeartbeatMode>,
    point_formats: bool,
    groups: &'a [NamedGroup],
    schemes: Option<&'a [SignatureScheme]>,
    alpn: Option<&'a [Text]>,
    pub(super) server_name: Option<&'a Text>,
    /// The ticket, empty where one is asked for.
    pub(super) ticket: Option<&'a Bytes>,
}

impl<'a> Offer<'a> {
    fn read(hello: &'a ClientHello) -> Result<Self, Fatal> {
        let illegal = |reason: String| Fatal::alert(AlertDescription::ILLEGAL_PARAMETER, reason);
        if let Some(twice) = hello.extensions().first_duplicate() {
            return Err(illegal(format!("the ClientHello has extension {twice} twice")));
        }
        // RFC 5246 7.4.1.2: the list must contain null.
        if !hello.compression_methods.contains(&CompressionMethod::NULL) {
            return Err(illegal("the client does not offer the null compression method".to_owned()));
        }
        let mut offer = Self {
            scsv: hello.cipher_suites.contains(&CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV),
            ..Self::default()
        };
        for extension in hello.extensions().iter() {
            match extension {
                Extension::ExtendedMasterSecret => offer.ems = true,
                Extension::EncryptThenMac => offer.encrypt_then_mac = true,
                Extension::RenegotiationInfo { renegotiated_connection } => {
                    offer.renegotiation_info = Some(renegotiated_connection);
                }
                Extension::ServerName { server_name_list } => {
                    offer.server_name = host_name(server_name_list.as_deref())?;
                }
                Extension::Heartbeat { mode } => offer.heartbeat = Some(*mode),
                Extension::SessionTicket { ticket } => offer.ticket = Some(ticket),
                Extension::SupportedGroups { named_group_list } => offer.groups = named_group_list,
                Extension::EcPointFormats { ec_point_format_list } => {
                    // RFC 8422 5.1.2: uncompressed points are always among the formats.
                    if !ec_point_format_list.contains(&PointFormat::UNCOMPRESSED) {
                        return Err(illegal("the client's point formats lack uncompressed".to_owned()));
                    }
                    offer.point_formats = true;
                }
                Extension::SignatureAlgorithms { supported_signature_algorithms } => {
                    offer.schemes = Some(supported_signature_algorithms);
                }
                Extension::Alpn { protocol_name_list } => offer.alpn = Some(protocol_name_list),
                _ => {}
            }
        }
        Ok(offer)
    }

    /// Whether the client offers a session, known to the server or not.
    fn offers_session(&self, hello: &ClientHello) -> bool {
        !hello.session_id.is_empty() || self.ticket.is_some_and(|ticket| !ticket.is_empty())
    }

    /// Whether there are codepoints of finite fields among the groups, known or not (RFC 7919 4).
    fn lists_finite_fields(&self) -> bool {
        self.groups.iter().any(|group| (0x0100..0x0200).contains(&group.0))
    }

    /// Whether the client supports `curve`. One that says nothing of groups leaves it to the server (RFC 8422 4).
    fn takes_curve(&self, curve: NamedGroup) -> bool {
        self.groups.is_empty() || self.groups.contains(&curve)
    }
}

/// The host that the client names. RFC 6066 3: it names at least one server, at most one of each type, and hosts in
/// ASCII. To the lab's server all are the same, but for the sessions made under each.
fn host_name(names: Option<&[ServerName]>) -> Result<Option<&Text>, Fatal> {
    let Some(names) = names else {
        return Err(Fatal::alert(AlertDescription::DECODE_ERROR, "the client's server_name has no list"));
    };
    for (index, ServerName { name_type, name }) in names.iter().enumerate() {
        let is_host = *name_type == NameType::HOST_NAME;
        let reason = match name {
            _ if names[..index].iter().any(|before| before.name_type == *name_type) => "two names of a type",
            _ if is_host && !name.iter().all(u8::is_ascii_graphic) => "a host's name that is none",
            _ => continue,
        };
        return Err(Fatal::alert(
            AlertDescription::ILLEGAL_PARAMETER,
            format!("the client's server_name has {reason}"),
        ));
    }
    let host = names.iter().find(|name| name.name_type == NameType::HOST_NAME);
    Ok(host.map(|host| &host.name))
}

/// Whether CBC records are to be encrypt-then-MAC (RFC 7366 3).
fn encrypts_then_macs<S: Sink>(core: &Core<S>, offer: &Offer<'_>, params: &SuiteParams) -> bool {
    offer.encrypt_then_mac && core.knobs.encrypt_then_mac == Switch::On && !params.is_aead()
}

/// RFC 7301 3.2: the server's first protocol that the client offers; no_application_protocol if there is none.
fn choose_protocol(own: &[String], offered: Option<&[Text]>) -> Result<Option<Vec<u8>>, Fatal> {
    let Some(offered) = offered.filter(|_| !own.is_empty()) else { return Ok(None) };
    let common = own.iter().find(|name| offered.iter().any(|offer| **offer == *name.as_bytes()));
    match common {
        Some(name) => Ok(Some(name.clone().into_bytes())),
        None => Err(Fatal::alert(
            AlertDescription::NO_APPLICATION_PROTOCOL,
            "the client offers none of the server's application protocols",
        )),
    }
}

/// The server's first curve that the client supports. A client that says nothing of groups is older than x25519, and gets
/// secp256r1 where it can.
fn choose_curve<S: Sink>(core: &Core<S>, offer: &Offer<'_>) -> Option<Curve> {
    let mut curves: Vec<NamedGroup> = core.knobs.curves.iter().map(|curve| curve.wire()).collect();
    if offer.groups.is_empty() {
        curves.sort_by_key(|curve| *curve != NamedGroup::SECP256R1);
    }
    curves.into_iter().filter(|curve| offer.takes_curve(*curve)).find_map(Curve::from_group)
}

/// The server's first scheme that its key can make and the client verifies. A client that says nothing of schemes
/// verifies SHA-1 (RFC 5246 7.4.1.4.1).
fn choose_scheme<S: Sink>(core: &Core<S>, offer: &Offer<'_>, kind: CertificateKind) -> Option<SignatureScheme> {
    let assumed = match kind {
        CertificateKind::Rsa => SignatureScheme::RSA_PKCS1_SHA1,
        CertificateKind::Ecdsa => SignatureScheme::ECDSA_SHA1,
    };
    let Some(offered) = offer.schemes else { return Some(assumed) };
    common_scheme(&core.knobs, kind, offered)
}
