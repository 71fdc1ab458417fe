#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""DNS as a guest sees it.  The zone is weirworld.net: see dnsd.py.

--part main      the forwarder with the host's two resolvers
--part no6       with --ipv6 off
--part dns       with --dns ADDR: --expect says which server kind must answer
--part names     with --host db.example=10.77.0.2 --search weirworld.net
--part change    the host's resolv.conf changes meanwhile, when we open the
                 gate `change`
"""

import os
import select
import socket
import struct
import subprocess
import time

import dnswire as d
import t
from t import case, must, same

OPT = t.options(part="main", expect="first")
ZONE = ".weirworld.net"
SERVER, SERVER6 = (("93.184.216.53", "2606:4700:77::53") if t.BARE else
                   ("10.0.2.3", "fd77:6972::3"))
ANYWHERE = ["8.8.8.8", "93.184.216.35", "1.2.3.66", "10.0.2.2",
            "2606:4700:77::35", "2606:4700:99::66", "fd77:6972::2"]
EVIL = ("93.184.216.66", "2606:4700:77::66")
_before = os.path.getsize(f"{t.DIR}/dns.log")   # what others asked
_ids = iter(range(1000, 60000))
_names = iter(range(100000))


def fresh():
    """A name nobody has asked for yet; it has one A record."""
    return f"n{os.getpid()}x{next(_names)}{ZONE}"


def seen_upstream(name):
    """The lines of the upstreams' log for a name, since we began."""
    with open(f"{t.DIR}/dns.log", encoding="ascii") as f:
        f.seek(_before)
        lines = [line.split() for line in f]
    return [x for x in lines if x[4].lower() == name.lower()]


def ask_udp(name, qtype=d.A, server=SERVER, wait=8, raw=None, **more):
    ident = next(_ids)
    packet = raw or d.query(name, qtype, ident, **more)
    with socket.socket(t.family(server), socket.SOCK_DGRAM) as s:
        s.connect((server, 53))
        s.send(packet)
        must(select.select([s], [], [], wait)[0], f"{name}: no answer")
        m = d.Message(s.recv(65535))
    if not raw:
        same(m.ident, ident, "id")
    must(m.flags & d.QR, "not an answer")
    return m


def frame(packet):
    return struct.pack("!H", len(packet)) + packet


def read_tcp(s):
    (length,) = struct.unpack("!H", t.read_exactly(s, 2))
    return d.Message(t.read_exactly(s, length))


def ask_tcp(name, qtype=d.A, server=SERVER, **more):
    ident = next(_ids)
    with t.connect(server, 53) as s:
        s.sendall(frame(d.query(name, qtype, ident, **more)))
        m = read_tcp(s)
    same(m.ident, ident, "id")
    return m


def is_main(m):
    same((m.rcode, m.addresses()), (0, [t.V4]), "answer")


