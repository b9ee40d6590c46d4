"""Lets scapy build signalling packets with random fields, and prints one JSON line for each.

Usage: wire-scapy.py SEED COUNT

Each line: {"packet": HEX, "padded": bool, "whole": bool, "source", "destination", "homeAddress"?, "routing2"?,
"message": {"type", fields as scapy names them}, "options": [{"type", "data": HEX, "fields": {...}}, ...]}
"whole" says whether the message is a multiple of 8 octets long, as a message without padding may or may not be.
"""

import json
import logging
import random
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)

from scapy.layers.inet6 import (  # noqa: E402
    HAO,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrRouting,
    MIP6MH_BA,
    MIP6MH_BE,
    MIP6MH_BRR,
    MIP6MH_BU,
    MIP6MH_CoT,
    MIP6MH_CoTI,
    MIP6MH_HoT,
    MIP6MH_HoTI,
    MIP6OptAltCoA,
    MIP6OptBindingAuthData,
    MIP6OptBRAdvice,
    MIP6OptCareOfTest,
    MIP6OptCareOfTestInit,
    MIP6OptCGAParams,
    MIP6OptCGAParamsReq,
    MIP6OptHomeKeygenToken,
    MIP6OptLLAddr,
    MIP6OptMNID,
    MIP6OptMobNetPrefix,
    MIP6OptMsgAuth,
    MIP6OptNonceIndices,
    MIP6OptReplayProtection,
    MIP6OptSignature,
    MIP6OptUnknown,
)

chance = random.Random(int(sys.argv[1]))
BINDING_IDENTIFIER = 35


def octets(count):
    return bytes(chance.randrange(256) for _ in range(count))


def address():
    groups = ["2001", "db8"] + ["%x" % chance.choice([0, chance.randrange(1, 65536)]) for _ in range(6)]
    return ":".join(groups)


def number(bits):
    return chance.randrange(1 << bits)


def binding_identifier():
    """scapy knows none: its octets by hand."""
    care_of = chance.choice([b"", octets(4), octets(16)])
    fixed = number(16).to_bytes(2, "big") + octets(2)
    return MIP6OptUnknown(otype=BINDING_IDENTIFIER, odata=fixed + care_of)


ONCE = [
    lambda: MIP6OptBRAdvice(rinter=number(16)),
    lambda: MIP6OptAltCoA(acoa=address()),
    # scapy's own default for the length is wrong.
    lambda: MIP6OptNonceIndices(olen=4, hni=number(16), coni=number(16)),
    # Here, too, its own default length is wrong: it has an octet of padding in front of the address.
    lambda: MIP6OptLLAddr(olen=8, lla=":".join("%02x" % octet for octet in octets(6))),
    lambda: MIP6OptReplayProtection(timestamp=number(64)),
]
MANY = [
    lambda: MIP6OptMobNetPrefix(reserved=number(8), plen=chance.randrange(129), prefix=address()),
    binding_identifier,
    lambda: MIP6OptMNID(subtype=number(8), id=octets(chance.randrange(1, 20))),
    lambda: MIP6OptCGAParamsReq(),
    lambda: MIP6OptCGAParams(cgaparams=octets(chance.randrange(40))),
    lambda: MIP6OptSignature(sig=octets(chance.randrange(40))),
    lambda: MIP6OptHomeKeygenToken(hkt=octets(8)),
    lambda: MIP6OptCareOfTestInit(),
    lambda: MIP6OptCareOfTest(cokt=octets(8)),
    lambda: MIP6OptUnknown(otype=chance.randrange(100, 256), odata=octets(chance.randrange(12))),
]


def options(authorized):
    chosen = [make() for make in ONCE if chance.random() < 0.3]
    chosen += [chance.choice(MANY)() for _ in range(chance.randrange(4))]
    chance.shuffle(chosen)
    if authorized and chance.random() < 0.25:
        # scapy's own default for the length is wrong here, too.
        chosen.append(MIP6OptBindingAuthData(olen=12, authenticator=number(96)))
    elif authorized and chance.random() < 0.4:
        chosen.append(MIP6OptMsgAuth(subtype=1, mspi=number(32), authdata=octets(12)))
        if chance.random() < 0.3:
            chosen.append(MIP6OptMsgAuth(subtype=2, mspi=3, authdata=octets(20)))
    return chosen


def message(padding):
    kind = chance.randrange(6)
    if kind == 0:
        return MIP6MH_BRR(res=number(8), res2=number(16), autopad=padding, options=options(False))
    if kind == 1:
        return MIP6MH_BU(
            res=number(8), seq=number(16), flags=number(7), reserved=number(9), mhtime=number(16),
            autopad=padding, options=options(True),
        )
    if kind == 2:
        return MIP6MH_BA(
            res=number(8), status=number(8), flags=number(3), res2=number(5), seq=number(16), mhtime=number(16),
            autopad=padding, options=options(True),
        )
    if kind == 3:
        make = chance.choice([MIP6MH_HoTI, MIP6MH_CoTI])
        # The class for the other one keeps this one's type.
        mhtype = 1 if make is MIP6MH_HoTI else 2
        return make(
            mhtype=mhtype, res=number(8), reserved=octets(2), cookie=octets(8),
            autopad=padding, options=options(False),
        )
    if kind == 4:
        make = chance.choice([MIP6MH_HoT, MIP6MH_CoT])
        mhtype = 3 if make is MIP6MH_HoT else 4
        return make(
            mhtype=mhtype, res=number(8), index=number(16), cookie=octets(8), token=octets(8),
            autopad=padding, options=options(False),
        )
    # scapy always pads this one.
    return MIP6MH_BE(res=number(8), status=number(8), reserved=number(8), ha=address(), options=options(False))


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    return int(value) if hasattr(value, "__int__") else value


def fields(packet, without=()):
    return {name: plain(packet.getfieldval(name)) for name in packet.fields if name not in without}


def describe(option):
    raw = bytes(option)
    return {"type": raw[0], "data": raw[2:].hex(), "fields": fields(option)}


def build(padding):
    # scapy's flags have the lowest bit of a Binding Update's A to P at 0x0200.
    row = {"padded": bool(padding), "source": address(), "destination": address()}
    headers = IPv6(src=row["source"], dst=row["destination"])
    if chance.random() < 0.4:
        row["routing2"] = address()
        headers /= IPv6ExtHdrRouting(type=2, addresses=[row["routing2"]], segleft=1)
    if chance.random() < 0.5:
        row["homeAddress"] = address()
        headers /= IPv6ExtHdrDestOpt(options=[HAO(hoa=row["homeAddress"])])
    mobility = message(padding)
    row["message"] = {"type": mobility.mhtype, **fields(mobility, ("options", "autopad"))}
    row["options"] = [describe(option) for option in mobility.options]
    row["whole"] = len(bytes(mobility)) % 8 == 0 and len(bytes(mobility)) >= {1: 16, 2: 16, 3: 24, 4: 24, 5: 16, 6: 16, 7: 24}.get(mobility.mhtype, 8)
    row["packet"] = bytes(headers / mobility).hex()
    return row


for index in range(int(sys.argv[2])):
    print(json.dumps(build(index % 2)))
