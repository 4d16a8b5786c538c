//! Finite-field Diffie-Hellman for tlslab: groups, modular arithmetic and probabilities. It knows no TLS.
