"""Windows as Microsoft's articles describe it: the table of platforms, a platform, a profile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tlslab import words
from tlslab.display.behaviour import differences
from tlslab.display.markup import Child, Html, join, tag
from tlslab.display.style import badge, data_table, fold, panel

if TYPE_CHECKING:
    from tlslab.windows import Platform, Platforms, Profile

__all__ = ["platform", "platform_text", "platforms", "platforms_text", "profile", "profile_text"]

_HEAD = ["platform", "updates", "EMS enforced since", "for", "leading-zero update"]


def platforms(shown: Platforms) -> Html:
    """Show the table of platforms."""
    rows: list[list[Child]] = [
        [one.name, _updates(one), _whole(str(one.enforced_since)), _whole(one.cve), _leading_zeros(one)]
        for one in shown
    ]
    return panel("Windows, as KB4528489 and KB4557473 tell of it", data_table(_HEAD, rows), _sources(shown))


def platforms_text(shown: Iterable[Platform]) -> str:
    """Give the table of platforms as text."""
    rows = [
        (one.name, _numbers(one), str(one.enforced_since), one.cve, one.leading_zero_update.replace("_", " "))
        for one in shown
    ]
    return words.table(_HEAD, rows, left=range(len(_HEAD)))


def platform(one: Platform) -> Html:
    """Show a platform."""
    editions = ", ".join(f"{edition} {day}" for edition, day in one.enforced_since_by_edition.items())
    rows: list[list[Child]] = [
        ["updates that enforce EMS", _updates(one)],
        ["since", f"{one.enforced_since} (the article's editions: {editions})"],
        ["for", one.cve],
        ["leading-zero update", _leading_zeros(one)],
    ]
    return panel(one.name, data_table(["", ""], rows), _assumptions(one.assumptions), _sources([one]))


def platform_text(one: Platform) -> str:
    """Give a platform as text."""
    return platforms_text([one])


def profile_text(one: Profile) -> str:
    """Give how a Windows acts as text."""
    lines = [
        f"{one.name}, {'updated' if one.updated else 'not updated'}",
        f"EMS enforced for resumption: {'yes' if one.ems_enforced else 'no'}",
        f"leading-zero update: {'yes' if one.leading_zero_update else 'no'}",
        *(f"registry: {name} = {value}" for name, value in one.registry.items()),
        repr(one.client),
        repr(one.server),
        *(f"assumed: {assumption}" for assumption in one.assumptions),
    ]
    return "\n".join(lines)


def profile(one: Profile) -> Html:
    """Show how a Windows acts."""
    return panel(
        [
            f"{one.name} ",
            badge("updated", "good") if one.updated else badge("not updated", "zero"),
            " ",
            badge("EMS enforced for resumption" if one.ems_enforced else "EMS not enforced for resumption"),
            " ",
            badge("leading zeros repaired", "good")
            if one.leading_zero_update
            else badge("keeps leading zeros", "alert"),
        ],
        [tag("p", tag("code", f"{name} = {value}")) for name, value in one.registry.items()],
        fold("as a client", differences(one.client)),
        fold("as a server", differences(one.server)),
        _assumptions(one.assumptions),
        tag("p", f"From {', '.join(one.sources)}.", class_="muted"),
    )


def _updates(one: Platform) -> Child:
    listed = [tag("div", update.kb, " ", tag("span", update.kind, class_="muted")) for update in one.updates]
    assumed = [
        tag("div", update.kb, " ", tag("span", f"{update.kind}, assumed", class_="muted"))
        for update in one.assumed_updates
    ]
    return [listed, assumed]


def _whole(text: str) -> Html:
    """Give text that is kept on one line."""
    return tag("span", text, class_="name")


def _numbers(one: Platform) -> str:
    return " ".join(update.kb for update in one.updates + one.assumed_updates)


def _leading_zeros(one: Platform) -> Html:
    if one.leading_zero_update == "from_release":
        return badge("from its release on", "good")
    if one.leading_zero_update == "never":
        return badge("never", "alert")
    return badge(f"since {one.leading_zero_update}", "zero")


def _assumptions(assumptions: Iterable[str]) -> Html | None:
    listed = [tag("li", one) for one in assumptions]
    return fold(f"assumptions, which go beyond the articles ({len(listed)})", tag("ul", listed)) if listed else None


def _sources(shown: Iterable[Platform]) -> Html:
    names = list(dict.fromkeys(name for one in shown for name in one.sources))
    return join(tag("p", f"From {', '.join(names)}.", class_="muted"))
