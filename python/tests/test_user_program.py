"""What users write, as their type checkers see it: `make check` holds mypy and pyright to this file, both strict."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

import tlslab as tl


def keeping(group: str | tl.groups.Group = "modp768") -> tl.Server:
    return tl.Server(ems="off", premaster_zeros="keep", groups=[group])


def test_one_connection(tmp_path: Path) -> None:
    connection: tl.Connection = tl.handshake(
        tl.Client(ems="off"), keeping(tl.groups.custom(2**256 + 230191, 4)), seed=7
    )
    outcome = connection.outcome
    assert outcome.alert is not None
    assert outcome.alert.upper() == "BAD_RECORD_MAC"
    names: list[str] = [message.name for message in connection.messages]
    assert names[0] == "ClientHello"
    assert len(connection.secrets["z"]) == 2 * 33
    connection.to_pcap(tmp_path / "failed.pcapng", secrets=True)
    tl.to_keylog([connection], tmp_path / "failed.keys")
    assert connection.ladder().startswith("client")
    assert connection.show()


def test_step_by_step() -> None:
    live = tl.open(tl.Client(), tl.Server(), seed=7)
    for message in live:
        if message.name == "ServerHello":
            message.set("cipher_suite", "TLS_RSA_WITH_AES_128_CBC_SHA")
    again = tl.handshake(tl.Client(), tl.Server(), seed=7, edits=live.edits)
    assert again.flights == live.connection.flights


def test_experiments(tmp_path: Path) -> None:
    experiment = tl.Experiment(tl.Client(ems="off"), keeping())
    counted: list[int] = []

    def progress(done: int, failures: int | None) -> None:
        counted.append(done + (failures or 0))

    with ThreadPoolExecutor(2) as executor:
        result: tl.Result = experiment.run(2000, seed=1, executor=executor, progress=progress)
    low, high = result.interval(0.95)
    assert result.rate is not None
    assert low <= result.rate <= high
    outcomes: Mapping[str, int] = result.outcomes
    assert sum(outcomes.values()) == result.trials
    assert result.replay(result.failed_trials[0]).outcome.cause == "Z"
    tl.save(result, tmp_path / "result.json")
    assert tl.load(tmp_path / "result.json") == result
    result.to_bundle(tmp_path / "bundle")
    verification = tl.verify(tmp_path / "bundle", progress=False)
    assert verification.same, verification.differences


def test_tables(tmp_path: Path) -> None:
    def some(draws: Random) -> dict[str, object]:
        return {"server.premaster_zeros": draws.choice(["strip", "keep"])}

    table: tl.Sweep = tl.sweep(
        tl.Client(ems="off"), keeping(), knobs=some, samples=3, trials=100, seed=1, progress=False
    )
    cells: list[tl.Cell] = list(table)
    assert {cell.result.trials for cell in cells} == {100}
    assert len(table.to_columns()["failures"]) == len(table)
    tasks: list[tl.Task] = tl.tasks(server=keeping(), knobs={"client.ems": ["off", "on"]})
    rows = tl.collect(tasks, path=tmp_path / "trials.jsonl", max_trials=100, fidelity="wire", seed=1, progress=False)
    assert [row.trials for row in rows] == [100, 100]
    assert tl.read_collection(tmp_path / "trials.jsonl")[0].name == rows[0].name


def test_real_peers() -> None:
    with tl.serve(keeping(), seed=1) as serving:
        connection = tl.connect(tl.Client(ems="off"), serving.address, chosen_zeros=1, seed=1)
        report: tl.Report = tl.probe(
            serving.address, suites=["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"], rate=1000, seed=1, progress=False
        )
    assert connection.outcome.code == 20
    defects: list[str] = [finding.id for finding in report.findings if finding.defect]
    assert "leading-zeros" in defects


def test_what_helps() -> None:
    tried = tl.mitigate(tl.Client(ems="off"), keeping(), trials=300, seed=1, progress=False)
    remedies: list[tl.Remedy] = [attempt.remedy for attempt in tried.attempts]
    assert remedies[0].name == "ems"
    profile = tl.windows.profile("Windows Server 2019", updated=True)
    assert profile.leading_zero_update
    assert tl.handshake(profile.client, profile.server, seed=1).outcome.succeeded


def test_a_mistake_is_one_to_type_checkers_too() -> None:
    with pytest.raises(tl.TlslabError, match='did you mean "ems"'):
        tl.Client(emss="off")  # type: ignore[call-arg]
    with pytest.raises(tl.BehaviourError, match="of"):
        tl.Server(ems="of")  # type: ignore[arg-type]


def test_fuzzing() -> None:
    def judge(evidence: tl.fuzz.Evidence) -> str | None:
        return "it is TLS 1.0" if "TLSv1.0" in str(evidence) else None

    campaign = tl.fuzz.campaign(trials=50, oracles=["no_panic", judge], seed=1, progress=False)
    findings: tuple[tl.fuzz.Finding, ...] = tuple(campaign.findings)
    assert campaign.executions == 50
    assert len(findings) <= 50
