"""Client certificates over TCP and on the command line, and what scenarios make of them."""

import hashlib
import json
import ssl
from pathlib import Path

import pytest

import tlslab as tl
from tlslab.cli import main

SUITES = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]
ASKING = tl.Server(suites=SUITES, request_certificate="full", client_certificate="required")
LAB_KEY = Path(__file__).parents[2] / "rust" / "tlslab-proto" / "src" / "crypto" / "lab_rsa.pem"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, str]:
    """Write the lab's RSA certificate, and give it with its key and its fingerprint."""
    with tl.serve(tl.Server()) as serving:
        pem = serving.certificate_pem
    end = "-----END CERTIFICATE-----\n"
    first = pem[: pem.index(end) + len(end)]
    certificate = tmp_path / "client.pem"
    certificate.write_text(first)
    return certificate, LAB_KEY, hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


def test_a_certificate_from_files_is_that_of_the_session_too(files: tuple[Path, Path, str]) -> None:
    cert, key, fingerprint = files
    client = tl.Client(suites=SUITES)
    with tl.serve(ASKING) as serving:
        first = tl.connect(client, serving.address, cert=cert, key=key)
        assert first.established is not None
        assert first.established["client_certificate"] == fingerprint
        assert first.session is not None
        assert first.session.client_certificate == fingerprint
        again = tl.connect(client, serving.address, session=first.session)
        assert again.established is not None
        assert (again.established["resumed"], again.established["client_certificate"]) == ("session_id", fingerprint)
        assert tl.connect(client, serving.address).outcome.alert == "handshake_failure"


def test_on_the_command_line(files: tuple[Path, Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    cert, key, fingerprint = files
    with tl.serve(ASKING) as serving:
        base = ["connect", serving.address, "--client", f"suites={SUITES[0]}", "--json"]
        assert main([*base, "--cert", str(cert), "--key", str(key)]) == 0
        assert json.loads(capsys.readouterr().out)["outcome"]["established"]["client_certificate"] == fingerprint
        assert main(base) == 1
        capsys.readouterr()
        assert main([*base, "--cert", str(cert)]) == 2
        assert "together" in capsys.readouterr().err


def test_a_refused_client_is_told_apart_from_a_failed_one(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["handshake", "--scenario", "certificate", "--seed", "1"]
    assert main(arguments) == 1
    assert "refused by the application: no client certificate" in capsys.readouterr().out
    knobs = "request_certificate=full", "certificates=rsa"
    assert main([*arguments, "--server", knobs[0], "--client", knobs[1]]) == 0
    demanding = {"name": "demanding", "connections": [{"demands_certificate": True}]}
    outcome = tl.Experiment(tl.Client(), tl.Server(), scenario=demanding).replay(seed=1, trial=0).outcome
    assert (outcome.failed, outcome.succeeded, outcome.refused) == (False, False, "no_client_certificate")
