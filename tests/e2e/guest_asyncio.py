#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""200 requests at once with asyncio, then one with urllib.  HOST PORT"""

import asyncio
import hashlib
import sys
import urllib.request

import pattern

HOST, PORT = sys.argv[1], int(sys.argv[2])


async def get(i):
    count = 1000 * i
    reader, writer = await asyncio.open_connection(HOST, PORT)
    writer.write(f"GET /bytes/{count} HTTP/1.1\r\nHost: {HOST}\r\n"
                 "Connection: close\r\n\r\n".encode())
    data = (await reader.read()).partition(b"\r\n\r\n")[2]
    writer.close()
    if hashlib.sha256(data).hexdigest() != pattern.digest(count):
        sys.exit(f"request {i}: {len(data)} of {count} bytes, or others")


async def main():
    await asyncio.gather(*(get(i) for i in range(200)))


asyncio.run(main())
with urllib.request.urlopen(f"http://{HOST}:{PORT}/chunked/3000000") as r:
    if hashlib.sha256(r.read()).hexdigest() != pattern.digest(3000000):
        sys.exit("urllib: other bytes")
