"""Plots: what is drawn is what was run."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tlslab as tl
from tlslab.cli import main

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLIENT = tl.Client(ems="off")
KEEPER = tl.Server(ems="off", premaster_zeros="keep", groups=["modp1024"])


@pytest.fixture(scope="module")
def result() -> tl.Result:
    return tl.Experiment(CLIENT, KEEPER).run(1500, seed=1, fidelity="wire", progress=False)


@pytest.fixture(scope="module")
def by_classes() -> tl.Result:
    return tl.Experiment(CLIENT, KEEPER).run(1500, seed=1, fidelity="class", progress=False)


def made_up(result: tl.Result, **changes: object) -> tl.Result:
    return tl.Result(result.experiment, {**result.to_dict(), **changes})


def lines(figure: Figure) -> dict[str, Any]:
    return {str(line.get_label()): line.get_xydata() for line in figure.axes[0].lines}


def test_the_rate_converges_to_what_the_result_says(result: tl.Result) -> None:
    figure = tl.plot.convergence(result)
    drawn = lines(figure)
    assert list(drawn["observed"][-1]) == [result.trials, result.rate]
    first = result.failed_trials[0]
    assert all((rate > 0) == (trials > first) for trials, rate in drawn["observed"])
    assert drawn["theory, 0.003906"][0][1] == result.expected_rate
    (band,) = figure.axes[0].collections
    assert "confidence sequence" in str(band.get_label())


def test_a_picture_ends_where_the_known_failures_do(result: tl.Result) -> None:
    cut = made_up(result, failed_trials=result.failed_trials[:2])
    assert lines(tl.plot.convergence(cut))["observed"][-1][0] == result.failed_trials[1] + 1


def test_waits_are_those_of_kaplan_and_meier(result: tl.Result) -> None:
    # Waits of 2 and 2 that ended, and one of 6 that did not.
    few = made_up(result, trials=10, failures=2, failed_trials=[1, 3])
    drawn = lines(tl.plot.waiting(few))["observed"]
    assert drawn[:, 0].tolist() == [0, 2, 2, 6]
    assert drawn[:, 1].tolist() == pytest.approx([1, 2 / 3, 1 / 3, 1 / 3])
    # One wait that ended in each of two runs.
    two = [made_up(result, trials=at + 1, failures=1, failed_trials=[at]) for at in (4, 9)]
    assert lines(tl.plot.waiting(two))["observed"][:, 1].tolist() == pytest.approx([1, 1 / 2, 1 / 2])
    law = lines(tl.plot.waiting(few))["geometric law, 1 in 256"]
    assert law[-1].tolist() == pytest.approx([6, (255 / 256) ** 6], rel=1e-6)
    with pytest.raises(tl.RunError, match="no trial failed"):
        tl.plot.waiting(made_up(result, failures=0, failed_trials=[]))


def test_zeros_are_the_classes(by_classes: tl.Result, result: tl.Result) -> None:
    figure = tl.plot.zeros(by_classes)
    drawn: list[Any] = list(figure.axes[0].lines)
    points = {x: y for line in drawn for x, y in line.get_xydata() if line.get_marker() in ("o", "x")}
    for one in by_classes.classes:
        assert points[one["zeros"][0]["z"]] == one["trials"] / by_classes.trials
    assert figure.axes[0].get_yscale() == "log"
    with pytest.raises(tl.RunError, match="fidelity='class'"):
        tl.plot.zeros(result)


def test_rates_have_their_names_and_their_theory(result: tl.Result) -> None:
    sound = tl.Experiment(tl.Client(), KEEPER).run(20, seed=1, progress=False)
    figure = tl.plot.rates({"a": result, "b": sound})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["none failed"]
    unnamed = tl.plot.rates([result])
    assert [label.get_text() for label in unnamed.axes[0].get_yticklabels()] == ["modp1024"]
    with pytest.raises(tl.RunError, match="no results"):
        tl.plot.rates({})


def test_a_heat_map_has_a_cell_for_each_pair(result: tl.Result) -> None:
    never = made_up(result, failures=0, rate=0.0)
    figure = tl.plot.heat_map({("c", "s"): result, ("c", "t"): never, ("d", "t"): made_up(result, rate=1.0)})
    assert [text.get_text() for text in figure.axes[0].texts] == [
        f"1 in {1500 / result.failures:.0f}",
        "never",
        "always",
    ]
    assert [text.get_position() for text in figure.axes[0].texts] == [(0, 0), (1, 0), (1, 1)]


@dataclass
class Cell:
    """What a sweep has for each of its experiments."""

    labels: dict[str, object]
    result: tl.Result


def test_a_heat_map_is_made_of_a_sweep_of_two_things(result: tl.Result) -> None:
    sweep = [Cell({"ems": ems, "groups": group}, result) for ems in ("off", "on") for group in (["a"], ["b"])]
    axes = tl.plot.heat_map(sweep).axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("ems", "groups")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["['a']", "['b']"]
    assert len(axes.texts) == 4
    long = [Cell({"ems": "off", "groups": [f"{'f' * 100}{at}"]}, result) for at in range(3)]
    labels = [label.get_text() for label in tl.plot.heat_map(long).axes[0].get_xticklabels()]
    assert labels == [f"['ffffffffff...fffff{at}']" for at in range(3)]
    with pytest.raises(tl.RunError, match="a sweep of two things, and this one varies ems"):
        tl.plot.heat_map([Cell({"ems": "off"}, result)])
    with pytest.raises(tl.RunError, match="no results"):
        tl.plot.heat_map([])


def cells(client: tl.Client, server: tl.Server) -> list[str]:
    figure = tl.plot.resumption_matrix(client, server, seed=1)
    return [text.get_text().replace("\n", " ") for text in figure.axes[0].texts]


def test_the_matrix_of_rfc_7627_comes_out_of_the_bytes() -> None:
    careless = tl.Client(offer_without_ems="offer", offer_downgrade="offer")
    aborts = "the server gives up: handshake_failure"
    assert cells(careless, tl.Server()) == ["resumed", aborts, "full handshake: declined", aborts]
    assert cells(careless, tl.Server(resume_legacy="resume"))[3] == "resumed"
    assert cells(careless, tl.Server(resume_upgrade="resume"))[2] != "full handshake: declined"
    declined = "full handshake: not offered"
    assert cells(tl.Client(), tl.Server()) == ["resumed", declined, declined, declined]
    # A first connection that fails for another reason is none to judge by.
    every_other = tl.groups.custom(2**17 - 1, 3)
    keeper = tl.Server(premaster_zeros_ems="keep", groups=[every_other])
    matrices = [tl.plot.resumption_matrix(tl.Client(), keeper, seed=seed) for seed in range(6)]
    assert any(tl.handshake(tl.Client(), keeper, seed=seed).outcome.failed for seed in range(6))
    assert {matrix.axes[0].texts[0].get_text() for matrix in matrices} == {"resumed"}


def test_a_result_picks_its_plot(result: tl.Result, by_classes: tl.Result) -> None:
    def label(figure: Figure) -> str:
        return figure.axes[0].get_xlabel()

    assert label(result.plot()) == label(by_classes.plot()) == "trials"
    assert label(made_up(by_classes, failures=20_000).plot()) == "leading zero bytes of Z"
    assert label(result.plot("waiting")) == "trials until a failure"
    with pytest.raises(tl.RunError, match="one of convergence, zeros, waiting, not 'pie'"):
        result.plot("pie")


def test_a_figure_is_matplotlibs_own_and_in_no_list(result: tl.Result) -> None:
    from matplotlib.figure import Figure

    figure = result.plot()
    assert isinstance(figure, Figure)
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


RUN = ["run", "--client", "ems=off", "--server", "ems=off,premaster_zeros=keep,groups=modp768", "--seed", "1"]


@pytest.mark.parametrize(("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_command_line_plots(ending: str, begins: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / f"figure.{ending}"
    assert main([*RUN, "--trials", "300", "--plot", str(file)]) == 0
    assert file.read_bytes().startswith(begins)
    assert "rate" in capsys.readouterr().out


def test_what_cannot_be_plotted_is_found_before_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, words in (("figure.xyz", "has none of these"), ("nowhere/figure.png", "cannot write")):
        assert main([*RUN, "--trials", "1000000000", "--plot", str(tmp_path / path)]) == 2
        assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_draws_ladders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ladder.svg"
    assert main(["handshake", "--seed", "7", "--svg", str(file)]) == 0
    assert file.read_text() == tl.handshake(tl.Client(), tl.Server(), seed=7).to_svg()
    assert main(["replay", "--seed", "1", "--trial", "0", "--scenario", "resume", "--svg", str(file)]) == 0
    assert "takes up a session" in file.read_text()
    assert "ClientHello" in capsys.readouterr().out


def test_without_matplotlib_an_error_names_the_extra() -> None:
    program = """
import sys
sys.modules["matplotlib"] = sys.modules["matplotlib.figure"] = None
import tlslab as tl
result = tl.Experiment(tl.Client(), tl.Server()).run(1, seed=1, progress=False)
try:
    result.plot()
except tl.MissingLibraryError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "a plot needs matplotlib, which is not installed; pip install 'tlslab[plot]' installs it\n"
