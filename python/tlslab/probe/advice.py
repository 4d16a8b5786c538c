"""What to do about the defects that a probe found, until they are repaired, as lines to paste."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tlslab import windows

if TYPE_CHECKING:
    from tlslab.probe.report import Finding

__all__ = ["Advice", "advice"]

_SCHANNEL = r"HKLM:\System\CurrentControlSet\Control\SecurityProviders\Schannel"


@dataclass(frozen=True, slots=True)
class Advice:
    """
    Something to do.

    Attributes
    ----------
    name
        Its short name.
    what
        What is done, in words.
    source
        Who says so.
    lines
        Lines to paste, by where they go.
    """

    name: str
    what: str
    source: str
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON has it."""
        return {
            "name": self.name,
            "what": self.what,
            "source": self.source,
            "lines": {place: list(lines) for place, lines in self.lines.items()},
        }


def advice(findings: Mapping[str, Finding]) -> tuple[Advice, ...]:
    """Give what to do, in KB4528489's order: EMS on both sides, else no ``TLS_DHE_*``; then what repairs the rest."""
    return tuple(_advice(findings))


def _advice(findings: Mapping[str, Finding]) -> Iterator[Advice]:
    def is_defect(*names: str) -> bool:
        return any(name in findings and findings[name].defect for name in names)

    def value(name: str) -> str:
        return findings[name].value if name in findings else "undecided"

    zeros = ("leading-zeros", "leading-zeros-ems", "second-zero", "short-public-value")
    if is_defect("leading-zeros") and not is_defect("leading-zeros-ems"):
        ems_is_sound = value("leading-zeros-ems") == "strip"
        yield EMS if ems_is_sound else _with(EMS, _EMS_UNSEEN)
    if is_defect(*zeros):
        yield NO_DHE
        yield UPDATE
    if is_defect("group"):
        yield GROUP
    if is_defect("ys-reuse"):
        yield REUSE


def _with(one: Advice, more: str) -> Advice:
    return Advice(one.name, f"{one.what}; {more}", one.source, one.lines)


_EMS_UNSEEN = "this server has not shown it yet, and is to be probed again once it has"

EMS = Advice(
    "ems",
    "enable Extended Master Secret on both the client and the server",
    "KB4528489, to be preferred",
    {
        "PowerShell, on a Windows server": (
            f"Set-ItemProperty -Path '{_SCHANNEL}' -Name DisableServerExtendedMasterSecret -Value 0 -Type DWord",
        ),
        "PowerShell, on a Windows client": (
            f"Set-ItemProperty -Path '{_SCHANNEL}' -Name DisableClientExtendedMasterSecret -Value 0 -Type DWord",
        ),
        "OpenSSL, in the section of openssl.cnf that system_default names": ("Options = ExtendedMasterSecret",),
        "GnuTLS, a priority string without %NO_SESSION_HASH": ("NORMAL",),
    },
)


def _windows_suites() -> list[str]:
    return list(windows.profile("Windows 10 1903").client.suites)


_WITH_DHE = tuple(suite for suite in _windows_suites() if suite.startswith("TLS_DHE_"))

NO_DHE = Advice(
    "no_dhe",
    "remove the TLS_DHE_* suites from the client's list, where EMS is not to be had",
    "KB4528489, else",
    {
        "PowerShell, on a Windows client": tuple(f'Disable-TlsCipherSuite -Name "{suite}"' for suite in _WITH_DHE),
        "Group policy, Computer Configuration > Administrative Templates > Network > SSL Configuration Settings > "
        "SSL Cipher Suite Order (the list of Windows 10 1903 as the lab knows it)": (
            ",".join(suite for suite in _windows_suites() if suite not in _WITH_DHE),
        ),
        "OpenSSL, a cipher list": ("DEFAULT:!kDHE",),
        "GnuTLS, a priority string": ("NORMAL:-DHE-RSA:-DHE-DSS",),
    },
)

UPDATE = Advice(
    "leading_zeros",
    "update the peer that errs to a version that treats leading zeros by the RFCs, and probe it again",
    "KB4557473 for Windows; else the maker",
)

GROUP = Advice(
    "group",
    "give the server a group of RFC 7919, of 2048 bits or more",
    "RFC 7919, RFC 9325 4.5",
    {
        "OpenSSL, parameters in a file": (
            "openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out ffdhe2048.pem",
        ),
    },
)

REUSE = Advice(
    "ys_reuse",
    "have the server make a new exponent for each handshake",
    "RFC 9325 7.4",
)
