#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the tests of policy need of the world beside web, shell and DNS.
--dir DIR --ready FILE --tls CERT KEY ADDRESS...

TCP 5432   as much of a Postgres server as psql needs: SSLRequest, TLS, one row
TCP 25     speaks first, as mail servers do, then says what it heard
TCP 853    TLS and nothing more
UDP 443, 5300, 853   echo

Each connection and each datagram is a line in DIR/peer.log: tcp or udp,
address, port.
"""

import argparse
import socket
import ssl
import struct
import threading

SSL, GSSENC = 80877103, 80877104


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def text(s):
    return s.encode() + b"\0"


READY = message(b"Z", b"I")
HELLO = (message(b"R", struct.pack("!I", 0)) +
         message(b"S", text("server_version") + text("15.0")) +
         message(b"S", text("client_encoding") + text("UTF8")) + READY)
ROW = (message(b"T", struct.pack("!H", 1) + text("word") +
               struct.pack("!IHIhIH", 0, 0, 25, -1, 0xFFFFFFFF, 0)) +
       message(b"D", struct.pack("!HI", 1, 6) + b"sesame") +
       message(b"C", text("SELECT 1")) + READY)


def exactly(s, count):
    data = b""
    while len(data) < count:
        got = s.recv(count - len(data))
        if not got:
            raise ConnectionError
        data += got
    return data


def postgres(s, tls):
    while True:
        (length,) = struct.unpack("!I", exactly(s, 4))
        body = exactly(s, length - 4)
        (code,) = struct.unpack_from("!I", body)
        if code == SSL:
            s.sendall(b"S")
            s = tls.wrap_socket(s, server_side=True)
        elif code == GSSENC:
            s.sendall(b"N")
        else:
            break
    s.sendall(HELLO)
    while True:
        kind = exactly(s, 1)
        (length,) = struct.unpack("!I", exactly(s, 4))
        exactly(s, length - 4)
        if kind == b"X":
            s.close()
            return
        s.sendall(ROW)


def mail(s, _tls):
    s.sendall(b"220 mail.weirworld.net ready\r\n")
    while True:
        got = s.recv(65536)
        if not got:
            s.close()
            return
        s.sendall(b"250 " + got)


def secure(s, tls):
    s = tls.wrap_socket(s, server_side=True)
    while s.recv(65536):
        pass


TCP = {5432: postgres, 25: mail, 853: secure}
UDP = 443, 5300, 853


def bound(kind, address, port):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                      kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    return s


def one(what, s, tls):
    try:
        what(s, tls)
    except OSError:
        s.close()


def accept(sock, what, tls, log):
    address, port = sock.getsockname()[:2]
    while True:
        s, _ = sock.accept()
        log.write(f"tcp {address} {port}\n")
        threading.Thread(target=one, args=(what, s, tls), daemon=True).start()


def echo(sock, log):
    address, port = sock.getsockname()[:2]
    while True:
        data, peer = sock.recvfrom(65535)
        log.write(f"udp {address} {port}\n")
        sock.sendto(data, peer)


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--dir", required=True)
    arg.add_argument("--ready", required=True)
    arg.add_argument("--tls", nargs=2, required=True)
    arg.add_argument("address", nargs="+")
    opt = arg.parse_args()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*opt.tls)
    log = open(f"{opt.dir}/peer.log", "a", 1, encoding="ascii")
    threads = []
    for address in opt.address:
        for port, what in TCP.items():
            s = bound(socket.SOCK_STREAM, address, port)
            s.listen(100)
            threads.append(threading.Thread(target=accept,
                                            args=(s, what, tls, log)))
        for port in UDP:
            s = bound(socket.SOCK_DGRAM, address, port)
            threads.append(threading.Thread(target=echo, args=(s, log)))
    for thread in threads:
        thread.start()
    with open(opt.ready, "w", encoding="ascii"):
        pass
    for thread in threads:
        thread.join()


main()
