"""Checks of real commands, as a library's CI makes them."""

from __future__ import annotations

import pytest

import tlslab as tl

from .conftest import GetPeer
from .material import FFDHE2048_GROUP, Material


def check(**options: str) -> tl.Check:
    checked = tl.check(**options, seconds=120, seed=1, progress=False)  # type: ignore[arg-type]
    assert checked.report.ended == "complete", str(checked)
    return checked


def test_openssl_s_server(get_peer: GetPeer, material: Material) -> None:
    get_peer("openssl")
    identity = material.identity("DHE_RSA")
    files = f"-cert {identity.certificate} -key {identity.key} -dhparam {material.dh_file(FFDHE2048_GROUP)}"
    checked = check(server=f"openssl s_server -accept {{port}} {files} -cipher ALL:@SECLEVEL=0 -quiet")
    assert checked.ok, str(checked)
    assert checked.case("leading-zeros").value == checked.case("leading-zeros-ems").value == "strip"
    assert checked.case("ems").value == "on"


def test_openssl_s_server_left_to_itself_has_a_short_group(get_peer: GetPeer, material: Material) -> None:
    get_peer("openssl")
    identity = material.identity("DHE_RSA")
    files = f"-cert {identity.certificate} -key {identity.key}"
    checked = check(server=f"openssl s_server -accept {{port}} {files} -cipher ALL:@SECLEVEL=0 -quiet -tls1_2")
    assert [case.name for case in checked.cases if not case.ok] == ["group"]
    assert checked.case("group").value == "weak"


def test_openssl_s_server_of_a_single_connection(get_peer: GetPeer, material: Material) -> None:
    get_peer("openssl")
    identity = material.identity("DHE_RSA")
    files = f"-cert {identity.certificate} -key {identity.key}"
    checked = check(server=f"openssl s_server -naccept 1 -tls1_2 -accept {{port}} {files} -cipher DHE -quiet")
    assert checked.case("leading-zeros").value == checked.case("leading-zeros-ems").value == "strip"
    # Sessions of servers that are gone are not resumed by id; tickets have keys that went with them.
    assert checked.case("resumption-ids").status in ("passed", "skipped")


def test_gnutls_serv(get_peer: GetPeer, material: Material) -> None:
    get_peer("gnutls")
    identity = material.identity("DHE_RSA")
    files = f"--x509certfile {identity.certificate} --x509keyfile {identity.key}"
    priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:+DHE-RSA"
    checked = check(server=f"gnutls-serv --echo --disable-client-cert --port {{port}} {files} --priority {priority}")
    assert checked.ok, str(checked)
    assert checked.case("leading-zeros").value == checked.case("leading-zeros-ems").value == "strip"


@pytest.mark.parametrize("options", ["-tls1_2 -cipher DHE"])
def test_openssl_s_client(get_peer: GetPeer, options: str) -> None:
    get_peer("openssl")
    checked = check(client=f"openssl s_client -connect 127.0.0.1:{{port}} {options}")
    assert checked.ok, str(checked)
    assert checked.case("leading-zeros").value == checked.case("leading-zeros-ems").value == "strip"
    assert checked.case("group").value == "any"


def test_gnutls_cli(get_peer: GetPeer) -> None:
    get_peer("gnutls")
    priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA"
    checked = check(client=f"gnutls-cli --insecure --port {{port}} --priority {priority} 127.0.0.1")
    assert checked.ok, str(checked)
    # It lists groups, and takes another of a server that knows nothing of lists.
    assert checked.case("group").value == "any"
    assert checked.case("leading-zeros").value == checked.case("leading-zeros-ems").value == "strip"
