"""The bench: what it measures and how it says so. How fast anything is, is no matter here."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tlslab as tl
from tlslab.bench import REFERENCE, Bench, lab, openssl, tlslite_ng
from tlslab.bench.contender import Handshakes, MissingError, Seen
from tlslab.bench.machine import cores
from tlslab.bench.material import lab_certificate
from tlslab.cli import main
from tlslab.cli.bench import text
from tlslab.experiment import FIDELITIES

#: The shortest group that OpenSSL takes.
GROUP = "modp1024"
FAST = tl.kernels()[-1]


@pytest.fixture(scope="module")
def done() -> Bench:
    return tl.bench(groups=[GROUP], seconds=0.02, rounds=2, scaling=True, progress=False)


def prime(group: str) -> bytes:
    named = tl.groups.named(group)
    return named.p.to_bytes(named.bits // 8, "big")


def test_every_kernel_has_its_row(done: Bench) -> None:
    on_one = {(row.what, row.kernel) for row in done.rows if row.threads == 1}
    expected: set[tuple[str, str | None]] = {("wire", "portable"), ("wire", FAST)}
    expected |= {(fidelity, kernel) for fidelity in FIDELITIES if fidelity != "wire" for kernel in tl.kernels()}
    expected |= {(what, None) for what in openssl.SUITES}
    assert expected <= on_one
    assert not done.interrupted


def test_ratios_are_those_of_the_rates(done: Bench) -> None:
    (reference,) = (row.per_second for row in done.rows if row.what == REFERENCE)
    for row in done.rows:
        assert row.per_second > 0
        assert row.ratio_to_openssl == pytest.approx(row.per_second / reference)


def test_audits_are_named_where_there_are_any(done: Bench) -> None:
    for row in done.rows:
        audited = row.what in FIDELITIES and row.what != "wire" and row.threads == 1
        assert (row.audit_seconds is not None) == audited, row


@pytest.mark.skipif(cores() < 2, reason="one processor")
def test_scaling_compares_two_threads_with_one(done: Bench) -> None:
    assert {one.what for one in done.scaling} == set(FIDELITIES)
    for one in done.scaling:
        rates = {row.threads: row.per_second for row in done.rows if (row.what, row.kernel) == (one.what, one.kernel)}
        assert one.kernel == FAST
        assert one.factor == pytest.approx(2 * rates[2] / rates[1])


def test_json_and_table_have_it_all(done: Bench) -> None:
    document = json.loads(done.to_json())
    assert document["rows"] == [
        {
            "what": row.what,
            "kernel": row.kernel,
            "group": GROUP,
            "threads": row.threads,
            "per_second": row.per_second,
            "ratio_to_openssl": row.ratio_to_openssl,
            "audit_seconds": row.audit_seconds,
        }
        for row in done.rows
    ]
    assert document["machine"]["cores"] == cores()
    assert document["versions"]["openssl"] == ssl.OPENSSL_VERSION
    shown = text(done)
    assert ssl.OPENSSL_VERSION in shown
    assert all(any(line.startswith(row.what) for line in shown.splitlines()) for row in done.rows)


@pytest.mark.parametrize(("what", "authenticated"), [("openssl DHE-RSA", True), ("openssl ADH", False)])
def test_openssl_negotiates_what_its_row_says(what: str, authenticated: bool) -> None:
    seen = openssl.Pair(openssl.SUITES[what], GROUP).connect()
    assert seen.negotiated == f"TLSv1.2 {openssl.SUITES[what]}"
    assert not seen.resumed
    # ServerKeyExchange: dh_p with its length (RFC 5246, 7.4.3).
    assert b"\x00\x80" + prime(GROUP) in seen.flight
    certificate = ssl.PEM_cert_to_DER_cert(lab_certificate()[0])
    assert (certificate in seen.flight) == authenticated


def test_each_openssl_handshake_has_keys_of_its_own() -> None:
    pair = openssl.Pair(openssl.SUITES["openssl ADH"], GROUP)
    after_g = [flight.partition(prime(GROUP))[2][5:133] for flight in (pair.connect().flight, pair.connect().flight)]
    assert len(after_g[0]) == 128
    assert after_g[0] != after_g[1]


def test_tlslite_ng_negotiates_what_its_row_says() -> None:
    pytest.importorskip("tlslite")
    seen = tlslite_ng.Pair(GROUP).connect()
    assert seen.negotiated == "TLS 1.2 TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
    assert not seen.resumed
    assert b"\x00\x80" + prime(GROUP) in seen.flight


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (
            Seen("TLSv1.2 AES128-SHA", resumed=False, flight=prime(GROUP)),
            "it came to TLSv1.2 AES128-SHA, not TLSv1.2 X",
        ),
        (Seen("TLSv1.2 X", resumed=True, flight=prime(GROUP)), "it came to a resumed TLSv1.2 X"),
        (Seen("TLSv1.2 X", resumed=False, flight=prime("modp1536")), "another group than modp1024"),
    ],
)
def test_a_contender_that_does_something_else_is_refused(seen: Seen, words: str) -> None:
    with pytest.raises(MissingError, match=words):
        Handshakes("x", GROUP, lambda: seen, negotiates="TLSv1.2 X")


def test_what_is_missing_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tlslite_ng, "version", lambda: None)
    monkeypatch.setattr(lab, "FIDELITIES", ("wire",))
    # OpenSSL takes no group below 1024 bits, at any security level.
    done = tl.bench(groups=["modp768"], seconds=0.01, rounds=1, progress=False)
    reasons = {one.what: one.reason for one in done.skipped}
    assert set(reasons) == {*openssl.SUITES, tlslite_ng.WHAT}
    assert "does not take" in reasons[REFERENCE]
    assert reasons[tlslite_ng.WHAT] == "tlslite-ng is not installed"
    assert all(row.ratio_to_openssl is None for row in done.rows)
    assert "tlslite-ng DHE-RSA modp768 was not measured: tlslite-ng is not installed" in text(done)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--group", "ffdhe2084"], "ffdhe2084"),
        (["--seconds", "0"], "more than 0 seconds"),
        (["--seconds", "nan"], "more than 0 seconds"),
        (["--seconds", "inf"], "more than 0 seconds"),
        (["--rounds", "0"], "at least one round"),
        (["--threads", "0"], "threads is 1 to"),
        (["--threads", "100000"], "threads is 1 to"),
    ],
)
def test_bad_options_are_refused_before_any_work(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "contenders", None)  # Work would call it.
    assert main(["bench", *arguments]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.out == ""


def test_an_interrupt_prints_what_was_measured() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tlslab", "bench", "--group", GROUP, "--seconds", "1.5", "--rounds", "1000", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent,
        # A shell that runs the tests in the background has them ignore SIGINT, and their children with them.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    time.sleep(4)
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    document = json.loads(output)
    assert document["interrupted"] is True
    assert document["rows"][0]["what"] == "wire"


def test_an_interrupted_audit_ends_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    audits = []

    def audit(trials: lab.Trials) -> float:
        audits.append(trials)
        raise KeyboardInterrupt

    monkeypatch.setattr(lab.Trials, "audit", audit)
    done = tl.bench(groups=[GROUP, "modp768"], seconds=0.01, rounds=1, progress=False)
    assert done.interrupted
    assert len(audits) == 1
    assert all(row.audit_seconds is None for row in done.rows)
