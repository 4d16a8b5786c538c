#!/usr/bin/env python3
"""
Writes handshake_known_answers.json: what the handshakes of tlslab's endpoints must come to.

That is computed from their inputs (the exponents, and the bytes on the wire before each ChangeCipherSpec) by Python's
own integers and by tlslite-ng: its parsers of the messages, its transcript hashes, its key schedule. No code is shared
with tlslab. The Finished messages that follow on the wire must be what tlslite-ng's record layer opens them to.

    python3 -m venv venv && venv/bin/pip install tlslite-ng==0.9.0b2
    cargo run -p tlslab-proto --example dump_handshakes | venv/bin/python handshake_known_answers.py
"""

import json
import pathlib
import sys

from tlslite import __version__ as tlslite_version
from tlslite.constants import CipherSuite, ContentType, ExtensionType, HandshakeType
from tlslite.handshakehashes import HandshakeHashes
from tlslite.mathtls import PRF, PRF_1_2, PRF_1_2_SHA384, calc_key
from tlslite.messages import ClientHello, ClientKeyExchange, Finished, ServerHello, ServerKeyExchange
from tlslite.recordlayer import RecordLayer
from tlslite.utils.codec import Parser

HERE = pathlib.Path(__file__).parent
VERSIONS = {"TLSv1.0": (3, 1), "TLSv1.1": (3, 2), "TLSv1.2": (3, 3)}
# What is exported (RFC 5705): its label, its context and its length.
EXPORTS = [("EXPORTER-tlslab", None, 32), ("EXPORTER-tlslab", b"", 20), ("EXPORTER-other", b"a context", 100)]
# Lengths in bytes of MAC key, encryption key and IV.
LENGTHS = {
    ("TLSv1.0", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"): (20, 16, 16),
    ("TLSv1.1", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"): (20, 32, 0),
    ("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"): (32, 16, 0),
    ("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"): (0, 16, 4),
    ("TLSv1.2", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"): (0, 32, 4),
}


def plaintext(flight):
    """Collect the handshake bytes in the records of a flight, up to its ChangeCipherSpec."""
    handshake = bytearray()
    while flight and flight[0] != ContentType.change_cipher_spec:
        assert flight[0] == ContentType.handshake
        length = int.from_bytes(flight[3:5], "big")
        handshake += flight[5 : 5 + length]
        flight = flight[5 + length :]
    return handshake


def messages(handshake):
    """Split handshake messages by type, each without the byte of its type, as tlslite's parsers take them."""
    found = {}
    while handshake:
        length = int.from_bytes(handshake[1:4], "big")
        found[handshake[0]] = Parser(handshake[1 : 4 + length])
        handshake = handshake[4 + length :]
    return found


class Wire:
    """A socket from which a flight arrives."""

    def __init__(self, flight):
        self.flight = flight

    def recv(self, size):
        """Give at most `size` bytes of what is left."""
        arrived, self.flight = self.flight[:size], self.flight[size:]
        return arrived


def finished_message(layer):
    """Open the Finished message of a flight, which comes under protection after the ChangeCipherSpec."""
    content_type = None
    while True:
        after_change = content_type == ContentType.change_cipher_spec
        header, parser = next(record for record in layer.recvRecord() if record not in (0, 1))
        content_type = header.type
        if content_type == ContentType.change_cipher_spec:
            layer.changeReadState()
        elif after_change:
            return parser.bytes


def export(version, suite, master, randoms, label, context, length):
    """Export keying material, by tlslite-ng's PRF and the seed of RFC 5705 4."""
    since_1_2 = PRF_1_2_SHA384 if suite in CipherSuite.sha384PrfSuites else PRF_1_2
    prf = PRF if version < (3, 3) else since_1_2
    seed = randoms if context is None else randoms + len(context).to_bytes(2, "big") + context
    exported = prf(master, label.encode(), seed, length)
    return {"label": label, "context": None if context is None else context.hex(), "exported": exported.hex()}


def answers(inputs):
    version, suite = VERSIONS[inputs["version"]], getattr(CipherSuite, inputs["suite"])
    flights = [plaintext(bytearray.fromhex(flight)) for flight in inputs["flights"]]
    assert len(flights) == 4
    assert not flights[3], "the last flight is under protection"
    transcript = flights[0] + flights[1] + flights[2]

    found = messages(transcript)
    client_hello = ClientHello().parse(found[HandshakeType.client_hello])
    server_hello = ServerHello().parse(found[HandshakeType.server_hello])
    assert (server_hello.server_version, server_hello.cipher_suite) == (version, suite)
    ems = server_hello.getExtension(ExtensionType.extended_master_secret) is not None
    encrypt_then_mac = server_hello.getExtension(ExtensionType.encrypt_then_mac) is not None
    assert ems == inputs["ems"]
    server = ServerKeyExchange(suite, version).parse(found[HandshakeType.server_key_exchange])
    client = ClientKeyExchange(suite, version).parse(found[HandshakeType.client_key_exchange])

    g, p = server.dh_g, server.dh_p
    x, y = int(inputs["client_exponent"], 16), int(inputs["server_exponent"], 16)
    assert (client.dh_Yc, server.dh_Ys) == (pow(g, x, p), pow(g, y, p))
    z = bytearray(pow(g, x * y, p).to_bytes((p.bit_length() + 7) // 8, "big"))
    premaster = z.lstrip(b"\0")
    assert len(z) - len(premaster) == inputs["zeros"]

    hashes = HandshakeHashes()
    hashes.update(transcript)

    def derive(secret, label, length):
        return calc_key(
            version,
            secret,
            suite,
            label,
            handshake_hashes=hashes,
            client_random=client_hello.random,
            server_random=server_hello.random,
            output_length=length,
        )

    master = derive(premaster, b"extended master secret" if ems else b"master secret", 48)
    key_block = derive(master, b"key expansion", 2 * sum(LENGTHS[inputs["version"], inputs["suite"]]))
    client_verify_data = derive(master, b"client finished", 12)
    client_finished = Finished(version).create(client_verify_data).write()
    hashes.update(client_finished)
    server_verify_data = derive(master, b"server finished", 12)
    server_finished = Finished(version).create(server_verify_data).write()

    for sender, finished, flight in [("client", client_finished, 2), ("server", server_finished, 3)]:
        layer = RecordLayer(Wire(bytearray.fromhex(inputs["flights"][flight])))
        layer.version, layer.client, layer.encryptThenMAC = version, sender != "client", encrypt_then_mac
        layer.calcPendingStates(suite, master, client_hello.random, server_hello.random, ["python"])
        assert finished_message(layer) == finished
    return {
        "z": z.hex(),
        "premaster": premaster.hex(),
        "master_secret": master.hex(),
        "key_block": key_block.hex(),
        "client_verify_data": client_verify_data.hex(),
        "server_verify_data": server_verify_data.hex(),
        # The first Finished (RFC 5929 3.1).
        "tls_unique": client_verify_data.hex(),
        "exports": [
            export(version, suite, master, client_hello.random + server_hello.random, *asked) for asked in EXPORTS
        ],
    }


def main():
    handshakes = [{"inputs": inputs, "answers": answers(inputs)} for inputs in map(json.loads, sys.stdin)]
    origin = (
        f"inputs: tlslab-proto, example dump_handshakes; answers: tlslite-ng {tlslite_version} and Python's "
        f"integers, by {pathlib.Path(__file__).name}"
    )
    contents = json.dumps({"origin": origin, "handshakes": handshakes}, indent=1)
    (HERE / "handshake_known_answers.json").write_text(contents + "\n")


main()
