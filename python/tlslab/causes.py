"""
The causes of KB4528489 as two sides and a scenario: a Windows that gets the update, and a peer that does not comply.

What the article leaves open is read in one way or another, and each reading is a cause of its own here; the docs say
what is assumed. Nothing says how any of them ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tlslab import windows
from tlslab.behaviour import Client, Server
from tlslab.experiment import Experiment
from tlslab.ftp import scenario as ftp_scenario

__all__ = ["CAUSES", "Cause", "cause"]

#: The client of each cause.
PLATFORM = "Windows 10, version 1903"


@dataclass(frozen=True, slots=True)
class Cause:
    """
    A cause of the article, in one reading.

    Attributes
    ----------
    name
        Its number in the article, and a letter where there are several readings.
    what
        The peer, in words.
    server
        The peer.
    scenario
        What the two do, which may be what the application does wrong.
    client_knobs
        What the application gives the Windows client, such as a certificate.
    trials
        How many trials show it.
    """

    name: str
    what: str
    server: Server
    scenario: str | Mapping[str, Any]
    client_knobs: Mapping[str, Any] = field(default_factory=dict)
    trials: int = 2000

    def experiment(self, *, updated: bool, platform: str = PLATFORM) -> Experiment:
        """Give the Windows client, with the update of October 2019 or before it, and the peer."""
        knobs = windows.profile(platform, updated=updated).client.to_dict()
        client = Client.from_dict({**knobs, **self.client_knobs})
        return Experiment(client, self.server, scenario=self.scenario)


#: In the article's order.
CAUSES = (
    Cause(
        "1",
        "a server without EMS that keeps leading zeros of Z, eight connections",
        Server(ems="off", resume_legacy="resume", premaster_zeros="keep"),
        {"name": "eight connections", "connections": [{}] * 8},
    ),
    Cause(
        "2a",
        "a server without EMS that asks for a certificate only after an offer that it declines",
        Server(ems="off", session_lifetime=0, request_certificate="after_declined_resumption"),
        "certificate",
        client_knobs={"certificates": ["rsa"]},
        trials=100,
    ),
    Cause(
        "2b",
        "a server without EMS that asks for a certificate only by a renegotiation after a resumption",
        Server(ems="off", resume_legacy="resume"),
        "certificate_by_renegotiation",
        client_knobs={"certificates": ["rsa"]},
        trials=100,
    ),
    Cause(
        "3a",
        "an FTP server without EMS that requires data connections to resume",
        Server(ems="off", resume_legacy="resume"),
        ftp_scenario(server="require_522"),
        trials=100,
    ),
    Cause(
        "3b",
        "an FTP server without EMS, for an FTP client that insists on data connections that resume",
        Server(ems="off", resume_legacy="resume"),
        ftp_scenario(client="insist"),
        trials=100,
    ),
)


def cause(name: str) -> Cause:
    """
    Give the cause of a name.

    Raises
    ------
    KeyError
        There is none.

    Examples
    --------
    >>> cause("2a").server.request_certificate
    'after_declined_resumption'
    """
    return {one.name: one for one in CAUSES}[name]
