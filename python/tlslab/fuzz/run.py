"""Campaigns."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from tlslab import _tlslab
from tlslab.behaviour import Client, Server
from tlslab.errors import RunError
from tlslab.fuzz import finding as kinds
from tlslab.fuzz.finding import Evidence, Finding
from tlslab.fuzz.folder import Folder
from tlslab.fuzz.peers import Address, Against, Command, Target
from tlslab.numbers import MOST_THREADS, draw_seed, whole_number
from tlslab.progress import Bar, Progress
from tlslab.shown import Shown

__all__ = ["Campaign", "Judge", "Mutator", "campaign"]

#: A function that judges: it says what is wrong, or gives None.
Judge: TypeAlias = Callable[[Evidence], "str | None"]

#: A function that makes another input of one; the number is what it may draw from. None where it makes none.
Mutator: TypeAlias = Callable[["dict[str, Any]", int], "Mapping[str, Any] | None"]

_ENOUGH = 10_000


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
    reached
        How many inputs got how far, at least, in their first connection: to a ServerHello, a key exchange, a Finished,
        a handshake that a side takes for done, and an established connection. Empty where a peer was tried.
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
    reached: Mapping[str, int]
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
            "reached": dict(self.reached),
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
    oracles: Iterable[str | Judge] | None = None,
    mutators: Iterable[Mutator] = (),
    any_knobs: bool = False,
    trials: int | None = None,
    seconds: float | None = None,
    findings: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    folder: str | Path | None = None,
    peer: str | None = None,
    command: str | None = None,
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
        Those that judge: names, and functions that are given an :class:`Evidence` and say what is wrong, or give None.
        None for all of the lab's, which :func:`oracles` lists. Functions are called one at a time, whatever the number
        of threads, and must depend on what they are given alone.
    mutators
        Functions that make another input of one, such as one with other edits: they are given an input as JSON has it
        and a number to draw from, and give an input, or None. A quarter of the inputs goes through one of them.
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
        Where findings and corpus are kept, as a JSON file each as soon as it is there, in its folders ``findings`` and
        ``corpus``. The corpus that is there already is what the campaign begins with.
    peer
        A real server, as ``"host:port"``. The client's side of each input goes to it, one after the other, and what it
        does is held against what the lab does as `server`: a finding is where they differ, or the server does not
        answer any more. What is found depends on the peer's own randomness too.
    command
        As `peer`, of a server that is started here, such as ``"./server {port}"``, and again where it ends. A finding
        is also where it crashes, or a sanitizer reports.
    progress
        Whether a progress bar is shown; None shows it on a terminal and in Jupyter.

    Returns
    -------
    Campaign
        What was found. Where it was interrupted, what was found until then.

    Raises
    ------
    RunError
        No such oracle, a function that raised an exception, a corpus file that is none of this project's, or a folder
        that cannot be written.

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
    kept = None if folder is None else Folder(Path(folder))
    if peer is not None or command is not None:
        if oracles is not None or tuple(mutators):
            raise RunError("oracles and mutators are for campaigns in memory; a peer is held against the lab's profile")
        return _against(
            Address(peer) if command is None and peer is not None else Command(command or ""),
            client or Client(),
            server or Server(),
            any_knobs=any_knobs,
            limits=_Limits(trials, seconds, findings),
            seed=seed,
            kept=kept,
            progress=progress,
        )
    chosen = [oracle.name for oracle in kinds.oracles()] if oracles is None else list(oracles)
    with Bar(trials or 0, progress, unit="input") as bar:
        text = _tlslab.fuzz_campaign(
            (client or Client()).to_json(),
            (server or Server()).to_json(),
            any_knobs=any_knobs,
            oracles=[oracle for oracle in chosen if isinstance(oracle, str)],
            functions=[(_name(judge), _judge(judge)) for judge in chosen if not isinstance(judge, str)],
            mutators=[_mutator(mutator) for mutator in mutators],
            seed=seed,
            executions=None if trials is None else whole_number("trials", trials),
            seconds=seconds,
            findings=None if findings is None else whole_number("findings", findings),
            threads=0 if threads is None else whole_number("threads", threads, most=MOST_THREADS),
            corpus=[] if kept is None else list(kept.corpus()),
            progress=_shown(bar, kept),
        )
    return _campaign(json.loads(text), seed, kept)


@dataclass(frozen=True)
class _Limits:
    """When a campaign stops."""

    trials: int | None
    seconds: float | None
    findings: int | None

    def are_reached(self, trials: int, seconds: float, findings: int) -> bool:
        reached = [(self.trials, trials), (self.seconds, seconds), (self.findings, findings)]
        return any(most is not None and got >= most for most, got in reached)


def _against(
    target: Target,
    client: Client,
    server: Server,
    *,
    any_knobs: bool,
    limits: _Limits,
    seed: int,
    kept: Folder | None,
    progress: Progress,
) -> Campaign:
    """Run a campaign against a real peer."""
    corpus = [] if kept is None else list(kept.corpus())
    known = len(corpus)
    against = Against(target, client, server, any_knobs=any_knobs, seed=seed, corpus=corpus)
    began, done, interrupted = time.monotonic(), 0, False
    found: list[Finding] = []
    with target, Bar(limits.trials or 0, progress, unit="input") as bar:
        try:
            while not limits.are_reached(done, time.monotonic() - began, len(found)):
                against.run(done)
                done += 1
                for finding in against.findings[len(found) :]:
                    file = None if kept is None else kept.keep_finding(_file_name(finding), finding)
                    found.append(Finding(**finding, file=file))
                if kept is not None:
                    kept.keep_corpus(against.corpus[known:])
                known = len(against.corpus)
                bar.update(done, len(found))
        except KeyboardInterrupt:
            interrupted = True
    seconds = time.monotonic() - began
    return Campaign(
        executions=done,
        seconds=seconds,
        per_second=done / seconds if seconds else 0.0,
        findings=tuple(found),
        outcomes=dict(against.outcomes),
        reached={},
        misfits=against.misfits,
        features=against.features,
        corpus=tuple(json.loads(text) for text in against.corpus),
        seed=seed,
        interrupted=interrupted,
    )


def _file_name(finding: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(finding["what"].encode()).hexdigest()
    return f"{finding['oracle']}-{digest[:8]}.json"


def _shown(bar: Bar, kept: Folder | None) -> Callable[[int, int, list[int], list[tuple[str, str]], list[str]], None]:
    """Give what shows how far a campaign is, and what share of its inputs gets how far, and keeps what it has found."""

    def show(
        executions: int, findings: int, reached: Sequence[int], news: Sequence[tuple[str, str]], corpus: Sequence[str]
    ) -> None:
        if kept is not None:
            for name, finding in news:
                kept.keep_finding(name, json.loads(finding))
            kept.keep_corpus(corpus)
        bar.note(", ".join(f"{count / max(executions, 1):.0%}" for count in reached))
        bar.update(executions, findings)

    return show


def _name(function: Judge) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _judge(function: Judge) -> Callable[[str], str | None]:
    """Give the function as the extension calls it."""

    def judge(text: str) -> str | None:
        try:
            what = function(Evidence.from_json(text))
        except Exception as error:
            raise RunError(f"the oracle {_name(function)} raised {error!r}") from error
        if what is not None and not isinstance(what, str):
            raise RunError(f"the oracle {_name(function)} says what is wrong, or gives None; it gave {what!r}")
        return what

    return judge


def _mutator(function: Mutator) -> Callable[[str, int], str | None]:
    """Give the function as the extension calls it."""
    name = getattr(function, "__name__", type(function).__name__)

    def mutate(text: str, number: int) -> str | None:
        try:
            changed = function(json.loads(text), number)
            return None if changed is None else json.dumps(changed)
        except Exception as error:
            raise RunError(f"the mutator {name} raised {error!r}") from error

    return mutate


def _campaign(document: dict[str, Any], seed: int, kept: Folder | None) -> Campaign:
    findings = []
    for one in document["findings"]:
        file = None if kept is None else kept.keep_finding(one["file_name"], one["finding"])
        findings.append(Finding(**one["finding"], file=file))
    if kept is not None:
        kept.keep_corpus(map(json.dumps, document["corpus"]))
    return Campaign(
        executions=document["executions"],
        seconds=document["seconds"],
        per_second=document["executions"] / document["seconds"] if document["seconds"] else 0.0,
        findings=tuple(findings),
        outcomes=document["outcomes"],
        reached=document["reached"],
        misfits=document["misfits"],
        features=document["features"],
        corpus=tuple(document["corpus"]),
        seed=seed,
        interrupted=document["interrupted"],
    )
