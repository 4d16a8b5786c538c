#!/usr/bin/env python3
"""Writes the known answers that the Rust tests compare with, by implementations that share no code with tlslab.

    python3 -m venv venv && venv/bin/pip install tlslite-ng==0.9.0b2 cryptography==48.0.0
    venv/bin/python known_answers.py

- schedule.json, records.json: tlslite-ng (tlslite.mathtls, tlslite.recordlayer); the explicit IVs of CBC records are
  random there, so records.json changes when it is written again
- draws.json: ChaCha20 of cryptography (OpenSSL), at the block that the address stands for
- signatures.json: the openssl command, with the lab's own keys; its ECDSA and RSA encryption are random, so the file
  changes when it is written again
"""

import functools
import hashlib
import json
import pathlib
import struct
import subprocess
import tempfile

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from tlslite import __version__ as tlslite_version
from tlslite.constants import CipherSuite, ContentType
from tlslite.handshakehashes import HandshakeHashes
from tlslite.mathtls import PRF, PRF_1_2, PRF_1_2_SHA384, calc_key
from tlslite.messages import Message
from tlslite.recordlayer import RecordLayer

HERE = pathlib.Path(__file__).parent
KEYS = HERE.parent.parent / "src" / "crypto"
VERSIONS = {"TLSv1.0": (3, 1), "TLSv1.1": (3, 2), "TLSv1.2": (3, 3)}
# Suite: lengths in bytes of MAC key and encryption key, of the IV in TLS 1.0, and of the IV since TLS 1.1.
SUITES = {
    "TLS_DHE_RSA_WITH_AES_128_CBC_SHA": (20, 16, 16, 0),
    "TLS_DHE_RSA_WITH_AES_256_CBC_SHA": (20, 32, 16, 0),
    "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256": (32, 16, None, 0),
    "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256": (32, 32, None, 0),
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256": (0, 16, None, 4),
    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384": (0, 32, None, 4),
    "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256": (0, 32, None, 12),
}


def filler(label, length):
    """Bytes that look random and are the same each time."""
    return bytearray(hashlib.shake_128(label.encode()).digest(length))


def cases():
    for suite, (mac, key, iv_1_0, iv) in SUITES.items():
        for version in VERSIONS:
            if version == "TLSv1.2":
                yield suite, version, 2 * (mac + key + iv)
            elif iv_1_0 is not None:
                yield suite, version, 2 * (mac + key + (iv_1_0 if version == "TLSv1.0" else iv))


def prf():
    lengths = [(0, 32, 48), (1, 0, 12), (47, 64, 104), (48, 64, 160), (256, 64, 48), (255, 1, 1)]
    for name, function in [("Tls10", PRF), ("Sha256", PRF_1_2), ("Sha384", PRF_1_2_SHA384)]:
        for secret_len, seed_len, length in lengths:
            secret, seed = filler("secret", secret_len), filler("seed", seed_len)
            output = function(secret, b"a label", seed, length)
            yield {"prf": name, "secret": secret.hex(), "label": "a label", "seed": seed.hex(), "output": output.hex()}


def schedule():
    # A premaster secret with its leading zero, without it, and one of odd length.
    premasters = [bytearray(1) + filler("premaster", 255), filler("premaster", 255), filler("premaster", 128)]
    for index, (suite, version, key_block_len) in enumerate(cases()):
        premaster = premasters[index % len(premasters)]
        client_random, server_random = filler(f"client {index}", 32), filler(f"server {index}", 32)
        messages = filler(f"messages {index}", 1000 + index)
        hashes = HandshakeHashes()
        hashes.update(messages)
        derive = functools.partial(
            calc_key,
            VERSIONS[version],
            cipher_suite=getattr(CipherSuite, suite),
            handshake_hashes=hashes,
            client_random=client_random,
            server_random=server_random,
        )
        master = derive(premaster, label=b"master secret", output_length=48)
        extended_master = derive(premaster, label=b"extended master secret", output_length=48)
        yield {
            "suite": suite,
            "version": version,
            "premaster": premaster.hex(),
            "client_random": client_random.hex(),
            "server_random": server_random.hex(),
            "messages": messages.hex(),
            "master_secret": master.hex(),
            "extended_master_secret": extended_master.hex(),
            "key_block": derive(master, label=b"key expansion", output_length=key_block_len).hex(),
            "client_verify_data": derive(master, label=b"client finished", output_length=12).hex(),
            "server_verify_data": derive(master, label=b"server finished", output_length=12).hex(),
        }


