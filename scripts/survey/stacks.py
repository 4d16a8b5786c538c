"""The stacks of the survey: what installs, builds and runs them."""

from __future__ import annotations

import re
import shlex
import shutil
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import tlslab as tl

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent

#: What is built stays here, beside what the lab itself is built into.
BUILT = HERE.parents[1] / "target" / "survey"

#: Seconds that a build, or the question for a version, may take.
_PATIENCE = 1200


@dataclass(frozen=True)
class Stack:
    """A TLS implementation, as commands with places for files and the port."""

    name: str
    install: list[str]
    version: str
    server: str | None = None
    client: str | None = None
    pattern: str = r"(.+)"
    build: str | None = None


class MissingError(Exception):
    """A stack is not there, or cannot be built."""


def stacks() -> list[Stack]:
    """Read the stacks, in the order of the file."""
    tables = tomllib.loads((HERE / "stacks.toml").read_text())
    return [Stack(name=name, **table) for name, table in tables.items()]


def make(stack: Stack, places: dict[str, str]) -> str:
    """Build what a stack needs, and give its version."""
    for command in (stack.build, stack.version):
        if command is not None:
            printed = _run(command, places)
    found = re.search(stack.pattern, printed)
    if found is None:
        raise MissingError(f"{stack.version} prints no version: {printed!r}")
    return found.group(1).strip()


def filled(command: str, places: dict[str, str]) -> str:
    """Put the places in, but for the port."""
    for name, place in places.items():
        command = command.replace(f"{{{name}}}", place)
    return command


def places(made: Path) -> dict[str, str]:
    """Make the certificates and the rest that commands have places for."""
    at = {name: str(made / name) for name in ("cert", "key", "store", "nss", "dh", "lab")}
    BUILT.mkdir(parents=True, exist_ok=True)
    Path(at["lab"]).write_text(_certificate_of_the_lab())
    at |= {"made": str(made), "built": str(BUILT), "here": str(HERE), "python": sys.executable}
    openssl = "openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {cert} -days 30 -subj /CN=localhost"
    _run(openssl, at)
    _run("openssl pkcs12 -export -in {cert} -inkey {key} -out {store} -passout pass:survey -name peer", at)
    _run("openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out {made}/group", at)
    _run("openssl dhparam -in {made}/group -out {dh}", at)
    if shutil.which("pk12util"):
        Path(at["nss"]).mkdir()
        _run("certutil -N -d sql:{nss} --empty-password", at)
        _run("pk12util -i {store} -d sql:{nss} -W survey -K ''", at)
    return at


def _certificate_of_the_lab() -> str:
    """Give the certificate that the lab's servers show, which is always the same, as PEM."""
    messages = tl.handshake(tl.Client(), tl.Server(), seed=0).messages
    shown = next(message.fields for message in messages if message.name == "Certificate")
    return ssl.DER_cert_to_PEM_cert(bytes.fromhex(shown["certificate_list"][0]))


def _run(command: str, at: dict[str, str]) -> str:
    words = shlex.split(filled(command, at))
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=_PATIENCE)
    except FileNotFoundError as error:
        raise MissingError(f"there is no {words[0]}") from error
    except subprocess.SubprocessError as error:
        print(error, getattr(error, "stderr", ""), file=sys.stderr)
        raise MissingError(f"{words[0]} fails") from error
    return done.stdout + done.stderr
