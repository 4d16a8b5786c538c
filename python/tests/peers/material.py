"""Keys, certificates and Diffie-Hellman parameters for server peers, made once for a run."""

from __future__ import annotations

import base64
import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from tlslite.mathtls import FFDHE2048


@dataclass(frozen=True)
class Group:
    """A finite-field Diffie-Hellman group."""

    name: str
    prime: int
    generator: int

    @property
    def parameters(self) -> str:
        """PEM of `DHParameter ::= SEQUENCE { prime INTEGER, base INTEGER }` (PKCS #3)."""
        body = base64.encodebytes(_der(0x30, _der_integer(self.prime) + _der_integer(self.generator))).decode()
        return f"-----BEGIN DH PARAMETERS-----\n{body}-----END DH PARAMETERS-----\n"


#: RFC 7919, A.1.
FFDHE2048_GROUP = Group("ffdhe2048", prime=FFDHE2048[1], generator=FFDHE2048[0])


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Material:
    """What servers are given."""

    directory: Path
    rsa: Identity
    ecdsa: Identity

    def identity(self, kx: str) -> Identity:
        """Give the certificate that a key exchange is signed or encrypted with."""
        return self.ecdsa if kx == "ECDHE_ECDSA" else self.rsa

    def dh_file(self, group: Group) -> Path:
        """Write a group's parameters to a file; given ones, since generating a prime takes minutes."""
        path = self.directory / f"{group.name}.pem"
        path.write_text(group.parameters)
        return path


def make(directory: Path) -> Material:
    """Write everything into `directory`."""
    return Material(
        directory,
        rsa=_identity(directory, "rsa", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        ecdsa=_identity(directory, "ecdsa", ec.generate_private_key(ec.SECP256R1())),
    )


def _identity(directory: Path, name: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Identity:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=7))
        .sign(key, hashes.SHA256())
    )
    files = Identity(directory / f"{name}.crt", directory / f"{name}.key")
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def _der_integer(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _der(tag: int, body: bytes) -> bytes:
    length = len(body)
    if length < 0x80:
        return bytes([tag, length]) + body
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + body