class Wire:
    """A socket that keeps what is sent."""

    def __init__(self):
        self.sent = bytearray()

    def send(self, data):
        """Keep the data and say that all of it went."""
        self.sent += data
        return len(data)


def records():
    plaintexts = [
        (ContentType.handshake, 16),
        (ContentType.application_data, 0),
        (ContentType.application_data, 43),
        (ContentType.alert, 2),
    ]
    for index, (suite, version, _) in enumerate(cases()):
        for encrypt_then_mac in [False, True] if "CBC" in suite else [False]:
            master = filler(f"master {index}", 48)
            client_random, server_random = filler(f"client {index}", 32), filler(f"server {index}", 32)
            for side in ["client", "server"]:
                wire = Wire()
                layer = RecordLayer(wire)
                layer.version = VERSIONS[version]
                layer.client = side == "client"
                layer.encryptThenMAC = encrypt_then_mac
                layer.calcPendingStates(getattr(CipherSuite, suite), master, client_random, server_random, ["python"])
                layer.changeWriteState()
                sealed = []
                for content_type, length in plaintexts:
                    plaintext = filler("plaintext", length)
                    wire.sent.clear()
                    for _ in layer.sendRecord(Message(content_type, bytearray(plaintext))):
                        pass
                    sealed.append({"type": content_type, "plaintext": plaintext.hex(), "record": wire.sent.hex()})
                yield {
                    "suite": suite,
                    "version": version,
                    "encrypt_then_mac": encrypt_then_mac,
                    "side": side,
                    "master_secret": master.hex(),
                    "client_random": client_random.hex(),
                    "server_random": server_random.hex(),
                    "records": sealed,
                }


def draws():
    for seed, trial, connection, side, purpose, occurrence, length in [
        (0, 0, 0, 0, 0, 0, 32),
        (1, 2, 3, 1, 2, 5, 64),
        (2**64 - 1, 2**64 - 1, 2**16 - 1, 1, 10, 2**31 - 1, 16 * 1024),
        (0x0123456789ABCDEF, 0xFEDCBA9876543210, 0x1234, 0, 6, 0x56789AB, 16),
    ]:
        key = hashlib.sha256(b"tlslab draws v1" + struct.pack(">Q", seed)).digest()
        block = connection << 48 | side << 47 | purpose << 39 | occurrence << 8
        stream = Cipher(algorithms.ChaCha20(key, struct.pack("<QQ", block, trial)), mode=None).encryptor()
        output = stream.update(bytes(length))
        yield {
            "seed": str(seed),
            "trial": str(trial),
            "connection": connection,
            "side": ["client", "server"][side],
            "purpose": purpose,
            "occurrence": occurrence,
            "length": length,
            "sha256": hashlib.sha256(output).hexdigest(),
        }


def openssl(*arguments, data):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return subprocess.run(["openssl", *arguments, file.name], check=True, capture_output=True).stdout


def signatures():
    message = filler("message", 300)
    for key, schemes in [
        ("rsa", {None: "-md5-sha1", "0x0201": "-sha1", "0x0401": "-sha256", "0x0501": "-sha384", "0x0601": "-sha512"}),
        ("ecdsa", {None: "-sha1", "0x0203": "-sha1", "0x0403": "-sha256", "0x0503": "-sha384", "0x0603": "-sha512"}),
    ]:
        for scheme, digest in schemes.items():
            signature = openssl("dgst", digest, "-sign", str(KEYS / f"lab_{key}.pem"), data=message)
            yield {"key": key, "scheme": scheme, "message": message.hex(), "signature": signature.hex()}


def ciphertext():
    premaster = bytes([3, 3]) + filler("premaster", 46)
    encrypted = openssl("pkeyutl", "-encrypt", "-inkey", str(KEYS / "lab_rsa.pem"), "-in", data=premaster)
    return {"premaster": premaster.hex(), "ciphertext": encrypted.hex()}


def write(name, **contents):
    (HERE / name).write_text(json.dumps(contents, indent=1) + "\n")


def main():
    script = "known_answers.py"
    tlslite = f"tlslite-ng {tlslite_version}, by {script}"
    version = subprocess.run(["openssl", "version"], check=True, capture_output=True, text=True).stdout.split()[1]
    write("schedule.json", origin=tlslite, prf=list(prf()), schedule=list(schedule()))
    write("records.json", origin=tlslite, connections=list(records()))
    write("draws.json", origin=f"ChaCha20 of the Python package cryptography, by {script}", draws=list(draws()))
    openssl_origin = f"OpenSSL {version}, by {script}"
    write("signatures.json", origin=openssl_origin, signatures=list(signatures()), encryption=ciphertext())


if __name__ == "__main__":
    main()
