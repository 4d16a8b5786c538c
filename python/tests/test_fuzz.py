"""Fuzzing campaigns."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import tlslab as tl
from tlslab.cli import main

KEEPER = tl.Server(premaster_zeros="keep", premaster_zeros_ems="keep")


def test_a_defect_is_found_kept_and_shown_again(tmp_path: Path) -> None:
    found = tl.fuzz.campaign(server=KEEPER, trials=1_000, seed=1, folder=tmp_path, progress=False)
    [finding] = [finding for finding in found.findings if finding.oracle == "premaster_zeros"]
    assert finding.file is not None
    assert json.loads(finding.file.read_text())["oracle"] == "premaster_zeros"
    assert finding.input["server"]["premaster_zeros_ems"] == "keep"
    again = tl.fuzz.replay(finding.file)
    assert again.objections["premaster_zeros"] == finding.what
    flights = [connection.flights for connection in again.connections]
    assert flights == [connection.flights for connection in finding.replay().connections]
    assert found.executions == 1_000
    assert 0 < found.established < 1


def test_a_finding_is_kept_before_the_campaign_ends(tmp_path: Path) -> None:
    class EnoughError(Exception):
        pass

    def stop(_: int, findings: int | None) -> None:
        if findings:
            raise EnoughError

    with pytest.raises(EnoughError):
        tl.fuzz.campaign(server=KEEPER, seconds=600, seed=1, folder=tmp_path, progress=stop)
    [*kept] = (tmp_path / "findings").glob("*.json")
    assert kept
    assert all(tl.fuzz.replay(file).objections for file in kept)


def test_a_campaign_goes_on_with_its_corpus(tmp_path: Path) -> None:
    first = tl.fuzz.campaign(trials=500, seed=1, folder=tmp_path, progress=False)
    assert len(list((tmp_path / "corpus").iterdir())) == len(first.corpus)
    second = tl.fuzz.campaign(trials=500, seed=2, folder=tmp_path, progress=False)
    assert second.features > first.features
    assert second.executions == 500 + len(first.corpus)


def test_a_campaign_that_is_killed_loses_no_corpus(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    command = [sys.executable, "-m", "tlslab", "fuzz", "--seconds", "600", "--seed", "1", "--folder", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
        while killed.poll() is None and len(list(corpus.glob("*.json"))) < 100:
            time.sleep(0.05)
        killed.kill()
    assert killed.returncode < 0 or sys.platform == "win32"
    kept = list(corpus.glob("*.json"))
    assert len(kept) >= 100
    resumed = tl.fuzz.campaign(trials=0, folder=tmp_path, seed=2, progress=False)
    assert resumed.executions == len(kept)
    assert not resumed.misfits


def test_the_seed_is_the_campaign() -> None:
    def found(seed: int, threads: int) -> tl.fuzz.Campaign:
        return tl.fuzz.campaign(server=KEEPER, trials=600, seed=seed, threads=threads, progress=False)

    assert found(7, 1).corpus == found(7, 2).corpus != found(8, 2).corpus
    assert found(7, 1).findings == found(7, 2).findings


def test_a_seeded_bug_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", "--seeded", "early_finished", "--seeds", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    [campaigns] = document["found"].values()
    assert [campaign["seed"] for campaign in campaigns] == ["1", "2"]
    assert all(campaign["findings"] for campaign in campaigns)
    assert main(["fuzz", "--seeded", "early_finished"]) == 0
    assert "| `early_finished` | client `early_finished=skip_any` | 1 of 1 |" in capsys.readouterr().out
    assert main(["fuzz", "--seeded", "finishd"]) == 2
    assert "there is no seeded bug 'finishd'; there are all, " in capsys.readouterr().err
    for bug in tl.fuzz.seeded():
        assert bug.client != tl.Client() or bug.server != tl.Server()
        assert bug.reference


def test_functions_judge_and_mutate() -> None:
    def established(evidence: tl.fuzz.Evidence) -> str | None:
        assert evidence.panic is None
        assert evidence.input["scenario"]["connections"]
        kinds = [connection.outcome.kind for connection in evidence.connections]
        return "it is established" if kinds == ["established"] else None

    def without_edits(given: dict[str, Any], number: int) -> dict[str, Any]:
        assert 0 <= number < 1 << 64
        del given["scenario"]["connections"][1:]
        given["scenario"]["connections"][0]["edits"] = []
        return given

    def run(threads: int) -> tl.fuzz.Campaign:
        return tl.fuzz.campaign(
            oracles=[established], mutators=[without_edits], trials=100, seed=1, threads=threads, progress=False
        )

    found = run(1)
    [finding] = found.findings
    assert (finding.oracle, finding.what, finding.edits) == ("established", "it is established", 0)
    assert found.corpus == run(2).corpus

    def broken(evidence: tl.fuzz.Evidence) -> str | None:
        raise ValueError(evidence.input["seed"])

    with pytest.raises(tl.RunError, match="the oracle broken raised ValueError"):
        tl.fuzz.campaign(oracles=[broken], trials=100, seed=1, progress=False)
    with pytest.raises(tl.RunError, match="the oracle <lambda> says what is wrong, or gives None; it gave 1"):
        tl.fuzz.campaign(oracles=[lambda _: 1], trials=100, seed=1, progress=False)  # type: ignore[list-item,return-value]
    with pytest.raises(tl.RunError, match="not an input of a fuzzing run"):
        tl.fuzz.campaign(mutators=[lambda given, _: {**given, "bogus": 1}], trials=100, seed=1, progress=False)


def test_a_real_server_is_held_against_its_profile(tmp_path: Path) -> None:
    with tl.serve(tl.Server(fallback_check="off"), timeout=2.0) as serving:
        same = tl.fuzz.campaign(peer=serving.address, server=tl.Server(fallback_check="off"), trials=60, seed=1)
        assert not same.findings
        assert 0 < same.established < 1
        mutators = [lambda given, _: given]
        with pytest.raises(tl.RunError, match="for campaigns in memory"):
            tl.fuzz.campaign(peer=serving.address, mutators=mutators, trials=1)
        fallen_back = tl.Client(versions=["TLSv1.1"], fallback_scsv="on")
        other = tl.fuzz.campaign(peer=serving.address, client=fallen_back, trials=60, seed=1, folder=tmp_path)
    assert len(list((tmp_path / "corpus").iterdir())) == len(other.corpus) > 0
    finding = other.findings[0]
    assert finding.oracle == "prediction"
    assert finding.file is not None
    assert "inappropriate_fallback" in finding.what
    with pytest.raises(tl.RunError, match=serving.address):
        tl.fuzz.campaign(peer=serving.address, trials=10, seed=1)


#: A server that dies of a hello with TLS_FALLBACK_SCSV, and answers any other with handshake_failure.
BRITTLE = """
import os, socket, sys
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listening.accept()
    hello = connection.recv(4096)
    if b"\\x56\\x00" in hello[:200]:
        if sys.argv[2] == "abort":
            os.abort()
        print("runtime error: index out of bounds", file=sys.stderr, flush=True)
    connection.sendall(bytes([21, 3, 1, 0, 2, 2, 40]))
    connection.close()
