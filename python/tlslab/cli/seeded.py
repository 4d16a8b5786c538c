"""How long campaigns take to find the seeded bugs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tlslab import fuzz
from tlslab.errors import RunError

__all__ = ["Hunt", "bugs", "hunt", "table"]

#: How long a campaign looks for a bug, in seconds.
ENOUGH = 60.0


@dataclass(frozen=True)
class Hunt:
    """What campaigns with several seeds came to: those that found the bug, and how many there were."""

    bug: fuzz.SeededBug
    seeds: int
    found: tuple[fuzz.Campaign, ...]

    @property
    def succeeded(self) -> bool:
        """Whether each of them found it."""
        return len(self.found) == self.seeds


def bugs(name: str) -> list[fuzz.SeededBug]:
    """Give the seeded bug of a name, or all of them."""
    seeded = fuzz.seeded()
    chosen = [bug for bug in seeded if name in ("all", bug.name)]
    if not chosen:
        names = ", ".join(bug.name for bug in seeded)
        raise RunError(f"there is no seeded bug {name!r}; there are all, {names}")
    return chosen


def hunt(bug: fuzz.SeededBug, seeds: Sequence[int], *, seconds: float | None, threads: int | None) -> Hunt:
    """Run a campaign for each seed, up to its first finding."""
    campaigns = [
        fuzz.campaign(
            client=bug.client,
            server=bug.server,
            seconds=ENOUGH if seconds is None else seconds,
            findings=1,
            seed=seed,
            threads=threads,
            progress=False,
        )
        for seed in seeds
    ]
    return Hunt(bug, len(seeds), tuple(campaign for campaign in campaigns if campaign.findings))


def table(hunts: Iterable[Hunt]) -> str:
    """Give the results as a table in Markdown."""
    lines = [
        "| bug | knobs | found | seconds, median and most | inputs, most | edits, most | known from |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    return "\n".join(lines + [_row(hunt) for hunt in hunts])


def _row(hunt: Hunt) -> str:
    sides = [("client", hunt.bug.client), ("server", hunt.bug.server)]
    knobs = [f"{side} `{name}={value}`" for side, knobs in sides for name, value in knobs.to_dict().items()]
    cells = [f"`{hunt.bug.name}`", ", ".join(knobs), f"{len(hunt.found)} of {hunt.seeds}"]
    if hunt.found:
        seconds = sorted(campaign.seconds for campaign in hunt.found)
        cells += [
            f"{seconds[len(seconds) // 2]:.2f}, {seconds[-1]:.2f}",
            f"{max(campaign.findings[0].execution for campaign in hunt.found):,}",
            str(max(finding.edits for campaign in hunt.found for finding in campaign.findings)),
        ]
    else:
        cells += ["", "", ""]
    return f"| {' | '.join([*cells, hunt.bug.reference])} |"
