//! What each cipher suite stands for: key exchange, authentication, protection and PRF hash.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::wire::registry::{CipherSuite, ProtocolVersion};

/// How the premaster secret is agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyExchange {
    /// RSA key transport (RFC 5246 7.4.7.1).
    Rsa,
    /// Ephemeral finite-field Diffie-Hellman.
    Dhe,
    /// Ephemeral elliptic-curve Diffie-Hellman (RFC 8422).
    Ecdhe,
}

/// How the server is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// Not at all (`DH_anon`).
    Anonymous,
    /// By an RSA key.
    Rsa,
    /// By an ECDSA key.
    Ecdsa,
}

/// The bulk cipher and how it is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// AES in CBC mode with an HMAC; `key_len` in bytes.
    AesCbc {
        /// 16 or 32.
        key_len: usize,
        /// The HMAC's hash.
        mac: Mac,
    },
    /// AES-GCM (RFC 5288); `key_len` in bytes.
    AesGcm {
        /// 16 or 32.
        key_len: usize,
    },
    /// ChaCha20-Poly1305 (RFC 7905).
    ChaCha20Poly1305,
}

/// The hash of a record MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mac {
    /// HMAC-SHA1, 20 bytes.
    Sha1,
    /// HMAC-SHA256, 32 bytes.
    Sha256,
}

/// The hash of the TLS 1.2 PRF and transcript. TLS 1.0 and 1.1 use MD5 with SHA-1 whatever the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrfHash {
    /// SHA-256, the default of RFC 5246.
    Sha256,
    /// SHA-384.
    Sha384,
}

/// The parts of a cipher suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SuiteParams {
    /// How the premaster secret is agreed on.
    pub key_exchange: KeyExchange,
    /// How the server is authenticated.
    pub authentication: Authentication,
    /// Bulk protection.
    pub cipher: Cipher,
    /// PRF hash in TLS 1.2.
    pub prf: PrfHash,
}

impl SuiteParams {
    /// The oldest version that may use the suite: TLS 1.2 for AEAD and SHA-256 suites (RFC 5246 A.5, RFC 5288 4,
    /// RFC 7905 2), TLS 1.0 for the rest.
    pub fn min_version(&self) -> ProtocolVersion {
        match self.cipher {
            Cipher::AesCbc { mac: Mac::Sha1, .. } => ProtocolVersion::TLSV1_0,
            _ => ProtocolVersion::TLSV1_2,
        }
    }

    /// Whether the protection is an AEAD; encrypt-then-MAC does not apply to those (RFC 7366 3).
    pub fn is_aead(&self) -> bool {
        !matches!(self.cipher, Cipher::AesCbc { .. })
    }

    /// Whether the server sends a Certificate message.
    pub fn has_certificate(&self) -> bool {
        self.authentication != Authentication::Anonymous
    }

    /// Whether the server sends a ServerKeyExchange message (RFC 5246 7.4.3).
    pub fn has_server_key_exchange(&self) -> bool {
        self.key_exchange != KeyExchange::Rsa
    }
}

/// What `suite` stands for, or `None` when the lab does not run it.
pub fn params(suite: CipherSuite) -> Option<SuiteParams> {
    /// Names are read once: endpoints ask for each suite of a hello.
    static PARAMS: LazyLock<BTreeMap<u16, SuiteParams>> = LazyLock::new(|| {
        CipherSuite::REGISTERED.iter().filter_map(|suite| Some((suite.0, params_of_name(*suite)?))).collect()
    });
    PARAMS.get(&suite.0).copied()
}

/// Read off the name by RFC 5246 A.5's own grammar: `TLS_<kx>[_<auth>]_WITH_<cipher>_<hash>`.
fn params_of_name(suite: CipherSuite) -> Option<SuiteParams> {
    let (exchange, protection) = suite.name()?.strip_prefix("TLS_")?.split_once("_WITH_")?;
    let (key_exchange, authentication) = match exchange {
        "RSA" => (KeyExchange::Rsa, Authentication::Rsa),
        "DHE_RSA" => (KeyExchange::Dhe, Authentication::Rsa),
        "DH_anon" => (KeyExchange::Dhe, Authentication::Anonymous),
        "ECDHE_RSA" => (KeyExchange::Ecdhe, Authentication::Rsa),
        "ECDHE_ECDSA" => (KeyExchange::Ecdhe, Authentication::Ecdsa),
        _ => return None,
    };
    let (cipher, prf) = match protection {
        "AES_128_CBC_SHA" => (Cipher::AesCbc { key_len: 16, mac: Mac::Sha1 }, PrfHash::Sha256),
        "AES_256_CBC_SHA" => (Cipher::AesCbc { key_len: 32, mac: Mac::Sha1 }, PrfHash::Sha256),
        "AES_128_CBC_SHA256" => (Cipher::AesCbc { key_len: 16, mac: Mac::Sha256 }, PrfHash::Sha256),
        "AES_256_CBC_SHA256" => (Cipher::AesCbc { key_len: 32, mac: Mac::Sha256 }, PrfHash::Sha256),
        "AES_128_GCM_SHA256" => (Cipher::AesGcm { key_len: 16 }, PrfHash::Sha256),
        "AES_256_GCM_SHA384" => (Cipher::AesGcm { key_len: 32 }, PrfHash::Sha384),
        "CHACHA20_POLY1305_SHA256" => (Cipher::ChaCha20Poly1305, PrfHash::Sha256),
        _ => return None,
    };
    Some(SuiteParams { key_exchange, authentication, cipher, prf })
}

/// OpenSSL's name for a suite (`DHE-RSA-AES128-GCM-SHA256`), derived from the IANA name.
pub fn openssl_name(suite: CipherSuite) -> Option<String> {
    params(suite)?;
    let (exchange, protection) = suite.name()?.strip_prefix("TLS_")?.split_once("_WITH_")?;
    let protection = protection
        .replace("AES_128", "AES128")
        .replace("AES_256", "AES256")
        .replace("_CBC", "")
        .replace("CHACHA20_POLY1305_SHA256", "CHACHA20_POLY1305")
        .replace('_', "-");
    Some(match exchange {
        "RSA" => protection,
        "DH_anon" => format!("ADH-{protection}"),
        _ => format!("{}-{protection}", exchange.replace('_', "-")),
    })
}

/// The suite of an IANA or OpenSSL name, or of a number such as `0x009e`.
pub fn from_any_name(name: &str) -> Option<CipherSuite> {
    name.parse()
        .ok()
        .or_else(|| CipherSuite::REGISTERED.iter().copied().find(|suite| openssl_name(*suite).as_deref() == Some(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_registered_suite_but_the_signals_has_params() {
        let without: Vec<_> = CipherSuite::REGISTERED.iter().filter(|suite| params(**suite).is_none()).collect();
        assert_eq!(
            without,
            [
                &CipherSuite::TLS_NULL_WITH_NULL_NULL,
                &CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
                &CipherSuite::TLS_FALLBACK_SCSV
            ]
        );
    }

    #[test]
    fn openssl_names_are_understood() {
        for (openssl, suite) in [
            ("DHE-RSA-AES128-GCM-SHA256", CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256),
            ("AES256-SHA", CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA),
            ("ADH-AES128-SHA", CipherSuite::TLS_DH_ANON_WITH_AES_128_CBC_SHA),
            ("ECDHE-ECDSA-CHACHA20-POLY1305", CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
        ] {
            assert_eq!(from_any_name(openssl), Some(suite));
            assert_eq!(openssl_name(suite).as_deref(), Some(openssl));
        }
        assert_eq!(from_any_name("nonsense"), None);
    }
}
