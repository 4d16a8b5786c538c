"""HTML and SVG, built so that nothing gets into them unescaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TypeAlias

__all__ = ["Child", "Html", "join", "tag"]


class Html(str):
    """Text that is markup. All other text is escaped when it becomes a part of markup."""

    __slots__ = ()


#: What an element may contain; None is nothing.
Child: TypeAlias = "str | int | Iterable[Child] | None"

#: Characters that XML forbids, or that would turn round the text after them, become U+FFFD: peers choose texts.
_UNSEEN = dict.fromkeys(
    [
        *range(0x00, 0x09),
        0x0B,
        0x0C,
        *range(0x0E, 0x20),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    ],
    "\N{REPLACEMENT CHARACTER}",
)


def tag(name: str, *children: Child, **attributes: str | float | bool | None) -> Html:
    """
    Give an element.

    Parameters
    ----------
    name
        Its name.
    *children
        What it contains.
    **attributes
        Its attributes: ``class_`` for ``class``, ``stroke_width`` for ``stroke-width``. None and False leave one out.

    Examples
    --------
    >>> print(tag("td", "1 < 2", class_="number"))
    <td class="number">1 &lt; 2</td>
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{"" if value is True else _text(value)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Html(f"<{name}{given}>{join(children)}</{name}>")


def join(child: Child) -> Html:
    """Give markup for what an element may contain."""
    if child is None:
        return Html()
    if isinstance(child, Html):
        return child
    if isinstance(child, (str, int)):
        return _text(child)
    return Html("".join(join(one) for one in child))


def _text(value: str | float) -> Html:
    if isinstance(value, float):
        value = f"{value:g}"
    return Html(escape(str(value).translate(_UNSEEN)))
