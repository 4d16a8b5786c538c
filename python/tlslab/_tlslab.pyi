from collections.abc import Callable
from os import PathLike
from typing import final

__all__ = [
    "WINDOWS_MAX_REG_BYTES",
    "BehaviourError",
    "Capture",
    "CatalogueError",
    "ClientProbe",
    "EditError",
    "EvidenceError",
    "Live",
    "PeerConnectionError",
    "Prepared",
    "RegistryError",
    "RunError",
    "Serving",
    "TlslabError",
    "__version__",
    "add_parts",
    "behaviour_from_assignments",
    "behaviour_identity",
    "canonical_behaviour",
    "canonical_scenario",
    "canonical_session",
    "check_experiment",
    "connect",
    "export_keying_material",
    "failed_trials",
    "ftp_connect",
    "full_behaviour",
    "fuzz_campaign",
    "fuzz_make",
    "fuzz_oracles",
    "fuzz_replay",
    "fuzz_seeded",
    "group",
    "group_names",
    "handshake",
    "holm",
    "interval",
    "kernels",
    "key_log",
    "knobs",
    "lab_rsa_identity",
    "part_may_stop",
    "plan",
    "probe_plan",
    "probe_server",
    "read_evidence",
    "replay_trial",
    "run_experiment",
    "triple_handshake",
    "vectors",
    "weigh_evidence",
    "windows_catalogue",
    "windows_platform",
    "windows_profile",
    "windows_read_reg",
    "windows_symptoms",
    "windows_update",
]

__version__: str
WINDOWS_MAX_REG_BYTES: int

class TlslabError(Exception): ...
class BehaviourError(TlslabError): ...
class CatalogueError(TlslabError): ...
class EditError(TlslabError): ...
class EvidenceError(TlslabError): ...
class RunError(TlslabError): ...
class PeerConnectionError(TlslabError): ...
class RegistryError(TlslabError): ...

def canonical_behaviour(side_name: str, json: str) -> str: ...
def behaviour_from_assignments(side_name: str, text: str) -> str: ...
def full_behaviour(side_name: str, json: str) -> str: ...
def behaviour_identity(side_name: str, json: str) -> str: ...
def knobs(side_name: str) -> str: ...
def group_names() -> list[str]: ...
def group(name: str | None = None, p: bytes | None = None, g: bytes | None = None) -> str: ...
def fuzz_campaign(
    client: str,
    server: str,
    *,
    any_knobs: bool,
    oracles: list[str],
    functions: list[tuple[str, Callable[[str], str | None]]],
    mutators: list[Callable[[str, int], str | None]],
    seed: int,
    executions: int | None,
    seconds: float | None,
    findings: int | None,
    threads: int,
    corpus: list[str],
    progress: Callable[[int, int, list[int], list[tuple[str, str]], list[str]], None],
) -> str: ...
def fuzz_make(
    client: str, server: str, *, any_knobs: bool, seed: int, number: int, corpus: list[str]
) -> str | None: ...
def fuzz_oracles() -> str: ...
def fuzz_replay(text: str, oracles: list[str]) -> str: ...
def fuzz_seeded() -> str: ...
def handshake(client: str, server: str, seed: int, edits: str) -> str: ...
def canonical_scenario(scenario: str) -> str: ...
def canonical_session(json: str) -> str: ...
def run_experiment(
    client: str,
    server: str,
    scenario: str,
    *,
    signatures: str,
    trials: int,
    seed: int,
    threads: int,
    digest: bool,
    fidelity: str,
    kernel: str | None,
    memory_budget: int,
    max_failures: int | None,
    precision: float | None,
    seconds: float | None,
    progress: Callable[[int, int | None], None],
) -> str: ...
def failed_trials(
    client: str,
    server: str,
    scenario: str,
    *,
    signatures: str,
    seed: int,
    fidelity: str,
    start: int,
    stop: int,
    threads: int,
    progress: Callable[[int, int | None], None],
) -> bytes: ...
def check_experiment(
    client: str,
    server: str,
    scenario: str,
    *,
    signatures: str,
    trials: int,
    fidelity: str,
    max_failures: int | None,
    precision: float | None,
) -> str: ...
def add_parts(parts: list[str]) -> str: ...
def part_may_stop(part: str, failures_before: int, *, max_failures: int | None, precision: float | None) -> bool: ...
def holm(p_values: list[float]) -> list[float]: ...
def replay_trial(
    client: str, server: str, scenario: str, *, signatures: str, seed: int, index: int, fidelity: str
) -> str: ...
def interval(kind: str, failures: int, trials: int, confidence: float) -> tuple[float, float]: ...
def plan(rate: float, power: float, alpha: float, against: float) -> int: ...
def kernels() -> list[str]: ...
def key_log(connections: str, premasters: bool) -> str: ...
def lab_rsa_identity() -> tuple[bytes, bytes]: ...
def connect(
    client: str,
    address: str,
    *,
    seed: int,
    starttls: str | None,
    renegotiations: int,
    data: bytes,
    receive: int,
    timeout: float,
    chosen_zeros: int | None,
    edits: str,
    session: str | None,
    identity: tuple[str, str, str] | None,
) -> tuple[str, str | None]: ...
def probe_plan(plan: str) -> int: ...
def probe_server(
    address: str,
    *,
    plan: str,
    seed: int,
    rate: float,
    max_connections: int,
    max_time: float | None,
    timeout: float,
    patience: float,
    identity: tuple[str, str, str] | None,
    starttls: str | None,
    progress: Callable[[int, int | None], None],
) -> str: ...
def triple_handshake(client: str, server: str, attack: str, seed: int) -> str: ...
def export_keying_material(binding: str, label: str, context: bytes | None, length: int) -> bytes: ...
def ftp_connect(
    client: str,
    address: str,
    *,
    seed: int,
    data_sessions: str,
    actions: list[tuple[str, str, bytes]],
    timeout: float,
    session: str | None,
    identity: tuple[str, str, str] | None,
) -> tuple[str, str | None]: ...
def read_evidence(path: str | PathLike[str], key_log: str) -> str: ...
def weigh_evidence(case: str, explanations: str, apart: float) -> str: ...
def vectors(seed: int) -> str: ...
def windows_catalogue() -> str: ...
def windows_platform(name: str) -> str: ...
def windows_update(kb: str) -> str: ...
def windows_profile(
    name: str, *, updated: bool | None, registry: str, leading_zero_update: bool | None, reading: str
) -> str: ...
def windows_read_reg(file: bytes) -> str: ...
def windows_symptoms(outcome: str, side: str, lang: str) -> str: ...

