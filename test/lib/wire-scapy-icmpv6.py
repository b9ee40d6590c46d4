"""Lets scapy build ICMPv6 of Neighbor Discovery and Mobile IPv6 with random fields, and prints one JSON line for each.

Usage: wire-scapy-icmpv6.py SEED COUNT

Each line: {"packet": HEX, "source", "destination", "hopLimit", "homeAddress"?, "routing2"?,
"message": {"type", fields as scapy names them}, "options": [{"type", "data": HEX, "fields": {...}}, ...]}
"""

import json
import logging
import random
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)

from scapy.layers.inet6 import (  # noqa: E402
    HAO,
    ICMPv6HAADReply,
    ICMPv6HAADRequest,
    ICMPv6MPAdv,
    ICMPv6MPSol,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptAdvInterval,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptHAInfo,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptRouteInfo,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrRouting,
)

chance = random.Random(int(sys.argv[1]))


def number(bits):
    return chance.randrange(1 << bits)


def address():
    groups = ["2001", "db8"] + ["%x" % chance.choice([0, chance.randrange(1, 65536)]) for _ in range(6)]
    return ":".join(groups)


def link_layer_address():
    return ":".join("%02x" % number(8) for _ in range(6))


def prefix_information():
    return ICMPv6NDOptPrefixInfo(
        prefixlen=chance.randrange(129), L=number(1), A=number(1), R=number(1), res1=number(5),
        validlifetime=number(32), preferredlifetime=number(32), res2=number(32), prefix=address(),
    )


OPTIONS = [
    prefix_information,
    lambda: ICMPv6NDOptSrcLLAddr(lladdr=link_layer_address()),
    lambda: ICMPv6NDOptDstLLAddr(lladdr=link_layer_address()),
    lambda: ICMPv6NDOptMTU(res=number(16), mtu=number(32)),
    lambda: ICMPv6NDOptAdvInterval(res=number(16), advint=number(32)),
    lambda: ICMPv6NDOptHAInfo(res=number(16), pref=number(16), lifetime=number(16)),
    # Two that are not known here.
    lambda: ICMPv6NDOptRDNSS(lifetime=number(32), dns=[address() for _ in range(1 + number(1))]),
    lambda: ICMPv6NDOptRouteInfo(len=3, plen=64, rtlifetime=number(32), prefix=address()),
]

MESSAGES = [
    lambda: ICMPv6HAADRequest(id=number(16), R=number(1), res=number(15)),
    lambda: ICMPv6HAADReply(
        id=number(16), R=number(1), res=number(15), addresses=[address() for _ in range(chance.randrange(5))]
    ),
    lambda: ICMPv6MPSol(id=number(16), res=number(16)),
    lambda: ICMPv6MPAdv(id=number(16), flags=number(2), res=number(14)),
    lambda: ICMPv6ND_RS(res=number(32)),
    lambda: ICMPv6ND_RA(
        chlim=number(8), M=number(1), O=number(1), H=number(1), prf=number(2), P=number(1), res=number(2),
        routerlifetime=number(16), reachabletime=number(32), retranstimer=number(32),
    ),
    lambda: ICMPv6ND_NS(res=number(32), tgt=address()),
    lambda: ICMPv6ND_NA(R=number(1), S=number(1), O=number(1), res=number(29), tgt=address()),
]


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return value
    return int(value) if hasattr(value, "__int__") else value


def fields(packet):
    return {name: plain(packet.getfieldval(name)) for name in packet.fields}


def describe(option):
    raw = bytes(option)
    return {"type": raw[0], "data": raw[2:].hex(), "fields": fields(option)}


def build():
    message = chance.choice(MESSAGES)()
    on_link = message.type < 144
    row = {
        "source": "fe80::%x" % (1 + number(15)) if on_link else address(),
        "destination": address(),
        "hopLimit": 255 if on_link else number(8),
        "message": {"type": message.type, **fields(message)},
    }
    headers = IPv6(src=row["source"], dst=row["destination"], hlim=row["hopLimit"])
    if not on_link and chance.random() < 0.4:
        row["routing2"] = address()
        headers /= IPv6ExtHdrRouting(type=2, addresses=[row["routing2"]], segleft=1)
    if not on_link and chance.random() < 0.5:
        row["homeAddress"] = address()
        headers /= IPv6ExtHdrDestOpt(options=[HAO(hoa=row["homeAddress"])])
    chosen = [] if message.type in (144, 145) else [chance.choice(OPTIONS)() for _ in range(chance.randrange(5))]
    row["options"] = [describe(option) for option in chosen]
    packet = headers / message
    for option in chosen:
        packet /= option
    row["packet"] = bytes(packet).hex()
    return row


for _ in range(int(sys.argv[2])):
    print(json.dumps(build()))
