#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Package registries for the world: two indexes, the hosts of their files, and
the DNS that knows them.  --dir DIR --ready FILE --tls CERT KEY

    pypi.example   .34   /simple/NAME/, as pip asks for it
    npm.example    .34   /NAME, as npm asks for it
    files.example  .35   wheels and tarballs, and a redirect to one elsewhere
    other.example  .35   the same files, by a name that no list has
    git.example    1.2.3.4, where httpd.py serves

Over TLS on 443 and in the clear on 80, IPv4 and IPv6; which name is meant is
in Host alone.  Packages, in both languages:

    weir-demo      needs weir-demo-lib; both are files of files.example
    weir-far       needs weir-demo-far, which is a file of other.example
    weir-moved     needs weir-demo-moved, which files.example says is there

Each request is a line in DIR/web.log: host, port, path; each question one in
DIR/dns.log: name, type."""

import argparse
import base64
import hashlib
import http.server
import io
import json
import socket
import ssl
import struct
import tarfile
import threading
import urllib.parse
import zipfile

import dnswire as d

V4, V6 = "93.184.216.%d", "2606:4700:77::%d"
HOSTS = {"pypi.example": 34, "npm.example": 34, "files.example": 35,
         "other.example": 35}
NAMESERVERS = ("93.184.216.53", "2606:4700:77::53", "1.2.3.53")
BALLAST = bytes(range(256)) * 4096  # 1 MiB that comes with weir-demo-lib

# name: the one it needs, the name its file is at, is it sent on from there?
PACKAGES = {"weir-demo": ("weir-demo-lib", "files.example", False),
            "weir-demo-lib": (None, "files.example", False),
            "weir-far": ("weir-demo-far", "files.example", False),
            "weir-demo-far": (None, "other.example", False),
            "weir-moved": ("weir-demo-moved", "files.example", False),
            "weir-demo-moved": (None, "files.example", True)}


# ---- the files ---------------------------------------------------------------

def record_line(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f"{name},sha256={digest.rstrip(b'=').decode()},{len(data)}\n"


def wheel(name, need):
    """A wheel with one module that says its name and loads what it needs."""
    module = name.replace("-", "_")
    info = f"{module}-1.0.dist-info"
    code = f"NAME = {name!r}\n"
    if need:
        code += f"import {need.replace('-', '_')} as lib\n"
    meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    if need:
        meta += f"Requires-Dist: {need}\n"
    files = {f"{module}/__init__.py": code.encode(),
             f"{info}/METADATA": meta.encode(),
             f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\n"
                              b"Root-Is-Purelib: true\nTag: py3-none-any\n"}
    if name == "weir-demo-lib":
        files[f"{module}/ballast"] = BALLAST
    record = "".join(record_line(*f) for f in files.items())
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as z:
        for path, data in files.items():
            z.writestr(path, data)
    return out.getvalue()


def node_package(name, need):
    about = {"name": name, "version": "1.0.0", "main": "index.js"}
    if need:
        about["dependencies"] = {need: "^1.0.0"}
    return about


def tarball(name, need):
    code = f"exports.NAME = {name!r};\n"
    if need:
        code += f"exports.lib = require({need!r});\n"
    files = {"package.json": json.dumps(node_package(name, need)).encode(),
             "index.js": code.encode()}
    if name == "weir-demo-lib":
        files["ballast"] = BALLAST
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for path, data in files.items():
            member = tarfile.TarInfo("package/" + path)
            member.size, member.mode = len(data), 0o644
            t.addfile(member, io.BytesIO(data))
    return out.getvalue()


def wheel_of(name):
    return f"{name.replace('-', '_')}-1.0-py3-none-any.whl"


FILES = {}
for NAME, (NEED, _, _) in PACKAGES.items():
    FILES["/" + wheel_of(NAME)] = wheel(NAME, NEED)
    FILES[f"/{NAME}-1.0.0.tgz"] = tarball(NAME, NEED)


# ---- the indexes -------------------------------------------------------------

def url_of(name, file, scheme):
    _, host, moved = PACKAGES[name]
    return f"{scheme}://{host}{'/moved' if moved else ''}/{file}"


def pypi(path, scheme):
    name = path.removeprefix("/simple").strip("/")
    if name not in PACKAGES:
        return None
    file = wheel_of(name)
    url = url_of(name, file, scheme) + "#sha256=" + hashlib.sha256(
        FILES["/" + file]).hexdigest()
    return "text/html", (f"<!DOCTYPE html><title>{name}</title>"
                         f'<a href="{url}">{file}</a>\n').encode()


def npm(path, scheme):
    name = urllib.parse.unquote(path[1:])
    if name not in PACKAGES:
        return None
    file = f"{name}-1.0.0.tgz"
    digest = hashlib.sha512(FILES["/" + file]).digest()
    about = node_package(name, PACKAGES[name][0])
    about["dist"] = {"tarball": url_of(name, file, scheme), "integrity":
                     "sha512-" + base64.b64encode(digest).decode()}
    return "application/json", json.dumps(
        {"name": name, "dist-tags": {"latest": "1.0.0"},
         "versions": {"1.0.0": about}}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log = None

    def log_message(self, *_):
        pass

    def answer(self, status, kind, body, **more):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for key, value in more.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        host = self.headers.get("Host", "-").rpartition(":")[0] or \
            self.headers.get("Host", "-")
        port = self.server.server_address[1]
        self.log.write(f"{host} {port} {self.path}\n")
        path = self.path.partition("?")[0]
        scheme = "https" if port == 443 else "http"
        found = None
        if host == "pypi.example":
            found = pypi(path, scheme)
        elif host == "npm.example":
            found = npm(path, scheme)
        elif host == "files.example" and path.startswith("/moved/"):
            self.answer(302, "text/plain", b"", Location=
                        f"{scheme}://other.example{path[6:]}")
            return
        elif host in ("files.example", "other.example") and path in FILES:
            found = "application/octet-stream", FILES[path]
        if found:
            self.answer(200, *found)
        else:
            self.answer(404, "text/plain", b"no such thing\n")

    def do_POST(self):  # an audit, which npm does without
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, port, tls):
        if ":" in address:
            self.address_family = socket.AF_INET6
        self.tls = tls
        super().__init__((address, port), Handler)

    def finish_request(self, request, client_address):
        if self.tls:                     # in the connection's own thread
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)
        if self.tls:
            request.close()

    def handle_error(self, *_):
        pass


# ---- names -------------------------------------------------------------------

def reply(q):
    name, data = q.name.lower(), None
    if name == "git.example":
        data = socket.inet_aton("1.2.3.4") if q.qtype == d.A else None
    elif name in HOSTS and q.qtype == d.A:
        data = socket.inet_aton(V4 % HOSTS[name])
    elif name in HOSTS and q.qtype == d.AAAA:
        data = socket.inet_pton(socket.AF_INET6, V6 % HOSTS[name])
    rcode = 0 if name in HOSTS or name == "git.example" else d.NXDOMAIN
    body = d.pack_name(q.name) + struct.pack("!2H", q.qtype, q.qclass)
    if data:
        body += b"\xc0\x0c" + struct.pack("!2HIH", q.qtype, 1, 300,
                                          len(data)) + data
    return struct.pack("!6H", q.ident, d.QR | d.AA | d.RD | d.RA | rcode, 1,
                       bool(data), 0, 0) + body


def names(address, log):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((address, 53))

    def run():
        while True:
            data, peer = s.recvfrom(65535)
            try:
                q = d.Message(data)
            except (ValueError, IndexError, struct.error):
                log.write("what-is-that -\n")
                continue
            log.write(f"{q.name.lower()} {q.qtype}\n")
            s.sendto(reply(q), peer)

    threading.Thread(target=run).start()


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--dir", required=True)
    arg.add_argument("--ready", required=True)
    arg.add_argument("--tls", nargs=2, required=True)
    opt = arg.parse_args()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*opt.tls)
    # one line, one write: the test may empty these files meanwhile
    Handler.log = open(opt.dir + "/web.log", "a", 1, encoding="ascii")
    asked = open(opt.dir + "/dns.log", "a", 1, encoding="ascii")
    for address in NAMESERVERS:
        names(address, asked)
    for form in (V4, V6):
        for last in sorted(set(HOSTS.values())):
            for port in (80, 443):
                server = Server(form % last, port, tls if port == 443 else None)
                threading.Thread(target=server.serve_forever).start()
    with open(opt.ready, "w", encoding="ascii"):
        pass


main()
