"""Collections: what is kept on disk, whoever is killed, and what is refused."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import tlslab as tl
from tlslab.cli import main

TASKS = tl.tasks(
    tl.Client(ems="off"), tl.Server(groups=["modp768"]), knobs={"server.premaster_zeros": ["strip", "keep"]}
)
KEEPER = TASKS[1].experiment


def collect(path: Path, **options: Any) -> tl.Collection:  # noqa: ANN401 - whatever it takes
    defaults = {"tasks": TASKS, "max_trials": 900, "seed": 1, "fidelity": "wire", "block": 100, "progress": False}
    return tl.collect(path=path, **{**defaults, **options})


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line.rpartition(" ")[0]) for line in path.read_text().splitlines()]


def parts(path: Path) -> int:
    return sum("part" in line for line in lines(path))


def test_it_adds_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    assert [row.trials for row in collect(path, max_trials=450)] == [450, 450]
    # The seed is that of the file, if none is given.
    done = collect(path, seed=None)
    for row, task in zip(done, TASKS, strict=True):
        assert row.results == (task.experiment.run(900, seed=1, fidelity="wire", progress=False),)
        assert row.name == task.name
    before = path.read_bytes()
    assert collect(path) == done == tl.read_collection(path)
    assert path.read_bytes() == before


def test_fewer_trials_than_there_are(tmp_path: Path) -> None:
    collect(tmp_path / "c.jsonl")
    less = collect(tmp_path / "c.jsonl", max_trials=333)
    assert [row.trials for row in less] == [333, 333]
    assert less[1].results[0] == KEEPER.run(333, seed=1, fidelity="wire", progress=False)


@pytest.mark.parametrize("rule", [{"max_failures": 5}, {"precision": 0.8}])
def test_rules_stop_where_they_stop_a_run(rule: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    collect(path, max_trials=700)
    (row,) = collect(path, tasks=[KEEPER], max_trials=10_000, fidelity="class", block=1000, **rule)
    assert row.results == (KEEPER.run(10_000, seed=1, fidelity="class", progress=False, **rule),)
    assert row.results[0].stopped_by in rule


def test_a_collection_that_is_killed_ten_times(tmp_path: Path) -> None:
    script = """
