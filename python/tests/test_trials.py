"""Trials as arrays, and results as files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tlslab as tl
from tlslab.cli import main

numpy = pytest.importorskip("numpy")

EXPERIMENT = tl.Experiment(tl.Client(ems="off"), tl.Server(ems="off", premaster_zeros="keep", groups=["modp768"]))


def run(trials: int, fidelity: str) -> tl.Result:
    return EXPERIMENT.run(trials, seed=4, fidelity=fidelity, progress=False)


@pytest.mark.parametrize(("fidelity", "trials"), [("wire", 1500), ("class", 4000), ("census", 60_000)])
def test_arrays_say_what_the_counts_say(fidelity: str, trials: int) -> None:
    result = run(trials, fidelity)
    each = result.each_trial(progress=False)
    assert len(each) == len(each.index) == trials
    assert each.index[each.failed].tolist() == result.failed_trials
    counted = {each.outcomes[code]: int((each.outcome == code).sum()) for code in range(len(each.outcomes))}
    assert counted == result.outcomes
    if each.class_ is None:
        assert fidelity == "wire"
    else:
        of_classes = [int((each.class_ == position).sum()) for position in range(len(each.classes))]
        assert of_classes == [one["trials"] for one in result.classes]
        assert [one["zeros"] for one in each.classes] == [one["zeros"] for one in result.classes]


def test_some_of_the_trials() -> None:
    result = run(4000, "class")
    whole, some = result.each_trial(progress=False), result.each_trial(start=1000, stop=1700, threads=1, progress=False)
    assert (some.index[0], some.index[-1], len(some)) == (1000, 1699, 700)
    assert (some.failed == whole.failed[1000:1700]).all()
    assert len(result.each_trial(start=5, stop=5, progress=False)) == 0
    with pytest.raises(tl.RunError, match="is no part of it"):
        result.each_trial(stop=4001)


def test_a_frame_of_trials() -> None:
    pytest.importorskip("pandas")
    result = run(4000, "class")
    frame = result.each_trial(progress=False).to_pandas()
    assert list(frame.columns) == ["index", "class", "outcome"]
    assert frame["outcome"].value_counts().to_dict() == result.outcomes


def test_ten_million_trials_take_little_memory() -> None:
    script = """
import re, numpy, tlslab as tl
from tlslab.parts.job import Rules, job_of
from tlslab.trials import trials_of
def memory(what):
    return int(re.search(what + r":\\s+(\\d+)", open("/proc/self/status").read())[1]) >> 10
server = tl.Server(ems="off", premaster_zeros="keep", groups=["modp768"])
experiment = tl.Experiment(tl.Client(ems="off"), server)
job = job_of(experiment, seed=1, trials=10_000_000, fidelity="census", rules=Rules(), memory_budget=16 << 20)
open("/proc/self/clear_refs", "w").write("5")  # The highest mark is that from here on.
before = memory("VmRSS")
each = trials_of(job, 0, 10_000_000, False)
index, of_class, outcome = each.index, each.class_, each.outcome
assert len(index) == len(of_class) == len(outcome) == 10_000_000
assert 38_000 < int(each.failed.sum()) < 40_200
print(memory("VmHWM") - before)
"""
    if not sys.platform.startswith("linux"):
        pytest.skip("the system tells no high mark of memory")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200, f"{done.stdout} MiB more"


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_results_sweeps_and_collections_come_back(kind: str, tmp_path: Path) -> None:
    if kind == "parquet":
        pytest.importorskip("arro3.io")
    result = run(2500, "class")
    table = tl.sweep(server=EXPERIMENT.server, knobs={"ems": ["off", "on"]}, trials=100, seed=1, progress=False)
    collected = tl.collect([EXPERIMENT], path=tmp_path / "c.jsonl", max_trials=100, fidelity="wire", progress=False)
    everything: list[tl.Result | tl.Sweep | tl.Collection] = [result, table, collected]
    for number, what in enumerate(everything):
        path = tmp_path / f"{number}.{kind}"
        tl.save(what, path)
        again = tl.load(path)
        assert again == what
        assert type(again) is type(what)
    again = tl.load(tmp_path / f"0.{kind}")
    assert isinstance(again, tl.Result)
    assert again.version == tl.__version__
    assert again.replay(result.failed_trials[0]).outcome.cause == "Z"


def test_other_programs_read_the_parquet_file(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    pytest.importorskip("arro3.io")
    table = tl.sweep(server=EXPERIMENT.server, knobs={"ems": ["off", "on"]}, trials=100, seed=1, progress=False)
    tl.save(table, tmp_path / "s.parquet")
    assert polars.read_parquet(tmp_path / "s.parquet")["ems"].to_list() == ["off", "on"]


def test_what_the_command_prints_can_be_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--client", "ems=off", "--server", "ems=off,premaster_zeros=keep,groups=modp768"]
    assert main(["run", *arguments, "--trials", "100", "--seed", "4", "--json"]) == 0
    (tmp_path / "r.json").write_text(capsys.readouterr().out)
    assert tl.load(tmp_path / "r.json") == EXPERIMENT.run(100, seed=4, progress=False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "holds no results"),
        ("[1]", "holds no results"),
        ("{}", "holds no results"),
        ('{"format": "tlslab results", "schema": 1, "kind": "sweep", "sweep": {}}', "holds no results"),
        ('{"format": "tlslab results", "schema": 2}', "is of another format"),
    ],
)
def test_files_that_hold_no_results(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(tl.BundleError, match=message):
        tl.load(path)


def test_files_that_cannot_be_read_or_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(10, "wire")
    with pytest.raises(tl.BundleError, match="cannot read"):
        tl.load(tmp_path / "missing.json")
    with pytest.raises(tl.BundleError, match=r"neither \.json nor \.parquet"):
        tl.save(result, tmp_path / "x.csv")
    with pytest.raises(tl.RunError, match="cannot write"):
        tl.save(result, tmp_path / "missing" / "x.json")
    (tmp_path / "full.json").symlink_to("/dev/full")
    with pytest.raises(tl.RunError, match="No space left"):
        tl.save(result, tmp_path / "full.json")
    tl.save(result, tmp_path / "x.parquet")
    sound = (tmp_path / "x.parquet").read_bytes()
    for damaged in (b"PAR1", sound[:-20], sound[:-300] + b"\xff" * 200 + sound[-100:], b"PAR1" * 100):
        (tmp_path / "x.parquet").write_bytes(damaged)
        with pytest.raises(tl.BundleError, match=r"damaged|cannot read|holds no results"):
            tl.load(tmp_path / "x.parquet")
    monkeypatch.setitem(sys.modules, "arro3.io", None)
    with pytest.raises(tl.MissingLibraryError, match=r"tlslab\[arrow\]"):
        tl.save(result, tmp_path / "y.parquet")
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(tl.MissingLibraryError, match=r"tlslab\[numpy\]"):
        result.each_trial(progress=False)


def test_a_document_has_what_it_takes_to_run_it_again() -> None:
    document: dict[str, Any] = json.loads(run(10, "wire").to_json())
    assert document["version"] == tl.__version__
    assert {"client", "server", "scenario", "signatures", "seed", "fidelity"} <= document.keys()
