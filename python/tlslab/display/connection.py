"""Connections, what they are made of, and how they ended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from tlslab.display import ladder
from tlslab.display.markup import Child, Html, join, tag
from tlslab.display.rungs import Rung, name_of, rungs, zero_bytes
from tlslab.display.style import badge, data_table, fold, panel

if TYPE_CHECKING:
    from tlslab.connection import Connection, Message, Outcome, Transfer

__all__ = ["connection", "fields", "message", "outcome", "so_far", "svg", "transfer", "transfer_text"]

#: No more rungs are shown, nor more bytes of a message or characters of its fields: peers send what they like.
MOST_RUNGS = 200
MOST_BYTES = 2048
MOST_CHARACTERS = 32_768

_SECRETS = ("z", "premaster", "master_secret", "key_block")


def connection(one: Connection) -> Html:
    """Show a connection: how it ended, its ladder, its secrets, and transfers of FTP."""
    return panel(["Connection ", _badge(one.outcome)], _connection(one))


def outcome(one: Outcome) -> Html:
    """Show how a connection ended."""
    return panel(["Outcome ", _badge(one)], _outcome(one))


def message(one: Message) -> Html:
    """Show a message: its fields and its bytes."""
    return panel(f"{one.sender} sends {name_of(one)}, {len(one.bytes):,} bytes", _content(one))


def transfer(one: Transfer) -> Html:
    """Show a transfer of FTP with its data connection."""
    end = badge(one.end, "good" if one.end == "complete" else "alert")
    return panel([f"{one.command} {one.path} ", end], _transfer(one))


def transfer_text(one: Transfer) -> str:
    """Give a transfer of FTP as text."""
    lines = [f"{one.command} {one.path}".rstrip() + f": {one.end}, {len(one.received):,} bytes received"]
    lines += [] if one.error is None else [one.error]
    lines += [] if one.connection is None else [one.connection.ladder()]
    return "\n".join(lines)


def svg(one: Connection, *, theme: str) -> Html:
    """Give the ladder of a connection as one picture."""
    client, server = _sides(one)
    return ladder.picture(islice(rungs(one), MOST_RUNGS), client=client, server=server, theme=theme)


def so_far(one: Connection) -> Html:
    """Show the ladder of a connection that is going on."""
    return _ladder(one)


def _connection(one: Connection) -> Html:
    return join(
        [
            _outcome(one.outcome),
            tag("p", _seed(one), "open a message to see its fields and bytes", class_="muted"),
            None if one.note is None else tag("p", one.note),
            _in_clear(one),
            _ladder(one),
            _secrets(one),
            _transfers(one),
        ]
    )


def _seed(one: Connection) -> str:
    return "" if one.seed is None else f"seed {one.seed}; "


def _outcome(one: Outcome) -> Html:
    agreed = one.established
    rows: list[list[Child]] = [] if agreed is None else [[name, _agreed(value)] for name, value in agreed.items()]
    details = fold("what was agreed on", data_table(["", ""], rows)) if rows else None
    return join([tag("p", str(one)), details])


def _agreed(value: object) -> str:
    if value is None:
        return "-"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _badge(one: Outcome) -> Html:
    label = "refused" if one.refused else one.kind if one.alert is None else f"alert {one.code}"
    return badge(label if one.ftp is None else f"FTP: {one.ftp}", "good" if one.succeeded else "alert")


def _sides(one: Connection) -> tuple[str, str]:
    lab = {event["side"] for event in one.trace}
    client, server = (side if side in lab or not lab else f"{side} (real peer)" for side in ("client", "server"))
    return client, server


def _ladder(one: Connection) -> Html:
    shown = list(islice(rungs(one), MOST_RUNGS + 1))
    left_out = None
    if len(shown) > MOST_RUNGS or one.truncated:
        left_out = tag("p", "There is more than is shown here.", class_="muted")
    return join([ladder.head(*_sides(one)), [_rung(rung) for rung in shown[:MOST_RUNGS]], left_out])


def _rung(rung: Rung) -> Html:
    picture = ladder.strip(rung)
    if rung.message is None:
        return tag("div", picture)
    return tag("details", tag("summary", picture), tag("div", _content(rung.message)), class_="rung")


def _content(one: Message) -> Html:
    shown = fields(one.fields)
    if shown is not None and len(shown) > MOST_CHARACTERS:
        shown = tag("pre", f"{json.dumps(one.fields)[:MOST_BYTES]} ...")
    return join([shown, tag("pre", "\n".join(_hex_lines(one.bytes)))])


def fields(shown: Mapping[str, Any]) -> Html | None:
    """Show the fields of a message."""
    rows = [tag("tr", tag("td", name), tag("td", _value(value))) for name, value in shown.items() if name != "type"]
    return tag("table", rows) if rows else None


def _value(value: Any) -> Child:  # noqa: ANN401 - a field is whatever JSON has
    if isinstance(value, Mapping):
        kind = tag("div", tag("code", _plain(value["type"]))) if "type" in value else None
        return [kind, fields(value)]
    if isinstance(value, list):
        if any(isinstance(item, (Mapping, list)) for item in value):
            return [tag("div", _value(item)) for item in value[:_MOST_ITEMS]]
        return [tag("div", tag("code", _plain(item))) for item in value[:_MOST_ITEMS]]
    return tag("code", _plain(value))


#: Items of a list, and characters of a value, that are shown.
_MOST_ITEMS, _MOST_CHARACTERS = 64, 640


def _plain(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) <= _MOST_CHARACTERS:
        return text or "(empty)"
    return f"{text[:_MOST_CHARACTERS]} ... ({len(text):,} characters)"


def _hex_lines(data: bytes) -> Iterator[str]:
    for at in range(0, min(len(data), MOST_BYTES), 16):
        yield f"{at:04x}  {data[at : at + 16].hex(' ', 1)}"
    if len(data) > MOST_BYTES:
        yield f"... {len(data) - MOST_BYTES:,} more bytes"


def _in_clear(one: Connection) -> Html | None:
    if not one.said:
        return None
    lines = [f"{sender}: {data[:MOST_BYTES].decode('latin-1').rstrip()}" for sender, data in one.said[:MOST_RUNGS]]
    return fold("what was said in clear, before TLS", tag("pre", "\n".join(lines)))


def _secrets(one: Connection) -> Html | None:
    """Show the secrets of both sides, and whether they are the same."""
    client, server = one.secrets_of("client"), one.secrets_of("server")
    rows: list[list[Child]] = []
    for name in _SECRETS:
        both = (client.get(name), server.get(name))
        if both == (None, None):
            continue
        same = None
        if None not in both:
            same = badge("the same", "good") if both[0] == both[1] else badge("different", "alert")
        rows.append([name, [_secret(one) for one in both], same])
    return fold("secrets, the client's above the server's", data_table(["", "", ""], rows)) if rows else None


def _secret(data: str | None) -> Html:
    if data is None:
        return tag("div", "-", class_="muted")
    zeros = 2 * zero_bytes(data)
    more = f"\N{HORIZONTAL ELLIPSIS} ({len(data) // 2} bytes)"
    shown = max(zeros + 16, 48)
    first = tag("b", data[:zeros], class_="zero") if zeros else None
    return tag("div", tag("code", first, data[zeros:shown], more))


def _transfers(one: Connection) -> Html | None:
    if not one.dialogue:
        return None
    dialogue = "\n".join(f"{sender}: {text}" for sender, text in one.dialogue[:MOST_RUNGS])
    shown = [
        fold(
            [f"{each.command} {each.path} ", badge(each.end, "good" if each.end == "complete" else "alert")],
            _transfer(each),
        )
        for each in one.transfers
    ]
    return join([tag("h4", "Transfers of FTP"), shown, fold("what was said", tag("pre", dialogue))])


def _transfer(one: Transfer) -> Html:
    facts: list[list[Child]] = [
        ["the server's reply", one.reply],
        ["resumed by", one.resumed or "nothing: a full handshake"],
        ["received", f"{len(one.received):,} bytes"],
        ["what is wrong", one.error],
    ]
    rows = [row for row in facts if row[1] is not None]
    data = None if one.connection is None else [tag("h4", "Its data connection"), _connection(one.connection)]
    return join([data_table(["", ""], rows), data])