def main_part():
    @case("a name over UDP and TCP, asked over IPv4 and IPv6")
    def _():
        for server in SERVER, SERVER6:
            for ask in ask_udp, ask_tcp:
                is_main(ask("www" + ZONE, server=server))
                m = ask("www" + ZONE, d.AAAA, server=server)
                same((m.rcode, m.addresses()), (0, [t.V6]), "AAAA")

    @case("dns-10 a question to any address is answered here", weir=True)
    def _():
        for server in ANYWHERE:
            is_main(ask_udp(fresh(), server=server))
            is_main(ask_tcp(fresh(), server=server))

    @case("getaddrinfo finds both families")
    def _():
        found = {x[4][0] for x in socket.getaddrinfo(
            "www" + ZONE, 80, type=socket.SOCK_STREAM)}
        same(found, {t.V4, t.V6}, "addresses")

    @case("getent and dig agree")
    def _():
        out = subprocess.run(["getent", "ahostsv4", "v4" + ZONE],
                             capture_output=True, text=True, check=True)
        must(out.stdout.startswith(t.V4), out.stdout)
        out = subprocess.run(["dig", "+short", "+tries=1", "@" + SERVER,
                              "alias" + ZONE], capture_output=True,
                             text=True, check=True)
        same(out.stdout.split(), ["www.weirworld.net.", t.V4], "dig")
        out = subprocess.run(["dig", "+short", "+tcp", "+tries=1",
                              "@" + SERVER6, "v6" + ZONE, "AAAA"],
                             capture_output=True, text=True, check=True)
        same(out.stdout.split(), [t.V6], "dig +tcp")

    @case("CNAME chains and many records come whole")
    def _():
        m = ask_udp("chain" + ZONE)
        same([r[1] for r in m.answer], [d.CNAME] * 6 + [d.A], "chain")
        same(len(ask_udp("many" + ZONE).addresses()), 20, "records")

    @case("dns-52 NXDOMAIN and no data are passed on, with their SOA")
    def _():
        m = ask_udp("nx" + ZONE)
        same((m.rcode, m.sections[1][0][1]), (d.NXDOMAIN, d.SOA), "nx")
        m = ask_udp("empty" + ZONE)
        same((m.rcode, m.answer, m.sections[1][0][1]), (0, [], d.SOA),
             "no data")

    @case("dns-28 the second answer comes from the cache", weir=True)
    def _():
        name = fresh()
        first = ask_udp(name)
        for ask, server in ((ask_udp, SERVER), (ask_tcp, SERVER6),
                            (ask_udp, "8.8.8.8")):
            m = ask(name, server=server)
            is_main(m)
            must(m.answer[0][2] <= first.answer[0][2], "the TTL has grown")
        same(len(seen_upstream(name)), 1, "questions upstream")

    @case("dns-04 case does not count, the question comes back as asked",
          weir=True)
    def _():
        name = fresh()
        is_main(ask_udp(name))
        m = ask_udp(name.upper())
        is_main(m)
        same(m.name, name.upper(), "question")
        same(len(seen_upstream(name)), 1, "questions upstream")

    @case("negative answers are cached", weir=True)
    def _():
        for name in "nx" + ZONE, "empty" + ZONE:
            for _ in range(3):
                ask_udp(name)
            same(len([x for x in seen_upstream(name) if x[5] == "1"]), 1,
                 f"questions for {name}")

    @case("a record of one second is asked for again after it", weir=True)
    def _():
        same(ask_udp("short" + ZONE).answer[0][2], 1, "TTL")
        end = time.monotonic() + 4
        while len(seen_upstream("short" + ZONE)) < 2:
            must(time.monotonic() < end, "never asked again")
            ask_udp("short" + ZONE)
            time.sleep(0.1)

    @case("dns-60 larger than the guest takes: TC; TCP takes it all")
    def _():
        for edns in 0, 512, 1232:
            m = ask_udp("big" + ZONE, d.TXT, edns=edns)
            must(m.tc and m.size <= (edns or 512),
                 f"EDNS {edns}: {m.size} bytes, TC {m.tc}")
        m = ask_tcp("big" + ZONE, d.TXT)
        same((m.tc, len(m.answer[0][3])), (False, 3012), "over TCP")

    @case("EDNS: an answer as large as the guest says it takes")
    def _():
        m = ask_udp("mid" + ZONE, d.TXT, edns=1232)
        same((m.tc, len(m.answer[0][3])), (False, 1004), "1,000 bytes")
        must(ask_udp("mid" + ZONE, d.TXT, edns=0).tc, "no TC without EDNS")

    @case("EDNS: 3,000 bytes over UDP to a guest that takes 4,096", weir=True)
    def _():
        m = ask_udp("big" + ZONE, d.TXT, edns=4096)
        if t.mtu() < 3100:               # it would have to be fragmented
            must(m.tc and m.size < t.mtu(), f"{m.size} bytes, TC {m.tc}")
            return
        same((m.tc, len(m.answer[0][3])), (False, 3012), "3,000 bytes")

    @case("EDNS: no OPT in the answer to a question without")
    def _():
        must(ask_udp(fresh(), edns=0).opt is None, "OPT")
        must(ask_udp(fresh(), edns=1232).opt is not None, "no OPT")

    @case("EDNS: the DO bit goes up, and is its own cache entry", weir=True)
    def _():
        name = fresh()
        ask_udp(name)
        ask_udp(name, do=True)
        ask_udp(name, do=True)
        same(sorted(x[7] for x in seen_upstream(name)), ["-", "DO"], "DO")

    @case("pipelined questions on one TCP connection")
    def _():
        ids = {next(_ids): fresh() for _ in range(40)}
        with t.connect(SERVER, 53) as s:
            s.sendall(b"".join(frame(d.query(name, d.A, ident))
                               for ident, name in ids.items()))
            for _ in range(40):
                m = read_tcp(s)
                same(m.name, ids.pop(m.ident), "question")
                is_main(m)

    @case("a TCP question in single bytes; half-close still gets the answer")
    def _():
        with t.connect(SERVER, 53) as s:
            for byte in frame(d.query(fresh(), d.A, 7)):
                s.send(bytes([byte]))
            s.shutdown(socket.SHUT_WR)
            is_main(read_tcp(s))
            same(s.recv(1), b"", "then")

    @case("300 questions at once are all answered", weir=True)
    def _():
        waiting = {}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            s.connect((SERVER, 53))
            for _ in range(300):
                ident = next(_ids)
                waiting[ident] = fresh()
                s.send(d.query(waiting[ident], d.A, ident))
            while waiting:
                must(select.select([s], [], [], 8)[0],
                     f"{len(waiting)} of 300 not answered")
                m = d.Message(s.recv(65535))
                same(m.name, waiting.pop(m.ident), "question")
                is_main(m)

    @case("dns-55 dns-62 false answers are not believed: "
          "id, source, case, name", weir=True)
    def _():
        for label in "wrongid", "wrongsrc", "wrongcase", "wrongname":
            for qtype, right in (d.A, t.V4), (d.AAAA, None):
                m = ask_udp(label + ZONE, qtype)
                must(not set(m.addresses()) & set(EVIL),
                     f"{label}: the false answer was believed")
                same(m.addresses(), [right] if right else [], label)

    @case("ids, ports and letters of questions upstream are random",
          weir=True)
    def _():
        lines = []
        for _ in range(40):
            name = fresh().replace(".", "abcdefghijklmnop.", 1)
            is_main(ask_udp(name))
            lines += seen_upstream(name)
        must(len(lines) == 40, f"{len(lines)} questions for 40 names")
        must(len({x[3] for x in lines}) > 35, "ids repeat")
        must(len({x[2] for x in lines}) > 20, "ports repeat")
        mixed = [x for x in lines if x[4] not in (x[4].lower(),
                                                  x[4].upper())]
        must(len(mixed) > 35, "no 0x20")

    @case("a slow upstream: asked once though the guest asks again",
          weir=True)
    def _():
        ident = next(_ids)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.connect((SERVER, 53))
            for _ in range(3):
                s.send(d.query("slow" + ZONE, d.A, ident))
            is_main(d.Message(s.recv(65535)))
        same(len(seen_upstream("slow" + ZONE)), 1, "questions upstream")

    @case("failover: a resolver that is silent", weir=True)
    def _():
        began = time.monotonic()
        is_main(ask_udp("failover" + ZONE))
        must(time.monotonic() - began < 5, "a guest gives up after 5 s")

    @case("dns-63 every server fails: SERVFAIL", weir=True)
    def _():
        same(ask_udp("servfail" + ZONE).rcode, d.SERVFAIL, "rcode")

    @case("dns-54 no server answers: SERVFAIL", weir=True, limit=40)
    def _():
        same(ask_udp("silent" + ZONE, wait=30).rcode, d.SERVFAIL, "rcode")

    @case("dns-56 dns-57 dns-58 questions that are none", weir=True)
    def _():
        same(ask_udp(fresh(), questions=2).rcode, d.FORMERR, "two questions")
        same(ask_udp(fresh(), questions=0).rcode, d.FORMERR, "no question")
        same(ask_udp(fresh(), flags=0x1000).rcode, d.NOTIMP, "STATUS")
        same(ask_udp(fresh(), flags=0x2000).rcode, d.NOTIMP, "NOTIFY")
        same(ask_udp(fresh(), qclass=3).rcode, d.REFUSED, "class CH")
        name = fresh()
        m = ask_udp(name, d.ANY)
        must(m.size < 200 and not seen_upstream(name), "ANY")

    @case("garbage to port 53 harms nothing", weir=True)
    def _():
        good = d.query(fresh(), d.A, 9)
        for server in SERVER, SERVER6, "8.8.8.8":
            with socket.socket(t.family(server), socket.SOCK_DGRAM) as s:
                s.connect((server, 53))
                for size in range(len(good)):
                    s.send(good[:size])
                s.send(good[:12] + b"\xc0\x0c\0\1\0\1")
                s.send(good[:12] + b"\x3f" * 600)
                s.send(b"\xff" * 1200)
        for junk in (b"\0\0", b"\0\1x", b"\xff\xffabc", frame(b"\0" * 5)):
            with t.connect(SERVER, 53) as s:
                s.sendall(junk)
        is_main(ask_udp(fresh()))
        is_main(ask_tcp(fresh()))

    @case("the host's names are the gateway, and never leave", weir=True)
    def _():
        for name in ("host.weir.internal", "host.containers.internal",
                     "host.docker.internal", "HOST.weir.Internal"):
            same(ask_udp(name).addresses(), ["10.0.2.2"], name)
            same(ask_udp(name, d.AAAA).addresses(), ["fd77:6972::2"], name)
            must(not seen_upstream(name), f"{name} went upstream")
        m = ask_udp("2.2.0.10.in-addr.arpa", d.PTR)
        same([r[3] for r in m.answer], ["host.weir.internal"], "PTR")

    @case("nothing was ever sent to the trap", weir=True)
    def _():
        with open(f"{t.DIR}/dns.log", encoding="ascii") as f:
            must(not [x for x in f if x.startswith("trap")], "it was")

    @case("resolv.conf names Weir", weir=True)
    def _():
        with open("/etc/resolv.conf", encoding="ascii") as f:
            servers = [x.split()[1] for x in f if x.startswith("nameserver")]
        same(servers[0], "10.0.2.3", "the first")
        must(set(servers) <= {"10.0.2.3", "fd77:6972::3"}, str(servers))