"""


@pytest.mark.parametrize(("how", "oracle"), [("abort", "crash"), ("report", "sanitizer")])
def test_a_server_that_breaks_is_a_finding(tmp_path: Path, how: str, oracle: str) -> None:
    script = tmp_path / "brittle.py"
    script.write_text(BRITTLE)
    command = f"{sys.executable} {script} {{port}} {how}"
    client = tl.Client(fallback_scsv="on")
    found = tl.fuzz.campaign(client=client, command=command, trials=8, seed=1, progress=False)
    broken = [finding for finding in found.findings if finding.oracle == oracle]
    assert len(broken) == 1
    assert broken[0].edits == 0
    with pytest.raises(tl.RunError, match=r"has no \{port\}"):
        tl.fuzz.campaign(command="true", trials=1)
    with pytest.raises(tl.RunError, match="cannot start"):
        tl.fuzz.campaign(command=f"{tmp_path}/nothing {{port}}", trials=1)
    with pytest.raises(tl.RunError, match="has ended before it was listening"):
        tl.fuzz.campaign(command="true {port}", trials=1)


def test_an_interrupt_keeps_what_was_found() -> None:
    def interrupt(executions: int, _findings: int | None) -> None:
        if executions:
            raise KeyboardInterrupt

    found = tl.fuzz.campaign(server=KEEPER, trials=10**9, seed=1, progress=interrupt)
    assert found.interrupted
    assert 0 < found.executions < 10**9
    assert found.findings


def test_what_is_no_input_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    for text, words in [
        ("{", "cannot read"),
        ("[]", "holds no input"),
        ('{"schema": 9}', "schema 9"),
        ("{}", "schema"),
    ]:
        (tmp_path / "corpus" / "bad.json").write_text(text)
        with pytest.raises(tl.RunError, match=words):
            tl.fuzz.campaign(trials=10, folder=tmp_path, progress=False)
        with pytest.raises(tl.RunError, match=words):
            tl.fuzz.replay(tmp_path / "corpus" / "bad.json")
    with pytest.raises(tl.RunError, match="cannot write"):
        tl.fuzz.campaign(trials=10, folder=tmp_path / "corpus" / "bad.json", progress=False)
    with pytest.raises(tl.RunError, match=r"there is no oracle .agrement.; there are .*agreement"):
        tl.fuzz.campaign(trials=10, oracles=["agrement"], progress=False)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["fuzz", "--trials", "600", "--seed", "1"]
    assert main([*options, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["executions"], document["findings"], document["seed"]) == (600, [], "1")
    assert document["per_second"] > 0
    keeper = ["--server", "premaster_zeros=keep,premaster_zeros_ems=keep", "--folder", str(tmp_path)]
    assert main([*options, *keeper, "--oracles", "premaster_zeros"]) == 1
    assert "premaster_zeros: the server made a premaster secret" in capsys.readouterr().out
    [file] = (tmp_path / "findings").iterdir()
    assert main(["fuzz", "--replay", str(file)]) == 1
    assert "ClientKeyExchange" in capsys.readouterr().out
    assert main(["fuzz", "--list-oracles"]) == 0
    assert {oracle.name for oracle in tl.fuzz.oracles()} == {
        line.split()[0] for line in capsys.readouterr().out.splitlines()
    }


def test_a_corpus_is_exported_as_raw_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tl.fuzz.campaign(trials=200, seed=1, folder=tmp_path, progress=False)
    count = tl.fuzz.export(tmp_path, tmp_path / "raw")
    clients, servers = (list((tmp_path / "raw" / side).iterdir()) for side in ("client", "server"))
    assert count == len(clients) + len(servers)
    assert len(clients) > 20
    # Handshake records that begin with a ClientHello, but for those whose first bytes an edit has changed.
    hellos = [path for path in clients if (sent := path.read_bytes())[0] == 22 and sent[5] == 1]
    assert len(hellos) > len(clients) / 2
    assert main(["fuzz", "--folder", str(tmp_path), "--export", str(tmp_path / "again")]) == 0
    assert f"{count} seeds" in capsys.readouterr().out
    assert main(["fuzz", "--export", str(tmp_path / "raw")]) == 2
    with pytest.raises(tl.RunError, match="no corpus"):
        tl.fuzz.export(tmp_path / "raw", tmp_path / "x")
    (tmp_path / "taken").write_text("")
    with pytest.raises(tl.RunError, match="cannot write"):
        tl.fuzz.export(tmp_path, tmp_path / "taken")
