#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Real clients under a policy of names: what is allowed works, what is not is
denied with its reason, read from the event log.  See test_policy.sh for the
rules; API, GIT ... are their numbers.

--key FILE for ssh; --turn LABEL of a name whose answer nobody turned yet"""

import asyncio
import errno
import http.client
import os
import socket
import ssl
import subprocess
import tempfile
import time

import pattern
import policy_watch as p
import t
from policy_watch import (CA, ZONE, curl, dig, ending, forbidden, frame, get,
                          hello, resolve, run, talk, udp_error, watched)
from t import V4, V6, must, same

OPT = t.options(key="", turn="turn1")
GIT, DB, MAIL, RAW, OTHER, WILD, SECOND, TURN, UDP, API = range(1, 11)
SECOND4 = "93.184.216.35"
REPO = "/git/repo.git"
MB = 1 << 20
TMP = tempfile.mkdtemp(dir=t.DIR + "/tmp")
api, other, git = "api" + ZONE, "other" + ZONE, "git" + ZONE


def ssh_command():
    return ("ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o "
            "UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i " +
            (OPT.key or "/dev/null"))


def node(script, *argv, **how):
    return run("node", "-e", script, *argv, env={"NODE_EXTRA_CA_CERTS": CA},
               **how)


NODE = """
const get = (url) => new Promise((yes, no) => {
    const m = require(url.split(':')[0]);
    m.get(url, (r) => { let s = ''; r.on('data', (d) => s += d);
        r.on('end', () => yes(r.statusCode + ' ' + s.trim())); }).on('error', no);
});
(async () => { for (const url of process.argv.slice(1))
    try { console.log(await get(url)); } catch (e) { console.log(e.code); } })();