def no6_part():
    @case("dns-59 --ipv6 off: AAAA is empty, A is there", weir=True)
    def _():
        same((ask_udp("v6" + ZONE, d.AAAA).rcode,
              ask_udp("v6" + ZONE, d.AAAA).answer), (0, []), "AAAA")
        is_main(ask_udp("www" + ZONE))
        found = {x[4][0] for x in socket.getaddrinfo(
            "www" + ZONE, 80, type=socket.SOCK_STREAM)}
        same(found, {t.V4}, "addresses")
        same(ask_udp("host.weir.internal", d.AAAA).answer, [], "alias")


def dns_part():
    @case(f"answered by the {OPT.expect} server, soon", weir=True)
    def _():
        for _ in range(3):
            name = fresh()
            began = time.monotonic()
            is_main(ask_udp(name))
            must(time.monotonic() - began < 4, "slow")
            must(OPT.expect in [x[0] for x in seen_upstream(name)],
                 f"{seen_upstream(name)}")


def names_part():
    @case("--host and --search", weir=True)
    def _():
        same(ask_udp("db.example").addresses(), ["10.77.0.2"], "--host")
        same(ask_udp("DB.example", d.AAAA).answer, [], "no AAAA")
        same(socket.gethostbyname("db.example"), "10.77.0.2", "libc")
        must(not seen_upstream("db.example"), "it went upstream")
        same(socket.gethostbyname("v4"), t.V4, "--search")
        same(socket.gethostbyname("localhost"), "127.0.0.1", "localhost")


def change_part():
    @case("a change of the host's resolv.conf is seen", weir=True)
    def _():
        name = fresh()
        is_main(ask_udp(name))
        same([x[0] for x in seen_upstream(name)], ["first"], "before")
        t.open_gate("change")
        end = time.monotonic() + 5
        while [x[0] for x in seen_upstream(name)] != ["second"]:
            must(time.monotonic() < end, "the old resolver is still asked")
            name = fresh()
            is_main(ask_udp(name))
            time.sleep(0.05)


globals()[OPT.part + "_part"]()
t.run()
