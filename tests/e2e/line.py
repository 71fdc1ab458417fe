#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A long line: carries packets between the TUN device `line` of this network
namespace and that of another one, each of them --delay-ms after it came."""

import argparse
import collections
import ctypes
import fcntl
import os
import select
import struct
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000


def attach(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF,
                struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--ns", required=True)
    arg.add_argument("--delay-ms", type=int, required=True)
    arg.add_argument("--ready", required=True)
    opt = arg.parse_args()

    here = attach("line")
    with open(opt.ns, "rb") as ns:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(ns.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    there = attach("line")
    other = {here: there, there: here}
    queue = collections.deque()          # (due, descriptor, packet), by time
    open(opt.ready, "w").close()
    while True:
        wait = max(0, queue[0][0] - time.monotonic()) if queue else None
        for fd in select.select([here, there], [], [], wait)[0]:
            due = time.monotonic() + opt.delay_ms / 1000
            queue.append((due, other[fd], os.read(fd, 65536)))
        while queue and queue[0][0] <= time.monotonic():
            _, fd, packet = queue.popleft()
            try:
                os.write(fd, packet)
            except OSError:
                pass                     # a full device loses it, as lines do


main()
