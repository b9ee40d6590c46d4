"""Passes netlink messages to the kernel of its network namespace, for a test that speaks JSON lines with it.

{"send": HEX}  -> {"replies": [HEX, ...]}: every buffer up to the acknowledgement or the end of the dump
{"run": ARGV}  -> {"status": N, "output": TEXT}
{"listen": [GROUP, ...], "run": ARGV, "silence": SECONDS} -> {"replies": [HEX, ...]}: the notifications that a command
    causes, up to the first silence of that length
"""

import json
import socket
import struct
import subprocess
import sys

NETLINK_ADD_MEMBERSHIP = 1
SOL_NETLINK = 270
LAST_TYPES = (2, 3)


def open_socket(groups=()):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    sock.bind((0, 0))
    for group in groups:
        sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
    return sock


def message_types(buffer):
    at = 0
    while at + 16 <= len(buffer):
        length, kind = struct.unpack_from("=IH", buffer, at)
        yield kind
        at += (length + 3) & ~3


def send(request):
    with open_socket() as sock:
        sock.settimeout(5)
        sock.send(bytes.fromhex(request))
        replies = []
        while True:
            replies.append(sock.recv(1 << 18))
            if any(kind in LAST_TYPES for kind in message_types(replies[-1])):
                return {"replies": [reply.hex() for reply in replies]}


def run(argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return {"status": done.returncode, "output": done.stdout}


def listen(groups, argv, silence):
    with open_socket(groups) as sock:
        done = run(argv)
        sock.settimeout(silence)
        replies = []
        try:
            while True:
                replies.append(sock.recv(1 << 18))
        except socket.timeout:
            pass
        return {**done, "replies": [reply.hex() for reply in replies]}


for line in sys.stdin:
    command = json.loads(line)
    if "send" in command:
        answer = send(command["send"])
    elif "listen" in command:
        answer = listen(command["listen"], command["run"], command["silence"])
    else:
        answer = run(command["run"])
    print(json.dumps(answer), flush=True)
