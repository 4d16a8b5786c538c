//! Client authentication as the client has it: the server's request, and the answer (RFC 5246 7.4.4, 7.4.6, 7.4.8).

use super::{ClientRole, State};
use crate::behaviour::values::{CertificateAnswer, CertificateKind, ResumedRequest};
use crate::endpoint::core::Core;
use crate::endpoint::fatal::Fatal;
use crate::endpoint::identity::{self, ReadyIdentity};
use crate::endpoint::negotiated::nothing_negotiated;
use crate::endpoint::outbox::Item;
use crate::endpoint::trace::{Event, Sink};
use crate::wire::registry::{AlertDescription, ClientCertificateType, HandshakeType, SignatureScheme};
use crate::wire::{Bytes, Certificate, CertificateRequest, DigitallySigned};

/// What a client that was asked for its certificate has to answer: nothing, where none of its certificates fits.
pub(super) struct Answer(Option<Signer>);

/// Which identity proves itself, and under which scheme in TLS 1.2.
#[derive(Clone, Copy)]
struct Signer {
    identity: usize,
    scheme: Option<SignatureScheme>,
}

impl ClientRole {
    pub(super) fn on_certificate_request<S: Sink>(
        &mut self,
        core: &mut Core<S>,
        request: &CertificateRequest,
    ) -> Result<(), Fatal> {
        // RFC 5246 7.4.4: a fatal handshake_failure for an anonymous server to request client authentication.
        if !core.negotiated()?.params.has_certificate() {
            return Err(Fatal::alert(
                AlertDescription::HANDSHAKE_FAILURE,
                "an anonymous server requests a client's certificate",
            ));
        }
        self.answer = Some(Answer(self.choose_signer(core, request)));
        self.state = State::ServerHelloDone;
        Ok(())
    }

    /// A CertificateRequest in an abbreviated handshake, which the behaviour takes.
    pub(super) fn on_abbreviated_request<S: Sink>(
        &mut self,
        core: &mut Core<S>,
        request: &CertificateRequest,
    ) -> Result<(), Fatal> {
        if self.state == State::FullOrAbbreviated {
            self.resume(core)?;
        }
        if self.config.own.resumed_certificate_request == ResumedRequest::Answer {
            self.answer = Some(Answer(self.choose_signer(core, request)));
        }
        Ok(())
    }

    /// The client's first identity that fits the request.
    fn choose_signer<S: Sink>(&self, core: &Core<S>, request: &CertificateRequest) -> Option<Signer> {
        let CertificateRequest { certificate_types, supported_signature_algorithms, .. } = request;
        self.config.identities.iter().enumerate().find_map(|(index, own)| {
            let certificate_type = match own.kind {
                CertificateKind::Rsa => ClientCertificateType::RSA_SIGN,
                CertificateKind::Ecdsa => ClientCertificateType::ECDSA_SIGN,
            };
            let scheme = match supported_signature_algorithms {
                Some(verified) => Some(identity::common_scheme(&core.knobs, own.kind, verified)?),
                None => None,
            };
            certificate_types.contains(&certificate_type).then_some(Signer { identity: index, scheme })
        })
    }

    /// The Certificate and the CertificateVerify with which the client answers; both may be missing.
    pub(super) fn authentication(&self) -> [Option<Item>; 2] {
        let policy = self.config.own.certificate_answer;
        let answers = self.answer.is_some() && policy != CertificateAnswer::Omit;
        let proves = self.signer().is_some() && policy == CertificateAnswer::Fitting;
        [
            answers.then_some(Item::Handshake(HandshakeType::CERTIFICATE)),
            proves.then_some(Item::Handshake(HandshakeType::CERTIFICATE_VERIFY)),
        ]
    }

    /// The client's Certificate: asked for one and having none that fits, it sends an empty list (RFC 5246 7.4.6).
    pub(super) fn certificate(&self) -> Certificate {
        let identity = self.signer().and_then(|signer| self.config.identities.get(signer.identity));
        identity.map_or(Certificate { certificate_list: Vec::new() }, ReadyIdentity::certificate)
    }

    /// The CertificateVerify, over all handshake messages so far (RFC 5246 7.4.8).
    pub(super) fn certificate_verify<S: Sink>(&mut self, core: &mut Core<S>) -> Result<DigitallySigned, Fatal> {
        let Signer { identity, scheme } = self.signer().ok_or_else(nothing_negotiated)?;
        let identity = self.config.identities.get(identity).ok_or_else(nothing_negotiated)?;
        let covered = core.transcript.messages();
        let signature: Bytes = identity.sign(core.environment.signatures, scheme, covered)?.into();
        core.sink.record(|| Event::Signed { covered: covered.into(), signature: signature.clone() });
        core.authenticate_client(identity.fingerprint())?;
        Ok(DigitallySigned { algorithm: scheme, signature })
    }

    fn signer(&self) -> Option<Signer> {
        self.answer.as_ref().and_then(|answer| answer.0)
    }
}
