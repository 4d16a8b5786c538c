"""Results of experiments: the rate with its interval, beside the rate that theory expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlslab.display.behaviour import beside
from tlslab.display.markup import Child, Html, join, tag
from tlslab.display.style import badge, data_table, fold, panel
from tlslab.words import is_sound, odds, of_stop, of_test, zeros_of

if TYPE_CHECKING:
    from tlslab.result import Result

__all__ = ["rate_picture", "result"]

#: Lengths of the picture of a rate, in pixels.
_WIDTH, _LEFT, _RIGHT = 680, 24, 580

#: As many indices of failed trials are named.
_NAMED = 12


def result(one: Result) -> Html:
    """Show a result."""
    if not one.trials:
        return panel("Result ", tag("p", f"no trials: {one.stopped_by}"), _sides(one))
    return panel(
        [f"Result: {one.failures:,} of {one.trials:,} trials failed ", _verdict(one)],
        rate_picture(one),
        _figures(one),
        _outcomes(one),
        _failed(one),
        _classes(one),
        fold("client and server", _sides(one)),
    )


def rate_picture(one: Result) -> Html:
    """Draw the rate with its interval of 95 %, and the expected rate, on an axis from 0."""
    low, high = one.interval()
    rate, expected = one.rate or 0.0, one.expected_rate
    most = min(1.0, 1.15 * max(high, expected or 0.0)) or 1.0

    def x(value: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * value / most, 1)

    parts = [
        tag("line", x1=_LEFT, x2=_RIGHT, y1=52, y2=52, stroke="var(--line)", stroke_width=1),
        _label(_LEFT - 8, 56, "0", "end"),
        _label(_RIGHT + 8, 56, f"{most:.3g}", "start"),
        tag(
            "rect", x=x(low), y=36, width=max(2.0, x(high) - x(low)), height=10, rx=3, fill="var(--client)", opacity=0.3
        ),
        tag("circle", cx=x(rate), cy=41, r=5, fill="var(--client)"),
        _label(x(rate), 26, f"observed {rate:.6f}", _anchor(x(rate)), "var(--client)"),
    ]
    if expected is not None:
        at = x(expected)
        parts += [
            tag("line", x1=at, x2=at, y1=32, y2=58, stroke="var(--zero)", stroke_width=2, stroke_dasharray="4 2"),
            _label(at, 72, f"theory {expected:.6f}", _anchor(at), "var(--zero)"),
        ]
    return tag("svg", parts, viewBox=f"0 0 {_WIDTH} 78", width=_WIDTH, height=78)


def _anchor(x: float) -> str:
    return "start" if x < _LEFT + 60 else "end" if x > _RIGHT - 60 else "middle"


def _label(x: float, y: int, text: str, anchor: str, fill: str = "var(--muted)") -> Html:
    return tag("text", f" {text}", x=x, y=y, font_size=12, text_anchor=anchor, fill=fill)


def _verdict(one: Result) -> Html:
    if one.expected_rate is None:
        return badge("theory does not tell")
    low, high = one.interval(0.99)
    # Where a rule has stopped the run there is no test, but always an interval.
    is_so = low <= one.expected_rate <= high if one.p_value is None else one.p_value >= 0.01
    return badge("as theory expects", "good") if is_so else badge("not as theory expects", "alert")


def _figures(one: Result) -> Html:
    low, high = one.interval()
    rows: list[list[Child]] = [
        ["rate", f"{one.rate:.6f}, {odds(one.rate)}"],
        ["95% interval", f"{low:.6f} to {high:.6f} ({one.interval_kind.replace('_', ' ')})"],
        ["theory", "does not tell for these knobs" if one.expected_rate is None else _theory(one)],
        ["trials", f"{one.trials:,} at {one.fidelity} fidelity, seed {one.seed}, {one.signatures} signatures"],
        ["", of_stop(one)],
    ]
    return data_table(["", ""], [row for row in rows if row[1]])


def _theory(one: Result) -> str:
    test = "" if one.p_value is None else f"; p-value {one.p_value:.4f} ({of_test(one)})"
    return f"{one.expected_rate:.6f}, {odds(one.expected_rate)}{test}"


def _outcomes(one: Result) -> Html:
    rows: list[list[Child]] = [
        [badge("fine", "good") if is_sound(name) else badge("failed", "alert"), tag("code", name), f"{count:,}"]
        for name, count in one.outcomes.items()
    ]
    causes = ", ".join(f"{cause}: {count:,}" for cause, count in one.causes.items())
    told = tag("p", f"Failures by what caused them: {causes}.") if causes else None
    return join([data_table(["", "outcome", "trials"], rows, numbers=(2,)), told])


def _failed(one: Result) -> Html | None:
    if not one.failed_trials:
        return None
    named = ", ".join(map(str, one.failed_trials[:_NAMED]))
    more = ", \N{HORIZONTAL ELLIPSIS}" if one.failures > _NAMED else ""
    replay = tag("code", f".replay({one.failed_trials[0]})")
    return tag("p", f"Failed trials: {named}{more}; ", replay, " runs one again, byte for byte.", class_="muted")


def _classes(one: Result) -> Html | None:
    if not one.classes:
        return None
    rows: list[list[Child]] = []
    for each in one.classes:
        share, missed = each["expected_share"], each["audit_can_have_missed"]
        rows.append(
            [
                zeros_of(each),
                tag("code", each["outcome"]),
                f"{each['trials']:,}",
                "" if share is None else f"{share * one.trials:,.1f}",
                f"{each['audited']:,}",
                "" if missed is None else f"{missed:.1e}",
            ]
        )
    head = ["leading zero bytes", "outcome", "trials", "theory", "replayed", "may be otherwise"]
    return fold(f"{len(rows)} classes of trials", data_table(head, rows, numbers=(2, 3, 4, 5)))


def _sides(one: Result) -> Html:
    return beside(one.experiment.client, one.experiment.server)
