"""The cells of the matrix: every version, suite, EMS, encrypt-then-MAC and curve of one connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Version = Literal["TLSv1.0", "TLSv1.1", "TLSv1.2"]
Curve = Literal["x25519", "secp256r1"]

VERSIONS: tuple[Version, ...] = ("TLSv1.0", "TLSv1.1", "TLSv1.2")
KEY_EXCHANGES = ("DHE_RSA", "DH_anon", "RSA", "ECDHE_RSA", "ECDHE_ECDSA")
CURVES: tuple[Curve, ...] = ("x25519", "secp256r1")

_CBC_SHA = ("AES_128_CBC_SHA", "AES_256_CBC_SHA")
_CBC_SHA256 = ("AES_128_CBC_SHA256", "AES_256_CBC_SHA256")
_GCM = ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384")
_CHACHA = ("CHACHA20_POLY1305_SHA256",)

#: The protections that the IANA registry has for each key exchange, among those that the lab runs. ECDHE has
#: AES-256-CBC with SHA-384 only (RFC 5289), and RFC 7905 gives ChaCha20 to no static or anonymous exchange.
_PROTECTIONS = {
    "DHE_RSA": (*_CBC_SHA, *_CBC_SHA256, *_GCM, *_CHACHA),
    "DH_anon": (*_CBC_SHA, *_CBC_SHA256, *_GCM),
    "RSA": (*_CBC_SHA, *_CBC_SHA256, *_GCM),
    "ECDHE_RSA": (*_CBC_SHA, "AES_128_CBC_SHA256", *_GCM, *_CHACHA),
    "ECDHE_ECDSA": (*_CBC_SHA, "AES_128_CBC_SHA256", *_GCM, *_CHACHA),
}


@dataclass(frozen=True, order=True)
class Suite:
    """A cipher suite, in the parts of its IANA name `TLS_<kx>_WITH_<protection>`."""

    kx: str
    protection: str

    def __str__(self) -> str:
        return f"TLS_{self.kx}_WITH_{self.protection}"

    @property
    def kind(self) -> str:
        """The kind of cipher, as the rows of the table name it."""
        if self.protection.startswith("CHACHA20"):
            return "ChaCha20-Poly1305"
        if "GCM" in self.protection:
            return "AES-GCM"
        return "AES-CBC, SHA-256" if self.protection.endswith("SHA256") else "AES-CBC, SHA-1"

    @property
    def is_cbc(self) -> bool:
        """Whether encrypt-then-MAC can apply."""
        return "CBC" in self.protection

    @property
    def key_bits(self) -> int:
        """The length of the cipher's key."""
        return 128 if "128" in self.protection else 256

    @property
    def openssl(self) -> str:
        """OpenSSL's name, such as `DHE-RSA-AES128-GCM-SHA256`."""
        protection = self.protection.replace("_CBC", "").replace("AES_", "AES").replace("_", "-")
        protection = protection.replace("POLY1305-SHA256", "POLY1305")
        prefix = {"RSA": "", "DH_anon": "ADH-"}.get(self.kx, self.kx.replace("_", "-") + "-")
        return prefix + protection


@dataclass(frozen=True, order=True)
class Cell:
    """What one connection is set to. `etm` is None for an AEAD, `curve` is None without ECDHE."""

    version: Version
    suite: Suite
    ems: bool
    etm: bool | None
    curve: Curve | None

    def __str__(self) -> str:
        words = [self.version, str(self.suite), f"EMS {'on' if self.ems else 'off'}"]
        if self.etm is not None:
            words.append(f"EtM {'on' if self.etm else 'off'}")
        if self.curve is not None:
            words.append(self.curve)
        return " ".join(words)

    @property
    def curves_offered(self) -> tuple[Curve, ...]:
        """The curves of the client's hello. P-256 is always there: an ECDSA certificate's key lies on it."""
        return ("secp256r1",) if self.curve == "secp256r1" else CURVES


def suites_of(version: Version, kx: str) -> tuple[Suite, ...]:
    """Give the suites of a key exchange that a version may use: SHA-256 and AEAD suites need TLS 1.2."""
    return tuple(Suite(kx, p) for p in _PROTECTIONS[kx] if version == "TLSv1.2" or p in _CBC_SHA)


def all_suites() -> tuple[Suite, ...]:
    """Give every suite of the matrix."""
    return tuple(suite for kx in KEY_EXCHANGES for suite in suites_of("TLSv1.2", kx))


def cells_of(version: Version, kx: str) -> Iterator[Cell]:
    """Give every cell of one version and key exchange."""
    curves: tuple[Curve | None, ...] = CURVES if kx.startswith("ECDHE") else (None,)
    for suite in suites_of(version, kx):
        for ems in (False, True):
            for etm in (False, True) if suite.is_cbc else (None,):
                for curve in curves:
                    yield Cell(version, suite, ems, etm, curve)
