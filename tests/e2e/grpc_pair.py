#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""gRPC's four kinds of calls, by its own library; messages are plain bytes.

grpc_pair.py serve PKI ADDRESS READY    a server on port 448
grpc_pair.py call CA NAME               a client; says `ok` or what is wrong
"""

import sys
import threading
from concurrent import futures

import grpc

BIG = b"weir" * 250_000
HANDLERS = {
    "Echo": grpc.unary_unary_rpc_method_handler(lambda m, c: m),
    "Count": grpc.unary_stream_rpc_method_handler(
        lambda m, c: (b"%d" % i for i in range(int(m)))),
    "Sum": grpc.stream_unary_rpc_method_handler(
        lambda ms, c: b"%d" % sum(len(m) for m in ms)),
    "Chat": grpc.stream_stream_rpc_method_handler(
        lambda ms, c: (m[::-1] for m in ms)),
    "Fail": grpc.unary_unary_rpc_method_handler(
        lambda m, c: c.abort(grpc.StatusCode.NOT_FOUND, "there is none")),
}


def read(path):
    with open(path, "rb") as f:
        return f.read()


def serve(pki, address, ready):
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("weir.Test", HANDLERS),))
    keys = grpc.ssl_server_credentials(
        [(read(pki + "/good.key"), read(pki + "/good.pem"))])
    if server.add_secure_port(address + ":448", keys) == 0:
        sys.exit("port 448 cannot be had")
    server.start()
    open(ready, "w", encoding="ascii").close()
    server.wait_for_termination()


def chat(channel):
    """Each message is sent when the answer to the last one is here."""
    answered = threading.Event()
    words = [b"one", b"two", b"three"]

    def say():
        for word in words:
            yield word
            if not answered.wait(10):
                return
            answered.clear()

    got = []
    for m in channel.stream_stream("/weir.Test/Chat")(say()):
        got.append(m)
        answered.set()
    assert got == [w[::-1] for w in words], got


def call(ca, name):
    keys = grpc.ssl_channel_credentials(read(ca))
    with grpc.secure_channel(name + ":448", keys) as channel:
        echo = channel.unary_unary("/weir.Test/Echo")
        got, how = echo.with_call(BIG, metadata=(("x-bin", b"\0\xff"),),
                                  timeout=20)
        assert got == BIG and how.code() == grpc.StatusCode.OK
        count = channel.unary_stream("/weir.Test/Count")(b"500", timeout=20)
        assert list(count) == [b"%d" % i for i in range(500)]
        total = channel.stream_unary("/weir.Test/Sum")(
            (BIG for _ in range(5)), timeout=20)
        assert total == b"%d" % (5 * len(BIG)), total
        chat(channel)
        try:
            channel.unary_unary("/weir.Test/Fail")(b"", timeout=20)
            raise AssertionError("it did not fail")
        except grpc.RpcError as e:
            assert e.code() == grpc.StatusCode.NOT_FOUND, e
            assert e.details() == "there is none", e
        try:
            channel.unary_unary("/weir.Denied/Echo")(b"", timeout=20)
            raise AssertionError("it was not denied")
        except grpc.RpcError as e:  # 403, as gRPC has it
            assert e.code() == grpc.StatusCode.PERMISSION_DENIED, e
        assert echo(b"after", timeout=20) == b"after"
    print("ok")


{"serve": serve, "call": call}[sys.argv[1]](*sys.argv[2:])
