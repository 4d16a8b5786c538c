"""Fuzzing: campaigns that look for an input to which an oracle objects."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.connection import MOST_THREADS, Connection, draw_seed, whole_number
from tlslab.errors import RunError
from tlslab.files import WholeFile
from tlslab.progress import Bar, Progress
from tlslab.shown import Shown

__all__ = [
    "Campaign",
    "Finding",
    "Oracle",
    "Replay",
    "SeededBug",
    "campaign",
    "export",
    "oracles",
    "replay",
    "seeded",
]

_ENOUGH = 10_000


@dataclass(frozen=True)
class Oracle:
    """What must hold, whatever the scenario."""

    name: str
    rule: str


def oracles() -> list[Oracle]:
    """Give all oracles, each with its rule and the section that says so."""
    return [Oracle(**oracle) for oracle in json.loads(_tlslab.fuzz_oracles())]


@dataclass(frozen=True)
class SeededBug:
    """
    A bug that was found in a real stack once, as behaviours: what a campaign has to find.

    Attributes
    ----------
    name
        What it is called.
    client, server
        The sides: one has the bug, the other keeps the RFCs.
    reference
        Who had it, and the rule that it breaks.
    """

    name: str
    client: Client
    server: Server
    reference: str


def seeded() -> list[SeededBug]:
    """Give all seeded bugs."""
    return [
        SeededBug(bug["name"], Client.from_dict(bug["client"]), Server.from_dict(bug["server"]), bug["reference"])
        for bug in json.loads(_tlslab.fuzz_seeded())
    ]


@dataclass(frozen=True)
class Finding(Shown):
    """
    An input to which an oracle objects, as small as it could be made.

    Attributes
    ----------
    oracle
        The oracle's name.
    rule
        The rule that was broken.
    what
        What happened.
    execution
        After how many inputs it was found.
    input
        The input: behaviours, scenario and seed, as JSON has them.
    file
        Where it is kept, if it is.
    """

    oracle: str
    rule: str
    what: str
    execution: int
    input: Mapping[str, Any]
    file: Path | None = None

    def replay(self) -> Replay:
        """Run the input again, byte for byte."""
        return _replay(json.dumps(self.input))

    @property
    def edits(self) -> int:
        """How many edits its input has."""
        return sum(len(connection.get("edits", [])) for connection in self.input["scenario"]["connections"])

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        return {
            "oracle": self.oracle,
            "rule": self.rule,
            "what": self.what,
            "execution": self.execution,
            "input": self.input,
            "file": None if self.file is None else str(self.file),
        }


@dataclass(frozen=True)
class Replay:
    """
    An input that was run again.

    Attributes
    ----------
    objections
        What each oracle that objects says, by its name.
    connections
        The connections, up to the first that failed; none where an endpoint panicked.
    """

    objections: Mapping[str, str]
    connections: tuple[Connection, ...]


@dataclass(frozen=True)
class Campaign(Shown):
    """
    What a campaign came to.

    Attributes
    ----------
    executions
        Inputs that were run.
    seconds
        How long it took.
    per_second
        How many a second, on all threads together.
    findings
        What was found, one of each kind, in the order in which it was.
    outcomes
        How often the first connection of an input ended how.
    misfits
        Inputs that could not be run, since an edit did not fit its message.
    features
        How many different things the traces have shown: pairs of what happened at a side one after the other, ways to
        be refused, outcomes. They guide the campaign; they are no coverage of code.
    corpus
        Inputs that each showed something new.
    seed
        The seed: the same one with the same number of inputs finds the same, on any number of threads.
    interrupted
        Whether it was interrupted.
    """

    executions: int
    seconds: float
    per_second: float
    findings: tuple[Finding, ...]
    outcomes: Mapping[str, int]
    misfits: int
    features: int
    corpus: tuple[Mapping[str, Any], ...]
    seed: int
    interrupted: bool

    def __repr__(self) -> str:
        found = ", ".join(finding.oracle for finding in self.findings) or "nothing"
        return f"<Campaign: {self.executions} inputs, found {found}>"

    @property
    def established(self) -> float:
        """The share of inputs whose first connection was established."""
        established = sum(count for label, count in self.outcomes.items() if label.startswith("established"))
        return established / self.executions if self.executions else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON has it, without the corpus."""
        return {
            "executions": self.executions,
            "seconds": self.seconds,
            "per_second": self.per_second,
            "findings": [finding.to_dict() for finding in self.findings],
            "outcomes": dict(self.outcomes),
            "established": self.established,
            "misfits": self.misfits,
            "features": self.features,
            "seed": str(self.seed),
            "interrupted": self.interrupted,
        }


