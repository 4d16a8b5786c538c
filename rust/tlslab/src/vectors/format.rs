//! The vectors' JSON: the header, the groups of tests and the tests, named as Wycheproof names them.

use std::collections::BTreeMap;

use serde::Serialize;
use tlslab_dh::Group;
use tlslab_proto::behaviour::values::Version;
use tlslab_proto::wire::Bytes;
use tlslab_proto::wire::registry::CipherSuite;

/// [`VectorFile::algorithm`].
pub(super) const ALGORITHM: &str = "TLS-DHE";

/// [`VectorFile::schema`]. It changes when a field is renamed or changes its meaning, not when one is added.
pub(super) const SCHEMA: &str = "tls_dhe_key_agreement_v1";

/// [`TestGroup::kind`].
pub(super) const GROUP_TYPE: &str = "TlsDheKeyAgreement";

/// A file of known answers. Bytes are in lower-case hexadecimal, integers big-endian.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VectorFile {
    /// What is tested.
    pub algorithm: &'static str,
    /// The name of this format, with its version.
    pub schema: &'static str,
    /// The version of tlslab that wrote the file.
    pub generator_version: &'static str,
    /// The seed that all values follow from; a string, since 64 bits do not fit every reader's numbers.
    pub seed: String,
    /// How many tests there are in all groups.
    pub number_of_tests: usize,
    /// How to use the file, in words.
    pub header: Vec<&'static str>,
    /// What each flag of a test means.
    pub notes: BTreeMap<&'static str, Note>,
    /// The tests.
    pub test_groups: Vec<TestGroup>,
}

/// The meaning of a flag.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// What kind of fault a test with the flag finds, in Wycheproof's words: `BASIC` for plain function, `EDGE_CASE`
    /// for a value of special form.
    pub bug_type: &'static str,
    /// What is special about the test.
    pub description: &'static str,
    /// Where the rule stands.
    pub links: Vec<&'static str>,
}

/// Tests that share their parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestGroup {
    /// What kind of tests these are; each file of this schema has one kind.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The Diffie-Hellman group.
    pub group: DhGroup,
    /// The version of TLS.
    pub version: Version,
    /// The cipher suite, by its IANA name.
    pub cipher_suite: CipherSuite,
    /// The hash of the PRF and of the transcript: `MD5-SHA1` (RFC 2246 5, RFC 4346 5), `SHA-256` or `SHA-384`.
    pub prf: &'static str,
    /// Whether the master secret is that of RFC 7627.
    pub extended_master_secret: bool,
    /// The tests.
    pub tests: Vec<TestVector>,
}

/// A finite-field Diffie-Hellman group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DhGroup {
    /// Its name, or a formula for its prime.
    pub name: &'static str,
    /// The prime, without leading zeros.
    pub p: Bytes,
    /// The generator, without leading zeros.
    pub g: Bytes,
}

impl DhGroup {
    pub(super) fn new(name: &'static str, group: &Group) -> Self {
        Self { name, p: group.modulus().into(), g: group.generator().into() }
    }
}

/// A test: inputs, and what must come out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestVector {
    /// The test's number, unique in the file.
    pub tc_id: u32,
    /// What the test is about.
    pub comment: &'static str,
    /// What is special about it: keys of [`VectorFile::notes`].
    pub flags: Vec<&'static str>,
    /// The client's exponent x.
    pub client_exponent: Bytes,
    /// The server's exponent y.
    pub server_exponent: Bytes,
    /// Yc = g^x mod p, padded to the length of p.
    pub client_public: Bytes,
    /// Ys = g^y mod p, padded to the length of p.
    pub server_public: Bytes,
    /// Z = g^(xy) mod p, padded to the length of p.
    pub z: Bytes,
    /// The premaster secret: Z without its leading zero bytes (RFC 5246 8.1.2).
    pub premaster_secret: Bytes,
    /// ClientHello.random.
    pub client_random: Bytes,
    /// ServerHello.random.
    pub server_random: Bytes,
    /// The session hash (RFC 7627 3), where the master secret is made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_hash: Option<Bytes>,
    /// The master secret.
    pub master_secret: Bytes,
    /// The key block, as long as the suite needs it in this version (RFC 5246 6.3).
    pub key_block: Bytes,
    /// The hash of the handshake messages before the client's Finished.
    pub client_finished_hash: Bytes,
    /// The client's Finished over it.
    pub client_verify_data: Bytes,
    /// The hash of the handshake messages before the server's Finished.
    pub server_finished_hash: Bytes,
    /// The server's Finished over it.
    pub server_verify_data: Bytes,
    /// The premaster secret of a defective implementation, which keeps Z's leading zero bytes.
    pub premaster_kept: Bytes,
    /// The master secret of that implementation.
    pub master_secret_kept: Bytes,
    /// What an implementation must do with the inputs.
    pub result: TestResult,
}

/// What an implementation must do with the inputs of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TestResult {
    /// Take them and compute all the values given, but for those of the defective implementation.
    Valid,
}

impl VectorFile {
    /// The file's text: indented JSON that ends in a newline. The same vectors always give the same bytes.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("the vectors are plain data");
        json.push('\n');
        json
    }
}
