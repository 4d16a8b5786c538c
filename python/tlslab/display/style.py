"""How what is shown looks: one small style sheet, for light and dark themes."""

from __future__ import annotations

import re

from tlslab.display.markup import Child, Html, join, tag

__all__ = ["badge", "data_table", "fold", "palette", "panel", "prose", "resolved", "style_sheet"]

_LIGHT = (
    "--ink:#1f2328;--muted:#59636e;--line:#d1d9e0;--back:#ffffff;--soft:#f3f5f7;--client:#0550ae;--server:#6639ba;"
    "--alert:#cf222e;--alert-soft:#ffebe9;--good:#1a7f37;--good-soft:#dafbe1;--zero:#8a5a00;--zero-soft:#fff8c5"
)
_DARK = (
    "--ink:#e6edf3;--muted:#9da7b3;--line:#3d444d;--back:#111418;--soft:#1c2128;--client:#79c0ff;--server:#d2a8ff;"
    "--alert:#ff8b84;--alert-soft:#3f1b1d;--good:#56d364;--good-soft:#12311c;--zero:#e3b341;--zero-soft:#332a10"
)

#: A theme that the page has chosen (JupyterLab, VS Code, Sphinx, Colab) comes before that of the reader's system.
_CHOSEN_LIGHT = '[data-jp-theme-light="true"],.vscode-light,[data-theme="light"],[theme="light"]'
_CHOSEN_DARK = '[data-jp-theme-light="false"],.vscode-dark,[data-theme="dark"],[theme="dark"]'

#: Rules for what is in a panel, `&`. It is named so strongly since JupyterLab's own rules name two classes.
_PANEL = ".tlslab.tlslab.tlslab"
_RULES = """
&{color:var(--ink);background:var(--back);border:1px solid var(--line);border-radius:6px;padding:12px 16px;
 margin:4px 0;font:13px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;max-width:860px;
 box-sizing:border-box;overflow-x:auto}
&.wide{max-width:none}
& h3{font-size:15px;font-weight:600;margin:0 0 6px;color:var(--ink)}
& h4{font-size:13px;font-weight:600;margin:12px 0 4px;color:var(--ink)}
& p{margin:4px 0;color:var(--ink);overflow-wrap:anywhere}
& .muted{color:var(--muted)}
& code,& pre{font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
 color:var(--ink);background:none;padding:0;margin:0;border:0}
& code{overflow-wrap:anywhere;white-space:pre-wrap}
& pre{background:var(--soft);border-radius:4px;padding:8px 10px;max-height:320px;overflow:auto;
 white-space:pre-wrap;overflow-wrap:anywhere}
& table{border-collapse:collapse;margin:4px 0;font-size:13px;table-layout:auto;color:var(--ink)}
& tr{background:none}
& th,& td{text-align:left;vertical-align:top;padding:3px 14px 3px 0;border:0;
 border-bottom:1px solid var(--line);white-space:normal;max-width:none;color:var(--ink)}
& th{font-weight:600;color:var(--muted)}
& td .name{white-space:nowrap}
& .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
& details{margin:4px 0}
& summary{cursor:pointer;color:var(--ink)}
& summary:hover{background:var(--soft)}
& .badge{display:inline-block;border-radius:10px;padding:0 9px;font-size:12px;font-weight:600;
 background:var(--soft);color:var(--muted);white-space:nowrap}
& .is-good{background:var(--good-soft);color:var(--good)}
& .is-alert{background:var(--alert-soft);color:var(--alert)}
& .is-zero{background:var(--zero-soft);color:var(--zero)}
& b.zero{color:var(--zero);background:var(--zero-soft);font-weight:700}
& svg{display:block;max-width:100%;height:auto;overflow:visible}
& .rung{margin:0}
& .rung>summary{list-style:none;position:relative}
& .rung>summary::-webkit-details-marker{display:none}
& .rung>summary::before{content:"\\25B8";position:absolute;left:0;top:9px;color:var(--muted);font-size:12px}
& .rung[open]>summary::before{content:"\\25BE"}
& .rung>div{margin:4px 12px 12px;padding-left:12px;border-left:2px solid var(--line)}
"""


def style_sheet() -> Html:
    """Give the style sheet; it touches nothing outside of panels."""
    themes = (
        f".tlslab{{{_LIGHT}}}"
        f"@media(prefers-color-scheme:dark){{.tlslab{{{_DARK}}}:is({_CHOSEN_LIGHT}) .tlslab{{{_LIGHT}}}}}"
        f":is({_CHOSEN_DARK}) .tlslab{{{_DARK}}}"
    )
    rules = _RULES.replace("\n", "").replace("&", _PANEL)
    return Html(f"<style>{themes}{rules}</style>")


def resolved(markup: Html, theme: str) -> Html:
    """Give markup with the colours of a theme, ``"light"`` or ``"dark"``, in place of their names."""
    colors = palette(theme)
    return Html(re.sub(r"var\(--([a-z-]+)\)", lambda name: colors[name[1]], markup))


def palette(theme: str) -> dict[str, str]:
    """Give the colours of a theme, ``"light"`` or ``"dark"``, by their names."""
    rules = (_DARK if theme == "dark" else _LIGHT).split(";")
    return dict(rule.removeprefix("--").split(":") for rule in rules)


def panel(title: Child, *children: Child, wide: bool = False) -> Html:
    """Give something that is shown on its own, with its title; a wide one takes all the width that there is."""
    return tag("div", style_sheet(), tag("h3", title), children, class_="tlslab wide" if wide else "tlslab")


def badge(label: str, tone: str = "") -> Html:
    """Give a label; its tone is ``"good"``, ``"alert"``, ``"zero"`` or none."""
    return tag("span", label, class_=f"badge is-{tone}" if tone else "badge")


def fold(summary: Child, *children: Child) -> Html:
    """Give what is shown once somebody opens it."""
    return tag("details", tag("summary", summary), children)


def prose(text: str) -> Html:
    """Give text in which `` `this` `` is code."""
    return join(tag("code", part) if at % 2 else part for at, part in enumerate(text.split("`")))


def data_table(head: list[str], rows: list[list[Child]], *, numbers: tuple[int, ...] = ()) -> Html:
    """Give a table; `numbers` are the positions of the columns to be aligned to the right."""

    def cells(name: str, row: list[Child]) -> list[Html]:
        return [tag(name, cell, class_="number" if at in numbers else None) for at, cell in enumerate(row)]

    body = [tag("tr", cells("td", row)) for row in rows]
    return tag("table", tag("thead", tag("tr", cells("th", list(head)))), tag("tbody", body))
