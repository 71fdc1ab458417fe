#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 for the world.  --dir DIR --ready FILE [--tls CERT KEY] ADDR PORT…

    GET  /bytes/N     N bytes of the pattern       GET /chunked/N   in chunks
    POST /hash        the body's length and hash   GET /hello       a line
    *    /git/…       git http-backend on DIR/git
"""

import argparse
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

    def log_message(self, *_):
        pass

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
        else:
            self.answer(b"hello\n")

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
    arg.add_argument("listen", nargs="+")
    opt = arg.parse_args()
    Handler.where = opt.dir
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
