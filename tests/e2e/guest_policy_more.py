#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules with words, and lists that deny.  See test_policy.sh for the rules.

--part more     unnamed, DNS over TLS, echo, all ports
--part list     names in a file, denied on top of what is public
"""

import errno
import socket
import time

import policy_watch as p
import t
from policy_watch import (CA, ZONE, curl, dig, ending, forbidden, get, hello,
                          resolve, run, talk, udp_error, watched)
from t import V4, V6, must, same

OPT = t.options(part="more")
SECOND4 = "93.184.216.35"
api, other = "api" + ZONE, "other" + ZONE


def more_part():
    """1 allow tcp unnamed bare:443   2 allow second   3 allow mail:443,80"""

    @watched("unnamed: TLS without a name, other protocols, not another's")
    def _(w):
        resolve("bare" + ZONE)
        same(curl("-k", f"https://{V4}/hello"), "hello\n", "by address")
        w.opened(1, dst=V4)
        run("openssl", "s_client", "-connect", f"bare{ZONE}:443",
            "-noservername")
        w.opened(1)
        curl("--resolve", f"{other}:443:{V4}", f"https://{other}/", code=35)
        w.denied("no_pin", shown=other)  # of the last rule with this port
        same(curl(f"https://bare{ZONE}/hello"), "hello\n", "its own")
        w.opened(1, shown="bare" + ZONE)

    @watched("DNS over TLS by name: dot; by address it is as any other")
    def _(w):
        name = "second" + ZONE
        same(resolve(name), SECOND4, "second")
        t.is_refused(SECOND4, 853)
        w.denied("dot", rule=None, dport=853, dst=SECOND4)
        run("dig", "+tls", "+tries=1", "+time=3", "@" + SECOND4, api,
            code=None)
        same({e["reason"] for e in w.denials()}, {"dot"}, "dig +tls")
        must(not w.peer.has(f"tcp {SECOND4} 853"), "it was reached")
        w.seen = []
        t.connect(V4, 853).close()
        w.opened(4, dport=853)

    @watched("a name without ports: all ports, UDP and echo")
    def _(w):
        name = "second" + ZONE
        resolve(name)
        run("ping", "-nqc", "1", "-W", "2", name)
        w.opened(2, proto="icmp", dst=SECOND4)
        same(curl(f"http://{name}/hello"), "hello\n", "80")
        with t.connect(SECOND4, 7) as s:
            s.sendall(b"sesame")
            same(t.read_exactly(s, 6), b"sesame", "7")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.connect((SECOND4, 7))
            s.send(b"sesame")
            same(s.recv(100), b"sesame", "UDP 7")
        w.opened(2, dst=SECOND4)
        same(udp_error(SECOND4, 443), errno.EHOSTUNREACH, "but no QUIC")
        w.denied("default", dport=443, proto="udp")


def list_part():
    """1 deny file:bad.txt, net: public"""
    bad = "ads.weirworld.net"

    @watched("a listed name: NXDOMAIN, EDE 15, by its rule; nothing upstream")
    def _(w):
        for name in (bad, "x.tracker.weirworld.net", "tracker.weirworld.net",
                     "a.b.below.weirworld.net"):
            same(dig(name), ("NXDOMAIN", [], 15), name)
            w.denied("rule", rule=1, name=name, text="deny file:bad.txt")
            same(w.asked_upstream(name), [], "upstream")
        same(dig("below.weirworld.net")[0], "NOERROR", "*.x is not x")
        same(dig("x." + bad)[0], "NOERROR", "a name is that name alone")

    @watched("shown to whatever address, it is denied")
    def _(w):
        resolve(api)
        for address in V4, SECOND4:
            curl("--resolve", f"{bad}:443:{address}", f"https://{bad}/",
                 code=35)
            w.denied("rule", rule=1, shown=bad, dst=address)
            data = curl("-i", "--resolve", f"{bad}:80:{address}",
                        f"http://{bad}/")
            forbidden(data.encode(), bad, "rule", 1)
            w.denied("rule", rule=1, shown=bad, dst=address, path="/")
        w.nothing_reached_web()
        w.nothing_reached_web(port=80)

    @watched("on any port, and behind a STARTTLS of Postgres")
    def _(w):
        for mode in "require", "verify-full":
            run("psql", f"host={bad} hostaddr={V4} user=x dbname=x "
                f"sslmode={mode} sslrootcert={CA}", "-c", "select 1", code=2)
            w.denied("rule", rule=1, shown=bad, dport=5432)
        curl("--resolve", f"{bad}:8443:{V4}", f"https://{bad}:8443/", code=35)
        w.denied("rule", rule=1, shown=bad, dport=8443)

    @watched("a second request for it on a kept connection")
    def _(w):
        data, end = talk(api, 80, get(api) + get(bad))
        same((end, [a[0] for a in p.answers_of(data)]), ("eof", [200, 403]),
             "answers")
        forbidden(data, bad, "rule", 1)
        w.denied("rule", rule=1, shown=bad)

    @watched("all else that is public goes on: by name and by address")
    def _(w):
        same(curl(f"https://{api}/hello"), "hello\n", "https by name")
        same(curl("-k", f"https://{V4}/hello"), "hello\n", "by address")
        same(curl(f"http://[{V6}]/hello"), "hello\n", "IPv6 literal")
        began = time.monotonic()
        with t.connect(V4, 25) as s:     # waits for a name that never comes
            same(t.read_line(s), "220 mail.weirworld.net ready", "banner")
            must(time.monotonic() - began < 2, "the banner came late")
            s.sendall(b"EHLO there\r\n")
            same(t.read_line(s), "250 EHLO there", "answer")
        w.opened(2)

    @watched("a mumbled name does not pass: bad_head")
    def _(w):
        for port, data in (443, hello(bad)[:-1]), (80, get(bad)[:-1]):
            with t.connect(V4, port) as s:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                same(ending(s), (b"", "reset"), f"port {port}")
            w.denied("bad_head", rule=None)

    for what, address, reason in (
            ("private", "10.77.0.2", "default"),
            ("private, octal", "012.0115.0.2", "default"),
            ("private, decimal", "172818434", "default"),
            ("private, mapped", "[::ffff:10.77.0.2]", "default"),
            ("private, IPv6", "[fd00:10:77::2]", "default"),
            ("private inside NAT64", "[64:ff9b::10.77.0.2]", "default"),
            ("private inside 6to4", "[2002:a4d:2::1]", "default"),
            ("private inside Teredo", "[2001::f5b2:fffd]", "default"),
            ("metadata", "169.254.169.254", "default"),
            ("metadata, decimal", "2852039166", "default"),
            ("link-local", "169.254.1.1", "default"),
            ("the host by its gateway", "10.0.2.2", "default"),
            ("the host by its own address", "93.184.216.1", "default"),
            ("documentation", "192.0.2.1", "default"),
            ("reserved", "240.0.0.1", "default"),
            ("martian", "0.1.2.3", "martian"),
            ("martian, IPv6", "[::93.184.216.34]", "martian")):
        @watched(f"curl to an address that is not public: {what}")
        def _(w, address=address, reason=reason):
            curl("-m", "5", f"http://{address}/", code=7)
            w.denied(reason, rule=None if reason == "martian" else "default",
                     dport=80)

    @watched("multicast and broadcast: reason multicast, nobody is told")
    def _(w):
        for address in "239.255.255.250", "224.0.0.251", "ff0e::1234":
            same(udp_error(address, 1900, seconds=0.3), None, address)
            w.denied("multicast", rule=None, dst=address, proto="udp")

    @watched("the host's names lead to its gateway, which is not public")
    def _(w):
        curl("http://host.docker.internal:7000/", code=7)
        same({e["reason"] for e in w.denials()}, {"default"}, "reasons")


globals()[OPT.part + "_part"]()
t.run()
