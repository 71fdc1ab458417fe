# SPDX-License-Identifier: Apache-2.0
"""The bytes that travel: a random block of prime length, repeated, so that a
byte lost, doubled or moved anywhere changes the hash of what arrived."""

import hashlib
import random

_LENGTH = 1048573
_BLOCK = memoryview(random.Random(7).randbytes(_LENGTH) * 2)
_known = {}


def piece(offset, size):
    """At most `size` bytes of the pattern from `offset` on."""
    at = offset % _LENGTH
    return _BLOCK[at:at + min(size, _LENGTH)]


def digest(count):
    """The hash of the first `count` bytes."""
    if count not in _known:
        h, at = hashlib.sha256(), 0
        while at < count:
            part = piece(at, count - at)
            h.update(part)
            at += len(part)
        _known[count] = h.hexdigest()
    return _known[count]
