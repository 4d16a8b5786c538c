//! The lab's own identities: an RSA-2048 and a P-256 key, each with a self-signed certificate.
//!
//! **THE PRIVATE KEYS ARE PUBLIC KNOWLEDGE.** They are files of this repository, the same for everyone, so that a
//! trial gives the same bytes everywhere. Whoever trusts these certificates trusts everyone: they are for tests on
//! machines that talk to nobody else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::LazyLock;

use p256::ecdsa;
use rsa::pkcs1v15;
use rsa::pkcs8::EncodePublicKey;
use rsa::signature::{Keypair, Signer};
use sha2::Sha256;
use x509_cert::TbsCertificate;
use x509_cert::builder::{Builder, CertificateBuilder, Result, profile::BuilderProfile};
use x509_cert::der::{DateTime, Encode, asn1::Ia5String, flagset::FlagSet};
use x509_cert::ext::pkix::{
    BasicConstraints, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier, name::GeneralName,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    DynSignatureAlgorithmIdentifier, SignatureBitStringEncoding, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use x509_cert::time::Validity;

use super::certificate::{Identity, private_key};
use super::signature::SigningKey;

impl Identity {
    /// The lab's RSA identity, of 2048 bits. **Its private key is public knowledge.**
    pub fn lab_rsa() -> &'static Self {
        static IDENTITY: LazyLock<Identity> = LazyLock::new(|| lab_identity(include_str!("lab_rsa.pem")));
        &IDENTITY
    }

    /// The lab's ECDSA identity, on P-256. **Its private key is public knowledge.**
    pub fn lab_ecdsa() -> &'static Self {
        static IDENTITY: LazyLock<Identity> = LazyLock::new(|| lab_identity(include_str!("lab_ecdsa.pem")));
        &IDENTITY
    }
}

/// An embedded key with its certificate. Every input is fixed, and a test builds both identities: so it cannot fail.
fn lab_identity(key_pem: &str) -> Identity {
    let key = private_key(key_pem).expect("the embedded key is sound");
    let certificate = match &key {
        SigningKey::Rsa(key) => {
            let signer = pkcs1v15::SigningKey::<Sha256>::new((**key).clone());
            let profile =
                LabProfile { usage: KeyUsages::DigitalSignature | KeyUsages::KeyCertSign | KeyUsages::KeyEncipherment };
            certificate::<_, pkcs1v15::Signature>(profile, 1, &signer)
        }
        SigningKey::Ecdsa(key) => {
            // An EC key encrypts nothing (RFC 8813 3).
            let profile = LabProfile { usage: KeyUsages::DigitalSignature | KeyUsages::KeyCertSign };
            certificate::<_, ecdsa::DerSignature>(profile, 2, key)
        }
    };
    Identity { chain: vec![certificate.expect("the certificate's contents are sound")], key }
}

/// A self-signed certificate, in DER. Both kinds of key sign without randomness, so its bytes are always the same.
fn certificate<S, Signature>(profile: LabProfile, serial: u8, signer: &S) -> Result<Vec<u8>>
where
    S: Signer<Signature> + Keypair<VerifyingKey: EncodePublicKey> + DynSignatureAlgorithmIdentifier,
    Signature: SignatureBitStringEncoding,
{
    let public_key = SubjectPublicKeyInfoOwned::from_key(&signer.verifying_key())?;
    let validity =
        Validity::new(DateTime::new(2020, 1, 1, 0, 0, 0)?.into(), DateTime::new(2049, 12, 31, 23, 59, 59)?.into());
    let builder = CertificateBuilder::new(profile, SerialNumber::new(&[serial])?, validity, public_key)?;
    Ok(builder.build::<S, Signature>(signer)?.to_der()?)
}

/// What a lab certificate says: a server on this machine, and its own trust anchor.
struct LabProfile {
    usage: FlagSet<KeyUsages>,
}

impl BuilderProfile for LabProfile {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        Name::from_str("CN=tlslab").expect("the name is sound")
    }

    fn build_extensions(
        &self,
        public_key: SubjectPublicKeyInfoRef<'_>,
        _issuer: SubjectPublicKeyInfoRef<'_>,
        certificate: &TbsCertificate,
    ) -> Result<Vec<Extension>> {
        let names = SubjectAltName(vec![
            GeneralName::DnsName(Ia5String::new("localhost")?),
            GeneralName::from(IpAddr::from(Ipv4Addr::LOCALHOST)),
            GeneralName::from(IpAddr::from(Ipv6Addr::LOCALHOST)),
        ]);
        let subject = certificate.subject();
        Ok(vec![
            (&BasicConstraints { ca: true, path_len_constraint: None }).to_extension(subject, &[])?,
            (&KeyUsage(self.usage)).to_extension(subject, &[])?,
            (&SubjectKeyIdentifier::try_from(public_key)?).to_extension(subject, &[])?,
            (&names).to_extension(subject, &[])?,
        ])
    }
}
