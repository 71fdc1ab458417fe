#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SIGHUP, as the guest of `weir serve` sees it.  This script runs in the
guest's network, but is also who writes the configuration and sends the signal.

--conf FILE   the configuration that Weir was started with (see FIRST)
--said FILE   its stderr
--pid N       its process
"""

import errno
import hashlib
import http.client
import os
import select
import signal
import socket
import threading
import time

import policy_watch as p
import t
from policy_watch import ZONE, curl, dig, forbidden, get, hello, resolve, \
    udp_error, watched
from t import V4, must, same

OPT = t.options(conf="", said="", pid=0)
FOLDER = os.path.dirname(OPT.conf)
SIZE = 24 << 20
api, raw, mail, new = (x + ZONE for x in ("api", "raw", "mail", "new"))

WEB = f"allow tcp {api}:80,443"
# the rules of most cases
FIRST = [WEB, f"allow tcp,udp {raw}:7", f"allow tcp {mail}:25",
         "allow icmp 93.184.216.35"]
SECOND = [f"allow tcp {new}:443", WEB]
BOUNDS = 'bounds: ["deny 10.77.0.0/16"]\n'


def conf(rules, more=""):
    return BOUNDS + "rules:\n" + "".join(f'  - "{r}"\n' for r in rules) + more


def write(text, name=OPT.conf):
    with open(name + ".new", "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    os.rename(name + ".new", name)


def hup():
    """What it says about it on stderr."""
    at = os.path.getsize(OPT.said)
    os.kill(OPT.pid, signal.SIGHUP)
    end = time.monotonic() + 10
    while True:
        with open(OPT.said, encoding="utf-8") as f:
            f.seek(at)
            said = f.read()
        last = said.rstrip("\n").rpartition("\n")[2]
        if said.endswith("\n") and ("replaced" in last or "stays" in last):
            return said
        must(time.monotonic() < end, "nothing was said after SIGHUP")
        time.sleep(0.005)


def reload(text):
    write(text)
    said = hup()
    must("the policy was replaced" in said, said)


def gone(s):
    """A connection that is reset, soon, whatever came before."""
    with socket.socket(fileno=os.dup(s.fileno())) as bare:   # not as TLS
        same(p.ending(bare, 5)[1], "reset", f"the end of {s}")


def asks(c):
    """One more request on a kept connection."""
    here = c.sock.getsockname()
    c.request("GET", "/hello")
    same(c.getresponse().read(), b"hello\n", "answer")
    same(c.sock.getsockname(), here, "the connection")


def keeps(kind, **more):
    c = kind(api, timeout=10, **more)
    c.connect()
    asks(c)
    return c


def both():
    return (keeps(http.client.HTTPConnection),
            keeps(http.client.HTTPSConnection, context=p.context()))


class Download:
    """24 MB at a pace of its own, in a thread."""

    def __init__(self):
        self.s = t.connect(api, 80, timeout=20, rcvbuf=65536)
        self.s.sendall(get(api, f"/bytes/{SIZE}", "Connection: close"))
        self.go, self.data, self.fault = threading.Event(), b"", None
        self.head = self.s.recv(1000)
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        parts = [self.head]
        try:
            for _ in range(16):
                parts.append(self.s.recv(65536))
            self.go.wait(20)             # the rest only after the change
            while parts[-1]:
                parts.append(self.s.recv(262144))
        except OSError as e:
            self.fault = e
        self.data = b"".join(parts)

    def is_whole(self):
        self.go.set()
        self.thread.join(20)
        same(self.fault, None, "the download")
        body = self.data.partition(b"\r\n\r\n")[2]
        t.is_pattern((len(body), hashlib.sha256(body).hexdigest(), "eof"),
                     SIZE, "the download")


def udp_talks():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect((resolve(raw), 7))
    s.send(b"sesame")
    same(s.recv(100), b"sesame", "UDP echo")
    return s


def echoes(s):
    s.sendall(b"sesame")
    same(t.read_exactly(s, 6), b"sesame", "echo")


@watched("what is denied now is reset, the rest goes on unharmed", limit=60)
def _(w):
    reload(conf(FIRST))
    e, u, m = t.connect(raw, 7), udp_talks(), t.connect(mail, 25)
    echoes(e)
    must(t.read_line(m).startswith("220 "), "banner")
    held, fresh = t.connect(api, 443), t.connect(api, 80)
    held.sendall(hello(api)[:100])       # its verdict waits
    web, load = both(), Download()
    w.events()
    w.seen = []
    reload(conf(SECOND))
    for s in e, m:
        gone(s)
    found = sorted((x["proto"], x["dport"], x["reason"], x["rule"])
                   for x in w.denials())
    same(found, [("tcp", 7, "policy_changed", "default"),
                 ("tcp", 25, "policy_changed", "default"),
                 ("udp", 7, "policy_changed", "default")], "denials")
    ends = sorted((x["proto"], x["dport"]) for x in w.events()
                  if x["event"] == "flow_close" and
                  x["reason"] == "policy_changed")
    must(("tcp", 7) in ends and ("udp", 7) in ends, f"flows closed: {ends}")
    changed = [x for x in w.events() if x["event"] == "policy"]
    same(len(changed), 1, "policy events")
    w.seen = []
    for c in web:
        asks(c)
    held.sendall(hello(api)[100:])
    must(held.recv(5).startswith(b"\x16\x03"), "no ServerHello")
    fresh.sendall(get(api))
    must(fresh.recv(100).startswith(b"HTTP/1.1 200 "), "no answer")
    load.is_whole()
    same(w.denials(), [], "denials")
    u.setblocking(True)
    try:
        u.send(b"more")
        select.select([u], [], [], 5)
        u.recv(100)
        raise AssertionError("UDP goes on")
    except OSError as x:
        same(x.errno, errno.EHOSTUNREACH, "UDP")
    w.seen = w.denials() and []
    for name in raw, mail:               # they are in its cache
        same(dig(name), ("NXDOMAIN", [], 15), name)
        w.denied("default", name=name)
    same(curl(f"https://{new}/hello"), "hello\n", "what is new")
    w.opened(1, shown=new)


@watched("a request on a kept connection meets the policy of its moment")
def _(w):
    reload(conf([WEB, f"allow tcp {new}:80"]))
    with t.connect(api, 80) as s:
        for host in api, new, api:
            resolve(host)
            s.sendall(get(host))
            data = b""
            while not data.endswith(b"\r\n\r\nhello\n"):
                data += t.read_exactly(s, 1)
            must(data.startswith(b"HTTP/1.1 200 "), f"{host}: {data}")
        # the last name shown is still allowed, so is the connection
        reload(conf([WEB]))
        s.sendall(get(new))
        data, end = p.ending(s)
        same(end, "eof", "the end")
        forbidden(data, new, "shown_mismatch")
    w.denied("shown_mismatch", shown=new)


@watched("a list is read again")
def _(w):
    write("ads.example\n", FOLDER + "/bad.txt")
    rules = ["deny file:bad.txt", WEB]
    reload(conf(rules))
    web = both()
    for c in web:
        asks(c)
    write(f"ads.example\n{api}\n", FOLDER + "/bad.txt")
    must("replaced" in hup(), "not replaced")
    for c in web:
        gone(c.sock)
    found = w.denials()
    same([(x["reason"], x["rule"], x["shown"]) for x in found],
         [("policy_changed", 1, api)] * 2, "denials")
    w.seen = []
    same(dig(api), ("NXDOMAIN", [], 15), "its name")
    w.denied("rule", rule=1, name=api)
    reload(conf(FIRST))
    same(curl(f"https://{api}/hello"), "hello\n", "and back")


FAULTS = {
    "an unknown key": (conf(FIRST) + "colour: blue\n", "colour"),
    "a wrong word": (conf([WEB, "alow any"]), "alow"),
    "a wrong port": (conf([WEB, f"allow {new}:0"]), "0"),
    "a missing list": (conf(["deny file:nowhere.txt", WEB]), "nowhere.txt"),
    "binary in a list": (conf(["deny file:binary.txt", WEB]), "binary.txt"),
    "no YAML": ("rules: [", "weir.yaml"),
    "binary": (bytes(range(256)), "weir.yaml"),
    "a key twice": (conf(FIRST) + "net: all\nnet: all\n", "net"),
    "a wrong type": ("rules: 7\n", "rules"),
    "aliases that explode": (
        "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n"
            for a, b in zip("abcdefgh", "bcdefghi")), "weir.yaml"),
    "17 MiB": ("# " + "x" * (17 << 20) + "\nnet: all\n", "weir.yaml"),
    "other bounds": (conf(FIRST).replace("10.77.0.0/16", "10.78.0.0/16"),
                     "bounds"),
    "no bounds": (conf(FIRST).replace(BOUNDS, ""), "bounds"),
}

for _what, (_text, _word) in FAULTS.items():
    @watched(f"a broken configuration changes nothing: {_what}")
    def _(w, text=_text, word=_word):
        write(b"ads.example\n\0\1\xff\xfe\n", FOLDER + "/binary.txt")
        reload(conf(FIRST))
        e, web = t.connect(raw, 7), both()
        echoes(e)
        w.events()
        w.seen = []
        write(text)
        said = hup()
        must(word in said and "replaced" not in said, said)
        must("stays as it was" in said and len(said.splitlines()) < 3, said)
        echoes(e)
        for c in web:
            asks(c)
        same(curl(f"https://{api}/hello"), "hello\n", "a new connection")
        same(udp_error(V4, 9), errno.EHOSTUNREACH, "what was denied")
        same([x for x in w.events() if x["event"] == "policy"], [],
             "policy events")
        w.denied("default", dport=9)


@watched("the file gone: it stays as it was")
def _(w):
    reload(conf(FIRST))
    os.unlink(OPT.conf)
    said = hup()
    must("weir.yaml" in said and "replaced" not in said, said)
    same(curl(f"https://{api}/hello"), "hello\n", "a new connection")
    same(w.denials(), [], "denials")


@watched("from nothing to all to nothing")
def _(w):
    reload(BOUNDS + "net: all\n")
    e, six = t.connect(V4, 7), t.connect(t.V6, 7)
    for s in e, six:
        echoes(s)
    q = t.connect("8.8.8.8", 53)         # Weir's own, so it may stay
    q.sendall(p.dns_frame(p.d.query(api, p.d.A, 1)))
    must(q.recv(4096), "DNS over TCP")
    w.events()
    w.seen = []
    reload(BOUNDS + "net: none\n")
    for s in e, six:
        gone(s)
    same([x["reason"] for x in w.denials()], ["policy_changed"] * 2,
         "denials")
    w.seen = []
    q.sendall(p.dns_frame(p.d.query(api, p.d.A, 2)))
    m = p.d.Message(q.recv(4096)[2:])
    same(m.rcode, p.d.NXDOMAIN, "DNS over TCP")
    w.denied("default", name=api)
    t.is_refused(V4, 7)
    w.denied("default", dport=7)


@watched("twenty times in a row, and a download does not notice", limit=60)
def _(w):
    reload(conf(FIRST))
    load, web = Download(), both()
    for i in range(20):
        write(conf((SECOND, FIRST)[i % 2]))
        os.kill(OPT.pid, signal.SIGHUP)
        for c in web:
            asks(c)
    load.is_whole()
    reload(conf(FIRST))
    for c in web:
        asks(c)
    same(w.denials(), [], "denials")


@watched("on_deny is taken over")
def _(w):
    reload(conf(FIRST, "on_deny: drop\n"))
    same(t.failed_connect(V4, 4444, 1.5)[0], None, "silence")
    same({x["reason"] for x in w.denials()}, {"default"}, "reasons")
    reload(conf(FIRST))
    t.is_refused(V4, 4444)


t.run()
