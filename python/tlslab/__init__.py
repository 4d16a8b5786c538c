"""A scriptable lab for TLS 1.0 to 1.2: endpoints whose every behaviour is data."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from tlslab import groups, plot
from tlslab._tlslab import __version__
from tlslab.archive import load, save
from tlslab.behaviour import Client, Server, knobs
from tlslab.bench import bench
from tlslab.binding import ChannelBinding
from tlslab.bundle import Verification, verify
from tlslab.capture import Capture, to_keylog, to_pcap
from tlslab.check import Case, Check, check
from tlslab.collect import collect
from tlslab.collection import Collected, Collection, combine, read_collection
from tlslab.connection import Connection, Message, Outcome, Transfer, handshake
from tlslab.diagnose import Diagnosis, Explanation, Observation, diagnose
from tlslab.errors import (
    BehaviourError,
    BundleError,
    CatalogueError,
    CollectionError,
    EditError,
    EvidenceError,
    MissingLibraryError,
    PeerConnectionError,
    RegistryError,
    RunError,
    TlslabError,
)
from tlslab.experiment import Experiment, kernels, plan
from tlslab.live import LiveConnection, LiveMessage
from tlslab.live import open_connection as open  # noqa: A004 - `tl.open` reads as what it is
from tlslab.look_alikes import LookAlikes, look_alikes
from tlslab.mitigation import Attempt, Mitigation, mitigate
from tlslab.peer import Serving, connect, serve
from tlslab.probe import ClientProbe, Finding, Profile, Report, probe
from tlslab.remedies import Remedy
from tlslab.result import Result
from tlslab.rival import Rival, rival
from tlslab.session import Session
from tlslab.sweep import Cell, Sweep, sweep
from tlslab.tasks import Task, tasks
from tlslab.trials import Trials
from tlslab.vectors import vectors

if TYPE_CHECKING:
    from tlslab import attacks, ftp, fuzz, windows
else:
    #: Rooms that most programs never enter: each is imported when it is first named.
    _LATER = ("attacks", "ftp", "fuzz", "windows")

    def __getattr__(name: str) -> ModuleType:
        if name in _LATER:
            return importlib.import_module(f"tlslab.{name}")
        raise AttributeError(f"module 'tlslab' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return __all__


__all__ = [
    "Attempt",
    "BehaviourError",
    "BundleError",
    "Capture",
    "Case",
    "CatalogueError",
    "Cell",
    "ChannelBinding",
    "Check",
    "Client",
    "ClientProbe",
    "Collected",
    "Collection",
    "CollectionError",
    "Connection",
    "Diagnosis",
    "EditError",
    "EvidenceError",
    "Experiment",
    "Explanation",
    "Finding",
    "LiveConnection",
    "LiveMessage",
    "LookAlikes",
    "Message",
    "MissingLibraryError",
    "Mitigation",
    "Observation",
    "Outcome",
    "PeerConnectionError",
    "Profile",
    "RegistryError",
    "Remedy",
    "Report",
    "Result",
    "Rival",
    "RunError",
    "Server",
    "Serving",
    "Session",
    "Sweep",
    "Task",
    "TlslabError",
    "Transfer",
    "Trials",
    "Verification",
    "__version__",
    "attacks",
    "bench",
    "check",
    "collect",
    "combine",
    "connect",
    "diagnose",
    "ftp",
    "fuzz",
    "groups",
    "handshake",
    "kernels",
    "knobs",
    "load",
    "look_alikes",
    "mitigate",
    "open",
    "plan",
    "plot",
    "probe",
    "read_collection",
    "rival",
    "save",
    "serve",
    "sweep",
    "tasks",
    "to_keylog",
    "to_pcap",
    "vectors",
    "verify",
    "windows",
]
