"""Bundles: a result as a folder for a paper, and the check that it still comes out."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlslab import _tlslab
from tlslab.archive import from_text, to_text
from tlslab.errors import BundleError, MissingLibraryError
from tlslab.files import read_whole
from tlslab.progress import Progress
from tlslab.result import Result

__all__ = ["Verification", "methods", "verify", "write_bundle"]

#: The file that says what the others are to be.
_MANIFEST = "SHA256SUMS"

#: What a run's trials alone decide, whatever it was that ended it.
_OF_TRIALS = ("trials", "failures", "outcomes", "causes", "failed_trials", "expected_rate", "exponents", "signatures")

_INTERVALS = {
    "clopper_pearson": "Clopper-Pearson",
    "negative_binomial": "negative binomial",
    "confidence_sequence": "confidence sequence",
    "variance": "Chebyshev",
}


@dataclass(frozen=True, slots=True)
class Verification:
    """
    What came of running a bundle again.

    Attributes
    ----------
    result
        What the bundle says.
    again
        What came out now.
    differences
        What differs, in words; empty where all is the same.
    """

    result: Result
    again: Result
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether everything came out again."""
        return not self.differences

    def to_dict(self) -> dict[str, Any]:
        """Give everything, as ``tlslab verify --json`` prints it."""
        return {
            "same": self.same,
            "differences": list(self.differences),
            "version": self.result.version,
            "verified_by": _tlslab.__version__,
            "result": self.result.to_dict(),
            "again": self.again.to_dict(),
        }


def write_bundle(result: Result, path: str | os.PathLike[str]) -> Path:
    """Write a bundle: see :meth:`tlslab.Result.to_bundle`."""
    folder = Path(path)
    if folder.exists():
        raise BundleError(f"{folder} exists already; a bundle is a new folder")
    try:
        with _new_folder(folder) as unfinished:
            files = _files(result)
            files[_MANIFEST] = "".join(f"{_sha256(files[name])}  {name}\n" for name in sorted(files)).encode()
            for name, content in files.items():
                (unfinished / name).write_bytes(content)
    except OSError as error:
        raise BundleError(f"cannot write {folder}: {error}") from error
    return folder


def verify(path: str | os.PathLike[str], *, threads: int = 0, progress: Progress = None) -> Verification:
    """
    Run the trials of a bundle again, and compare what they come to.

    Parameters
    ----------
    path
        The bundle, as :meth:`Result.to_bundle` wrote it.
    threads, progress
        As for :meth:`Experiment.run`.

    Raises
    ------
    BundleError
        It is no bundle, or its files are not as they were written.
    KeyboardInterrupt
        It was interrupted.

    Examples
    --------
    >>> import tlslab as tl
    >>> result = tl.Experiment(tl.Client(), tl.Server()).run(10, seed=1, progress=False)
    >>> tl.verify(result.to_bundle("paper"), progress=False).same
    True
    """
    result = _read(Path(path))
    again = result.experiment.run(
        max(result.trials, 1),
        seed=result.seed,
        fidelity=result.fidelity,
        threads=threads,
        digest=result.digest is not None and result.stopped_by == "trials",
        progress=progress,
    )
    if again.stopped_by == "interrupted":
        raise KeyboardInterrupt
    return Verification(result, again, tuple(_differences(result, again)))


def methods(result: Result) -> str:
    """Give what a paper says of a result: what was run, what came out, and how it can be run again."""
    experiment = result.experiment
    how = {
        "wire": "each of them byte for byte",
        "class": f"by classes of leading zero bytes, {result.audited:,} of them byte for byte as an audit",
        "census": f"as a census (independent in pairs), {result.audited:,} of them byte for byte as an audit",
    }
    words = [
        f"With tlslab {result.version or '(version unknown)'} we ran {result.trials:,} trials of the scenario "
        f"{experiment.scenario['name']!r} between {experiment.client!r} and {experiment.server!r} "
        f"(seed {result.seed}, {result.signatures} signatures), {how[result.fidelity]}."
    ]
    if result.trials:
        low, high = result.interval()
        words.append(
            f"{result.failures:,} failed, a rate of {result.rate:.3g} "
            f"(95 % {_INTERVALS[result.interval_kind]} interval {low:.3g} to {high:.3g})."
        )
    if result.expected_rate is not None and result.p_value is not None:
        words.append(f"Theory expects {result.expected_rate:.3g} (two-sided p = {result.p_value:.2g}).")
    if result.stopped_by != "trials":
        words.append(f"The run was ended by {result.stopped_by}.")
    return " ".join(words)


