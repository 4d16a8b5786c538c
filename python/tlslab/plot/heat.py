"""Heat maps: clients against servers, and sessions against hellos."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from tlslab.behaviour import Client, Server
from tlslab.connection import Connection
from tlslab.errors import RunError
from tlslab.experiment import Experiment
from tlslab.numbers import draw_seed
from tlslab.plot.figure import new_figure
from tlslab.result import Result
from tlslab.words import odds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["heat_map", "resumption_matrix"]

#: A name beside a cell has no more characters.
_MOST_CHARACTERS = 26

#: So many trials are looked at for one with a session to resume.
_ATTEMPTS = 8

#: A cell's colour, and that of the words on it.
_Color = tuple[Any, str]


class Cell(Protocol):
    """A result with what it is called by, such as a sweep has for each of its experiments."""

    @property
    def labels(self) -> Mapping[str, Any]:
        """What varies, by name, with the values of this cell."""

    @property
    def result(self) -> Result:
        """What the experiment came to."""


def heat_map(results: Mapping[tuple[str, str], Result] | Iterable[Cell]) -> Figure:
    """
    Plot the rates of clients against servers.

    Parameters
    ----------
    results
        The results by the names of the client and the server, or the cells of a sweep of two things. Pairs that are not
        there are left white.

    Returns
    -------
    matplotlib.figure.Figure
        A row for each client, a column for each server; the darker, the more often they fail, by a logarithmic scale.

    Raises
    ------
    RunError
        There is no matplotlib, or there are no results, or a sweep is not one of two things.

    Examples
    --------
    >>> import tlslab as tl
    >>> servers = {"strips": tl.Server(ems="off"), "keeps": tl.Server(ems="off", premaster_zeros="keep")}
    >>> results = {
    ...     ("strips", name): tl.Experiment(tl.Client(ems="off"), server).run(200, seed=1, progress=False)
    ...     for name, server in servers.items()
    ... }
    >>> [label.get_text() for label in tl.plot.heat_map(results).axes[0].get_xticklabels()]
    ['strips', 'keeps']
    """
    (row, column), rates = _by_pairs(results)
    clients = list(dict.fromkeys(client for client, _ in rates))
    servers = list(dict.fromkeys(server for _, server in rates))
    least = min((rate for rate in rates.values() if rate), default=1.0)
    cells = {
        (clients.index(client), servers.index(server)): (odds(rate), _shade(rate or 0.0, least))
        for (client, server), rate in rates.items()
    }
    return _grid(cells, clients, servers, row=row, column=column)


def resumption_matrix(client: Client, server: Server, *, seed: int | None = None) -> Figure:
    """
    Plot what two sides make of a session by whether it, and the hello that offers it, has EMS (RFC 7627 5.3).

    Four pairs of connections are run, byte for byte. The first of each makes a session, the second may resume it; in
    either the client's EMS is on or off. (Where the server has none, no session has.)

    Parameters
    ----------
    client, server
        How the two act, but for the client's ``ems``. A client that keeps RFC 7627 offers no session that does not fit:
        ``offer_without_ems`` and ``offer_downgrade`` have it do so, and so put the server to the test.
    seed
        The seed of all randomness; None draws one.

    Returns
    -------
    matplotlib.figure.Figure
        A row for each session, a column for each hello.

    Raises
    ------
    RunError
        There is no matplotlib.
    """
    seed = draw_seed(seed)
    sides = ("with EMS", "without EMS")
    cells = {}
    for row, of_session in enumerate(("on", "off")):
        for column, of_hello in enumerate(("on", "off")):
            connections = [{"client": {"ems": of_session}}, {"client": {"ems": of_hello}}]
            scenario = {"name": f"a session with ems={of_session}, a hello with {of_hello}", "connections": connections}
            cells[row, column] = _of_resumption(_second(Experiment(client, server, scenario=scenario), seed))
    return _grid(cells, sides, sides, row="session", column="ClientHello")


def _second(experiment: Experiment, seed: int) -> Connection:
    """Give the second connection of the first trial in which the first one comes about: a lost zero may prevent it."""
    for trial in range(_ATTEMPTS):
        connections = experiment.replay_all(seed, trial)
        if len(connections) == len(experiment.scenario["connections"]):
            break
    return connections[-1]


def _by_pairs(
    results: Mapping[tuple[str, str], Result] | Iterable[Cell],
) -> tuple[tuple[str, ...], dict[tuple[str, str], float | None]]:
    """Give the names of what varies, and the rates by pairs of its values."""
    if isinstance(results, Mapping):
        names: tuple[str, ...] = ("client", "server")
        found = {pair: result.rate for pair, result in results.items()}
    else:
        cells = list(results)
        kinds = {tuple(cell.labels) for cell in cells}
        if any(len(kind) != 2 for kind in kinds) or len(kinds) > 1:
            told = "; ".join(sorted(", ".join(kind) or "nothing" for kind in kinds))
            raise RunError(f"a heat map is of a sweep of two things, and this one varies {told}")
        names = next(iter(kinds), ("", ""))
        found = {(str(one), str(other)): cell.result.rate for cell in cells for one, other in [cell.labels.values()]}
    if not found:
        raise RunError("there are no results to plot")
    return names, found


def _of_resumption(connection: Connection) -> tuple[str, _Color]:
    """Say what became of a session, and give the colour of that."""
    outcome = connection.outcome
    if outcome.established is None:
        alert = outcome.alert or outcome.kind
        return f"the {outcome.sender or 'wire'} gives up:\n{alert}", ("#cc3311", "white")
    if outcome.established["resumed"]:
        return "resumed", ("#0072b2", "white")
    offered = any(event["event"] == "session_offered" for event in connection.trace)
    return f"full handshake:\n{'declined' if offered else 'not offered'}", ("#ddcc77", "black")


def _shade(rate: float, least: float) -> _Color:
    """Give the colour of a rate: from pale at the least of all to dark at 1."""
    from matplotlib import colormaps

    if not rate:
        return "#e8f3ee", "black"
    depth = 1.0 if least == 1 else 1 - math.log(rate) / math.log(least)
    return colormaps["YlOrRd"](0.25 + 0.75 * depth), "white" if depth > 0.6 else "black"


def _grid(
    cells: Mapping[tuple[int, int], tuple[str, _Color]],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    row: str,
    column: str,
) -> Figure:
    """Draw cells with words in them."""
    figure, axes = new_figure(2.2 + 1.5 * len(columns), 1.2 + 0.75 * len(rows))
    from matplotlib.patches import Rectangle

    for (y, x), (words, (color, ink)) in cells.items():
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=2))
        axes.text(x, y, words, ha="center", va="center", color=ink, fontsize=9)
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5), xlabel=column, ylabel=row)
    axes.set_xticks(range(len(columns)), map(_shortened, columns))
    axes.set_yticks(range(len(rows)), map(_shortened, rows))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def _shortened(name: str) -> str:
    """Give a name that fits beside a cell."""
    return name if len(name) <= _MOST_CHARACTERS else f"{name[:12]}...{name[-8:]}"
