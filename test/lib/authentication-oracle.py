"""Signs and checks Mobile IPv6 messages on its own: bytes by scapy, HMAC by Python's library (RFC 4285, section 5.1).

Reads one JSON object per line, prints one for each:
{"build": {"agent", "home", "careOf", "sequence", "lifetime", "spi", "key", "seconds", "fraction", "name", "alternate"?}}
  -> {"packet": HEX}: a signed Binding Update
{"check": {"packet": HEX, "home", "careOf", "key"}}
  -> {"spi", "found": HEX, "expected": HEX, "behind"}: its authenticator, the right one, octets behind the option
"""

import hashlib
import hmac
import json
import logging
import socket
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)

from scapy.layers.inet6 import (  # noqa: E402
    HAO,
    IPv6,
    IPv6ExtHdrDestOpt,
    MIP6MH_BA,
    MIP6MH_BU,
    MIP6OptAltCoA,
    MIP6OptMNID,
    MIP6OptMsgAuth,
    MIP6OptUnknown,
)

AUTHENTICATOR_OCTETS = 12
OPTIONS_AT = 12


def octets(address):
    return socket.inet_pton(socket.AF_INET6, address)


def option_at(header):
    """Where the authentication option with subtype 1 begins."""
    at = OPTIONS_AT
    while at < len(header):
        if header[at] == 0:
            at += 1
            continue
        if header[at] == 9 and header[at + 2] == 1:
            return at
        at += 2 + header[at + 1]
    raise ValueError("no authentication option")


def authenticator(header, care_of, home, key):
    spi_end = option_at(header) + 7
    header = bytearray(header)
    header[4:6] = b"\0\0"
    data = octets(care_of) + octets(home) + bytes(header[:spi_end])
    return hmac.new(bytes.fromhex(key), data, hashlib.sha1).digest()[:AUTHENTICATOR_OCTETS]


def build(row):
    timestamp = row["seconds"].to_bytes(4, "big") + row["fraction"].to_bytes(4, "big")

    def packet(data):
        options = [MIP6OptAltCoA(acoa=row["alternate"])] if "alternate" in row else []
        options += [
            MIP6OptMNID(subtype=1, id=row["name"].encode()),
            # As octets: scapy keeps a timestamp as a floating-point number.
            MIP6OptUnknown(otype=10, odata=timestamp),
            MIP6OptMsgAuth(subtype=1, mspi=row["spi"], authdata=data),
        ]
        update = MIP6MH_BU(seq=row["sequence"], flags="AH", mhtime=row["lifetime"], options=options)
        ip = IPv6(src=row["careOf"], dst=row["agent"])
        return ip / IPv6ExtHdrDestOpt(options=[HAO(hoa=row["home"])]) / update

    unsigned = bytes(packet(bytes(AUTHENTICATOR_OCTETS))[MIP6MH_BU])
    covered = row.get("alternate", row["careOf"])
    signed = packet(authenticator(unsigned, covered, row["home"], row["key"]))
    return {"packet": bytes(signed).hex()}


def check(row):
    packet = IPv6(bytes.fromhex(row["packet"]))
    layer = packet.getlayer(MIP6MH_BU) or packet.getlayer(MIP6MH_BA)
    header = bytes.fromhex(row["packet"])[-8 * (layer.len + 1) :]
    at = option_at(header)
    end = at + 2 + header[at + 1]
    return {
        "spi": int.from_bytes(header[at + 3 : at + 7], "big"),
        "found": header[at + 7 : end].hex(),
        "expected": authenticator(header, row["careOf"], row["home"], row["key"]).hex(),
        "behind": len(header) - end,
    }


for line in sys.stdin:
    job = json.loads(line)
    print(json.dumps(build(job["build"]) if "build" in job else check(job["check"])))
