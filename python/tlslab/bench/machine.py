"""What a measurement was made on, and with."""

from __future__ import annotations

import os
import platform
import ssl
from importlib import metadata
from pathlib import Path
from typing import Any

from tlslab import _tlslab
from tlslab.bench import tlslite_ng

__all__ = ["cores", "machine", "versions"]


def cores() -> int:
    """Give how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """Give the CPU's model, the processors that may be used, the kernels that it has, and the system."""
    return {
        "cpu": _cpu_model(),
        "cores": cores(),
        "kernels": _tlslab.kernels(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str | None]:
    """Give the versions of all that is measured; None for what is not installed."""
    gmpy2 = metadata.version("gmpy2") if tlslite_ng.has_gmpy2() else None
    return {
        "tlslab": _tlslab.__version__,
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "tlslite-ng": tlslite_ng.version(),
        "gmpy2": gmpy2,
    }


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
