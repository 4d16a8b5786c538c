"""Sweeps: what is varied, what comes out, and what is refused before anything is run."""

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tlslab as tl
from tlslab.cli import main

SERVER = tl.Server(groups=["modp768"])
KNOBS = {"ems": ["off", "on"], "server.premaster_zeros": ["strip", "keep"]}


def sweep(**options: Any) -> tl.Sweep:  # noqa: ANN401 - whatever a sweep takes
    return tl.sweep(**{"server": SERVER, "trials": 300, "seed": 1, "progress": False, **options})


def test_each_value_meets_each_other() -> None:
    table = sweep(knobs=KNOBS, trials=1500)
    assert [tuple(cell.labels.values()) for cell in table] == [
        ("off", "strip"),
        ("off", "keep"),
        ("on", "strip"),
        ("on", "keep"),
    ]
    assert [cell.result.failures > 0 for cell in table] == [False, True, False, False]
    failing = table[1]
    assert failing.result.replay(failing.result.failed_trials[0]).outcome.cause == "Z"
    assert failing.result.experiment.client == tl.Client(ems="off")
    assert len({cell.result.seed for cell in table}) == len(table) == 4
    # A cell is an ordinary result, whatever else was in the sweep.
    alone = failing.result.experiment.run(1500, seed=failing.result.seed, progress=False)
    assert alone == failing.result


def test_a_further_cell_changes_no_other() -> None:
    narrow, wide = sweep(knobs={"ems": ["off"]}), sweep(knobs={"ems": ["on", "off"]})
    assert narrow[0].result == wide[1].result


def test_lockstep_lists_and_samplers() -> None:
    zipped = sweep(knobs={"client.ems": ["off", "on"], "server.ems": ["on", "off"]}, combine="zip")
    assert [cell.result.experiment.server.ems for cell in zipped] == ["on", "off"]
    listed = sweep(knobs=[{"client.ems": "off"}, {"server.premaster_zeros": "keep"}])
    assert [dict(cell.labels) for cell in listed] == [{"client.ems": "off"}, {"server.premaster_zeros": "keep"}]

    def draw(draws: random.Random) -> dict[str, Any]:
        return {"client.ems": draws.choice(["off", "on"]), "server.groups": [draws.choice(["modp768", "modp1024"])]}

    drawn, again = (sweep(knobs=draw, samples=6, trials=50) for _ in range(2))
    assert drawn == again
    assert len({cell.labels["client.ems"] for cell in drawn}) == 2


def test_groups_without_names_are_told_apart() -> None:
    groups = [tl.groups.custom(2**256 - 36113, 4), tl.groups.custom(2**255 + 196479, 4)]
    columns = sweep(groups=groups, trials=10).to_columns()
    assert columns["server.groups"] == ["256 bits, ffff..72ef", "256 bits, 8000..ff7f"]
    assert len({task.name for task in tl.tasks(groups=groups)}) == 2


def test_groups_scenarios_and_behaviours_are_varied_too() -> None:
    table = sweep(
        client=[tl.Client(ems="off"), tl.Client()],
        groups=["modp768", "modp1024"],
        scenario=["full", "resume"],
        trials=50,
    )
    assert len(table) == 8
    columns = table.to_columns()
    assert columns["scenario"] == ["full"] * 4 + ["resume"] * 4
    assert columns["server.groups"] == ["modp768", "modp1024"] * 4
    assert columns["client"][:3] == ['{"ems": "off"}', '{"ems": "off"}', "{}"]


def test_p_values_are_corrected_for_their_number() -> None:
    table = sweep(knobs={"client.ems": ["off"], "server.premaster_zeros": ["keep", "strip_one"]}, trials=800)
    raw = [cell.result.p_value for cell in table if cell.result.p_value is not None]
    corrected = [cell.p_holm for cell in table if cell.p_holm is not None]
    assert min(corrected) == pytest.approx(min(1.0, min(raw) * len(raw)))


def test_the_table_in_other_libraries() -> None:
    pyarrow_like = pytest.importorskip("arro3.core")
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    table = sweep(knobs=KNOBS)
    frame = table.to_pandas()
    assert list(frame["server.premaster_zeros"]) == ["strip", "keep"] * 2
    assert list(frame["trials"]) == [300] * 4
    assert isinstance(frame, pandas.DataFrame)
    assert table.to_polars()["rate"].to_list() == [cell.result.rate for cell in table]
    assert polars.DataFrame(table)["failures"].to_list() == [cell.result.failures for cell in table]
    assert pyarrow_like.Table.from_arrow(table).num_rows == 4
    # What no cell has is a column all the same.
    assert polars.DataFrame(sweep(knobs={"ems": ["on"]}))["cause"].to_list() == [None]


