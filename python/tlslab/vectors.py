"""Known-answer vectors, with which other libraries can test themselves without a socket."""

from __future__ import annotations

import json
from typing import Any

from tlslab import _tlslab
from tlslab.numbers import draw_seed

__all__ = ["vectors"]


def vectors(*, seed: int = 1) -> dict[str, Any]:
    """
    Make known-answer tests in the manner of Wycheproof.

    Diffie-Hellman exponents, public values and Z with 0, 1 and 2 leading zero bytes, and what follows from them:
    premaster secret, master secret with and without EMS, key block and verify_data, for each version.

    Parameters
    ----------
    seed
        The seed of what is random in them; the same seed gives the same vectors.

    Returns
    -------
    dict
        The document that ``tlslab vectors`` prints; its header explains the fields.
    """
    document: dict[str, Any] = json.loads(_tlslab.vectors(draw_seed(seed)))
    return document