@final
class Capture:
    def __new__(cls, secrets: bool) -> Capture: ...
    def add(self, connections: str) -> bytes: ...

@final
class Live:
    def __new__(cls, client: str, server: str, seed: int, edits: str) -> Live: ...
    def step(self) -> str | None: ...
    def pending(self) -> str | None: ...
    def edit(self, change: str) -> None: ...
    def edits(self) -> str: ...
    def connection(self) -> str: ...

@final
class Prepared:
    def __new__(
        cls,
        client: str,
        server: str,
        scenario: str,
        *,
        signatures: str,
        trials: int,
        seed: int,
        threads: int,
        fidelity: str,
        kernel: str | None,
        memory_budget: int,
    ) -> Prepared: ...
    @property
    def fidelity(self) -> str: ...
    def part(
        self,
        start: int,
        stop: int,
        *,
        failures_before: int,
        max_failures: int | None,
        precision: float | None,
        progress: Callable[[int, int | None], None],
    ) -> tuple[str, str]: ...
    def report(
        self, part: str, *, stopped_by: str, seconds: float, progress: Callable[[int, int | None], None]
    ) -> str: ...
    def codes(self, start: int, stop: int, *, progress: Callable[[int, int | None], None]) -> tuple[bytes, str]: ...

@final
class Serving:
    def __new__(
        cls,
        server: str,
        *,
        host: str,
        port: int,
        seed: int,
        timeout: float,
        handshake_timeout: float,
        idle_timeout: float,
        max_bytes: int,
        kept_bytes: int,
        max_connections: int,
        connections: int | None,
        identities: list[tuple[str, str, str]],
        starttls: str | None,
        mode: str,
        files: list[tuple[str, bytes]],
        data_sessions: str,
    ) -> Serving: ...
    def address(self) -> tuple[str, int]: ...
    @property
    def certificate_pem(self) -> str: ...
    def connections(self, seen: int) -> tuple[str, int]: ...
    def outcomes(self, seen: int) -> tuple[str, int]: ...
    def files(self) -> list[tuple[str, bytes]]: ...
    def is_done(self) -> bool: ...
    def stop(self) -> None: ...

@final
class ClientProbe:
    def __new__(
        cls, *, host: str, port: int, patience: float, timeout: float, identity: tuple[str, str, str] | None
    ) -> ClientProbe: ...
    def address(self) -> tuple[str, int]: ...
    def wanted(self) -> int: ...
    def came(self) -> int: ...
    def run(
        self,
        *,
        seed: int,
        max_connections: int,
        max_time: float | None,
        sequential: tuple[float, float, float] | None,
        progress: Callable[[int, int | None], None],
    ) -> str: ...
