"""What other implementations are given: the lab's certificate and key, and a group's parameters, as PEM."""

from __future__ import annotations

import base64

from tlslab import _tlslab
from tlslab.groups import Group

__all__ = ["dh_parameters", "lab_certificate"]


def lab_certificate() -> tuple[str, str]:
    """Give the lab's RSA certificate and its private key, which is public knowledge."""
    certificate, key = _tlslab.lab_rsa_identity()
    return _pem("CERTIFICATE", certificate), _pem("PRIVATE KEY", key)


def dh_parameters(group: Group) -> str:
    """Give ``DHParameter ::= SEQUENCE { prime INTEGER, base INTEGER }`` of a group (PKCS #3, section 9)."""
    return _pem("DH PARAMETERS", _der(0x30, _der_integer(group.p) + _der_integer(group.g)))


def _pem(label: str, der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def _der_integer(number: int) -> bytes:
    # A positive number has a clear highest bit (X.690, 8.3).
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _der(tag: int, body: bytes) -> bytes:
    length = len(body)
    if length < 0x80:
        return bytes([tag, length]) + body
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + body