import sys, tlslab as tl
tasks = tl.tasks(
    tl.Client(ems="off"), tl.Server(groups=["modp768"]), knobs={"server.premaster_zeros": ["strip", "keep"]}
)
tl.collect(tasks, path=sys.argv[1], max_trials=2600, seed=1, fidelity="wire", block=100, workers=1, progress=False)
"""
    path = tmp_path / "c.jsonl"
    had = 0
    for kill in range(10):
        process = subprocess.Popen([sys.executable, "-c", script, str(path)])
        while process.poll() is None and (not path.exists() or path.read_bytes().count(b'"part"') < had + 2):
            time.sleep(0.005)
        process.kill()
        assert process.wait() == -signal.SIGKILL, "it was done before it was killed"
        data = path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        path.write_bytes(whole)
        assert parts(path) >= had + 2, "what was there is lost"
        had = parts(path)
        if kill % 2:  # As if it had been killed in the middle of a line.
            path.write_bytes(whole + whole.splitlines()[-1][:100])
    undisturbed = tmp_path / "undisturbed.jsonl"
    options: dict[str, Any] = {"max_trials": 2600, "workers": 1}
    assert collect(path, **options) == collect(undisturbed, **options)
    # No block was run twice.
    assert parts(path) == parts(undisturbed) == 2 * 26


def test_an_interrupt_keeps_what_was_done(tmp_path: Path) -> None:
    def interrupt(done: int, _failures: int | None) -> None:
        if done >= 400:
            raise KeyboardInterrupt

    path = tmp_path / "c.jsonl"
    some = collect(path, max_trials=50_000, progress=interrupt)
    assert some.interrupted
    assert some[0].results[0].stopped_by == "interrupted"
    assert collect(path) == collect(tmp_path / "other.jsonl")


def test_files_of_several_machines(tmp_path: Path) -> None:
    one, two, same = tmp_path / "one.jsonl", tmp_path / "two.jsonl", tmp_path / "same.jsonl"
    collect(one, seed=1)
    collect(two, seed=2, tasks=[KEEPER], max_trials=1800)
    collect(same, seed=1, max_trials=1300)
    together = tl.combine([one, two, same], tmp_path / "all.jsonl")
    keeper = together[1]
    assert [(result.seed, result.trials) for result in keeper.results] == [(1, 1300), (2, 1800)]
    assert (keeper.trials, keeper.failures) == (3100, sum(result.failures for result in keeper.results))
    assert keeper.interval_kind == "clopper_pearson"
    # Trials of all seeds count.
    more = collect(tmp_path / "all.jsonl", max_trials=3200)
    assert [row.trials for row in more] == [3200, 3200]
    assert more.to_columns()["seeds"] == [1, 2]
    with pytest.raises(tl.CollectionError, match="exists already"):
        tl.combine([one, two], tmp_path / "all.jsonl")


def test_files_may_be_put_together_by_cat(tmp_path: Path) -> None:
    one, two, both = (tmp_path / name for name in ("one.jsonl", "two.jsonl", "both.jsonl"))
    collect(one, seed=1)
    collect(two, seed=2)
    both.write_bytes(one.read_bytes() + two.read_bytes())
    assert tl.read_collection(both) == tl.combine([one, two], tmp_path / "combined.jsonl")


def edited(path: Path, number: int, old: str, new: str) -> None:
    """Change a line and have its checksum fit."""
    from tlslab.parts.store import _line

    text = path.read_text().splitlines(keepends=True)
    body = text[number].rpartition(" ")[0]
    assert old in body
    text[number] = _line(json.loads(body.replace(old, new))).decode()
    path.write_text("".join(text))


def test_versions_are_not_mixed(tmp_path: Path) -> None:
    path, other = tmp_path / "c.jsonl", tmp_path / "other.jsonl"
    collect(path, tasks=[KEEPER])
    collect(other, tasks=[KEEPER])
    edited(path, 1, f'"version":"{tl.__version__}"', '"version":"0.0.9"')
    with pytest.raises(tl.CollectionError, match=r"has trials of tlslab 0\.0\.9, and this is"):
        collect(path, tasks=[KEEPER])
    with pytest.raises(tl.CollectionError, match="not mixed"):
        tl.combine([path, other], tmp_path / "all.jsonl")
    assert not (tmp_path / "all.jsonl").exists()


def test_a_name_is_of_one_task(tmp_path: Path) -> None:
    collect(tmp_path / "c.jsonl", tasks=[tl.Task(KEEPER, {"case": "a"})])
    with pytest.raises(tl.CollectionError, match="another task of the name 'case=a'"):
        collect(tmp_path / "c.jsonl", tasks=[tl.Task(TASKS[0].experiment, {"case": "a"})])
    with pytest.raises(tl.RunError, match="there twice"):
        collect(tmp_path / "c.jsonl", tasks=[KEEPER, KEEPER])


def test_files_that_contradict_each_other(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    for path in (one, two):
        collect(path, tasks=[KEEPER], max_trials=100)
    edited(two, 2, '"established:full":100', '"closed":100')
    with pytest.raises(tl.CollectionError, match="contradicts another file about the trials from 0 on"):
        tl.read_collection(one, two)


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    collect(path)
    sound = path.read_bytes()
    for damage in (
        sound.replace(b'"failures":', b'"failures": ', 1),
        sound.replace(b'"trials":100', b'"trials":101', 1),
    ):
        path.write_bytes(damage)
        with pytest.raises(tl.CollectionError, match=r"c\.jsonl, line \d+, is damaged"):
            collect(path)
        assert path.read_bytes() == damage
    path.write_bytes(sound[sound.index(b"\n") + 1 :])
    with pytest.raises(tl.CollectionError, match="is no collection"):
        collect(path)
    path.write_text("shots,errors\n1,2\n")
    with pytest.raises(tl.CollectionError, match="is no collection: it begins with b'shots"):
        collect(path)
    # What adds up wrongly, with a checksum that fits, is found when it is added up.
    path.write_bytes(sound)
    edited(path, 3, '"trials":100', '"trials":101')
    with pytest.raises(tl.RunError, match="is damaged: its outcomes do not add up"):
        collect(path, max_trials=1000)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no file without an end here")
def test_what_has_no_end_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(tl.CollectionError, match=r"cannot read /dev/zero: .* no regular file"):
        tl.read_collection("/dev/zero")
    for name in ("zero", "zero.parquet"):
        (tmp_path / name).symlink_to("/dev/zero")
        with pytest.raises(tl.BundleError, match=r"cannot read .* no regular file"):
            tl.load(tmp_path / name)


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(tl.CollectionError, match="cannot open"):
        collect(tmp_path)
    with pytest.raises(tl.CollectionError, match="No such file or directory"):
        collect(tmp_path / "missing" / "c.jsonl")
    with pytest.raises(tl.CollectionError, match="No space left on device"):
        collect(Path("/dev/full"))
    with pytest.raises(tl.CollectionError, match="cannot read"):
        tl.read_collection(tmp_path / "missing.jsonl")


def test_no_permission_to_write(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.touch(mode=0o400)
    me = os.geteuid()
    if me == 0:  # Root may write anything; nobody may not.
        os.seteuid(65534)
    try:
        with pytest.raises(tl.CollectionError, match="Permission denied"):
            collect(path)
    finally:
        os.seteuid(me)
    assert path.read_bytes() == b""


def test_a_disk_that_fills_up_keeps_what_was_written(tmp_path: Path) -> None:
    script = """
import resource, signal, sys, tlslab as tl
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
tasks = tl.tasks(
    tl.Client(ems="off"), tl.Server(groups=["modp768"]), knobs={"server.premaster_zeros": ["strip", "keep"]}
)
try:
    tl.collect(tasks, path=sys.argv[1], max_trials=5000, seed=1, fidelity="wire", block=100, progress=False)
except tl.CollectionError as error:
    print(error)
"""
    path = tmp_path / "c.jsonl"
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert "cannot write" in done.stdout
    assert "what was collected before is kept" in done.stdout
    assert parts(path) > 3
    assert collect(path) == collect(tmp_path / "other.jsonl")


def test_a_file_in_use_is_left_alone(tmp_path: Path) -> None:
    from tlslab.parts.store import Store

    with Store(tmp_path / "c.jsonl"), pytest.raises(tl.CollectionError, match="in use"):
        collect(tmp_path / "c.jsonl")


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two, both = (str(tmp_path / name) for name in ("one.jsonl", "two.jsonl", "both.jsonl"))
    common = ["--client", "ems=off", "--vary", "server.premaster_zeros=strip,keep", "--groups", "modp768"]
    for path, seed in ((one, "1"), (two, "2")):
        assert main(["collect", path, *common, "--max-trials", "800", "--fidelity", "wire", "--seed", seed]) == 0
    assert "server.premaster_zeros=keep" in capsys.readouterr().out
    assert main(["combine", one, two, "--into", both, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [task["trials"] for task in document["tasks"]] == [1600, 1600]
    assert main(["combine", one, str(tmp_path / "none"), "--into", str(tmp_path / "x")]) == 2
    assert "cannot read" in capsys.readouterr().err
