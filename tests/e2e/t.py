# SPDX-License-Identifier: Apache-2.0
"""What the guest's side of the tests share: cases, and connections to the
scripted server.  See servers.py for what a script can say."""

import argparse
import errno
import fcntl
import hashlib
import inspect
import json
import os
import re
import signal
import socket
import struct
import sys
import time

import pattern

DIR = os.environ["WEIR_E2E_DIR"]
BARE = bool(os.environ.get("WEIR_E2E_BARE"))
LATER = bool(os.environ.get("WEIR_E2E_LATER"))
MB = int(os.environ.get("WEIR_E2E_MB", "20"))
V4, V6 = "93.184.216.34", "2606:4700:77::34"
BOTH = {"v4": V4, "v6": V6}
LINGER_RESET = struct.pack("ii", 1, 0)
UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH)
NO_WEIR = "needs Weir"

_cases = []


class Skip(Exception):
    """Not here, and why."""


class Late(BaseException):
    """The case took too long."""


def case(name, both=False, weir=False, limit=30, later=None):
    """A case named so.  both: once for each family, with the main server's
    address; weir: only with Weir in between; later: what Weir does not do
    yet (doc/limits.md), so that the case waits for it."""
    def add(f):
        if both:
            for fam, address in BOTH.items():
                _cases.append((f"{name} ({fam})",
                               lambda a=address: f(a), weir, limit, later))
        else:
            _cases.append((name, f, weir, limit, later))
        return f
    return add


def _late(_signal, frame):
    raise Late(f"{frame.f_code.co_name} line {frame.f_lineno}")


def _tell(e):
    frames = [f for f in inspect.trace() if "guest_" in f.filename]
    at = f" (line {frames[-1].lineno})" if frames else ""
    return f"{type(e).__name__} {e}".replace("\n", " ") + at


def run():
    """All cases, or those that WEIR_E2E_ONLY matches."""
    only = re.compile(os.environ.get("WEIR_E2E_ONLY", ""))
    bad = 0
    signal.signal(signal.SIGALRM, _late)
    for name, f, weir, limit, later in _cases:
        if not only.search(name):
            continue
        if weir and BARE:
            print(f"skip - {name}: {NO_WEIR}", flush=True)
            continue
        if later and not BARE and not LATER:
            print(f"skip - {name}: not yet: {later}", flush=True)
            continue
        began = time.monotonic()
        signal.alarm(limit)
        try:
            f()
            print(f"ok - {name}", flush=True)
        except Skip as e:
            print(f"skip - {name}: {e}", flush=True)
        except Late as e:
            bad += 1
            print(f"not ok - {name}: not done after {limit} s, in {e}",
                  flush=True)
        except Exception as e:       # whatever it is, the case has failed
            bad += 1
            print(f"not ok - {name}: {_tell(e)}", flush=True)
        finally:
            signal.alarm(0)
        if os.environ.get("WEIR_E2E_TIMES"):
            print(f"# {time.monotonic() - began:.2f} s", flush=True)
    sys.exit(bad > 0)


def must(true, detail):
    if not true:
        raise AssertionError(detail)


def same(got, want, what):
    must(got == want, f"{what}: {want!r} expected, {got!r} seen")


# ---- connections -------------------------------------------------------------

_keys = 0


def key():
    """A new name for a note or a gate."""
    global _keys
    _keys += 1
    return f"{os.getpid()}.{time.monotonic_ns()}.{_keys}"


def note(name, seconds=10):
    """What the server wrote about its side of a connection."""
    path, end = f"{DIR}/notes/{name}", time.monotonic() + seconds
    while not os.path.exists(path):
        must(time.monotonic() < end, "the server has not noted the end")
        time.sleep(0.005)
    with open(path, encoding="ascii") as f:
        return json.load(f)


def open_gate(name):
    with open(f"{DIR}/gates/{name}", "w", encoding="ascii"):
        pass


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def connect(address, port, timeout=10, **options):
    """Connected, or OSError.  options: rcvbuf, maxseg, source."""
    s = socket.socket(family(address), socket.SOCK_STREAM)
    s.settimeout(timeout)
    if "rcvbuf" in options:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options["rcvbuf"])
    if "maxseg" in options:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, options["maxseg"])
    if "source" in options:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("", options["source"]))
    try:
        s.connect((address, port))
    except BaseException:
        s.close()
        raise
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def script(address, steps, **options):
    s = connect(address, 7000, **options)
    s.sendall(steps.encode() + b"\n")
    return s


