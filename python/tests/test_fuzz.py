"""Fuzzing campaigns."""

import json
from pathlib import Path

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


def test_a_campaign_goes_on_with_its_corpus(tmp_path: Path) -> None:
    first = tl.fuzz.campaign(trials=500, seed=1, folder=tmp_path, progress=False)
    assert len(list((tmp_path / "corpus").iterdir())) == len(first.corpus)
    second = tl.fuzz.campaign(trials=500, seed=2, folder=tmp_path, progress=False)
    assert second.features > first.features
    assert second.executions == 500 + len(first.corpus)


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