"""


# ---- by address, before any name was asked for -------------------------------

def no_pins():
    for what, address, shown in (
            ("IPv4", V4, V4), ("IPv6", f"[{V6}]", V6),
            ("IPv4-mapped", f"[::ffff:{V4}]", V4),
            ("octal", "0135.0270.0330.042", V4),
            ("decimal", "1572395042", V4), ("hexadecimal", "0x5db8d822", V4)):
        @watched(f"curl by address, {what}: no_pin")
        def _(w, address=address, shown=shown):
            curl(f"http://{address}/hello", code=7)
            w.denied("no_pin", dst=shown, dport=80, proto="tcp")
            curl("-k", f"https://{address}/hello", code=7)
            w.denied("no_pin", dst=shown, dport=443)

    @watched("others by address: no_pin")
    def _(w):
        node(NODE, f"http://{V4}/")
        w.denied("no_pin", dport=80)
        run("wget", "-qO-", "--tries=1", f"http://{V4}/hello", code=4)
        w.denied("no_pin", dport=80)
        run("git", "ls-remote", f"http://{V4}{REPO}", code=128)
        w.denied("no_pin", dport=80)
        run("psql", f"host={V4} user=x dbname=x", "-c", "select 1", code=2)
        w.denied("no_pin", dport=5432)
        run(*ssh_command().split(), "root@" + V4, "true", code=255)
        w.denied("no_pin", dport=22)
        same(udp_error(V4, 7), errno.EHOSTUNREACH, "UDP")
        w.denied("no_pin", dport=7, proto="udp")

    @watched("a port that no rule names: default")
    def _(w):
        t.is_refused(V4, 8080)
        w.denied("default", dport=8080)

    @watched("an HTTP request for its name, but nobody asked for that: no_pin")
    def _(w):
        curl("--resolve", f"{api}:443:{V4}", f"https://{api}/hello", code=7)
        w.denied("no_pin", dst=V4)


# ---- what is allowed ---------------------------------------------------------

def allowed_web():
    @watched("curl by name, http and https")
    def _(w):
        same(curl(f"http://{api}/hello"), "hello\n", "http")
        w.opened(API, dport=80, shown=api, dst=V4)
        same(curl(f"https://{api}/hello"), "hello\n", "https")
        e = w.opened(API, dport=443, shown=api)
        must(api in e["names"], str(e))
        same(curl(f"https://{api.upper()}/hello"), "hello\n", "upper case")
        w.opened(API, shown=api)

    @watched("curl by a name below a pattern, and by the pattern's own")
    def _(w):
        for name in "wild", "x.wild", "a.b.wild":
            same(curl(f"http://{name}{ZONE}/hello"), "hello\n", name)
            w.opened(WILD, shown=name + ZONE)

    @watched("wget by name")
    def _(w):
        same(run("wget", "-qO-", "--tries=1", f"http://{api}/hello"),
             "hello\n", "wget")
        w.opened(API)

    @watched("node by name, http and https")
    def _(w):
        same(node(NODE, f"http://{api}/", f"https://{api}/"),
             "200 hello\n200 hello\n", "node")
        w.opened(API, shown=api)

    @watched("python by name: http.client, ssl, asyncio")
    def _(w):
        for kind, more in ((http.client.HTTPConnection, {}),
                           (http.client.HTTPSConnection,
                            {"context": p.context()})):
            c = kind(api, timeout=10, **more)
            for _ in range(3):           # one connection, three requests
                c.request("GET", "/hello")
                same(c.getresponse().read(), b"hello\n", "http.client")
            c.close()
            w.opened(API, shown=api)

        async def one(port, tls):
            r, wr = await asyncio.open_connection(api, port, ssl=tls)
            wr.write(get(api, "/hello", "Connection: close"))
            data = await r.read()
            wr.close()
            return data.endswith(b"hello\n")

        async def many():
            return await asyncio.gather(
                *(one(443, p.context()) for _ in range(15)),
                *(one(80, None) for _ in range(15)))

        must(all(asyncio.run(many())), "asyncio")
        w.opened(API, shown=api)

    @watched("openssl s_client with its name")
    def _(w):
        out = run("openssl", "s_client", "-connect", f"{api}:443",
                  "-servername", api, "-CAfile", CA)
        must("Verification: OK" in out, out[-300:])
        w.opened(API, shown=api)

    @watched("5 MB each way, whole")
    def _(w):
        size = 5 * MB
        body = b"".join(pattern.piece(i, min(65536, size - i))
                        for i in range(0, size, 65536))
        want = f"{size} {pattern.digest(size)}\n"
        with open(TMP + "/up", "wb") as f:
            f.write(body)
        for scheme in "http", "https":
            got = subprocess.run(
                ["curl", "-sS", "--cacert", CA,
                 f"{scheme}://{api}/bytes/{size}"], capture_output=True,
                check=True, timeout=20).stdout
            must(got == body, f"{scheme}: {len(got)} bytes")
            for more in [], ["-H", "Transfer-Encoding: chunked"], [
                    "-H", "Expect: 100-continue"]:
                same(curl("--data-binary", "@" + f.name, *more,
                          f"{scheme}://{api}/hash"), want, str(more))
        w.opened(API, shown=api)

    @watched("requests in a row, sent at once")
    def _(w):
        data, end = talk(api, 80, get(api) * 20 + get(
            api, "/hello", "Connection: close"))
        same((end, [a[2] for a in p.answers_of(data)]),
             ("eof", ["hello\n"] * 21), "answers")
        w.opened(API)

    @watched("a ClientHello and a head in single bytes, and in records of one")
    def _(w):
        for port, data in (443, hello(api)), (80, get(api)):
            with t.connect(api, port) as s:
                for byte in data:
                    s.send(bytes([byte]))
                must(s.recv(10), f"{port}: no answer")
            w.opened(API, shown=api)
        with t.connect(api, 443) as s:
            s.sendall(b"".join(b"\x16\x03\x01\0\x01" + bytes([b])
                               for b in hello(api)[5:]))
            must(s.recv(10).startswith(b"\x16\x03\x03"), "no ServerHello")
        w.opened(API, shown=api)

    @watched("a Host with a port, a final dot, in upper case")
    def _(w):
        for host in api + ":8080", api + ".", api.upper():
            data, _ = talk(api, 80, get(host, "/hello", "Connection: close"))
            must(data.startswith(b"HTTP/1.1 200 "), f"{host}: {data[:50]}")
        w.opened(API, shown=api)


def allowed_others():
    @watched("a web socket by name")
    def _(w):
        with t.connect(api, 80) as s:
            s.sendall(get(api, "/ws", "Upgrade: websocket",
                          "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += t.read_exactly(s, 1)
            must(head.startswith(b"HTTP/1.1 101 "), str(head))
            must(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head, str(head))
            for i in range(50):          # what looks like a request is data
                out = frame(1, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n%d" % i)
                s.sendall(out)
                same(t.read_exactly(s, len(out)), out, "echo")
        w.opened(API, shown=api)

    @watched("git over http")
    def _(w):
        at = TMP + "/http"
        run("git", "clone", "-q", f"http://{git}{REPO}", at)
        run("git", "-C", at, "fsck", "--strict")
        w.opened(GIT, shown=git, dport=80)

    @watched("ssh, and git over it")
    def _(w):
        if not OPT.key:
            raise t.Skip("sshd needs a world of root's")
        said = run(*ssh_command().split(), "root@" + git, "echo sesame; exit 3",
                   code=3)
        same(said, "sesame\n", "ssh")
        e = w.opened(GIT, dport=22)
        must("shown" not in e and git in e["names"], str(e))
        at = TMP + "/ssh"
        run("git", "clone", "-q", f"ssh://root@{git}{t.DIR}{REPO}", at,
            env={"GIT_SSH_COMMAND": ssh_command()})
        w.opened(GIT, dport=22)

    @watched("psql, with TLS, with its name verified, and without")
    def _(w):
        for mode, shown in (("require", "db" + ZONE),
                            ("verify-full", "db" + ZONE), ("disable", None)):
            said = run("psql", f"host=db{ZONE} user=x dbname=x sslmode={mode} "
                       f"sslrootcert={CA}", "-Atc", "select 1")
            same(said, "sesame\n", mode)
            w.opened(DB, shown=shown, dport=5432)

    @watched("GSSENCRequest, refused, then SSLRequest")
    def _(w):
        with t.connect("db" + ZONE, 5432) as s:
            s.sendall(b"\0\0\0\x08\x04\xd2\x16\x30")
            same(s.recv(1), b"N", "GSSENC")
            s.sendall(b"\0\0\0\x08\x04\xd2\x16\x2f")
            same(s.recv(1), b"S", "SSL")
            s = p.context().wrap_socket(s, server_hostname="db" + ZONE)
        w.opened(DB, shown="db" + ZONE)

    @watched("a server that speaks first is heard at once")
    def _(w):
        began = time.monotonic()
        with t.connect("mail" + ZONE, 25) as s:
            same(t.read_line(s), "220 mail.weirworld.net ready", "banner")
            must(time.monotonic() - began < 2, "the banner came late")
            s.sendall(b"EHLO there\r\n")
            same(t.read_line(s), "250 EHLO there", "answer")
        w.opened(MAIL, dport=25)

    @watched("a client that never speaks gets all that the server sends")
    def _(w):
        with t.connect("raw" + ZONE, 7004) as s:
            data, end = ending(s, 5)
        same((len(data), end), (MB, "eof"), "a megabyte")
        w.opened(RAW, dport=7004)

    @watched("a client that has said all: half-close, then the answer")
    def _(w):
        for host, want in (api, b"HTTP/1.1 200 "), (other, b"HTTP/1.1 403 "):
            with t.connect(resolve(api), 80) as s:
                s.sendall(get(host, "/hello", "Connection: close"))
                s.shutdown(socket.SHUT_WR)
                data, end = ending(s)
            same((data[:13], end), (want, "eof"), host)
        w.denied("shown_mismatch", shown=other)

    @watched("one that says nothing at all and goes: no denial")
    def _(w):
        t.connect("mail" + ZONE, 25).close()
        with t.connect("mail" + ZONE, 25) as s:
            s.shutdown(socket.SHUT_WR)
            same(ending(s), (b"220 mail.weirworld.net ready\r\n", "eof"),
                 "half-close")
        same(w.denials(), [], "denials")

    @watched("a name whose port nobody serves: refused, and not by us")
    def _(w):
        t.is_refused(resolve("raw" + ZONE), 4444)
        same(w.denials(), [], "denials")

    @watched("UDP by name")
    def _(w):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.connect((resolve("raw" + ZONE), 7))
            s.send(b"sesame")
            same(s.recv(100), b"sesame", "echo")
        w.opened(RAW, proto="udp", dport=7)

    @watched("dig: allowed names, any type, any way")
    def _(w):
        same(dig(api), ("NOERROR", [V4], None), "A")
        same(dig(api, "AAAA"), ("NOERROR", [], None), "AAAA")
        same(dig(api, "A", "+tcp"), ("NOERROR", [V4], None), "TCP")
        same(dig(api, "A", server="fd77:6972::3"), ("NOERROR", [V4], None),
             "over IPv6")
        same(w.denials(), [], "denials")


# ---- what is not: the wrong name ---------------------------------------------

def lies_in_tls():
    @watched("another name on the same address: shown_mismatch")
    def _(w):
        resolve(api)
        curl(f"https://{other}/hello", code=35)
        e = w.denied("shown_mismatch", shown=other, dport=443, dst=V4)
        must(api in e["names"] and other in e["names"], str(e))
        w.nothing_reached_web()

    @watched("a lying SNI: curl --resolve, --connect-to, openssl, python")
    def _(w):
        resolve(api)
        for lie in other, "never-asked-for.example":
            curl("--resolve", f"{lie}:443:{V4}", f"https://{lie}/", code=35)
            w.denied("shown_mismatch", shown=lie)
            curl("-k", "--connect-to", f"{lie}:443:{api}:443",
                 f"https://{lie}/", code=35)
            w.denied("shown_mismatch", shown=lie)
            run("openssl", "s_client", "-connect", f"{api}:443",
                "-servername", lie, code=1)
            w.denied("shown_mismatch", shown=lie)
            with t.connect(api, 443) as s:
                try:
                    p.context().wrap_socket(s, server_hostname=lie)
                    raise AssertionError(f"{lie}: a handshake")
                except (ConnectionError, ssl.SSLError):
                    pass
            w.denied("shown_mismatch", shown=lie)
        w.nothing_reached_web()

    @watched("node and git with a lying SNI")
    def _(w):
        resolve(api)
        said = node("""
            require('tls').connect({host: process.argv[1], port: 443,
                servername: process.argv[2]}).on('error',
                (e) => console.log(e.code)).on('secureConnect',
                () => console.log('open'));""", api, other)
        same(said, "ECONNRESET\n", "node")
        w.denied("shown_mismatch", shown=other)
        run("git", "-c", f"http.curloptResolve={other}:443:{V4}", "ls-remote",
            f"https://{other}{REPO}", code=128)
        w.denied("shown_mismatch", shown=other)

    @watched("psql with a lying SNI")
    def _(w):
        resolve("db" + ZONE)
        run("psql", f"host={other} hostaddr={V4} user=x dbname=x "
            "sslmode=require", "-c", "select 1", code=2)
        w.denied("shown_mismatch", shown=other, dport=5432)

    @watched("TLS to 443 by address shows no name: name_required")
    def _(w):
        resolve(api)
        for url in V4, f"[::ffff:{V4}]", "1572395042":
            curl("-k", f"https://{url}/", code=35)
            e = w.denied("name_required", dport=443, dst=V4)
            must("shown" not in e, str(e))
        run("openssl", "s_client", "-connect", f"{V4}:443", "-noservername",
            code=1)
        w.denied("name_required")
        w.nothing_reached_web()

    @watched("neither TLS nor HTTP on 443 and 80: name_required")
    def _(w):
        resolve(api)
        for port in 443, 80:
            for data in (b"SSH-2.0-tunnel\r\n", b"\0" * 40, b"\x16\x01",
                         b"\x17\x03\x03\x00\x20" + b"x" * 32,
                         b"hello there\n"):
                with t.connect(V4, port) as s:
                    s.sendall(data)
                    # what could become a ClientHello is waited for
                    if data == b"\x16\x01":
                        s.shutdown(socket.SHUT_WR)
                    same(ending(s), (b"", "reset"), repr(data))
                found = w.denials()
                same([e["reason"] in ("name_required", "bad_head")
                      for e in found], [True], f"{data!r}: {found}")
                w.seen = []
            w.nothing_reached_web(port=port)

    @watched("an end before any byte on 443: name_required")
    def _(w):
        resolve(api)
        with t.connect(V4, 443) as s:
            s.shutdown(socket.SHUT_WR)
            same(ending(s), (b"", "reset"), "the end")
        w.denied("name_required", dport=443)

    @watched("half a ClientHello, half a head, and silence: bad_head",
             limit=40)
    def _(w):
        resolve(api)
        a, b = t.connect(V4, 443, 30), t.connect(V4, 80, 30)
        began = time.monotonic()
        a.sendall(hello(api)[:90])
        b.sendall(b"GET / HTTP/1.1\r\nHost: api")
        same((ending(a, 25)[1], ending(b, 25)[1]), ("reset", "reset"), "end")
        must(12 < time.monotonic() - began < 20, "not after 15 s")
        found = w.denials()
        same([(e["reason"], e["rule"]) for e in found],
             [("bad_head", None)] * 2, "denials")
        w.nothing_reached_web()
        w.nothing_reached_web(port=80)

    @watched("half a ClientHello and the end; a head without end: bad_head")
    def _(w):
        resolve(api)
        with t.connect(V4, 443) as s:
            s.sendall(hello(api)[:-1])
            s.shutdown(socket.SHUT_WR)
            same(ending(s), (b"", "reset"), "half a ClientHello")
        w.denied("bad_head", rule=None)
        with t.connect(V4, 80) as s:
            s.sendall(get(api)[:-2] + b"X: " + b"y" * 20000)
            same(ending(s)[1], "reset", "a head without end")
        w.denied("bad_head", rule=None)
        w.nothing_reached_web(port=80)


def lies_in_http():
    @watched("a lying Host: 403 in text and in JSON, HEAD without a body")
    def _(w):
        resolve(api)
        for lie in other, "never-asked-for.example":
            head = f"Host: {lie}"
            data = curl("-i", "-H", head, f"http://{api}/hello?secret=1")
            forbidden(data.encode(), lie, "shown_mismatch")
            w.denied("shown_mismatch", shown=lie, method="GET", path="/hello",
                     dport=80)
            data = curl("-i", "-H", head, "-H", "Accept: application/json",
                        f"http://{api}/x/y")
            forbidden(data.encode(), lie, "shown_mismatch")
            must("application/json" in data, data)
            w.denied("shown_mismatch", shown=lie, path="/x/y")
            data = curl("-I", "-H", head, f"http://{api}/")
            must(data.startswith("HTTP/1.1 403 ") and
                 data.endswith("\r\n\r\n"), data)
            w.denied("shown_mismatch", method="HEAD")
        w.nothing_reached_web(port=80)

    @watched("the same by --connect-to and by --resolve, and from others")
    def _(w):
        resolve(api)
        for how in (("--connect-to", f"{other}:80:{api}:80"),
                    ("--resolve", f"{other}:80:{V4}")):
            forbidden(curl("-i", *how, f"http://{other}/").encode(), other,
                      "shown_mismatch")
            w.denied("shown_mismatch", shown=other)
        must(node(NODE, f"http://{other}/").startswith("403 "), "node")
        w.denied("shown_mismatch", shown=other)
        run("wget", "-qO-", "--tries=1", f"http://{other}/", code=8)
        w.denied("shown_mismatch", shown=other)
        run("git", "ls-remote", f"http://{other}{REPO}", code=128)
        w.denied("shown_mismatch", shown=other, path=REPO + "/info/refs")

    @watched("a Host that is an address, or none: name_required")
    def _(w):
        resolve(api)
        for host in (V4, f"{V4}:80", f"[{V6}]", f"[::ffff:{V4}]",):
            data, end = talk(V4, 80, get(host))
            same(end, "eof", "end")
            forbidden(data, None, "name_required")
            w.denied("name_required", dport=80)
        data, end = talk(V4, 80, b"GET / HTTP/1.0\r\n\r\n")
        forbidden(data, None, "name_required")
        w.denied("name_required")
        w.nothing_reached_web(port=80)

    @watched("a Host that another parser may read as something else")
    def _(w):
        resolve(api)
        for host in ("0135.0270.0330.042", "1572395042", f"{api}:80:80",
                     f"{api} {other}", f"{other}\\@{api}", f"{other}/{api}",
                     f"user@{api}", f"{api},{other}", f"{api}\0", "", "."):
            data, _ = talk(V4, 80, get(host))
            must(b" 200 " not in data, f"{host!r}: {data!r}")
            same(len(w.denials()), 1, f"{host!r}: denials {w.denials()}")
            w.seen = []
        w.nothing_reached_web(port=80)

    @watched("two Hosts, two framings, folded lines, bare CR: bad_head")
    def _(w):
        resolve(api)
        host = f"Host: {api}\r\n".encode()
        for data in (
                host + f"Host: {other}\r\n".encode(), host + host,
                host + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                host + b"Content-Length: 3\r\nContent-Length: 4\r\n",
                host + b"Content-Length: +3\r\n",
                host + b"Transfer-Encoding: xchunked\r\n",
                b"Host : " + api.encode() + b"\r\n",
                host + b"X: 1\r\n Host: y\r\n", host + b"X: 1\rHost: y\r\n",
                host.replace(b"\r", b"")):
            data = b"POST / HTTP/1.1\r\n" + data + b"\r\n"
            same(talk(V4, 80, data)[1], "reset", repr(data))
            w.denied("bad_head", rule=None)
        data = f"GET http://{other}/ HTTP/1.1\r\nHost: {api}\r\n\r\n".encode()
        same(talk(V4, 80, data)[1], "reset", "absolute")
        w.denied("bad_head", rule=None)
        w.nothing_reached_web(port=80)

    @watched("an absolute target is the Host")
    def _(w):
        resolve(api)
        data = f"GET http://{other}/ HTTP/1.1\r\nHost: {other}\r\n\r\n"
        forbidden(talk(V4, 80, data.encode())[0], other, "shown_mismatch")
        w.denied("shown_mismatch", shown=other, path="/")
        same(curl("--request-target", f"http://{api}/hello", f"http://{api}/"),
             "hello\n", "allowed")
        w.opened(API)

    @watched("HTTP/2 in the clear, known before or by upgrade")
    def _(w):
        curl("--http2-prior-knowledge", f"http://{api}/hello", code=None)
        w.denied("bad_head", rule=None)
        w.nothing_reached_web(port=80)
        same(curl("--http2", f"http://{api}/hello"), "hello\n",
             "the server stays with HTTP/1.1")
        w.opened(API)


def second_requests():
    @watched("a second request with another Host: 403, the first is answered")
    def _(w):
        c = http.client.HTTPConnection(api, timeout=10)
        c.request("GET", "/hello")
        same(c.getresponse().read(), b"hello\n", "the first")
        here = c.sock.getsockname()
        c.request("GET", "/hello", headers={"Host": other})
        same(c.sock.getsockname(), here, "the connection")
        r = c.getresponse()
        same((r.status, "shown_mismatch" in r.read().decode()), (403, True),
             "the second")
        w.denied("shown_mismatch", shown=other, method="GET", path="/hello")
        same(w.web.lines().count(f"GET {V4} 80 {other} /hello"), 0, "upstream")

    @watched("the same with curl and two URLs")
    def _(w):
        got = curl("-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n",
                   f"http://{api}/hello", "--next", "-sS", "-o", "/dev/null",
                   "-w", "%{http_code} %{num_connects}\n", "-H",
                   f"Host: {other}", f"http://{api}/hello")
        same(got, "200 1\n403 0\n", "curl")
        w.denied("shown_mismatch", shown=other)

    @watched("the same sent at once, behind a long answer and a body")
    def _(w):
        for first, length in ((get(api, f"/bytes/{MB}"), MB),
                              (get(api, "/hash", "Content-Length: 100000",
                                   method="POST") + b"x" * 100000, None),
                              (get(api, "/hash", "Transfer-Encoding: chunked",
                                   method="POST") +
                               (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 9 +
                               b"0\r\n\r\n", None)):
            data, end = talk(api, 80, first + get(other))
            all_ = p.answers_of(data)
            same((end, [a[0] for a in all_]), ("eof", [200, 403]), "answers")
            must(length in (None, len(all_[0][2])), "the first is not whole")
            forbidden(data, other, "shown_mismatch")
            w.denied("shown_mismatch", shown=other)
        must(not [x for x in w.web.lines() if other in x], "it went upstream")

    @watched("a request within a body is no request")
    def _(w):
        inner = get(other, "/smuggled")
        data, _ = talk(api, 80, get(api, "/hash", "Connection: close",
                                    f"Content-Length: {len(inner)}",
                                    method="POST") + inner)
        must(b" 200 " in data, str(data))
        w.opened(API)
        must(not [x for x in w.web.lines() if "smuggled" in x], "upstream")

    @watched("an Upgrade that the server does not take hides no request")
    def _(w):
        up = ("Upgrade: websocket", "Connection: Upgrade")
        for first in get(api, "/hello", *up), get(
                api, "/hash", "Content-Length: 1", *up, method="POST") + b"x":
            data, end = talk(api, 80, first + get(other, "/hidden"))
            same((end, [a[0] for a in p.answers_of(data)]),
                 ("eof", [200, 403]), "answers")
            forbidden(data, other, "shown_mismatch")
            w.denied("shown_mismatch", shown=other, path="/hidden")
        with t.connect(api, 80) as s:    # and not after its first answer
            s.sendall(get(api))
            while not s.recv(4096).endswith(b"hello\n"):
                pass
            s.sendall(get(api, "/ws", *up, "Sec-WebSocket-Version: 13",
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
            must(b" 101 " in s.recv(4096), "no 101")
            s.sendall(get(other, "/hidden"))
            ending(s)
        must(w.denials(), "not denied")
        must(not [x for x in w.web.lines() if "hidden" in x], "upstream")

    @watched("CONNECT through a server that is allowed by name")
    def _(w):
        data, _ = talk(api, 80, f"CONNECT {other}:443 HTTP/1.1\r\nHost: "
                       f"{other}:443\r\n\r\n".encode())
        forbidden(data, other, "shown_mismatch")
        w.denied("shown_mismatch", shown=other, method="CONNECT")

    @watched("garbage behind a request: bad_head, nothing of it goes on")
    def _(w):
        with t.connect(api, 80) as s:
            s.sendall(get(api))
            must(s.recv(4096).startswith(b"HTTP/1.1 200 "), "the first")
            s.sendall(b"\x16\x03\x01\x02\0\1\0\1\xfc")
            same(ending(s)[1], "reset", "then")
        w.denied("bad_head", rule=None)

    @watched("a long body for another host is answered, not reset")
    def _(w):
        resolve(api)
        with open(TMP + "/body", "wb") as f:
            f.write(b"x" * 300000)
        got = curl("-o", "/dev/null", "-w", "%{http_code}", "-H", "Expect:",
                   "--data-binary", "@" + f.name, "-H", f"Host: {other}",
                   f"http://{api}/hash")
        same(got, "403", "status")
        w.denied("shown_mismatch", shown=other, method="POST")


# ---- what is not: addresses, names, UDP --------------------------------------

def other_ways():
    @watched("UDP to 443 by name is no QUIC for rules by name")
    def _(w):
        resolve(api)
        quic = b"\xc3\0\0\0\1\x08" + b"x" * 1194
        for _ in range(2):
            same(udp_error(V4, 443, quic), errno.EHOSTUNREACH, "QUIC")
        same({e["reason"] for e in w.denials()}, {"default"}, "reasons")
        same({(e["dport"], e["proto"], e["rule"]) for e in w.denials()},
             {(443, "udp", "default")}, "denials")
        must(not w.peer.has(f"udp {V4} 443"), "it reached the server")
        w.seen = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.connect((V4, 5300))
            s.send(quic)                 # the same rule elsewhere
            same(s.recv(2000), quic, "echo")
        w.opened(UDP, dport=5300)

    @watched("denied UDP is told: prohibited, over IPv4 and IPv6")
    def _(w):
        resolve("raw" + ZONE)
        same(udp_error(SECOND4, 7), errno.EHOSTUNREACH, "IPv4")
        w.denied("no_pin", dst=SECOND4)
        same(udp_error(V6, 9), errno.EACCES, "IPv6")
        w.denied("default", dst=V6, dport=9)

    @watched("ping is not allowed by rules with ports")
    def _(w):
        resolve(api)
        run("ping", "-nqc", "1", "-W", "2", V4, code=1)
        w.denied("default", proto="icmp", dst=V4)

    @watched("names that no rule allows: NXDOMAIN, EDE 15, once in the log")
    def _(w):
        for name in ("www" + ZONE, "example.com", "weirworld.net",
                     "x." + api, "metadata.google.internal"):
            same(dig(name), ("NXDOMAIN", [], 15), name)
            w.denied("default", name=name, type="A",
                     rule=None if "google" in name else "default")
            same(dig(name, "A", "+noedns"), ("NXDOMAIN", [], None), name)
            w.seen = w.denials() and []
        same(w.asked_upstream("www.w") + w.asked_upstream("example") +
             w.asked_upstream("google"), [], "upstream")

    @watched("another resolver's address, over UDP and TCP: Weir answers")
    def _(w):
        for server in "8.8.8.8", V4, "2606:4700:77::53", "10.77.0.2", \
                "10.0.2.2":
            for how in "+notcp", "+tcp":
                same(dig(api, "A", how, server=server),
                     ("NOERROR", [V4], None), f"{server} {how}")
                same(dig("www" + ZONE, "A", how, server=server),
                     ("NXDOMAIN", [], 15), f"{server} {how}")
                w.denied("default", name="www" + ZONE)
        same(w.asked_upstream("www.w"), [], "upstream")
        with open(t.DIR + "/dns.log", encoding="ascii") as f:
            same([x for x in f if x.startswith("trap")], [], "the trap")

    @watched("names as a channel: not one leaves", limit=40)
    def _(w):
        w.events()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, \
                t.connect("8.8.8.8", 53) as c:
            s.settimeout(5)
            for i in range(300):
                label = os.urandom(20).hex()
                name = (f"{label}.leak.example", f"{label}{ZONE}",
                        f"{label}.{api}")[i % 3]
                q = p.d.query(name, (p.d.A, p.d.TXT, p.d.AAAA, p.d.HTTPS)[
                    i % 4], i + 1)
                if i % 2:
                    s.sendto(q, (("10.0.2.3", "8.8.8.8")[i % 7 == 0], 53))
                    m = p.d.Message(s.recv(4096))
                else:
                    c.sendall(p.dns_frame(q))
                    size = int.from_bytes(t.read_exactly(c, 2), "big")
                    m = p.d.Message(t.read_exactly(c, size))
                same((m.rcode, m.answer), (p.d.NXDOMAIN, []), name)
        same(len(w.denials()), 300, "denials")
        same(w.dns.lines(), [], "questions upstream")


def rebinding():
    @watched("an answer that turns private: NXDOMAIN, EDE 17, no connection")
    def _(w):
        name = OPT.turn + ZONE
        same(dig(name), ("NOERROR", [V4], None), "at first")
        same(curl(f"http://{name}/hello"), "hello\n", "and it works")
        w.opened(TURN)
        end = time.monotonic() + 8
        while True:                      # its TTL is 1
            got = dig(name)
            if got[0] != "NOERROR":
                break
            must(time.monotonic() < end, "it never turned")
            time.sleep(0.05)
        same(got, ("NXDOMAIN", [], 17), "then")
        w.denied("rebind", rule=None, name=name, type="A")
        curl(f"http://{name}/hello", code=6)
        curl("--resolve", f"{name}:80:10.77.0.2", f"http://{name}/", code=7)
        same(w.denials()[-1]["reason"], "no_pin", "by address")
        must(not w.web.has("open 10.77.0.2 80"), "the inside was reached")

    @watched("private addresses in answers are removed")
    def _(w):
        for name, qtype in (("inside", "A"), ("inside", "AAAA"),
                            ("mapped", "AAAA"), ("cloud", "A")):
            same(dig(name + ZONE, qtype), ("NXDOMAIN", [], 17), name)
            w.denied("rebind", rule=None, name=name + ZONE, type=qtype)
        same(dig("inside" + ZONE, "A", "+noedns"), ("NXDOMAIN", [], None),
             "no EDNS")
        w.seen = w.denials() and []
        same(dig("toinside" + ZONE)[::2], ("NXDOMAIN", 17), "toinside")
        w.denied("rebind", rule=None, name="toinside" + ZONE)
        same(dig("half" + ZONE), ("NOERROR", [V4], None), "half")
        w.denied("rebind", rule=None, name="half" + ZONE)

    @watched("HTTPS records: no private hint, no ech")
    def _(w):
        status, answers, _ = dig("svcb" + ZONE, "HTTPS")
        same((status, len(answers)), ("NOERROR", 1), str(answers))
        must("10.77.0.2" not in answers[0] and "ech" not in answers[0],
             answers[0])

    @watched("second thoughts: a name's own address, not its neighbour's")
    def _(w):
        resolve(api)
        same(resolve("second" + ZONE), SECOND4, "second")
        same(curl(f"https://second{ZONE}/hello"), "hello\n", "second")
        w.opened(SECOND, dst=SECOND4)
        curl("--resolve", f"{api}:443:{SECOND4}", f"https://{api}/", code=35)
        found = w.denials()
        same([(e["shown"], e["dst"]) for e in found], [(api, SECOND4)],
             "denials")
        must(found[0]["reason"] in ("shown_mismatch", "no_pin"), str(found))


def named_part():
    no_pins()
    allowed_web()
    allowed_others()
    lies_in_tls()
    lies_in_http()
    second_requests()
    other_ways()
    rebinding()


named_part()
t.run()
