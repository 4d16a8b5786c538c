"""Bundles: what is in one, and what verifying finds."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import tlslab as tl
from tlslab.cli import main

ROOT = Path(__file__).parents[2]
EXPERIMENT = tl.Experiment(tl.Client(ems="off"), tl.Server(ems="off", premaster_zeros="keep", groups=["modp768"]))


def bundle(folder: Path, trials: int = 1000, **options: Any) -> Path:  # noqa: ANN401 - whatever a run takes
    return EXPERIMENT.run(trials, seed=4, progress=False, **options).to_bundle(folder)


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Change a file, and have the manifest agree."""
    from tlslab.bundle import _sha256

    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    sums = (folder / "SHA256SUMS").read_text()
    fresh = _sha256((folder / file).read_bytes())
    (folder / "SHA256SUMS").write_text(re.sub(rf"^\w+  {re.escape(file)}$", f"{fresh}  {file}", sums, flags=re.M))


@pytest.mark.parametrize(
    "options",
    [{"digest": True}, {"fidelity": "class"}, {"fidelity": "census"}, {"max_failures": 2}, {"precision": 5.0}],
    ids=str,
)
def test_a_bundle_comes_out_again(options: dict[str, Any], tmp_path: Path) -> None:
    done = tl.verify(bundle(tmp_path / "b", **options), progress=False)
    assert done.same, done.differences


def test_what_is_in_a_bundle(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "b")
    assert {"README.md", "SHA256SUMS", "client.json", "failed_trials.csv", "outcomes.csv", "result.json"} <= {
        file.name for file in folder.iterdir()
    }
    result = tl.load(folder / "result.json")
    assert isinstance(result, tl.Result)
    assert tl.Client.from_json((folder / "client.json").read_text()) == EXPERIMENT.client
    assert (folder / "failed_trials.csv").read_text().split() == ["trial", *map(str, result.failed_trials)]
    words = result.methods()
    assert words in (folder / "README.md").read_text()
    for fact in (f"tlslab {tl.__version__}", "1,000 trials", "seed 4", "simulated", "Clopper-Pearson", "0.00391"):
        assert fact in words
    assert [file.name for file in tmp_path.iterdir()] == ["b"]


def test_a_figure_is_there_if_it_can_be_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert not (bundle(tmp_path / "without") / "figure.svg").exists()
    monkeypatch.undo()
    pytest.importorskip("matplotlib")
    figure = (bundle(tmp_path / "with") / "figure.svg").read_text()
    assert "<svg" in figure


def test_another_result_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = bundle(tmp_path / "b")
    failures = tl.verify(folder, progress=False).again.failures
    change(folder, "result.json", f'"failures": {failures}', f'"failures": {failures + 1}')
    done = tl.verify(folder, progress=False)
    assert not done.same
    assert f"failures: {failures + 1} in the bundle, {failures} now" in done.differences
    assert main(["verify", str(folder), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["same"] is False


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(tl.BundleError, match="is no bundle"):
        tl.verify(tmp_path)
    folder = bundle(tmp_path / "b")
    (folder / "outcomes.csv").write_text("outcome,trials\n")
    with pytest.raises(tl.BundleError, match=r"outcomes\.csv is not as it was written"):
        tl.verify(folder)
    with pytest.raises(tl.BundleError, match="exists already"):
        bundle(folder)
    with pytest.raises(tl.BundleError, match="cannot write"):
        bundle(tmp_path / "missing" / "b")
    other = bundle(tmp_path / "other")
    change(other, "client.json", "off", "on")
    with pytest.raises(tl.BundleError, match="describe different experiments"):
        tl.verify(other)


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "b")
    assert main(["run", "--server", "groups=modp768", "--trials", "50", "--seed", "1", "--bundle", folder]) == 0
    assert main(["verify", folder]) == 0
    assert "the same came out again" in capsys.readouterr().out
    assert main(["verify", str(tmp_path)]) == 2


def test_the_citation_is_of_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"version: {tl.__version__}\n" in citation
    assert "cff-version: 1.2.0" in citation
