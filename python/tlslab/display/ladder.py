"""A ladder as SVG: client on the left, server on the right, time downwards."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from tlslab.display.markup import Html, join, tag
from tlslab.display.rungs import Flight, Note, Rung, name_of, zero_bytes
from tlslab.display.style import resolved

__all__ = ["head", "picture", "strip"]

#: Lengths in pixels: the picture, its lifelines, and what is between two lines of text.
_WIDTH = 760
_CLIENT, _SERVER = 112, 648
_LINE = 16
_MESSAGE, _HEAD = 34, 32
_NOTE_WIDTH = 404

#: Characters that fit into a note, and into the label of a message.
_NOTE_CHARACTERS, _LABEL_CHARACTERS = 58, 56

#: Of a secret, as many bytes are shown.
_SHOWN_BYTES = 5

_FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif'
_MONOSPACE = 'ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace'


def strip(rung: Rung) -> Html:
    """
    Give one rung as a picture of its own; such pictures, one below the other, are a ladder.

    Where a notebook is not trusted, its elements are taken away and their text stays. So the text is made to be read.
    """
    height = _height(rung)
    return _svg(height, [tag("title", f"{rung.side}: "), _lifelines(0, height), _drawn(rung)])


def head(client: str, server: str) -> Html:
    """Give the top of a ladder: who is on which side."""
    return _svg(_HEAD, _head(client, server))


def picture(rungs: Iterable[Rung], *, client: str, server: str, theme: str) -> Html:
    """Give a whole ladder as one picture that needs no style sheet."""
    parts = [_head(client, server)]
    top = _HEAD
    for rung in rungs:
        height = _height(rung)
        parts += [_lifelines(top, top + height), tag("g", _drawn(rung), transform=f"translate(0 {top})")]
        top += height
    back = tag("rect", width=_WIDTH, height=top + 8, fill="var(--back)")
    drawn = tag("g", back, parts, font_family=_FONT)
    return resolved(_svg(top + 8, drawn, xmlns="http://www.w3.org/2000/svg"), theme)


def _svg(height: int, content: Html | list[Html], **attributes: str) -> Html:
    box = f"0 0 {_WIDTH} {height}"
    return tag("svg", content, viewBox=box, width=_WIDTH, height=height, **attributes)


def _height(rung: Rung) -> int:
    if rung.note is None:
        return _MESSAGE
    return _LINE * (len(_wrapped(rung.note)) + (rung.note.z is not None)) + 16


def _wrapped(note: Note) -> list[str]:
    return textwrap.wrap(note.text, _NOTE_CHARACTERS, max_lines=4, placeholder=" ...") or [""]


def _head(client: str, server: str) -> Html:
    boxes = [
        tag("rect", x=x - 90, y=2, width=180, height=24, rx=4, fill="var(--soft)", stroke=f"var(--{side})")
        for x, side in ((_CLIENT, "client"), (_SERVER, "server"))
    ]
    names = [
        _words(x, 19, label, anchor="middle", weight="600", fill=f"var(--{side})")
        for x, label, side in ((_CLIENT, client, "client"), (_SERVER, server, "server"))
    ]
    return join([boxes, names, _lifelines(26, _HEAD)])


def _lifelines(top: int, bottom: int) -> Html:
    return join(
        tag("line", x1=x, x2=x, y1=top, y2=bottom, stroke=f"var(--{side})", stroke_width=2, stroke_opacity=0.55)
        for x, side in ((_CLIENT, "client"), (_SERVER, "server"))
    )


def _drawn(rung: Rung) -> Html:
    return _message(rung) if rung.note is None else _note(rung.side, rung.note)


def _message(rung: Rung) -> Html:
    message = rung.message
    assert message is not None
    is_alert = message.name == "Alert" and message.fields.get("level") == "fatal"
    color = "var(--alert)" if is_alert else "var(--zero)" if message.edited else f"var(--{rung.side})"
    detail = f"{len(message.bytes):,} byte{'' if len(message.bytes) == 1 else 's'}"
    detail += ", encrypted" if rung.protected else ""
    detail += ", edited" if message.edited else ""
    label = textwrap.shorten(name_of(message), _LABEL_CHARACTERS, placeholder="...")
    text = tag(
        "text",
        tag("tspan", label, font_weight="600", fill="var(--alert)" if is_alert else "var(--ink)"),
        tag("tspan", f" {detail}", dx=5, font_size=11.5, fill="var(--muted)"),
        x=(_CLIENT + _SERVER) // 2,
        y=17,
        font_size=13,
        text_anchor="middle",
    )
    return join([text, _arrow(rung.side, color), None if rung.flight is None else _flight(rung.side, rung.flight)])


def _arrow(side: str, color: str) -> Html:
    start, end, back = (_CLIENT, _SERVER, -9) if side == "client" else (_SERVER, _CLIENT, 9)
    toward = 1 if side == "client" else -1
    tip = f"{end - toward},26 {end + back},21.5 {end + back},30.5"
    line = tag("line", x1=start, x2=end + back, y1=26, y2=26, stroke=color, stroke_width=1.6)
    return join([line, tag("polygon", points=tip, fill=color)])


def _flight(side: str, flight: Flight) -> Html:
    """Say in the margin which flight begins here."""
    x, anchor = (_CLIENT - 12, "end") if side == "client" else (_SERVER + 12, "start")
    words = [_words(x, 17, f"flight {flight.number}", anchor=anchor, size=11.5, fill="var(--muted)")]
    if flight.size is not None:
        words.append(_words(x, 31, f"{flight.size:,} bytes", anchor=anchor, size=11.5, fill="var(--muted)"))
    return join(words)


def _note(side: str, note: Note) -> Html:
    left = _CLIENT + 8 if side == "client" else _SERVER - 8 - _NOTE_WIDTH
    ink, back = _TONES.get(note.tone, ("var(--ink)", "var(--soft)"))
    lines = _wrapped(note)
    rows = len(lines) + (note.z is not None)
    box = tag("rect", x=left, y=3, width=_NOTE_WIDTH, height=_LINE * rows + 10, rx=5, fill=back)
    text = [
        _words(left + 10, 20 + _LINE * at, line, size=12, fill=ink, weight="600" if note.tone == "zero" else None)
        for at, line in enumerate(lines)
    ]
    return join([box, text, _secrets(left + 10, 20 + _LINE * len(lines), note)])


def _secrets(x: int, y: int, note: Note) -> Html | None:
    """Show how Z and the premaster secret begin."""
    if note.z is None or note.premaster is None:
        return None
    parts: list[Html] = []
    for name, data in ((" Z ", note.z), ("   premaster secret ", note.premaster)):
        parts.append(tag("tspan", name, fill="var(--muted)"))
        shown = data[: 2 * _SHOWN_BYTES]
        zeros = 2 * zero_bytes(shown)
        parts.append(tag("tspan", " ".join(_pairs(shown[:zeros])), fill="var(--zero)", font_weight="700"))
        rest = " ".join(_pairs(shown[zeros:]))
        parts.append(tag("tspan", (" " if zeros else "") + rest + " \N{HORIZONTAL ELLIPSIS}", fill="var(--ink)"))
    return tag("text", parts, x=x, y=y, font_size=11.5, font_family=_MONOSPACE, style="white-space:pre")


_TONES = {
    "zero": ("var(--zero)", "var(--zero-soft)"),
    "changed": ("var(--zero)", "var(--zero-soft)"),
    "alert": ("var(--alert)", "var(--alert-soft)"),
    "good": ("var(--good)", "var(--good-soft)"),
}


def _words(
    x: int,
    y: int,
    text: str,
    *,
    size: float = 13,
    anchor: str | None = None,
    weight: str | None = None,
    fill: str = "var(--ink)",
) -> Html:
    # A space in front is not drawn, and keeps apart what is read without its elements.
    return tag("text", f" {text}", x=x, y=y, font_size=size, text_anchor=anchor, font_weight=weight, fill=fill)


def _pairs(data: str) -> list[str]:
    return [data[at : at + 2] for at in range(0, len(data), 2)]
