#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TCP as a guest sees it, with this kernel's own stack.  The numbers are the
rows of tests/cases/tcp.tsv."""

import errno
import select
import socket
import statistics
import threading
import time

import t
from t import case, must, same

MIB = 1 << 20


# ---- opening -----------------------------------------------------------------

@case("tcp-01 a refused port is refused at once", both=True)
def _(host):
    for _ in range(5):
        t.is_refused(host, 4444)


@case("tcp-03 a router's unreachable reaches the guest")
def _():
    t.is_unreachable("1.2.3.67", 7)


@case("tcp-03 the host's own unreachable reaches the guest")
def _():
    t.is_unreachable("1.2.3.68", 7)


@case("tcp-04 a router's unreachable reaches the guest over IPv6")
def _():
    t.is_unreachable("2606:4700:99::67", 7)


@case("tcp-04 the host's own unreachable reaches the guest over IPv6")
def _():
    t.is_unreachable("2606:4700:99::68", 7)


@case("tcp-05 silence stays silence: pending after 2 s")
def _():
    found = {}

    def try_one(address, port):
        found[address] = t.failed_connect(address, port, 2)[0]

    threads = [threading.Thread(target=try_one, args=to) for to in (
        ("1.2.3.66", 7), ("2606:4700:99::66", 7), (t.V4, 7005), (t.V6, 7005))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for address, code in found.items():
        same(t.name_of(code), "still pending", address)


def _late_accept(address):
    code, seconds = t.failed_connect(address, 7)
    same(t.name_of(code), "connected", "the far server")
    must(0.19 < seconds < 1.0, f"connected after {seconds:.3f} s")


@case("tcp-02 no answer before the server's, 200 ms away")
def _():
    _late_accept("1.2.3.200")


@case("tcp-02 no answer before the server's, 200 ms away, over IPv6")
def _():
    _late_accept("2606:4700:99::200")


@case("a name server's other ports and other hosts: each address is itself")
def _():
    for host in t.V4, "93.184.216.35", "1.2.3.4", t.V6, "2606:4700:77::35":
        with t.connect(host, 7) as s:
            s.sendall(b"hello")
            same(t.read_exactly(s, 5), b"hello", host)


# ---- data --------------------------------------------------------------------

@case("bulk up arrives whole", both=True, limit=90)
def _(host):
    with t.script(host, "sink; report") as s:
        t.send_pattern(s, t.MB * MIB)
        s.shutdown(socket.SHUT_WR)
        same(t.read_line(s), f"{t.MB * MIB} {t.pattern.digest(t.MB * MIB)} eof",
             "what the server read")


@case("bulk down arrives whole", both=True, limit=90)
def _(host):
    with t.script(host, f"send {t.MB * MIB}; shutw; sink") as s:
        t.is_pattern(t.read_all(s), t.MB * MIB)


@case("bulk both ways at once arrives whole", both=True, limit=90)
def _(host):
    with t.script(host, "echo; shutw") as s:
        def up():
            t.send_pattern(s, t.MB * MIB)
            s.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=up)
        sender.start()
        t.is_pattern(t.read_all(s), t.MB * MIB)
        sender.join()


@case("every small size arrives, up and down", both=True)
def _(host):
    with t.connect(host, 7) as s:
        for size in [*range(1, 40), 535, 536, 537, 1439, 1440, 1441, 1459,
                     1460, 1461, 2919, 2920, 2921, 65494, 65495, 65535, 65536,
                     65537, 131071]:
            data = bytes(t.pattern.piece(size, size))
            s.sendall(data)
            must(t.read_exactly(s, size) == data, f"{size} bytes differ")


@case("tcp-29 a slow guest gets every byte after the server has closed",
      both=True)
def _(host):
    with t.connect(host, 7004, rcvbuf=8192) as s:
        t.is_pattern(t.read_all(s, 0.001, 1024), MIB)


@case("a guest of 8 KiB a millisecond gets every byte", both=True)
def _(host):
    with t.script(host, f"send {4 * MIB}; shutw; sink") as s:
        t.is_pattern(t.read_all(s, 0.001, 8192), 4 * MIB)


@case("a server of 8 KiB a millisecond gets every byte", both=True)
def _(host):
    k = t.key()
    with t.script(host, f"sip 8192 1; note {k}") as s:
        t.send_pattern(s, 4 * MIB)
    t.is_pattern(t.note(k), 4 * MIB)


@case("a server with small buffers does not stall the guest", both=True)
def _(host):
    began = time.monotonic()
    with t.script(host, "buf 4096; sink; report") as s:
        t.send_pattern(s, 2 * MIB)
        s.shutdown(socket.SHUT_WR)
        same(t.read_line(s), f"{2 * MIB} {t.pattern.digest(2 * MIB)} eof",
             "what the server read")
    seconds = time.monotonic() - began
    must(seconds < 8, f"{seconds:.1f} s for 2 MiB")


@case("a server that trickles is heard byte by byte", both=True)
def _(host):
    with t.script(host, "trickle 200 1 1; shutw; sink") as s:
        t.is_pattern(t.read_all(s), 200)


def _send_until_stuck(s, count, quiet=0.3):
    """Sends the pattern until the socket has taken none for `quiet` s."""
    s.setblocking(False)
    at = 0
    while at < count and select.select([], [s], [], quiet)[1]:
        at += s.send(t.pattern.piece(at, min(count - at, 65536)))
    s.settimeout(20)
    return at


@case("tcp-28 a server that does not read: nothing taken is lost", both=True)
def _(host):
    gate, k = t.key(), t.key()
    with t.script(host, f"wait {gate}; sink; note {k}") as s:
        count = _send_until_stuck(s, 256 * MIB)
        must(count < 256 * MIB, "the guest could send 256 MiB to nobody")
        s.shutdown(socket.SHUT_WR)
        t.open_gate(gate)
        t.is_pattern(t.note(k, 30), count)


@case("tcp-36 the window to zero and open again, three times", both=True)
def _(host):
    gates, k = [t.key() for _ in range(3)], t.key()
    began = time.monotonic()
    steps = "; ".join(f"wait {g}; recv 300000" for g in gates)
    with t.script(host, f"buf 8192; {steps}; sink; note {k}") as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        count = 0
        for gate in gates:
            s.setblocking(False)
            while select.select([], [s], [], 0.25)[1]:
                count += s.send(t.pattern.piece(count, 65536))
            t.open_gate(gate)
        s.settimeout(20)
        s.shutdown(socket.SHUT_WR)
        t.is_pattern(t.note(k, 20), count)
    seconds = time.monotonic() - began
    must(seconds < 2.4, f"{seconds:.1f} s of which 0.75 s were waited: "
         "someone stalls")


@case("tcp-35 a guest that does not read: then it gets all", both=True)
def _(host):
    with t.script(host, f"send {32 * MIB}; shutw; sink", rcvbuf=65536) as s:
        time_of, seen = time.monotonic(), -1
        while time.monotonic() - time_of < 0.3:      # until nothing more comes
            waiting = len(s.recv(1 << 20, socket.MSG_PEEK))
            if waiting != seen:
                time_of, seen = time.monotonic(), waiting
            time.sleep(0.01)
        t.is_pattern(t.read_all(s), 32 * MIB)


@case("tcp-63 a guest with a segment size of 536", both=True)
def _(host):
    with t.connect(host, 7000, maxseg=536) as s:
        s.sendall(b"send 1048576; sink; report\n")
        data = t.read_exactly(s, MIB)
        must(data == bytes(t.pattern.piece(0, MIB // 2)) +
             bytes(t.pattern.piece(MIB // 2, MIB // 2)), "other bytes")
        t.send_pattern(s, MIB)
        s.shutdown(socket.SHUT_WR)
        same(t.read_line(s), f"{MIB} {t.pattern.digest(MIB)} eof", "up")


@case("a small question is answered without delay", both=True)
def _(host):
    times = []
    with t.connect(host, 7) as s:
        for _ in range(400):
            began = time.perf_counter()
            s.sendall(b"question")
            t.read_exactly(s, 8)
            times.append(time.perf_counter() - began)
    middle = statistics.median(times)
    must(middle < 0.005, f"p50 is {middle * 1e3:.2f} ms")
    slow = sum(x > 0.035 for x in times)
    must(slow < 4, f"{slow} of 400 took more than 35 ms: someone waits")


@case("many small writes are not held back", both=True)
def _(host):
    began = time.monotonic()
    with t.script(host, "sink; report") as s:
        for i in range(2000):
            s.send(t.pattern.piece(i * 50, 50))
        s.shutdown(socket.SHUT_WR)
        same(t.read_line(s), f"100000 {t.pattern.digest(100000)} eof", "up")
    must(time.monotonic() - began < 4, "too slow")


@case("tcp-12 a server that speaks first is heard", both=True)
def _(host):
    with t.connect(host, 7001) as s:
        same(t.read_line(s), "220 weir world ready", "banner")
        s.sendall(b"and the answer")
        same(t.read_exactly(s, 14), b"and the answer", "echo")


@case("a server far away: 1 MiB each way")
def _():
    for host in "1.2.3.200", "2606:4700:99::200":
        with t.script(host, f"send {MIB}; sink; report") as s:
            s.settimeout(20)
            sender = threading.Thread(target=t.send_pattern, args=(s, MIB))
            sender.start()
            must(t.read_exactly(s, MIB) ==
                 bytes(t.pattern.piece(0, MIB // 2)) +
                 bytes(t.pattern.piece(MIB // 2, MIB // 2)), "other bytes")
            sender.join()
            s.shutdown(socket.SHUT_WR)
            same(t.read_line(s), f"{MIB} {t.pattern.digest(MIB)} eof", "up")


@case("40 streams at once, up and down, each whole", limit=60)
def _():
    wrong = []

    def one(i):
        host = (t.V4, t.V6)[i % 2]
        try:
            if i % 4 < 2:
                with t.script(host, "sink; report") as s:
                    t.send_pattern(s, MIB + i)
                    s.shutdown(socket.SHUT_WR)
                    same(t.read_line(s), f"{MIB + i} "
                         f"{t.pattern.digest(MIB + i)} eof", "up")
            else:
                with t.script(host, f"send {MIB + i}; shutw; sink") as s:
                    t.is_pattern(t.read_all(s), MIB + i)
        except Exception as e:
            wrong.append(f"stream {i}: {type(e).__name__} {e}")

    threads = [threading.Thread(target=one, args=(i,)) for i in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    must(not wrong, "; ".join(wrong[:3]))


@case("a guest with the smallest buffer there is", both=True)
def _(host):
    with t.script(host, "send 50000; shutw; sink", rcvbuf=1) as s:
        t.is_pattern(t.read_all(s, 0, 500), 50000)


# ---- closing -----------------------------------------------------------------

@case("tcp-23 the guest half-closes: the server reads all and still answers",
      both=True)
def _(host):
    for count in 0, 1, 1000, 70000, 3 * MIB:
        with t.script(host, "sink; report") as s:
            t.send_pattern(s, count)
            s.shutdown(socket.SHUT_WR)
            same(t.read_line(s), f"{count} {t.pattern.digest(count)} eof",
                 "what the server read")
            same(s.recv(1), b"", "then")


@case("tcp-25 after the guest's half-close 1 MiB comes whole", both=True)
def _(host):
    with t.script(host, "sink; send 1048576", rcvbuf=32768) as s:
        s.shutdown(socket.SHUT_WR)
        t.is_pattern(t.read_all(s, 0.0005, 8192), MIB)


@case("tcp-24 the server half-closes: the guest can still send", both=True)
def _(host):
    for count in 0, 1, 100000:
        k = t.key()
        with t.script(host, f"send {count}; shutw; sink; note {k}") as s:
            t.is_pattern(t.read_all(s), count)
            t.send_pattern(s, 3 * MIB)
        t.is_pattern(t.note(k), 3 * MIB, "what the server read")


@case("both half-close at the same time", both=True)
def _(host):
    k = t.key()
    with t.script(host, f"send 200000; shutw; sink; note {k}") as s:
        t.send_pattern(s, 200000)
        s.shutdown(socket.SHUT_WR)
        t.is_pattern(t.read_all(s), 200000)
    t.is_pattern(t.note(k), 200000)


@case("tcp-30 the last data and FIN in one segment", both=True)
def _(host):
    with t.connect(host, 7000) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        s.sendall(b"sink; report\n" + bytes(t.pattern.piece(0, 700)))
        s.shutdown(socket.SHUT_WR)
        same(t.read_line(s), f"700 {t.pattern.digest(700)} eof", "read")


@case("a server that closes at once is end of file", both=True)
def _(host):
    for _ in range(20):
        with t.connect(host, 7003) as s:
            same(t.read_all(s)[::2], (0, "eof"), "read")


@case("tcp-26 the guest's reset is a reset at the server", both=True)
def _(host):
    k = t.key()
    s = t.script(host, f"recv 1000; say got; sink; note {k}")
    t.send_pattern(s, 1000)
    same(t.read_line(s), "got", "answer")
    t.close_reset(s)
    got = t.note(k)
    same((got["count"], got["end"]), (1000, "reset"), "at the server")


@case("the guest resets in the middle of a flood", both=True)
def _(host):
    k = t.key()
    s = t.script(host, f"flood; note {k}")
    t.read_exactly(s, 500000)
    t.close_reset(s)
    same(t.note(k)["end"], "reset", "at the server")


@case("a guest that closes with unread data resets", both=True)
def _(host):
    k = t.key()
    s = t.script(host, f"say hello; sink; note {k}")
    while not select.select([s], [], [], 5)[0]:
        pass
    s.close()
    same(t.note(k)["end"], "reset", "at the server")


@case("tcp-27 the server's reset is a reset at the guest", both=True)
def _(host):
    gate = t.key()
    with t.script(host, f"say hello; wait {gate}; reset") as s:
        same(t.read_line(s), "hello", "first")
        t.open_gate(gate)
        same(t.read_all(s)[::2], (0, "reset"), "then")


@case("the server resets while the guest sends", both=True)
def _(host):
    with t.script(host, "recv 300000; reset") as s:
        try:
            for _ in range(2000):
                s.sendall(t.pattern.piece(0, 65536))
        except (ConnectionResetError, BrokenPipeError):
            return
        must(False, "128 MiB went to a server that has reset")


@case("a server that resets at once is never end of file", both=True)
def _(host):
    for _ in range(20):
        try:
            with t.connect(host, 7002) as s:
                same(t.read_all(s)[::2], (0, "reset"), "read")
        except (ConnectionResetError, ConnectionRefusedError):
            pass


# ---- many --------------------------------------------------------------------

def _open_all(host, port, count):
    """count connections at once; the list of connected sockets."""
    pending = {}
    poll = select.epoll()
    done = []
    for _ in range(count):
        s = socket.socket(t.family(host), socket.SOCK_STREAM)
        s.setblocking(False)
        must(s.connect_ex((host, port)) in (0, errno.EINPROGRESS), "connect")
        pending[s.fileno()] = s
        poll.register(s, select.EPOLLOUT)
    end = time.monotonic() + 15
    while pending:
        must(time.monotonic() < end, f"{len(pending)} of {count} not connected")
        for fd, _ in poll.poll(1):
            s = pending.pop(fd)
            poll.unregister(fd)
            code = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            must(code == 0, f"connection {len(done)}: {t.name_of(code)}")
            s.settimeout(15)
            done.append(s)
    return done


@case("2,000 connections at once, each echoes", both=True, limit=60)
def _(host):
    open_ones = _open_all(host, 7, 2000)
    for i, s in enumerate(open_ones):
        s.sendall(b"%64d" % i)
    for i, s in enumerate(open_ones):
        same(t.read_exactly(s, 64), b"%64d" % i, "echo")
    for s in open_ones:
        s.close()


@case("300 times open and reset uses nothing up", both=True)
def _(host):
    for _ in range(300):
        t.close_reset(t.connect(host, 7))
    with t.connect(host, 7) as s:
        s.sendall(b"alive")
        same(t.read_exactly(s, 5), b"alive", "echo")


@case("300 opens given up halfway use nothing up")
def _():
    for address in "1.2.3.66", "2606:4700:99::66":
        for _ in range(300):
            s = socket.socket(t.family(address), socket.SOCK_STREAM)
            s.setblocking(False)
            s.connect_ex((address, 7))
            s.close()
    for host in t.V4, t.V6:
        with t.connect(host, 7, 2) as s:
            s.sendall(b"alive")
            same(t.read_exactly(s, 5), b"alive", "echo")


@case("400 times the server closes first", both=True)
def _(host):
    for i in range(400):
        with t.connect(host, 7003, 3) as s:
            same(s.recv(1), b"", f"connection {i}")


@case("tcp-34 the same source port again and again", both=True)
def _(host):
    end = time.monotonic() + 10
    done = 0
    while done < 30:
        try:
            s = t.connect(host, 7000, 3, source=31000)
        except OSError as e:
            if e.errno != errno.EADDRNOTAVAIL or time.monotonic() > end:
                raise
            continue             # our own FIN is not acknowledged yet
        done += 1
        s.sendall(b"say bye; shutw; sink\n")
        same(t.read_line(s), "bye", "answer")
        same(s.recv(1), b"", "then")
        s.close()


@case("600 short conversations one after the other", both=True)
def _(host):
    for i in range(600):
        with t.connect(host, 7, 3) as s:
            s.sendall(b"%d" % i)
            t.read_exactly(s, len(b"%d" % i))


@case("nothing so far had to be sent twice", weir=True)
def _():
    # but for SYNs into holes: nothing is lost here unless Weir drops it
    same(t.counted("TcpExt.TCPLostRetransmit", "TcpExt.TCPFastRetrans",
                   "TcpExt.TCPSlowStartRetrans", "TcpExt.TCPDSACKOldSent",
                   "TcpExt.TCPDSACKOfoSent", "TcpExt.TCPDSACKRecv",
                   "TcpExt.TCPRcvQDrop"), {}, "counters")


# ---- the odd -----------------------------------------------------------------

def _fast_open(host, cookie):
    with socket.socket(t.family(host), socket.SOCK_STREAM) as s:
        if not cookie:
            s.setsockopt(socket.IPPROTO_TCP, 34, 1)  # TCP_FASTOPEN_NO_COOKIE
        s.sendto(b"early", socket.MSG_FASTOPEN, (host, 7))
        same(t.read_exactly(s, 5), b"early", "echo")
        s.sendall(b"later")
        same(t.read_exactly(s, 5), b"later", "echo")
        s.shutdown(socket.SHUT_WR)
        same(s.recv(1), b"", "nothing twice")


@case("tcp-60 data in the SYN is delivered once", both=True)
def _(host):
    _fast_open(host, False)
    _fast_open(host, True)


@case("urgent data harms nothing", both=True)
def _(host):
    with t.connect(host, 7) as s:
        s.sendall(b"before")
        s.send(b"!", socket.MSG_OOB)
        try:
            s.sendall(b"after")
            got = t.read_exactly(s, 6)
            must(got == b"before", f"{got!r}")
        except ConnectionError:
            pass
    with t.connect(host, 7) as s:
        s.sendall(b"alive")
        same(t.read_exactly(s, 5), b"alive", "a new connection")


@case("tcp-59 keep-alives are answered")
def _():
    open_ones = []
    for host in t.V4, t.V6:
        s = t.connect(host, 7)
        for option, value in ((socket.TCP_KEEPIDLE, 1),
                              (socket.TCP_KEEPINTVL, 1),
                              (socket.TCP_KEEPCNT, 1)):
            s.setsockopt(socket.IPPROTO_TCP, option, value)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        open_ones.append(s)
    must(not select.select(open_ones, [], [], 2.5)[0], "one has ended")
    for s in open_ones:
        s.sendall(b"alive")
        same(t.read_exactly(s, 5), b"alive", "echo")
        s.close()


@case("this kernel found no fault in any frame")
def _():
    same(t.counted(*t.FAULTS), {}, "faults")


t.run()