def campaign(
    *,
    client: Client | None = None,
    server: Server | None = None,
    oracles: Iterable[str] | None = None,
    any_knobs: bool = False,
    trials: int | None = None,
    seconds: float | None = None,
    findings: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    folder: str | Path | None = None,
    progress: Progress = None,
) -> Campaign:
    """
    Look for an input to which an oracle objects.

    An input is a scenario: up to four connections with edits of messages and records, faults of the wire, sessions that
    are forgotten, renegotiations. They are made up, and made of others that showed something new.

    Parameters
    ----------
    client, server
        How the sides act; None for the defaults. Knobs that leave a choice, such as suites, versions and resumption,
        are set to other values too.
    oracles
        The names of those that judge; None for all, which :func:`oracles` lists.
    any_knobs
        Whether any knob may be set to any value, in place of those values that keep the RFCs: for a search for panics,
        since the other oracles then object to what the knobs are for.
    trials
        After how many inputs it stops; None for 10,000, or for no such limit where `seconds` is given.
    seconds
        After how long it stops. How far it gets then depends on the machine.
    findings
        After how many findings it stops, once their batch of inputs is done; None for not by findings.
    seed
        The seed; None draws one, and the result names it.
    threads
        The number of threads; None for one for each processor.
    folder
        Where findings and corpus are kept, as a JSON file each, in its folders ``findings`` and ``corpus``. The corpus
        that is there already is what the campaign begins with.
    progress
        Whether a progress bar is shown; None shows it on a terminal and in Jupyter.

    Returns
    -------
    Campaign
        What was found. Where it was interrupted, what was found until then.

    Raises
    ------
    RunError
        No such oracle, a corpus file that is none of this project's, or a folder that cannot be written.

    Examples
    --------
    >>> import tlslab as tl
    >>> found = tl.fuzz.campaign(server=tl.Server(premaster_zeros_ems="keep"), trials=2000, seed=1, progress=False)
    >>> "premaster_zeros" in {finding.oracle for finding in found.findings}
    True
    """
    if trials is None and seconds is None:
        trials = _ENOUGH
    seed = draw_seed(seed)
    kept = None if folder is None else _Folder(Path(folder))
    names = [oracle.name for oracle in _oracles()] if oracles is None else list(oracles)
    with Bar(trials or 0, progress, unit="input") as bar:
        text = _tlslab.fuzz_campaign(
            (client or Client()).to_json(),
            (server or Server()).to_json(),
            any_knobs=any_knobs,
            oracles=names,
            seed=seed,
            executions=None if trials is None else whole_number("trials", trials),
            seconds=seconds,
            findings=None if findings is None else whole_number("findings", findings),
            threads=0 if threads is None else whole_number("threads", threads, most=MOST_THREADS),
            corpus=[] if kept is None else list(kept.corpus()),
            progress=bar.update,
        )
    return _campaign(json.loads(text), seed, kept)


_oracles = oracles


def replay(path: str | Path) -> Replay:
    """
    Run the input of a finding, or of a corpus, again.

    Parameters
    ----------
    path
        The file that it is kept in.

    Raises
    ------
    RunError
        The file cannot be read, or is none of this project's.
    """
    return _replay(_input_of(Path(path)))


