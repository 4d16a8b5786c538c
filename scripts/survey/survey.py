"""
Probes TLS stacks, each as a server and as a client, and writes docs/survey.md, and their profiles into profiles/.

survey.py [--install] [NAME ...]: without names, all of stacks.toml; with --install, what is missing is installed first.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from stacks import HERE, MissingError, Stack, filled, make, places, stacks
from table import Row, render

import tlslab as tl

PAGE = HERE.parents[1] / "docs" / "survey.md"
PROFILES = HERE / "profiles"

#: Seconds that a stack has on each side. No answer within the lab's deadline is no evidence.
SECONDS = 300


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", action="store_true", help="install what is missing, with apt-get and pip")
    parser.add_argument("names", nargs="*", metavar="NAME", help="the stacks to measure (default: all)")
    arguments = parser.parse_args()
    chosen = [stack for stack in stacks() if not arguments.names or stack.name in arguments.names]
    rows = []
    with tempfile.TemporaryDirectory(prefix="tlslab-survey-") as made:
        at = places(Path(made))
        for stack in chosen:
            print(f"{stack.name} ...", file=sys.stderr, flush=True)
            rows.append(measure(stack, at, install=arguments.install))
    text = render(rows)
    if arguments.names:
        print(text)
    else:
        PAGE.write_text(text)
        for row in rows:
            save(row)


def measure(stack: Stack, at: dict[str, str], *, install: bool) -> Row:
    """Judge a stack on both sides, or say why it cannot be."""
    try:
        version = _make(stack, at, install=install)
    except MissingError as error:
        return Row(stack.name, missing=str(error).splitlines()[0], install=stack.install)
    sides = {"server": stack.server, "client": stack.client}
    reports, failures = {}, {}
    for side, command in sides.items():
        if command is None:
            continue
        try:
            once = {side: filled(command, at)}
            checked = tl.check(**once, sequential=True, seconds=SECONDS, timeout=10, seed=1, progress=False)
            reports[side] = checked.report
        except tl.RunError as error:
            failures[side] = str(error).splitlines()[0]
            print(error, file=sys.stderr)
    return Row(stack.name, version, reports, failures)


def save(row: Row) -> None:
    """Write what was found of a stack as knobs: a profile of both sides."""
    profiles = [report.profile(f"make survey, with {row.name} {row.version}") for report in row.reports.values()]
    if not profiles:
        return
    document: dict[str, Any] = {"sources": list(profiles[0].sources)}
    document |= {profile.behaviour.side: profile.behaviour.to_dict() for profile in profiles}
    document["differences"] = [
        {"role": profile.behaviour.side, **difference} for profile in profiles for difference in profile.differences
    ]
    PROFILES.mkdir(exist_ok=True)
    name = re.sub("[^a-z0-9]+", "-", row.name.lower()).strip("-")
    (PROFILES / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")


def _make(stack: Stack, at: dict[str, str], *, install: bool) -> str:
    try:
        return make(stack, at)
    except MissingError:
        if not install:
            raise
    for package in stack.install:
        name = package.removeprefix("pip:")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", name]
        apt = ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", name]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(apt if name == package else pip, check=False, env=environment, stdout=subprocess.DEVNULL)
    return make(stack, at)


if __name__ == "__main__":
    main()
