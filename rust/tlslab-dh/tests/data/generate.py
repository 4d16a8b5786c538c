"""Writes primes.txt and powers.txt, the known answers of the tests, from sources that share nothing with the crate.

The primes are tlslite-ng's (pip install tlslite-ng==0.9.0b2); OpenSSL's, where it has the group, must be the same.
The powers are by Python's built-in pow(), on operands from a seeded generator.
"""

import pathlib
import random
import re
import subprocess

from tlslite.mathtls import FFDHE_PARAMETERS

HERE = pathlib.Path(__file__).parent

SOURCES = {f"ffdhe{bits}": f"RFC7919 ffdhe{bits}" for bits in (2048, 3072, 4096, 6144, 8192)}
SOURCES |= {"modp768": "RFC2409 group 1", "modp1024": "RFC2409 group 2", "modp1536": "RFC3526 group 5"}
SOURCES |= {f"modp{bits}": f"RFC3526 group {14 + i}" for i, bits in enumerate((2048, 3072, 4096, 6144, 8192))}


def openssl_prime(name):
    """OpenSSL's prime of the group, or None where it does not have it (RFC 2409's)."""
    name = re.sub("^modp", "modp_", name)
    command = ["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", f"group:{name}"]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        return None
    asn1 = subprocess.run(["openssl", "asn1parse"], input=made.stdout, capture_output=True, text=True, check=True)
    return int(re.search("INTEGER +:([0-9A-F]+)", asn1.stdout)[1], 16)


def main():
    groups = {name: FFDHE_PARAMETERS[source] for name, source in SOURCES.items()}
    assert all(g == 2 for g, _ in groups.values())
    confirmed = [name for name, (_, p) in groups.items() if openssl_prime(name) == p]
    assert set(groups) - set(confirmed) == {"modp768", "modp1024"}, confirmed
    (HERE / "primes.txt").write_text("".join(f"{name} {p:x}\n" for name, (_, p) in groups.items()))

    draw = random.Random("tlslab-dh")
    lines = []
    for name in ("modp768", "modp1024", "ffdhe2048", "modp2048", "ffdhe3072", "modp4096"):
        p = groups[name][1]
        for base in (2, draw.randrange(2, p - 1), p - 2):
            for bits in (225, p.bit_length() - 1):
                exponent = draw.getrandbits(bits)
                lines.append(f"{name} {base:x} {exponent:x} {pow(base, exponent, p):x}\n")
    (HERE / "powers.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
