"""The commands of ``tlslab windows``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable

from tlslab import windows
from tlslab.cli import ftp, mitigate, options, render, symptoms
from tlslab.cli.codes import FINE


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of ``tlslab windows``."""
    subparsers = parser.add_subparsers(dest="windows_command", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], summary: str, example: str) -> argparse.ArgumentParser:
        command = options.add_command(subparsers, name, run, summary, example)
        options.add_json(command)
        return command

    add("list", run_list, "list the platforms, and where the articles disagree", "tlslab windows list")

    show = add("show", run_show, "show what is known of a platform", 'tlslab windows show "Windows 10 1903"')
    show.add_argument("name", metavar="NAME", help="the platform's name")

    kb = add("kb", run_kb, "show what is known of an update", "tlslab windows kb KB4517389")
    kb.add_argument("number", metavar="KBnnnnnnn", help="the update's number")

    profile = add(
        "profile",
        run_profile,
        "show how a platform acts, as knobs; with --json a file for --client @FILE and --server @FILE",
        'tlslab windows profile "Windows Server 2012 R2" --json > 2012r2.json',
    )
    profile.add_argument("name", metavar="NAME", help="the platform's name")
    options.add_updated(profile)
    profile.add_argument(
        "--leading-zero-update",
        action=argparse.BooleanOptionalAction,
        help="whether the leading-zero update of KB4557473 is installed (default: by the catalogue)",
    )
    profile.add_argument(
        "--reading",
        choices=["Z", "public_value"],
        default="Z",
        help="what is mistreated without that update (default: %(default)s)",
    )
    profile.add_argument("--reg", metavar="FILE", help="an export of the registry's SCHANNEL key")

    table = add(
        "ftps",
        ftp.run_table,
        "run FTP over TLS with a Windows before and after the update, under all rules: cause 3 of KB4528489",
        "tlslab windows ftps",
    )
    table.add_argument(
        "--platform", default="Windows 10, version 1903", metavar="NAME", help="the Windows (default: %(default)s)"
    )
    table.add_argument("--seed", type=int, default=1, metavar="N", help="the seed (default: %(default)s)")

    mitigate.add_windows_options(
        add("mitigate", mitigate.run_windows, mitigate.WINDOWS_SUMMARY, mitigate.WINDOWS_EXAMPLE)
    )

    symptoms.add_options(add("symptoms", symptoms.run, symptoms.SUMMARY, symptoms.EXAMPLE))


def run_list(arguments: argparse.Namespace) -> int:
    """List the platforms and the disagreements."""
    platforms = [windows.show(name) for name in windows.platforms()]
    if arguments.json:
        document = {
            "platforms": [platform.to_dict() for platform in platforms],
            "updates": [update.to_dict() for update in windows.updates()],
            "disagreements": [
                {"about": one.about, "says": one.says, "here": one.here} for one in windows.disagreements()
            ],
            "sources": {name: {"title": one.title, "url": one.url} for name, one in windows.sources().items()},
        }
        print(json.dumps(document))
        return FINE
    rows = [(one.name, _numbers(one.updates + one.assumed_updates), one.leading_zero_update) for one in platforms]
    print(render.table(("platform", "updates", "leading-zero update"), rows))
    for one in windows.disagreements():
        said = "".join(f"\n  {source}: {words}" for source, words in one.says.items())
        print(f"\nThe articles disagree about {one.about}:{said}\n  here: {one.here}")
    _print_sources(windows.sources())
    return FINE


def run_show(arguments: argparse.Namespace) -> int:
    """Show a platform."""
    platform = windows.show(arguments.name)
    if arguments.json:
        print(json.dumps(platform.to_dict()))
        return FINE
    print(platform.name)
    for update in platform.updates:
        print(f"  {update.kb}  {update.kind}")
    for update in platform.assumed_updates:
        print(f"  {update.kb}  {update.kind} (assumed)")
    editions = ", ".join(f"{edition} {day}" for edition, day in platform.enforced_since_by_edition.items())
    print(f"  EMS is enforced for resumption since {platform.enforced_since} (editions: {editions}), {platform.cve}")
    print(f"  leading-zero update: {platform.leading_zero_update}")
    _print_assumptions(platform.assumptions)
    _print_sources(platform.sources)
    return FINE


def run_kb(arguments: argparse.Namespace) -> int:
    """Show an update."""
    update = windows.kb(arguments.number)
    if arguments.json:
        print(json.dumps(update.to_dict()))
        return FINE
    print(f"{update.kb}, {update.kind}, {update.cve}")
    for platform in update.platforms:
        print(f"  {platform}")
    if update.in_later_updates:
        print("  and every later update of this kind")
    _print_sources([update.source])
    return FINE


def run_profile(arguments: argparse.Namespace) -> int:
    """Show how a platform acts."""
    profile = windows.profile(
        arguments.name,
        updated=arguments.updated,
        registry=None if arguments.reg is None else windows.read_reg(arguments.reg),
        leading_zero_update=arguments.leading_zero_update,
        reading=arguments.reading,
    )
    if arguments.json:
        print(json.dumps(profile.to_dict()))
        return FINE
    print(f"{profile.name}, {'updated' if profile.updated else 'not updated'}")
    print(f"  EMS enforced for resumption: {_yes(profile.ems_enforced)}")
    print(f"  leading-zero update: {_yes(profile.leading_zero_update)}")
    for name, value in profile.registry.items():
        print(f"  registry: {name} = {value}")
    print(f"client\n  {profile.client.to_json()}\nserver\n  {profile.server.to_json()}")
    _print_assumptions(profile.assumptions)
    _print_sources(profile.sources)
    return FINE


def _numbers(updates: Iterable[windows.Update]) -> str:
    return " ".join(update.kb for update in updates)


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _print_assumptions(assumptions: Iterable[str]) -> None:
    print("assumptions")
    for assumption in assumptions:
        print(f"  {assumption}")


def _print_sources(names: Iterable[str]) -> None:
    known = windows.sources()
    print("sources")
    for name in names:
        print(f"  {name}: {known[name].title}\n    {known[name].url}")
