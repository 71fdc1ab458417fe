#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a limited guest gets.  Says one line of JSON.

tcp WAY FLOWS SECONDS   bytes of all and of each, measured where they arrive
udp COUNT SIZE          datagrams sent, echoes that came back
meanwhile HOST          round trips to HOST while a download runs, ms
"""

import json
import re
import selectors
import socket
import subprocess
import sys
import threading
import time

import t


def down(flows, seconds):
    """Floods read here: what arrived, from the first byte asked for."""
    select = selectors.DefaultSelector()
    counts, buf = [0] * flows, bytearray(1 << 18)
    begin = time.monotonic()
    for i in range(flows):
        s = t.script(t.V4, "flood")
        s.setblocking(False)
        select.register(s, selectors.EVENT_READ, i)
    while time.monotonic() - begin < seconds:
        for ready, _ in select.select(0.1):
            counts[ready.data] += ready.fileobj.recv_into(buf)
    took = time.monotonic() - begin
    for ready in list(select.get_map().values()):
        t.close_reset(ready.fileobj)
    return counts, took


def up(flows, seconds):
    """Sent from here until the time is over; the far end says how much it
    was, and the clock runs until it has said it."""
    begin = time.monotonic()
    select = selectors.DefaultSelector()
    socks = []
    for i in range(flows):
        s = t.script(t.V4, "sink;report")
        if flows > 1:                  # else what waits here is what counts
            s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32768)
        s.setblocking(False)
        select.register(s, selectors.EVENT_WRITE, i)
        socks.append(s)
    data = bytes(65536)
    while time.monotonic() - begin < seconds:
        for ready, _ in select.select(0.1):
            try:
                ready.fileobj.send(data)
            except BlockingIOError:
                pass
    counts = []
    for s in socks:
        s.shutdown(socket.SHUT_WR)
    for s in socks:
        s.settimeout(20)
        count, _, end = t.read_line(s).split()
        t.same(end, "eof", "the end of a flow")
        counts.append(int(count))
    return counts, time.monotonic() - begin


def tcp(way, flows, seconds):
    counts, took = {"up": up, "down": down}[way](int(flows), float(seconds))
    seen = t.counted("Tcp.RetransSegs", "Tcp.OutSegs", "Tcp.InSegs",
                     "TcpExt.TCPOFOQueue", "TcpExt.TCPDSACKOldSent")
    return {"mbit": sum(counts) * 8e-6 / took, "least": min(counts),
            "all": sum(counts), "again": seen.get("Tcp.RetransSegs", 0),
            "lost": seen.get("TcpExt.TCPOFOQueue", 0) +
            seen.get("TcpExt.TCPDSACKOldSent", 0),
            "segments": seen["Tcp.OutSegs" if way == "up" else "Tcp.InSegs"]}


def udp(count, size):
    count, size = int(count), int(size)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.connect((t.V4, 7))
        begin, got = time.monotonic(), 0
        for i in range(count):
            s.send(i.to_bytes(4, "big") + bytes(size - 4))
            if i % 50 == 0:
                time.sleep(0.002)      # the TAP's queue is no part of this
        took = time.monotonic() - begin
        s.settimeout(0.5)
        try:
            while True:
                s.recv(65536)
                got += 1
        except TimeoutError:
            pass
    return {"sent": count, "got": got, "seconds": took}


def meanwhile(host):
    over = threading.Event()

    def download():
        s = t.script(t.V4, "flood")
        while not over.is_set():
            s.recv(1 << 18)
        t.close_reset(s)

    thread = threading.Thread(target=download)
    thread.start()
    try:
        time.sleep(0.5)                # so long a burst may last
        out = subprocess.run(["ping", "-nc", "20", "-i", "0.05", "-W", "2",
                              host], capture_output=True, text=True).stdout
    finally:
        over.set()
        thread.join()
    ms = sorted(float(x) for x in re.findall(r"time=([\d.]+)", out))
    return {"answered": len(ms), "ms": ms}


print(json.dumps({"tcp": tcp, "udp": udp, "meanwhile": meanwhile}[
    sys.argv[1]](*sys.argv[2:])))
