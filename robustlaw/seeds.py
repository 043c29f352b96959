"""One seed, many independent streams of randomness.

A stream is named by a key (any JSON-like values) and a role such as "data" or "init".
Its generator is seeded from the SHA-256 of both, so it does not depend on the order of
calls, on the process, or on Python's randomised string hash.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np

ROLES = ("data", "labels", "init", "mask", "tie", "noise", "order", "target", "probe", "scores")


def generator(role: str, *key: int | str) -> np.random.Generator:
    """The generator of the stream `role` of the run named by `key`.

    role : one of ROLES
    key  : integers and strings that identify the run, for example a seed and a network's place
    """
    if role not in ROLES:
        raise KeyError(f"unknown role {role!r} of a random stream; the roles are {ROLES}")
    text = json.dumps([role, *key], separators=(",", ":"), ensure_ascii=True)
    words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint32)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words.tolist())))
