#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 for the world.
--dir DIR --ready FILE [--tls CERT KEY] [--log FILE] ADDR PORT…

    GET  /bytes/N     N bytes of the pattern       GET /chunked/N   in chunks
    POST /hash        the body's length and hash   GET /hello       a line
    *    /git/…       git http-backend on DIR/git
    GET  /files/…     files below DIR/www          GET /ws         a web socket
                      that gives back what comes, byte for byte

The log has, for each connection, a line `open ADDR PORT`, one `bytes ADDR PORT`
when the client's first byte came, and `METHOD ADDR PORT HOST PATH` a request.
"""

import argparse
import base64
import hashlib
import http.server
import os
import socket
import ssl
import subprocess
import threading

import pattern


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    where = None
    log = None

    def log_message(self, *_):
        pass

    def parse_request(self):
        good = super().parse_request()
        if good and self.log:
            here = self.connection.getsockname()
            self.log.write(f"{self.command} {here[0]} {here[1]} "
                           f"{self.headers.get('Host', '-')} {self.path}\n")
        return good

    def answer(self, body, kind="text/plain"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pieces(self, count):
        at = 0
        while at < count:
            part = pattern.piece(at, min(count - at, 65536))
            at += len(part)
            yield part

    def do_GET(self):
        word, _, rest = self.path[1:].partition("/")
        if word == "git":
            self.git(b"")
        elif word == "bytes":
            self.send_response(200)
            self.send_header("Content-Length", rest)
            self.end_headers()
            for part in self.pieces(int(rest)):
                self.wfile.write(part)
        elif word == "chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in self.pieces(int(rest)):
                self.wfile.write(b"%x\r\n" % len(part) + part + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        elif word == "files":
            self.file(rest)
        elif word == "ws":
            self.web_socket()
        else:
            self.answer(b"hello\n")

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()

    def file(self, name):
        if name.endswith("/"):
            name += "index.html"
        try:
            with open(f"{self.where}/www/{name}", "rb") as f:
                self.answer(f.read(), "text/html" if name.endswith("html")
                            else "application/octet-stream")
        except OSError:
            self.send_error(404)

    def web_socket(self):
        key = self.headers["Sec-WebSocket-Key"].encode()
        magic = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(
            hashlib.sha1(key + magic).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while True:
            got = self.rfile.read1(65536)
            if not got:
                return
            self.wfile.write(got)

    def body(self):
        length = self.headers.get("Content-Length")
        if length is not None:
            return self.rfile.read(int(length))
        out = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            out += self.rfile.read(size)
            self.rfile.readline()
            if not size:
                return out

    def do_POST(self):
        body = self.body()
        if self.path.startswith("/git"):
            self.git(body)
            return
        digest = hashlib.sha256(body).hexdigest()
        self.answer(f"{len(body)} {digest}\n".encode())

    do_PUT = do_POST

    def git(self, body):
        path, _, query = self.path.partition("?")
        env = {"GIT_PROJECT_ROOT": self.where + "/git", "PATH": "/usr/bin:/bin",
               "GIT_HTTP_EXPORT_ALL": "1", "REQUEST_METHOD": self.command,
               "PATH_INFO": path[4:], "QUERY_STRING": query,
               "CONTENT_TYPE": self.headers.get("Content-Type", ""),
               "HTTP_CONTENT_ENCODING":
                   self.headers.get("Content-Encoding", ""),
               "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
               "CONTENT_LENGTH": str(len(body)), "REMOTE_USER": "tester",
               "REMOTE_ADDR": self.client_address[0],
               "HOME": self.where + "/home"}
        out = subprocess.run(["git", "http-backend"], input=body, env=env,
                             stdout=subprocess.PIPE, check=False).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = [v for k, v in fields if k == "Status"] or ["200 OK"]
        self.send_response(int(status[0].split()[0]))
        for k, v in fields:
            if k != "Status":
                self.send_header(k, v)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest)


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def __init__(self, address, port, tls):
        if ":" in address:
            self.address_family = socket.AF_INET6
        self.tls = tls
        super().__init__((address, port), Handler)

    def finish_request(self, request, client_address):
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        log, here = Handler.log, request.getsockname()
        if log:
            log.write(f"open {here[0]} {here[1]}\n")
            if request.recv(1, socket.MSG_PEEK):
                log.write(f"bytes {here[0]} {here[1]}\n")
        if self.tls:                     # in the connection's own thread
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)
        if self.tls:
            request.close()

    def handle_error(self, *_):
        pass


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--dir", required=True)
    arg.add_argument("--ready", required=True)
    arg.add_argument("--tls", nargs=2)
    arg.add_argument("--log")
    arg.add_argument("listen", nargs="+")
    opt = arg.parse_args()
    Handler.where = opt.dir
    if opt.log:                          # one line, one write
        Handler.log = open(opt.log, "a", 1, encoding="utf-8")
    tls = None
    if opt.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*opt.tls)
    threads = []
    for address, port in zip(opt.listen[::2], opt.listen[1::2]):
        server = Server(address, int(port), tls)
        threads.append(threading.Thread(target=server.serve_forever))
        threads[-1].start()
    with open(opt.ready, "w", encoding="ascii"):
        pass
    for thread in threads:
        thread.join()


os.umask(0o022)
main()
