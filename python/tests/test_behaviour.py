"""Behaviours as Python sees them: immutable, comparable, refused with help."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import tlslab as tl

ROOT = Path(__file__).parents[2]


def test_a_behaviour_reads_as_its_deviations() -> None:
    server = tl.Server(ems="off", premaster_zeros="keep", groups=["ffdhe2048"])
    assert repr(server) == "Server(ems='off', premaster_zeros='keep')"
    assert server.to_dict() == {"ems": "off", "premaster_zeros": "keep"}
    assert server.groups == ["ffdhe2048"]


def test_it_does_not_change() -> None:
    client = tl.Client(ems="off")
    with pytest.raises(AttributeError, match=r"use \.replace\(ems='on'\)"):
        client.ems = "on"
    assert client.replace(ems="on") == tl.Client()
    assert client == tl.Client(ems="off")


def test_it_can_be_a_key_and_cross_processes() -> None:
    client = tl.Client(ems="off", alpn=["h2"])
    assert {client: 1}[tl.Client(alpn=["h2"], ems="off")] == 1
    assert pickle.loads(pickle.dumps(client)) == client
    assert tl.Client.from_json(client.to_json()) == client
    assert tl.Client.from_dict(client.to_dict()) == client
    assert client != tl.Server(ems="off", alpn=["h2"])
    assert tl.Client().identity != tl.Server().identity


def test_an_unknown_knob_names_the_nearest() -> None:
    with pytest.raises(tl.BehaviourError, match=r"no knob \"premaster_zero\" \(did you mean \"premaster_zeros\"\?\)"):
        tl.Server.from_dict({"premaster_zero": "keep"})
    with pytest.raises(tl.BehaviourError, match=r'ems does not take "requird" \(did you mean "required"\?\)'):
        tl.Client.from_dict({"ems": "requird"})
    with pytest.raises(tl.BehaviourError, match='did you mean "off"'):
        tl.Client.from_dict({"ems": False})
    with pytest.raises(AttributeError, match="no knob 'emss'"):
        _ = tl.Client().emss


def test_groups_are_names_numbers_or_group_objects() -> None:
    p, g = 2**1024 + 1657867, 4
    as_numbers = tl.Server(groups=[{"p": p, "g": g}])
    assert as_numbers == tl.Server(groups=[tl.groups.custom(p, g)])
    assert as_numbers == tl.Server(groups=[{"p": hex(p), "g": "4"}])
    assert tl.Server(groups=[tl.groups.named("modp1024")]) == tl.Server(groups=["modp1024"])


@pytest.mark.parametrize(
    ("p", "g", "message"),
    [
        (2**1024, 2, "must be odd"),
        (65_521, 1, "generator"),
        (65_521, 65_520, "generator"),
        (2**9000 + 1, 2, "8192"),
        (1, 2, "bits"),
        (-5, 2, "negative"),
    ],
)
def test_a_group_that_is_none_is_refused(p: int, g: int, message: str) -> None:
    with pytest.raises(tl.BehaviourError, match=message):
        tl.groups.custom(p, g)
    if p > 0:
        with pytest.raises(tl.BehaviourError, match=message):
            tl.Server(groups=[{"p": p, "g": g}])


def test_groups_know_their_chances() -> None:
    ffdhe2048 = tl.groups.named("ffdhe2048")
    assert ffdhe2048.leading_zeros[0] == pytest.approx(1 / 256, rel=1e-9)
    assert tl.groups.custom(2**1024 + 1657867, 4).leading_zeros[0] == pytest.approx(1)
    with pytest.raises(tl.BehaviourError, match="ffdhe2048"):
        tl.groups.named("ffdhe1024")


def test_one_side_may_deviate_in_single_versions() -> None:
    client = tl.Client(premaster_zeros={"TLSv1.0": "keep"})
    assert client.premaster_zeros == {"TLSv1.0": "keep", "TLSv1.1": "strip", "TLSv1.2": "strip"}
    with pytest.raises(tl.BehaviourError, match=r"TLSv1\.0, TLSv1\.1 or TLSv1\.2"):
        tl.Client(premaster_zeros={"1.0": "keep"})


def test_what_is_generated_from_the_knobs_is_up_to_date() -> None:
    subprocess.run([sys.executable, ROOT / "scripts/generate-knobs", "--check"], check=True)