def export(folder: str | Path, out: str | Path) -> int:
    """
    Write what each side sends in a corpus as raw seeds, for the fuzzers of other stacks.

    Parameters
    ----------
    folder
        A folder of a campaign. The inputs of its corpus are run again.
    out
        Where the seeds go: ``client`` and ``server`` in it get a file for each connection, with all bytes that this
        side has sent in it. What a server is to be fuzzed with is in ``client``.

    Returns
    -------
    int
        How many different seeds there are.

    Raises
    ------
    RunError
        No corpus is there, one of its files is none of this project's, or a seed cannot be written.
    """
    inputs = sorted(Path(folder, "corpus").glob("*.json"))
    if not inputs:
        raise RunError(f"{folder} holds no corpus: give the folder of a campaign")
    seeds = {seed for path in inputs for connection in replay(path).connections for seed in _seeds(connection)}
    for side, sent in seeds:
        path = Path(out, side, hashlib.sha256(sent).hexdigest()[:16])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"cannot write {out}: {error}") from error
        with WholeFile(path) as file:
            file.write(sent)
    return len(seeds)


def _seeds(connection: Connection) -> Iterator[tuple[str, bytes]]:
    """Give what each side has sent in a connection, if it has sent anything."""
    for side in ("client", "server"):
        if sent := b"".join(flight for sender, flight in connection.flights if sender == side):
            yield side, sent


def _replay(text: str) -> Replay:
    document = json.loads(_tlslab.fuzz_replay(text, [oracle.name for oracle in oracles()]))
    seed = int(document["seed"])
    return Replay(
        objections={one["oracle"]: one["what"] for one in document["objections"]},
        connections=tuple(Connection(connection, seed) for connection in document["connections"]),
    )


def _campaign(document: dict[str, Any], seed: int, kept: _Folder | None) -> Campaign:
    findings = []
    for one in document["findings"]:
        file = None if kept is None else kept.keep_finding(one["file_name"], one["finding"])
        findings.append(Finding(**one["finding"], file=file))
    if kept is not None:
        kept.keep_corpus(document["corpus"])
    return Campaign(
        executions=document["executions"],
        seconds=document["seconds"],
        per_second=document["executions"] / document["seconds"] if document["seconds"] else 0.0,
        findings=tuple(findings),
        outcomes=document["outcomes"],
        misfits=document["misfits"],
        features=document["features"],
        corpus=tuple(document["corpus"]),
        seed=seed,
        interrupted=document["interrupted"],
    )


class _Folder:
    """Where findings and corpus are kept."""

    def __init__(self, path: Path) -> None:
        self._findings, self._corpus = path / "findings", path / "corpus"
        try:
            self._findings.mkdir(parents=True, exist_ok=True)
            self._corpus.mkdir(exist_ok=True)
        except OSError as error:
            raise RunError(f"cannot write {path}: {error}") from error

    def corpus(self) -> Iterator[str]:
        """Give the inputs that are there, by the names of their files."""
        for path in sorted(self._corpus.glob("*.json")):
            yield _input_of(path)

    def keep_finding(self, name: str, finding: dict[str, Any]) -> Path:
        with WholeFile(self._findings / name) as file:
            file.write(json.dumps(finding, indent=2).encode() + b"\n")
        return self._findings / name

    def keep_corpus(self, corpus: list[dict[str, Any]]) -> None:
        for one in corpus:
            text = json.dumps(one).encode()
            path = self._corpus / f"{hashlib.sha256(text).hexdigest()[:16]}.json"
            if not path.exists():
                with WholeFile(path) as file:
                    file.write(text + b"\n")


def _input_of(path: Path) -> str:
    """Read a file that holds an input, or a finding with one."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read {path} as an input: {error}") from error
    if not isinstance(document, dict):
        raise RunError(f"{path} holds no input of a campaign: it is a JSON object with a schema, or a finding")
    text = json.dumps(document.get("input", document))
    try:
        _tlslab.fuzz_replay(text, [])
    except RunError as error:
        raise RunError(f"{path}: {error}") from error
    return text
