"""Fuzzing: campaigns that look for an input to which an oracle objects."""

from tlslab.fuzz.finding import Evidence, Finding, Oracle, Replay, SeededBug, oracles, replay, seeded
from tlslab.fuzz.run import Campaign, campaign
from tlslab.fuzz.seeds import export

__all__ = [
    "Campaign",
    "Evidence",
    "Finding",
    "Oracle",
    "Replay",
    "SeededBug",
    "campaign",
    "export",
    "oracles",
    "replay",
    "seeded",
]
