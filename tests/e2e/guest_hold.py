#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A guest that keeps things as they are while the test looks at Weir.

It touches DIR/ready/STEP when a step is reached and goes on when DIR/gates/STEP
is there.  STEP names begin with --key.

    idle N      100 connections [warm], N more [open], then [close]: each
                must still echo; then they are gone [gone]
    unread      the server floods, nothing is read [stuck]; the same with a
                server that does not read [full]; then all is let go [gone]
    flood N     N connections whose server floods and which are not read
                [open]; an echo must still work; reset [gone]
    traffic     echo as fast as it goes in both families [runs], for ever
    ports N     datagrams from N ports; then new ports and connections work
    flows N     N + 10 connections with --max-flows N
    lost        datagrams to ports that refuse them, and nothing reads [open]
    alone       one connection in each family
    fds         too many connections for 64 descriptors, by four processes
    syn N       N opens to a hole, given up; an old connection echoes, and new
                ones do if N is below Weir's limit, else they may be refused
"""

import argparse
import errno
import multiprocessing
import os
import select
import socket
import sys
import threading
import time

import t


def reached(step):
    with open(f"{t.DIR}/ready/{OPT.key}.{step}", "w", encoding="ascii"):
        pass


def pause(step):
    reached(step)
    while not os.path.exists(f"{t.DIR}/gates/{OPT.key}.{step}"):
        time.sleep(0.02)


def echo(s, data):
    s.sendall(data)
    if t.read_exactly(s, len(data)) != data:
        sys.exit("an echo differs")


def host_of(i):
    return t.V6 if i % 2 else t.V4


def idle(count):
    def more(n):
        for i in range(n):
            s = t.connect(host_of(i), 7)
            echo(s, b"x" * 3000)
            sockets.append(s)

    sockets = []
    more(100)
    pause("warm")
    more(count)
    pause("open")
    for i, s in enumerate(sockets):
        echo(s, b"%d" % i)
    for i, s in enumerate(sockets):
        if i % 3:
            s.close()
        else:
            t.close_reset(s)
    pause("gone")


def unread(_):
    sockets = [t.script(h, "flood") for h in (t.V4, t.V6)]
    waiting = None
    while True:                         # until nothing more comes
        now = [len(s.recv(8 << 20, socket.MSG_PEEK)) for s in sockets]
        if now == waiting:
            break
        waiting = now
        time.sleep(0.3)
    pause("stuck")
    for s in sockets:
        t.close_reset(s)
    gate = t.key()
    sockets = [t.script(h, f"wait {gate}") for h in (t.V4, t.V6)]
    for s in sockets:
        s.setblocking(False)
        while select.select([], [s], [], 0.3)[1]:
            s.send(bytes(65536))
    pause("full")
    t.open_gate(gate)
    for s in sockets:
        t.close_reset(s)
    pause("gone")


def flood(count):
    sockets = [t.script(host_of(i), "flood") for i in range(count)]
    with t.connect(t.V4, 7) as s:
        for i in range(50):
            echo(s, b"%d" % i)
    with t.connect(t.V6, 7) as s:
        echo(s, b"new")
    pause("open")
    for s in sockets:
        t.close_reset(s)
    pause("gone")


def traffic(_):
    def run(host):
        with t.connect(host, 7) as s:
            data = bytes(100000)
            while True:
                threading.Thread(target=s.sendall, args=(data,)).start()
                t.read_exactly(s, len(data))
                seen.add(host)
                if len(seen) == 2:
                    reached("runs")

    seen = set()
    threads = [threading.Thread(target=run, args=(h,)) for h in (t.V4, t.V6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def attempt(results, done):
    """40 connections; says how many came to be, waits, and lets go."""
    open_ones, failures = [], []
    for i in range(40):
        began = time.monotonic()
        try:
            s = t.connect(host_of(i), 7, 3)
            echo(s, b"x")
            open_ones.append(s)
        except OSError as e:
            failures.append((t.name_of(e.errno), time.monotonic() - began))
    results.put((len(open_ones), failures))
    done.wait()


def until_connected(end):
    while True:
        try:
            with t.connect(t.V4, 7, 2) as s:
                echo(s, b"new")
            return
        except ConnectionRefusedError:
            if time.monotonic() > end:
                sys.exit("still refused when there is room again")
            time.sleep(0.02)


def fds(_):
    old = [t.connect(host_of(i), 7) for i in range(10)]
    results, done = multiprocessing.Queue(), multiprocessing.Event()
    workers = [multiprocessing.Process(target=attempt, args=(results, done))
               for _ in range(4)]
    for w in workers:
        w.start()
    got = [results.get(timeout=60) for _ in workers]
    came = sum(n for n, _ in got)
    failures = [f for _, fs in got for f in fs]
    for i, s in enumerate(old):
        echo(s, b"old %d" % i)
    done.set()
    for w in workers:
        w.join()
    bad = [f for f in failures if f[0] != "ECONNREFUSED" or f[1] > 1]
    if not failures:
        sys.exit(f"all {came} connections came to be with 64 descriptors")
    if bad:
        sys.exit(f"{len(bad)} of {len(failures)} not refused at once: {bad[0]}")
    until_connected(time.monotonic() + 2)


def ports(count):
    for i in range(count):
        with socket.socket(t.family(host_of(i)), socket.SOCK_DGRAM) as s:
            s.bind(("", 1024 + i))
            s.sendto(b"%d" % i, (host_of(i), 9))
    for host in t.V4, t.V6:
        with t.connect(host, 7, 3) as s:
            echo(s, b"new")
        with socket.socket(t.family(host), socket.SOCK_DGRAM) as s:
            s.settimeout(3)
            s.sendto(b"new", (host, 7))
            if s.recv(10) != b"new":
                sys.exit("an echo differs")
    pause("open")


def flows(count):
    old = [t.connect(host_of(i), 7) for i in range(count)]
    for i in range(10):
        code, seconds = t.failed_connect(host_of(i), 7, 3)
        if t.name_of(code) != "ECONNREFUSED" or seconds > 1:
            sys.exit(f"connection {count + i}: {t.name_of(code)}")
    for i, s in enumerate(old):
        echo(s, b"old %d" % i)
    for s in old[:count // 2]:
        t.close_reset(s)
    until_connected(time.monotonic() + 2)


def lost(_):
    sockets = [socket.socket(t.family(h), socket.SOCK_DGRAM)
               for h in (t.V4, t.V6)]
    for s, host in zip(sockets, (t.V4, t.V6)):
        for port in range(4400, 4420):
            s.sendto(b"lost", (host, port))
    pause("open")


def alone(_):
    for host in t.V4, t.V6:
        with t.connect(host, 7) as s:
            echo(s, b"%d" % os.getpid() * 1000)


HALF_OPEN_MAX = 4096                    # WEIR_HALF_OPEN_MAX


def syn(count):
    with t.connect(t.V4, 7) as old:
        for i in range(count):
            to = "2606:4700:99::66" if i % 2 else "1.2.3.66"
            s = socket.socket(t.family(to), socket.SOCK_STREAM)
            s.setblocking(False)
            code = s.connect_ex((to, 7))
            if code not in (errno.EINPROGRESS, errno.EAGAIN):
                sys.exit(f"open {i}: {t.name_of(code)}")
            s.close()
        echo(old, b"old")
        for host in t.V4, t.V6:
            try:
                with t.connect(host, 7, 3) as s:
                    echo(s, b"new")
            except ConnectionRefusedError:
                if count < HALF_OPEN_MAX:
                    sys.exit("a new connection is refused")
        pause("open")
        echo(old, b"still")


arg = argparse.ArgumentParser()
arg.add_argument("--key", required=True)
arg.add_argument("what")
arg.add_argument("count", nargs="?", type=int, default=0)
OPT = arg.parse_args()
globals()[OPT.what](OPT.count)
