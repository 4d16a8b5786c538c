"""The package as it was installed: its version, its types and its command."""

import importlib.metadata
import importlib.resources
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import tlslab


def test_the_version_is_that_of_the_distribution() -> None:
    assert tlslab.__version__ == importlib.metadata.version("tlslab")


def test_the_package_is_typed() -> None:
    assert importlib.resources.files("tlslab").joinpath("py.typed").is_file()


def test_the_command_is_installed() -> None:
    command = Path(sysconfig.get_path("scripts")) / "tlslab"
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"tlslab {tlslab.__version__}\n"


def test_an_import_loads_nothing_heavy() -> None:
    command = [sys.executable, "-c", "import sys, tlslab; print(*sys.modules)"]
    loaded = set(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split())
    assert "tlslab" in loaded
    assert not loaded & {"tlslab.attacks", "tlslab.ftp", "tlslab.fuzz", "tlslab.windows"}, "rooms for later"
    libraries = {"numpy", "matplotlib", "pandas", "polars", "pyarrow", "IPython", "tqdm", "tomllib", "xml.etree"}
    assert not loaded & {*libraries, "tlslab.display"}


def test_rooms_are_there_when_they_are_named() -> None:
    script = "from tlslab import *; import tlslab; assert fuzz.campaign and tlslab.windows.show and tlslab.ftp.table"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert set(tlslab.__all__) == set(dir(tlslab))
    with pytest.raises(AttributeError, match="no attribute 'fuz'"):
        tlslab.fuz  # type: ignore[attr-defined]  # noqa: B018
