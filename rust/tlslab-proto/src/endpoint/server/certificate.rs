//! Client authentication as the server has it: whether it asks, and what it takes for an answer (RFC 5246 7.4.4, 7.4.6,
//! 7.4.8).

use super::{ServerRole, State};
use crate::behaviour::values::{ClientCertificate, RequestCertificate};
use crate::crypto::suite::SuiteParams;
use crate::endpoint::core::Core;
use crate::endpoint::fatal::Fatal;
use crate::endpoint::negotiated::nothing_negotiated;
use crate::endpoint::peer_key;
use crate::endpoint::trace::{Event, Sink};
use crate::wire::registry::{AlertDescription, ClientCertificateType};
use crate::wire::{Certificate, CertificateRequest, DigitallySigned};

/// A handshake, as far as a server's policy of asking for certificates goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// A full one, no session having been offered.
    Full,
    /// A full one, a session having been offered in vain.
    Declined,
    /// An abbreviated one.
    Abbreviated,
}

impl ServerRole {
    /// Whether the server asks for the client's certificate. An anonymous one must not (RFC 5246 7.4.4).
    pub(super) fn requests_certificate(&self, occasion: Occasion, params: &SuiteParams) -> bool {
        let wants = match self.request_certificate.unwrap_or(self.config.own.request_certificate) {
            RequestCertificate::Never => false,
            RequestCertificate::Full => occasion != Occasion::Abbreviated,
            RequestCertificate::AfterDeclinedResumption => occasion == Occasion::Declined,
            RequestCertificate::Always => true,
        };
        wants && params.has_certificate()
    }

    /// The CertificateRequest: any authority will do.
    pub(super) fn certificate_request<S: Sink>(&self, core: &Core<S>) -> Result<CertificateRequest, Fatal> {
        let names_algorithms = core.negotiated()?.context().names_signature_algorithms();
        Ok(CertificateRequest {
            certificate_types: vec![ClientCertificateType::RSA_SIGN, ClientCertificateType::ECDSA_SIGN],
            supported_signature_algorithms: names_algorithms.then(|| core.knobs.verified_schemes()),
            certificate_authorities: Vec::new(),
        })
    }

    pub(super) fn on_certificate<S: Sink>(
        &mut self,
        core: &mut Core<S>,
        certificate: &Certificate,
    ) -> Result<(), Fatal> {
        self.client_key = self.config.known_key.of(certificate)?;
        if self.client_key.is_none() && self.config.own.client_certificate == ClientCertificate::Required {
            // RFC 5246 7.4.6: the server may continue, or respond with handshake_failure.
            return Err(Fatal::alert(
                AlertDescription::HANDSHAKE_FAILURE,
                "the client has no certificate, which this server requires",
            ));
        }
        self.state = if core.resumed().is_some() { self.after_key_exchange() } else { State::ClientKeyExchange };
        Ok(())
    }

    /// What comes before the client's ChangeCipherSpec: the proof of a certificate that it has sent.
    pub(super) fn after_key_exchange(&self) -> State {
        if self.client_key.is_some() { State::CertificateVerify } else { State::ChangeCipherSpec }
    }

    /// Verifies the CertificateVerify, which is not in the transcript yet (RFC 5246 7.4.8).
    pub(super) fn on_certificate_verify<S: Sink>(
        &mut self,
        core: &mut Core<S>,
        DigitallySigned { algorithm, signature }: &DigitallySigned,
    ) -> Result<(), Fatal> {
        if let Some(algorithm) = algorithm
            && !core.knobs.verified_schemes().contains(algorithm)
        {
            return Err(Fatal::alert(
                AlertDescription::ILLEGAL_PARAMETER,
                format!("the client signed with {algorithm}, which was not asked for"),
            ));
        }
        let key = self.client_key.as_ref().ok_or_else(nothing_negotiated)?;
        let covered = core.transcript.messages();
        let verified = key.verify(core.environment.signatures, *algorithm, covered, signature);
        core.sink.record(|| Event::Verified {
            covered: covered.into(),
            signature: signature.clone(),
            good: verified.is_ok(),
        });
        verified.map_err(peer_key::refusal)?;
        core.sink.record(|| Event::ClientAuthenticated { certificate: key.fingerprint });
        core.authenticate_client(Some(key.fingerprint))?;
        self.state = State::ChangeCipherSpec;
        Ok(())
    }
}
