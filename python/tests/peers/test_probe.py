"""What a probe says about real servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tlslite.keyexchange

import tlslab as tl

from .cells import VERSIONS, Version
from .conftest import GetPeer
from .ftp_peers import vsftpd
from .material import Material
from .peer import Offer
from .registry import BY_NAME


def probe(address: str, version: Version) -> tl.Report:
    report = tl.probe(address, versions=[version], rate=1000, seed=1, progress=False)
    assert report.ended == "complete"
    return report


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("ems", [True, False], ids=["ems", "no-ems"])
@pytest.mark.parametrize("name", BY_NAME)
def test_a_real_server_strips_all_zeros(get_peer: GetPeer, name: str, ems: bool, version: Version) -> None:
    with get_peer(name).serve(Offer(version, "DHE_RSA", ems=ems)) as listening:
        report = probe(listening.address, version)
    assert report.finding("leading-zeros").value == "strip"
    assert report.finding("leading-zeros-ems").value == ("strip" if ems else "not_applicable")
    assert report.finding("second-zero").value == "strip"
    assert report.finding("short-public-value").value == "accept"
    assert report.finding("ems").value == ("on" if ems else "off")
    assert report.finding("group").value == "named"


@pytest.fixture
def tlslite_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patch the stripping out of tlslite-ng: Z in the length of the prime."""
    exchange = tlslite.keyexchange.FFDHKeyExchange
    strip = exchange.calc_shared_key

    def keep(self: Any, *arguments: object) -> bytearray:  # noqa: ANN401 - untyped there
        return bytearray(strip(self, *arguments).rjust((self.prime.bit_length() + 7) // 8, b"\0"))

    monkeypatch.setattr(exchange, "calc_shared_key", keep)


@pytest.mark.usefixtures("tlslite_keeps")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("ems", [True, False], ids=["ems", "no-ems"])
def test_tlslite_ng_without_its_stripping_is_found_out(get_peer: GetPeer, ems: bool, version: Version) -> None:
    with get_peer("tlslite-ng").serve(Offer(version, "DHE_RSA", ems=ems)) as listening:
        report = probe(listening.address, version)
    assert report.finding("leading-zeros").value == "keep"
    assert report.finding("leading-zeros").defect is True
    assert report.finding("leading-zeros-ems").value == ("keep" if ems else "not_applicable")
    first = report.finding("leading-zeros").evidence[0]
    assert (first["purpose"], first["outcome"]) == ("leading_zero", "alert:bad_record_mac:server")


@pytest.mark.parametrize("require_reuse", [True, False])
def test_vsftpd_may_require_data_connections_to_resume(material: Material, tmp_path: Path, require_reuse: bool) -> None:
    with vsftpd(material, tmp_path, require_reuse=require_reuse, ems=True) as address:
        report = tl.probe(address, versions=["TLSv1.2"], starttls="ftp", rate=1000, seed=1, progress=False)
    assert report.finding("ftps-reuse").value == ("required" if require_reuse else "any")
    assert report.finding("ems").value == "on"


def test_a_server_without_diffie_hellman_is_judged_by_the_rest(get_peer: GetPeer) -> None:
    with get_peer("openssl").serve(Offer("TLSv1.2", "ECDHE_RSA")) as listening:
        report = probe(listening.address, "TLSv1.2")
    assert report.finding("leading-zeros").value == "not_applicable"
    assert report.finding("ems").value == "on"
    cells = "both=resume,upgrade=full,downgrade=abort,neither=resume"
    assert (report.finding("resumption-ids").value, report.finding("resumption-tickets").value) == (cells, cells)
    assert report.finding("renegotiation").value == "refuse"
    assert report.defects == 0