def failed_connect(address, port, timeout=10):
    """(errno, seconds); errno 0: it connected; None: still pending."""
    began = time.monotonic()
    try:
        connect(address, port, timeout).close()
        code = 0
    except TimeoutError as e:
        code = e.errno                    # None when it is our own timeout
    except OSError as e:
        code = e.errno
    return code, time.monotonic() - began


def name_of(code):
    if code is None:
        return "still pending"
    return errno.errorcode.get(code, str(code)) if code else "connected"


# A veth answers inside the connect call itself, where the kernel notes an
# ICMP error as a soft one and waits for the next SYN.
AT_ONCE = 3.0 if BARE else 1.0


def is_refused(address, port, within=AT_ONCE):
    code, seconds = failed_connect(address, port)
    same(name_of(code), "ECONNREFUSED", f"connect to {address}")
    must(seconds < within, f"refused only after {seconds:.3f} s")


def is_unreachable(address, port, within=AT_ONCE):
    code, seconds = failed_connect(address, port)
    must(code in UNREACHABLE, f"{address}: {name_of(code)}")
    must(seconds < within, f"unreachable only after {seconds:.3f} s")


def send_pattern(s, count):
    at = 0
    while at < count:
        part = pattern.piece(at, count - at)
        s.sendall(part)
        at += len(part)


def read_all(s, pause=0.0, size=262144):
    """(bytes, hash, how it ended) of what comes until the end."""
    h, count, buf = hashlib.sha256(), 0, bytearray(size)
    while True:
        try:
            n = s.recv_into(buf)
        except ConnectionResetError:
            return count, h.hexdigest(), "reset"
        if not n:
            return count, h.hexdigest(), "eof"
        h.update(memoryview(buf)[:n])
        count += n
        if pause:
            time.sleep(pause)


def read_exactly(s, count):
    data = bytearray()
    while len(data) < count:
        got = s.recv(count - len(data))
        must(got, f"end of file after {len(data)} of {count} bytes")
        data += got
    return bytes(data)


def read_line(s):
    line = bytearray()
    while not line.endswith(b"\n"):
        got = s.recv(1)
        must(got, f"end of file in the line {bytes(line)!r}")
        line += got
    return line.decode().strip()


def is_pattern(got, count, what="what arrived"):
    """got: (count, hash, end) as read_all and a note give it."""
    if isinstance(got, dict):
        got = got["count"], got["hash"], got["end"]
    same(got[0], count, f"{what}: bytes")
    same(got[1], pattern.digest(count), f"{what}: hash")
    same(got[2], "eof", f"{what}: end")


def close_reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
    s.close()


def mtu(interface="eth0"):
    """The MTU of an interface of this namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        got = fcntl.ioctl(s, 0x8921, struct.pack("16si12x",
                                                 interface.encode(), 0))
    return struct.unpack("16si12x", got)[1]


def _counters():
    """What this namespace's kernel has counted: {"Tcp.InErrs": 0, ...}"""
    found = {}
    for path in "/proc/net/snmp", "/proc/net/netstat":
        with open(path, encoding="ascii") as f:
            lines = [line.split() for line in f]
        for names, values in zip(lines[::2], lines[1::2]):
            for name, value in zip(names[1:], values[1:]):
                found[names[0].rstrip(":") + "." + name] = int(value)
    with open("/proc/net/snmp6", encoding="ascii") as f:
        for name, value in (line.split() for line in f):
            found[name] = int(value)
    return found


def counted(*names):
    """Those of the named counters that are not 0."""
    found = _counters()
    return {n: found[n] for n in names if found.get(n)}


FAULTS = ("Ip.InHdrErrors", "Ip.InAddrErrors", "Ip.InUnknownProtos",
          "Ip.ReasmFails", "Icmp.InErrors", "Icmp.InCsumErrors", "Tcp.InErrs",
          "Tcp.InCsumErrors", "Udp.InCsumErrors", "UdpLite.InErrors",
          "IpExt.InTruncatedPkts", "IpExt.InCsumErrors",
          "Ip6InHdrErrors", "Ip6InTooBigErrors", "Ip6InAddrErrors",
          "Ip6InUnknownProtos", "Ip6InTruncatedPkts", "Ip6ReasmFails",
          "Icmp6InErrors", "Icmp6InCsumErrors", "Udp6InCsumErrors")


def options(**known):
    """Command line options --NAME VALUE with their defaults."""
    arg = argparse.ArgumentParser()
    for name, default in known.items():
        arg.add_argument("--" + name, default=default, type=type(default))
    return arg.parse_args()
