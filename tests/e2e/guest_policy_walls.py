#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Walls: bounds, silence, addresses and classes, the other family.  See
test_policy_walls.sh for the rules of each part.

--part tenant   --multi-tenant, and rules that would allow more
--part drop     on_deny: drop
--part open     rules by class and address, first match wins
--part six      a name with addresses of both families
--part conf     groups, private_names, quic: pin, rules for clients that come in
--part nodns    deny dns
"""

import errno
import socket
import ssl
import time

import t
from policy_watch import (CA, ZONE, curl, dig, ending, forbidden, get, hello,
                          resolve, run, udp_error, watched)
from t import V4, V6, must, same

OPT = t.options(part="tenant")
INSIDE, INSIDE6 = "10.77.0.2", "fd00:10:77::2"
api, other, www = "api" + ZONE, "other" + ZONE, "www" + ZONE


def silent(address, port, data=b"", seconds=1.5):
    """It connects, and then there is nothing: no byte, no end."""
    with t.connect(address, port) as s:
        s.sendall(data)
        same(ending(s, seconds), (b"", "silent"), f"port {port}")


# ---- --multi-tenant ----------------------------------------------------------

def tenant_part():
    for what, address, bound in (
            ("host, by the gateway", "10.0.2.2", 1),
            ("host, by the gateway's IPv6", "fd77:6972::2", 1),
            ("host, by its own address", "93.184.216.1", 1),
            ("host, by its own IPv6", "2606:4700:77::1", 1),
            ("private", INSIDE, 2), ("private, IPv6", INSIDE6, 2),
            ("private inside NAT64", "64:ff9b::a4d:2", 2),
            ("private inside 6to4", "2002:a4d:2::1", 2),
            ("link-local", "169.254.1.1", 3),
            ("metadata", "169.254.169.254", 4),
            ("metadata, another", "100.100.100.200", 4)):
        @watched(f"a bound denies what rules allow: {what}")
        def _(w, address=address, bound=bound):
            want = {"dst": address, "rule": f"bounds {bound}"}
            t.is_refused(address, 80)
            e = w.denied("bounds", proto="tcp", dport=80, **want)
            must(e["text"].startswith("deny "), str(e))
            t.is_refused(address, 443)
            w.denied("bounds", **want)
            code = errno.EACCES if ":" in address else errno.EHOSTUNREACH
            same(udp_error(address, 7), code, "UDP")
            w.denied("bounds", proto="udp", **want)
            run("ping", "-nqc", "1", "-W", "2", address, code=None)
            same({e["reason"] for e in w.denials()} - {"bounds"}, set(),
                 "echo")

    @watched("multicast, too")
    def _(w):
        same(udp_error("239.255.255.250", 1900, seconds=0.3), None, "UDP")
        w.denied("bounds", rule="bounds 5", dst="239.255.255.250")

    @watched("names that lead inside: NXDOMAIN, whatever the rules say")
    def _(w):
        for name, qtype in (("inside", "A"), ("inside", "AAAA"),
                            ("toinside", "A"), ("cloud", "A")):
            same(dig(name + ZONE, qtype)[::2], ("NXDOMAIN", 17), name)
            e = w.denied("bounds", rule=f"bounds {4 if name == 'cloud' else 2}",
                         name=name + ZONE)
            must(e, name)
        same(dig("half" + ZONE), ("NOERROR", [V4], None), "half")

    @watched("a name of --host is answered, and then denied")
    def _(w):
        same(resolve("db.example"), INSIDE, "db.example")
        curl("http://db.example/", code=7)
        w.denied("bounds", rule="bounds 2", dst=INSIDE)

    @watched("the rest goes on")
    def _(w):
        same(curl(f"http://{api}/hello"), "hello\n", "http")
        same(curl(f"https://{api}/hello"), "hello\n", "https")
        same(curl(f"http://[{V6}]/hello"), "hello\n", "IPv6 literal")
        same(w.denials(), [], "denials")
        must(not w.web.has(f"open {INSIDE} 80"), "the inside was reached")


# ---- on_deny: drop -----------------------------------------------------------

def drop_part():
    @watched("TCP, UDP, echo: no answer at all")
    def _(w):
        for address in V4, V6:
            same(t.failed_connect(address, 8080, 2)[0], None, "TCP")
            same(udp_error(address, 9, seconds=2), None, "UDP")
        out = run("ping", "-nc", "1", "-W", "1", V4, code=1)
        must("iltered" not in out and "nreach" not in out, out)
        found = w.denials()
        same({(e["reason"], e["rule"]) for e in found},
             {("default", "default")}, "reasons")
        same({(e["proto"], e["dst"]) for e in found},
             {("tcp", V4), ("tcp", V6), ("udp", V4), ("udp", V6),
              ("icmp", V4)}, "denials")

    @watched("clients time out: curl, dig +tls")
    def _(w):
        run("curl", "-sS", "-m", "2", f"http://{V4}:8080/", code=28)
        run("dig", "+tls", "+tries=1", "+time=1", "@1.1.1.1", api, code=9)
        same({e["reason"] for e in w.denials()}, {"default", "dot"},
             "reasons")

    @watched("a lying SNI, a lying Host, none: silence")
    def _(w):
        resolve(api)
        for port, data, reason in ((443, hello(other), "shown_mismatch"),
                                   (443, hello(None), "name_required"),
                                   (80, get(other), "shown_mismatch"),
                                   (80, get(V4), "name_required"),
                                   (443, b"hello there\r\n", "name_required")):
            silent(V4, port, data)
            w.denied(reason, dport=port)
            w.nothing_reached_web(port=port)

    @watched("a second request with another Host: silence after the first")
    def _(w):
        with t.connect(api, 80) as s:
            s.sendall(get(api))
            data = b""
            while not data.endswith(b"\r\n\r\nhello\n"):
                data += t.read_exactly(s, 1)
            s.sendall(get(other))
            same(ending(s, 1.5), (b"", "silent"), "the second")
        w.denied("shown_mismatch", shown=other, dport=80)
        must(not [x for x in w.web.lines() if other in x], "it went upstream")

    @watched("names are still answered: NXDOMAIN, EDE 15")
    def _(w):
        began = time.monotonic()
        same(dig(www), ("NXDOMAIN", [], 15), "udp")
        same(dig(www, "A", "+tcp", server="8.8.8.8"), ("NXDOMAIN", [], 15),
             "tcp")
        must(time.monotonic() - began < 3, "late")
        same([e["name"] for e in w.denials()], [www] * 2, "denials")

    @watched("what is allowed is as ever; a refused port is refused")
    def _(w):
        same(curl(f"http://{api}/hello"), "hello\n", "http")
        same(curl(f"https://{api}/hello"), "hello\n", "https")
        t.is_refused(V4, 4444)
        same(w.denials(), [], "denials")


# ---- classes and addresses ---------------------------------------------------

def open_part():
    """1 deny 10.77.0.2:8443  2 allow private  3 allow host:7,7000
    4 allow api:80   5 deny udp 93.184.216.34/31:7   6 allow 93.184.216.0/24:7
    7 allow metadata.google.internal:81"""

    @watched("private, by name and by address: rebinding is as the rules are")
    def _(w):
        same(dig("inside" + ZONE), ("NOERROR", [INSIDE], None), "A")
        same(dig("inside" + ZONE, "AAAA"), ("NOERROR", [INSIDE6], None),
             "AAAA")
        for host in "inside" + ZONE, INSIDE, "012.0115.0.2":
            same(curl("-4", f"http://{host}/hello"), "hello\n", host)
        same(curl(f"http://[::ffff:{INSIDE}]/hello"), "hello\n", "mapped")
        w.opened(2, dst=INSIDE)
        t.is_refused(INSIDE, 8443)
        w.denied("rule", rule=1, dst=INSIDE, dport=8443,
                 text="deny 10.77.0.2:8443")

    @watched("but not the metadata service, by address and by name")
    def _(w):
        t.is_refused("169.254.169.254", 8080)
        w.denied("default", dst="169.254.169.254")
        same(dig("cloud" + ZONE), ("NXDOMAIN", [], 17), "cloud")
        w.denied("rebind", rule=None, name="cloud" + ZONE)
        same(dig("metadata.google.internal")[0], "NXDOMAIN", "its name")
        same(w.denials(), [], "it is allowed, and not there")
        must(w.asked_upstream("metadata.google.internal"), "it is asked for")

    @watched("the host, on the ports a rule names")
    def _(w):
        for to in "10.0.2.2", "fd77:6972::2", "93.184.216.1":
            with t.connect(to, 7) as s:
                s.sendall(b"sesame")
                same(t.read_exactly(s, 6), b"sesame", to)
            w.opened(3, dst=to)
            t.is_refused(to, 7001)
            w.denied("default", dst=to, dport=7001)

    @watched("the first rule that matches wins")
    def _(w):
        same(udp_error(V4, 7), errno.EHOSTUNREACH, "UDP .34")
        w.denied("rule", rule=5, proto="udp")
        with t.connect(V4, 7) as s:
            s.sendall(b"sesame")
            same(t.read_exactly(s, 6), b"sesame", "TCP .34")
        w.opened(6, proto="tcp")
        t.is_refused("1.2.3.4", 7)
        w.denied("default", dst="1.2.3.4")

    @watched("martians are refused whatever the rules say")
    def _(w):
        for address in "0.1.2.3", "::5db8:d822":
            t.is_refused(address, 80)
            w.denied("martian", rule=None, dst=address)


# ---- both families -----------------------------------------------------------

def six_part():
    """1 allow tcp www:80,443   2 allow udp www:7   3 allow other:9"""

    @watched("by name over both families")
    def _(w):
        for family, address in ("-4", V4), ("-6", V6):
            same(curl(family, f"http://{www}/hello"), "hello\n", "http")
            same(curl(family, f"https://{www}/hello"), "hello\n", "https")
            w.opened(1, dst=address, shown=www)
            with socket.socket(t.family(address), socket.SOCK_DGRAM) as s:
                s.settimeout(5)
                s.connect((address, 7))
                s.send(b"sesame")
                same(s.recv(100), b"sesame", "UDP")
            w.opened(2, dst=address, proto="udp")

    @watched("lies over IPv6")
    def _(w):
        socket.getaddrinfo(www, 80)
        run("curl", "-k", "-sS", "-m", "5", "--resolve", f"{other}:443:[{V6}]",
            f"https://{other}/", code=35)
        w.denied("shown_mismatch", shown=other, dst=V6)
        data = curl("-i", "-6", "-H", f"Host: {other}", f"http://{www}/")
        forbidden(data.encode(), other, "shown_mismatch")
        w.denied("shown_mismatch", shown=other, dst=V6)
        curl("-k", f"https://[{V6}]/", code=35)
        w.denied("name_required", dst=V6)
        forbidden(curl("-i", f"http://[{V6}]/").encode(), None,
                  "name_required")
        w.denied("name_required", dst=V6)
        same(udp_error(V6, 443), errno.EACCES, "QUIC")
        w.denied("default", dst=V6, dport=443)
        t.is_refused("2606:4700:77::35", 443)
        w.denied("no_pin", dst="2606:4700:77::35")
        w.nothing_reached_web(V6)
        w.nothing_reached_web(V6, 80)

    @watched("a resolver's IPv6 address is Weir's")
    def _(w):
        for how in "+tcp", "+notcp":
            same(dig(www, "AAAA", how, server="2606:4700:77::53"),
                 ("NOERROR", [V6], None), how)
            same(dig(api, "AAAA", how, server="2606:4700:99::66"),
                 ("NXDOMAIN", [], 15), how)
            w.denied("default", name=api)

    @watched("TLS 1.2 and 1.3, by name, and denied")
    def _(w):
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            c = ssl.create_default_context(cafile=CA)
            c.minimum_version = c.maximum_version = version
            for name, good in (www, True), (other, False):
                with t.connect(V4, 443) as s:
                    try:
                        c.wrap_socket(s, server_hostname=name)
                        must(good, f"{name}: a handshake")
                    except ConnectionError:
                        must(not good, f"{name}: reset")
        same([e["reason"] for e in w.denials()], ["shown_mismatch"] * 2,
             "denials")


# ---- what a configuration can say beside rules -------------------------------

def conf_part():
    """groups: corp = 10.77.0.0/16, .corp; private_names: inside; quic: pin;
    1 allow udp api:443   2 allow tcp corp:80   3 allow tcp inside:443"""

    @watched("quic: pin")
    def _(w):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.connect((resolve(api), 443))
            s.send(b"\xc3\0\0\0\1\x08" + b"x" * 1194)
            same(len(s.recv(2000)), 1200, "echo")
        w.opened(1, proto="udp", dport=443)
        same(udp_error("93.184.216.35", 443), errno.EHOSTUNREACH, "no pin")
        w.denied("no_pin", dst="93.184.216.35")

    @watched("a group: addresses and names")
    def _(w):
        same(curl(f"http://{INSIDE}/hello"), "hello\n", "an address")
        w.opened(2, dst=INSIDE)
        same(curl(f"http://x.corp{ZONE}/hello"), "hello\n", "a name")
        w.opened(2, dst=V4, shown="x.corp" + ZONE)
        same(dig("toinside" + ZONE)[::2], ("NXDOMAIN", 15), "no name of it")
        w.denied("default", name="toinside" + ZONE)

    @watched("private_names: this name may lead inside, no other")
    def _(w):
        same(dig("inside" + ZONE), ("NOERROR", [INSIDE], None), "inside")
        same(curl(f"https://inside{ZONE}/hello"), "hello\n", "and it works")
        w.opened(3, dst=INSIDE, shown="inside" + ZONE)
        same(dig(f"inside.corp{ZONE}")[::2], ("NXDOMAIN", 17), "another")
        w.denied("rebind", rule=None, name=f"inside.corp{ZONE}")


def nodns_part():
    @watched("deny dns: no name is answered, addresses go on")
    def _(w):
        for how in "+tcp", "+notcp":
            same(dig(www, "A", how), ("NXDOMAIN", [], 15), how)
            w.denied("dns_off", rule=1, name=www)
        same(w.asked_upstream("www"), [], "upstream")
        same(dig("host.docker.internal")[:2], ("NOERROR", ["10.0.2.2"]),
             "the host's own names are answered")
        same(curl(f"http://{V4}/hello"), "hello\n", "by address")
        w.opened(2)


globals()[OPT.part + "_part"]()
t.run()