@pytest.mark.parametrize(
    ("call", "extra"),
    [
        (lambda table: table.to_pandas(), "pandas"),
        (lambda table: table.to_polars(), "polars"),
        (lambda table: table.to_arrow(), "arrow"),
    ],
)
def test_a_library_that_is_missing(
    call: Callable[[tl.Sweep], object], extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = sweep(trials=10)
    monkeypatch.setitem(sys.modules, {"arrow": "arro3.core"}.get(extra, extra), None)
    with pytest.raises(tl.MissingLibraryError, match=rf"pip install 'tlslab\[{extra}\]'"):
        call(table)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"knobs": {"server.premaster_zero": ["keep"]}}, tl.BehaviourError, "did you mean 'premaster_zeros'"),
        ({"knobs": {"emss": ["on"]}}, tl.BehaviourError, "a client or a server has no knob 'emss'; did you mean 'ems'"),
        ({"knobs": {"peer.ems": ["on"]}}, tl.BehaviourError, "there is no side 'peer'"),
        ({"knobs": {"ems": ["onn"]}}, tl.BehaviourError, 'did you mean "on"'),
        ({"knobs": {"ems": "on"}}, tl.RunError, "over a list of values, at least one, and not over 'on'"),
        ({"knobs": {"ems": []}}, tl.RunError, "at least one"),
        ({"knobs": []}, tl.RunError, "is empty"),
        ({"knobs": KNOBS, "combine": "mix"}, tl.RunError, "grid, zip, not 'mix'"),
        ({"knobs": {"ems": ["on"], "server.ems": ["on", "off"]}, "combine": "zip"}, tl.RunError, "ems 1, server.ems 2"),
        ({"knobs": KNOBS, "samples": 3}, tl.RunError, "samples is for a sampler"),
        ({"knobs": lambda _: {}}, tl.RunError, "samples=N"),
        ({"groups": []}, tl.RunError, "nothing to sweep over"),
        ({"groups": ["modp767"]}, tl.BehaviourError, "modp768"),
        ({"trials": 0}, tl.RunError, "at least one trial"),
        ({"fidelity": "exact"}, tl.RunError, "not 'exact'"),
        ({"max_failures": 3, "fidelity": "census"}, tl.RunError, "no rule for a census"),
        ({"path": "x.jsonl", "seed": None}, tl.RunError, "given a seed"),
    ],
)
def test_what_cannot_be_swept_over_is_refused(
    options: dict[str, Any], error: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tlslab.parts.drive.run_block", lambda *_: pytest.fail("a cell was run"))
    with pytest.raises(error, match=message):
        sweep(**options)


def test_an_interrupt_keeps_the_cells_that_were_done() -> None:
    def interrupt(done: int, _failures: int | None) -> None:
        if done > 600:
            raise KeyboardInterrupt

    table = sweep(
        knobs={"server.premaster_zeros": ["keep", "strip"], "client.ems": ["off", "on"]},
        trials=20_000,
        block=200,
        fidelity="wire",
        workers=2,
        progress=interrupt,
    )
    assert table.interrupted
    first = table[0].result
    assert first.stopped_by == "interrupted"
    assert 0 < first.trials < 20_000
    whole = first.experiment.run(first.trials, seed=first.seed, progress=False)
    assert whole.failed_trials == first.failed_trials


def test_a_sweep_goes_on_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sweep.jsonl"
    half, whole = sweep(knobs={"ems": ["off"]}, path=path), sweep(knobs=KNOBS | {"ems": ["off", "on"]}, path=path)
    assert whole == sweep(knobs=KNOBS)
    assert half[0].result.trials == 300
    monkeypatch.setattr("tlslab.parts.drive.run_block", lambda *_: pytest.fail("what is done was done again"))
    assert sweep(knobs=KNOBS, path=path) == whole


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["sweep", "--vary", "ems=off,on", "--vary", "server.premaster_zeros=strip,keep", "--groups", "modp768"]
    arguments += ["--trials", "1500", "--seed", "1"]
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [cell["labels"]["ems"] for cell in document["cells"]] == ["off", "off", "on", "on"]
    assert {"trials", "rate", "p_value", "p_holm", "seed", "client", "server"} <= document["cells"][0].keys()
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "server.premaster_zeros" in shown
    assert "alert:bad_record_mac:server" in shown
    assert main(["sweep", "--vary", "emss=on"]) == 2
    assert "did you mean" in capsys.readouterr().err
    assert main(["sweep", "--vary", "ems"]) == 2
