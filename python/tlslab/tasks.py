"""Tasks: experiments with a name, as cells of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tlslab.axes import Knobs, as_cell, points, settings
from tlslab.behaviour import Client, Server
from tlslab.errors import RunError
from tlslab.experiment import Experiment
from tlslab.groups import Group

__all__ = ["Task", "tasks"]


@dataclass(frozen=True, slots=True)
class Task:
    """
    An experiment, and what tells it from others.

    Attributes
    ----------
    experiment
        The experiment.
    labels
        What is special about it, by name: the columns of its row in a table.
    """

    experiment: Experiment
    labels: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str | None:
        """Its labels in one line; None without any."""
        return ", ".join(f"{name}={as_cell(value)}" for name, value in self.labels.items()) or None


def tasks(
    client: Client | Sequence[Client] | None = None,
    server: Server | Sequence[Server] | None = None,
    *,
    knobs: Knobs | None = None,
    combine: str = "grid",
    samples: int | None = None,
    groups: Sequence[str | Group] | None = None,
    scenario: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] = "full",
    signatures: str = "simulated",
    seed: int = 0,
) -> list[Task]:
    """
    Give the experiments that :func:`tlslab.sweep` would run, as tasks for :func:`tlslab.collect`.

    Parameters
    ----------
    client, server, knobs, combine, samples, groups, scenario, signatures
        As for :func:`tlslab.sweep`.
    seed
        The seed of a sampler; there is no other use for it.

    Raises
    ------
    BehaviourError
        A knob or value that does not exist, or knobs that contradict each other.
    RunError
        There is nothing to combine, or it cannot be combined.

    Examples
    --------
    >>> import tlslab as tl
    >>> [task.name for task in tl.tasks(knobs={"ems": ["off", "on"]}, groups=["modp768"])]
    ['ems=off, server.groups=modp768', 'ems=on, server.groups=modp768']
    """
    found = settings({} if knobs is None else knobs, combine=combine, samples=samples, seed=seed)
    if groups is not None:
        found = [{**setting, "server.groups": [group]} for setting in found for group in groups]
    scenarios = [scenario] if isinstance(scenario, (str, Mapping)) else list(scenario)
    clients, servers = _several(client, Client()), _several(server, Server())
    made = list(_tasks(clients, servers, found, scenarios, signatures))
    if not made:
        raise RunError("there is nothing to sweep over: a list of clients, servers, groups or scenarios is empty")
    return made


def _several(given: Any, default: Any) -> list[Any]:  # noqa: ANN401 - of clients or of servers
    if given is None:
        return [default]
    return list(given) if isinstance(given, Sequence) else [given]


def _tasks(
    clients: list[Client],
    servers: list[Server],
    found: list[dict[str, Any]],
    scenarios: list[str | Mapping[str, Any]],
    signatures: str,
) -> Iterator[Task]:
    for scenario in scenarios:
        for point in points(clients, servers, found):
            experiment = Experiment(point.client, point.server, scenario=scenario, signatures=signatures)
            varying = {"scenario": experiment.scenario["name"]} if len(scenarios) > 1 else {}
            yield Task(experiment, {**varying, **point.labels})
