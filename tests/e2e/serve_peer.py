# SPDX-License-Identifier: Apache-2.0
"""Small peers for test_serve.sh: serve_peer.py WHAT ...

notify NAME OUT      a service manager at NAME (a path, or @abstract): a line for
                     each state that is told
echo READY           a TCP server on 127.0.0.1:18099 that sends back
hold UP ADDR PORT    connect, say so, and keep the connection until it ends
ask ADDR PORT        send a word, finish, print what comes back
ready OUT CMD...     run CMD with a pipe as descriptor 7; write to OUT what came
                     through it, as text
"""
import os
import socket
import subprocess
import sys


def put(path, text, how="w"):
    with open(path, how) as f:
        f.write(text)


def notify(name, out):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind("\0" + name[1:] if name[0] == "@" else name)
    if name[0] != "@":
        os.chmod(name, 0o666)
    put(out, "")
    while True:
        put(out, s.recv(4096).decode() + "\n", "a")


def echo(ready):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 18099))
    s.listen(64)
    put(ready, "")
    while True:
        c, _ = s.accept()
        if os.fork() == 0:
            while True:
                b = c.recv(65536)
                if not b:
                    os._exit(0)
                c.sendall(b)
        c.close()


def hold(up, addr, port):
    s = socket.create_connection((addr, int(port)), timeout=5)
    s.sendall(b"x")
    s.recv(1)
    s.settimeout(None)
    put(up, "")
    try:
        s.recv(1)
    except OSError:
        pass


def ask(addr, port):
    try:
        s = socket.create_connection((addr, int(port)), timeout=5)
        s.sendall(b"sesame")
        s.shutdown(socket.SHUT_WR)
        print(s.recv(100).decode())
    except OSError as e:
        print(type(e).__name__)


def ready(out, *cmd):
    r, w = os.pipe()
    os.dup2(w, 7)
    os.set_inheritable(7, True)
    p = subprocess.Popen(cmd, close_fds=False)
    os.close(w)
    os.close(7)
    with os.fdopen(r) as f:
        put(out + ".new", repr(f.read()))
    os.rename(out + ".new", out)
    sys.exit(p.wait())


{"notify": notify, "echo": echo, "hold": hold, "ask": ask,
 "ready": ready}[sys.argv[1]](*sys.argv[2:])
