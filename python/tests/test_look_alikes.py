"""The look-alikes of cause 1, and its rival hypothesis."""

from __future__ import annotations

from pathlib import Path

import pytest

import tlslab as tl
from tlslab.cli.look_alikes import text
from tlslab.look_alikes import LOOK_ALIKES, LookAlike, Signs, differences
from tlslab.result import Result


@pytest.fixture(scope="module")
def table() -> tl.LookAlikes:
    return tl.look_alikes(progress=False)


def by_what(table: tl.LookAlikes, words: str) -> int:
    (number,) = (number for number, row in enumerate(table.rows) if words in row.look_alike.what)
    return number


def test_the_table_is_that_of_the_docs(table: tl.LookAlikes) -> None:
    page = Path(__file__).parents[2] / "docs" / "cause-1.md"
    assert text(table) in page.read_text(), "docs/cause-1.md shows another table"


def test_each_rate_is_that_of_theory_where_theory_tells(table: tl.LookAlikes) -> None:
    assert [row.look_alike for row in table.rows] == list(LOOK_ALIKES)
    assert not table.interrupted
    for row in table.rows:
        assert row.result.failures > 0, row.look_alike.what
        assert row.result.p_value is None or row.result.p_value > 1e-4, row.look_alike.what
    both = table.rows[by_what(table, "both refuse")].result.expected_rate
    two = table.rows[by_what(table, "refuses a short Ys, the server keeps")].result.expected_rate
    assert both == pytest.approx(1 - (255 / 256) ** 2, rel=1e-3)
    assert two == pytest.approx(1 - (255 / 256) ** 2, rel=1e-3)


def test_without_dhe_or_with_ems_only_other_values_than_z_fail(table: tl.LookAlikes) -> None:
    for row in table.rows:
        causes = set(row.result.causes)
        assert row.signs.without_dhe == ("suites" in row.look_alike.server_knobs)
        assert row.signs.with_ems == (causes != {"Z"})


def test_what_tells_them_apart(table: tl.LookAlikes) -> None:
    def apart(words: str) -> set[str]:
        return set(table.rows[by_what(table, words)].apart_by)

    assert not table.rows[0].apart_by
    assert not apart("the client keeps")  # the guilty side does not show
    assert "a short value" in apart("the client shifts a short Ys")
    assert "alert" not in apart("the client shifts a short Ys")
    assert {"alert", "sender", "EMS"} <= apart("the client refuses a short Ys, the server keeps")
    assert "sender" not in apart("the server refuses a short Yc")
    for elsewhere in ("signature", "ciphertext", "X25519", "P-256"):
        assert "suites" in apart(elsewhere)
    assert table.rows[by_what(table, "ciphertext")].signs.short_values == ("encrypted_pre_master_secret",)
    assert table.rows[by_what(table, "shifts a short Yc")].signs.short_values == ("dh_Yc",)


def result(failures: int, trials: int) -> Result:
    experiment = LookAlike("a defect").experiment()
    return Result(experiment, {"failures": failures, "trials": trials, "interval_kind": "clopper_pearson"})


def test_differences_are_those_of_what_was_seen() -> None:
    signs = Signs((20,), ("server",), ("Finished",), (), with_ems=False, without_dhe=False)
    other = Signs((47,), ("client",), ("Finished",), ("dh_Ys",), with_ems=True, without_dhe=True)
    assert differences(result(9, 999), signs, result(9, 999), signs) == ()
    assert differences(result(9, 999), signs, result(99, 999), signs) == ("rate",)
    expected = ("alert", "sender", "a short value", "EMS", "suites")
    assert differences(result(9, 999), signs, result(9, 999), other) == expected
    assert differences(result(9, 999), signs, result(0, 999), other) == ()  # nothing was seen


def test_the_same_defect_fails_as_often_per_key_exchange_and_more_often_per_visit() -> None:
    done = tl.rival(connections=6, trials=3000, seed=3, progress=False)
    assert done.connections == 6
    chance = tl.groups.named("modp1024").leading_zeros[0]
    by_name = {(visit.defect, visit.situation): visit for visit in done.visits}
    for visit in done.visits:
        low, high = visit.interval_of_an_exchange(0.999)
        assert low < chance < high or not visit.result.failures
    for defect in ("zeros kept without EMS", "zeros always kept"):
        before, without, after = (
            by_name[defect, f"{when} the update{how}"]
            for when, how in (("before", ""), ("before", ", no resumption"), ("after", ""))
        )
        assert (before.exchanges, without.exchanges, after.exchanges) == (1, 6, 6)
        assert set(before.result.failed_trials) < set(after.result.failed_trials)
        assert without.result.failed_trials == after.result.failed_trials
        assert before.result.interval()[1] < after.result.interval()[0]
    repaired = by_name["zeros kept without EMS", "after the update, EMS on both sides, no resumption"]
    hidden = by_name["zeros always kept", "after the update, EMS on both sides"]
    shown = by_name["zeros always kept", "after the update, EMS on both sides, no resumption"]
    assert repaired.result.failures == 0
    assert (hidden.exchanges, shown.exchanges) == (1, 6)
    assert 0 < hidden.result.failures < shown.result.failures
