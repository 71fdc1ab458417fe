#!/usr/bin/env python3
"""Servers behind an interception: HTTPS of several kinds, and plain HTTP.

  intercept_peer.py DIR ADDR READY

DIR has NAME.pem and NAME.key; each server presents one of them:

  443   good.test: GET / and /big, PUT says the hash, /ws a WebSocket that echoes,
        /git/NAME the repository DIR/git/NAME, by git http-backend,
        /slow in chunks with a trailer, /echo gives back what came; the bad ones:
        /cut breaks off a body without a length, /endless, /half a WebSocket
        that says nothing more, POST /stall is not read
  444   expired   445  other name   446  self-signed   447  wants a certificate
  448   says nothing   449  resets who says anything
  450   a chain of 10 MB   451  a chain in the wrong order   452  without its middle
  80    plain HTTP, the same answers
"""
import base64, hashlib, http.server, os, socket, ssl, struct, subprocess, sys, threading

where, address, ready = sys.argv[1:4]


def reset(s):
    """Its close() will be a reset."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    def say(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def git(self, body=b""):
        path, _, query = self.path.partition("?")
        env = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": where + "/git", "GIT_HTTP_EXPORT_ALL": "1",
               "REQUEST_METHOD": self.command, "PATH_INFO": path[4:], "QUERY_STRING": query,
               "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
               "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "REMOTE_USER": "guest",
               "GIT_PROTOCOL": self.headers.get("Git-Protocol", "")}
        out = subprocess.run(["git", "http-backend"], env=env, input=body, stdout=subprocess.PIPE).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        self.send_response(int(dict(fields).get("Status", "200").split()[0]))
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest)

    def do_GET(self):
        if self.path.startswith("/git/"):
            self.git()
        elif self.path == "/big":
            with open(os.path.join(where, "big"), "rb") as f:
                self.say(f.read())
        elif self.path == "/slow":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("Trailer", "X-Sum")
            self.end_headers()
            for i in range(20):
                self.wfile.write(b"5\r\nabcde\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\nX-Sum: 100\r\n\r\n")
        elif self.path == "/ws":
            self.websocket()
        elif self.path == "/half":
            self.websocket(half=True)
        elif self.path == "/echo":
            self.say(str(self.headers).encode())
        elif self.path == "/cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 5000)
            self.reset()
        elif self.path == "/endless":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            while True:
                self.wfile.write(b"y" * 65536)
        else:
            self.say(f"{self.command} {self.path}\n".encode())

    do_HEAD = do_GET

    def parts(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            while n := int(self.rfile.readline(), 16):
                yield self.rfile.read(n)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left:
            part = self.rfile.read(min(left, 1 << 16))
            left -= len(part)
            yield part

    def body(self):
        sha = hashlib.sha256()
        for part in self.parts():
            sha.update(part)
        return sha.hexdigest()

    def reset(self):
        reset(self.connection)
        self.rfile.close()
        self.connection.close()
        self.close_connection = True

    def do_PUT(self):
        if self.path == "/stall":
            threading.Event().wait()
        if self.path.startswith("/git/"):
            self.git(b"".join(self.parts()))
            return
        self.say(self.body().encode() + b"\n")

    do_POST = do_PUT

    def websocket(self, half=False):
        key = self.headers["Sec-WebSocket-Key"].encode()
        accept = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(accept).decode())
        self.end_headers()
        if half:
            with socket.socket(fileno=os.dup(self.connection.fileno())) as s:
                s.shutdown(socket.SHUT_WR)
            threading.Event().wait()
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                break
            n = head[1] & 127
            if n == 126:
                n, = struct.unpack(">H", self.rfile.read(2))
            elif n == 127:
                n, = struct.unpack(">Q", self.rfile.read(8))
            mask = self.rfile.read(4)
            data = bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(n)))
            out = bytes([head[0]])
            out += bytes([n]) if n < 126 else b"\x7e" + struct.pack(">H", n)
            self.wfile.write(out + data)
            self.wfile.flush()
            if head[0] & 15 == 8:
                break
        self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 2048
    daemon_threads = True

    def handle_error(self, *a):
        pass


def serve(port, name=None, ask=False):
    s = Server((address, port), Web)
    if name:
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(os.path.join(where, name + ".pem"),
                          os.path.join(where, name + ".key"))
        if ask:
            c.verify_mode = ssl.CERT_REQUIRED
            c.load_verify_locations(os.path.join(where, "ca.pem"))
        s.socket = c.wrap_socket(s.socket, server_side=True,
                                 do_handshake_on_connect=False)
    threading.Thread(target=s.serve_forever, daemon=True).start()


def chains():
    """Of `leaf`, signed by `middle`, which `ca` has signed."""
    pem = {}
    for name in ("leaf", "middle", "ca"):
        with open(f"{where}/{name}.pem") as f:
            pem[name] = f.read()
    for name, parts in (("long", ["leaf", "middle"] + ["ca"] * (10_000_000 // 500)),
                        ("mixed", ["leaf", "ca", "middle"]), ("gap", ["leaf"])):
        with open(f"{where}/{name}.pem", "w") as f:
            f.write("".join(pem[p] for p in parts))
        os.symlink("leaf.key", f"{where}/{name}.key")


def serve_raw(port, answer):
    s = socket.create_server((address, port), backlog=2048)

    def one(c):
        try:
            answer(c)
        except OSError:
            pass

    def loop():
        while True:
            threading.Thread(target=one, args=(s.accept()[0],), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def rude(c):
    c.recv(100)
    reset(c)
    c.close()


serve(443, "good")
serve(444, "expired")
serve(445, "other")
serve(446, "self")
serve(447, "good", ask=True)
if os.path.exists(where + "/leaf.pem"):
    chains()
    serve(450, "long")
    serve(451, "mixed")
    serve(452, "gap")
serve_raw(448, lambda c: threading.Event().wait())
serve_raw(449, rude)
serve(80)
open(ready, "w").close()
threading.Event().wait()
