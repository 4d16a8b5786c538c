//! The lab's own certificate, for other implementations to be measured with.

use pyo3::prelude::*;
use rsa::pkcs8::EncodePrivateKey;
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::crypto::signature::SigningKey;

use crate::errors::RunError;

/// The lab's RSA certificate and its private key, in DER: X.509 and PKCS #8. **The key is public knowledge.**
#[pyfunction]
pub(crate) fn lab_rsa_identity() -> PyResult<(Vec<u8>, Vec<u8>)> {
    let identity = Identity::lab_rsa();
    let (Some(certificate), SigningKey::Rsa(key)) = (identity.chain.first(), &identity.key) else {
        return Err(RunError::new_err("the lab's RSA identity has no certificate or no RSA key"));
    };
    let key = key.to_pkcs8_der().map_err(|error| RunError::new_err(error.to_string()))?;
    Ok((certificate.clone(), key.as_bytes().to_vec()))
}
