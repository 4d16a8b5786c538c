"""
The vectors of `tlslab vectors`, computed again by implementations that share no code with tlslab.

Python's own integers for Diffie-Hellman, tlslite-ng for the groups and the PRF.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from tlslite.mathtls import FFDHE_PARAMETERS, PRF, PRF_1_2, PRF_1_2_SHA384

Json: TypeAlias = dict[str, Any]
#: A group of tests, and one test of it.
Case: TypeAlias = tuple[Json, Json]
#: From a secret, a label, a seed and a length in bytes; tlslite-ng deals in bytearrays.
Prf: TypeAlias = Callable[[bytearray, bytes, bytearray, int], bytearray]

GROUPS: dict[str, tuple[int, int]] = {
    "ffdhe2048": FFDHE_PARAMETERS["RFC7919 ffdhe2048"],
    "modp1024": FFDHE_PARAMETERS["RFC2409 group 2"],
    "2^1024 + 1657867": (4, 2**1024 + 1657867),
}
# The PRF, and the length of a transcript's hash in bytes.
PRFS: dict[str, tuple[Prf, int]] = {"MD5-SHA1": (PRF, 36), "SHA-256": (PRF_1_2, 32), "SHA-384": (PRF_1_2_SHA384, 48)}
# Version and suite: the PRF, and the lengths in bytes of MAC key, encryption key and IV.
SUITES: dict[tuple[str, str], tuple[str, int, int, int]] = {
    ("TLSv1.0", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"): ("MD5-SHA1", 20, 16, 16),
    ("TLSv1.1", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"): ("MD5-SHA1", 20, 16, 0),
    ("TLSv1.2", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"): ("SHA-256", 32, 32, 0),
    ("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"): ("SHA-256", 0, 16, 4),
    ("TLSv1.2", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"): ("SHA-384", 0, 32, 4),
    ("TLSv1.2", "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"): ("SHA-256", 0, 32, 12),
}


def printed(seed: int) -> bytes:
    command = [sys.executable, "-m", "tlslab", "vectors", "--seed", str(seed)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


@pytest.fixture(scope="module")
def text() -> bytes:
    return printed(1)


@pytest.fixture(scope="module")
def vectors(text: bytes) -> Json:
    contents: Json = json.loads(text)
    return contents


@pytest.fixture(scope="module")
def tests(vectors: Json) -> list[Case]:
    """Each test with its group of tests."""
    return [(group, test) for group in vectors["testGroups"] for test in group["tests"]]


def data(test: Json, field: str) -> bytearray:
    return bytearray.fromhex(test[field])


def number(hexadecimal: str) -> int:
    return int(hexadecimal, 16)


def leading_zero_bytes(value: bytearray) -> int:
    return len(value) - len(value.lstrip(b"\0"))


def name(group: Json, test: Json) -> str:
    return f"tcId {test['tcId']} ({group['version']} {group['cipherSuite']}, {group['group']['name']})"


def master_secret(group: Json, test: Json, premaster: bytearray) -> bytearray:
    prf, hash_len = PRFS[group["prf"]]
    if group["extendedMasterSecret"]:
        session_hash = data(test, "sessionHash")
        assert len(session_hash) == hash_len
        return prf(premaster, b"extended master secret", session_hash, 48)
    assert "sessionHash" not in test
    return prf(premaster, b"master secret", data(test, "clientRandom") + data(test, "serverRandom"), 48)


def test_header(vectors: Json, tests: list[Case]) -> None:
    assert vectors["algorithm"] == "TLS-DHE"
    assert vectors["schema"] == "tls_dhe_key_agreement_v1"
    assert vectors["seed"] == "1"
    assert vectors["numberOfTests"] == len(tests)
    assert [test["tcId"] for _, test in tests] == list(range(1, len(tests) + 1))
    assert {test["result"] for _, test in tests} == {"valid"}


def test_a_seed_gives_the_same_bytes_and_another_seed_others(text: bytes, vectors: Json) -> None:
    assert printed(1) == text
    others = json.loads(printed(2**64 - 1))
    assert others["seed"] == str(2**64 - 1)
    secrets = [
        {test["masterSecret"] for group in file["testGroups"] for test in group["tests"]} for file in (vectors, others)
    ]
    assert len(secrets[0]) == len(secrets[1]) == vectors["numberOfTests"]
    assert not secrets[0] & secrets[1]


def test_every_combination_is_there(tests: list[Case]) -> None:
    present = {
        (
            group["group"]["name"],
            (group["version"], group["cipherSuite"]),
            group["extendedMasterSecret"],
            leading_zero_bytes(data(test, "z")),
        )
        for group, test in tests
    }
    expected = {
        (dh_group, suite, ems, zeros)
        for dh_group, suite, ems, zeros in itertools.product(GROUPS, SUITES, [False, True], [0, 1, 2])
        # Just above a byte boundary, a Z without a leading zero cannot be found.
        if "+" not in dh_group or zeros > 0
    }
    assert present == expected
    assert len(tests) == len(expected)


def test_flags_are_true_and_explained(vectors: Json, tests: list[Case]) -> None:
    used = set()
    for group, test in tests:
        z = data(test, "z")
        zeros = leading_zero_bytes(z)
        expected = {["NoLeadingZero", "OneLeadingZero", "TwoLeadingZeros"][zeros]}
        if z[zeros] >= 0x80:
            expected.add("TopBitSet")
        if group["extendedMasterSecret"]:
            expected.add("ExtendedMasterSecret")
        assert sorted(test["flags"]) == sorted(expected), name(group, test)
        used |= expected
    assert used == set(vectors["notes"])


def test_diffie_hellman(tests: list[Case]) -> None:
    for group, test in tests:
        g, p = GROUPS[group["group"]["name"]]
        assert (number(group["group"]["g"]), number(group["group"]["p"])) == (g, p), name(group, test)
        length = (p.bit_length() + 7) // 8
        x, y = number(test["clientExponent"]), number(test["serverExponent"])
        assert data(test, "clientPublic") == pow(g, x, p).to_bytes(length, "big"), name(group, test)
        assert data(test, "serverPublic") == pow(g, y, p).to_bytes(length, "big"), name(group, test)
        assert data(test, "z") == pow(g, x * y, p).to_bytes(length, "big"), name(group, test)


def test_key_schedule(tests: list[Case]) -> None:
    for group, test in tests:
        prf_name, *lengths = SUITES[group["version"], group["cipherSuite"]]
        assert group["prf"] == prf_name, name(group, test)
        prf, hash_len = PRFS[prf_name]

        premaster = data(test, "z").lstrip(b"\0")
        assert data(test, "premasterSecret") == premaster, name(group, test)
        master = master_secret(group, test, premaster)
        assert data(test, "masterSecret") == master, name(group, test)

        randoms = data(test, "serverRandom") + data(test, "clientRandom")
        key_block = prf(master, b"key expansion", randoms, 2 * sum(lengths))
        assert data(test, "keyBlock") == key_block, name(group, test)

        hashes = [data(test, "clientFinishedHash"), data(test, "serverFinishedHash")]
        assert [len(transcript_hash) for transcript_hash in hashes] == [hash_len, hash_len], name(group, test)
        assert data(test, "clientVerifyData") == prf(master, b"client finished", hashes[0], 12), name(group, test)
        assert data(test, "serverVerifyData") == prf(master, b"server finished", hashes[1], 12), name(group, test)


def test_who_keeps_zeros_disagrees_exactly_where_there_are_some(tests: list[Case]) -> None:
    for group, test in tests:
        kept = data(test, "z")
        assert data(test, "premasterKept") == kept, name(group, test)
        assert data(test, "masterSecretKept") == master_secret(group, test, kept), name(group, test)
        disagrees = test["masterSecretKept"] != test["masterSecret"]
        assert disagrees == (kept[0] == 0), name(group, test)