def _files(result: Result) -> dict[str, bytes]:
    experiment = result.experiment
    files = {
        "result.json": to_text(result).encode() + b"\n",
        "client.json": experiment.client.to_json().encode() + b"\n",
        "server.json": experiment.server.to_json().encode() + b"\n",
        "scenario.json": experiment.scenario_json.encode() + b"\n",
        "outcomes.csv": _csv(("outcome", "trials"), result.outcomes.items()),
        "failed_trials.csv": _csv(("trial",), ((trial,) for trial in result.failed_trials)),
    }
    with contextlib.suppress(MissingLibraryError):
        drawn = io.BytesIO()
        result.plot().savefig(drawn, format="svg", metadata={"Date": None})
        files["figure.svg"] = drawn.getvalue()
    listed = "" if len(result.failed_trials) == result.failures else " (the first of them)"
    files["README.md"] = (
        f"# {result.failures:,} of {result.trials:,} trials failed\n\n{methods(result)}\n\n"
        f"- `result.json`: everything, for `tl.load`\n"
        f"- `client.json`, `server.json`, `scenario.json`: what was run\n"
        f"- `outcomes.csv`: trials by outcome; `failed_trials.csv`: the indices of those that failed{listed}\n"
        + ("- `figure.svg`: the observed beside the expected\n" if "figure.svg" in files else "")
        + "\n`tlslab verify .` in this folder runs the trials again and compares. One of them, byte for byte:\n\n"
        "    tlslab replay --result result.json --trial N\n"
    ).encode()
    return files


def _csv(head: tuple[str, ...], rows: Any) -> bytes:  # noqa: ANN401 - rows of anything
    import csv

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().encode()


def _differences(result: Result, again: Result) -> Iterator[str]:
    before, now = result.to_dict(), again.to_dict()
    for name in _OF_TRIALS:
        if before[name] != now[name]:
            yield f"{name}: {_short(before[name])} in the bundle, {_short(now[name])} now"
    if result.digest is not None and again.digest is not None and result.digest != again.digest:
        yield f"digest: {result.digest} in the bundle, {again.digest} now"
    for one, other in zip(result.classes, again.classes, strict=False):
        if any(one[name] != other[name] for name in ("zeros", "trials", "outcome")):
            yield f"class {one['zeros']}: {one['trials']} {one['outcome']} in the bundle, {_short(other)} now"
    if len(result.classes) != len(again.classes):
        yield f"classes: {len(result.classes)} in the bundle, {len(again.classes)} now"
    if result.trials and list(result.interval()) != before["interval"]:
        yield f"interval: {before['interval']} in the bundle, {list(result.interval())} now"


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _read(folder: Path) -> Result:
    try:
        lines = read_whole(folder / _MANIFEST).decode().splitlines()
        for line in lines:
            digest, _, name = line.partition("  ")
            if _sha256(read_whole(folder / Path(name).name)) != digest:
                raise BundleError(f"{folder / name} is not as it was written: its SHA-256 is another")
        text = read_whole(folder / "result.json").decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{folder} is no bundle: {error}") from error
    result = from_text(text, str(folder / "result.json"))
    if not isinstance(result, Result):
        raise BundleError(f"{folder / 'result.json'} is no single result")
    said = [f"{name}.json" for name in ("client", "server", "scenario")]
    meant = [result.experiment.client.to_json(), result.experiment.server.to_json(), result.experiment.scenario_json]
    for name, text in zip(said, meant, strict=True):
        if (folder / name).exists() and (folder / name).read_text().strip() != text:
            raise BundleError(f"{folder / name} and result.json describe different experiments")
    return result


@contextlib.contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Make a folder that is there as a whole or not at all."""
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.resolve().parent))
    try:
        yield unfinished
        unfinished.chmod(0o755)
        os.replace(unfinished, folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
