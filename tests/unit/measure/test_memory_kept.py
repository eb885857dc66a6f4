"""How much memory the allocator keeps: little of it in an agent, all that a call needs in a portal."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from tests.waiting import PATIENCE_SECONDS

_PROGRAM: Final = """
import ctypes
from attest.measure.kernel import keep_little_memory, keep_memory_at_hand

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in ("arena", "free", "fast", "mapped", *"abcdef")]

def mapped():
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallinfo"):
        return None  # No glibc, where none of this is done.
    libc.mallinfo.restype = Info
    return libc.mallinfo().mapped

def maps(octets):
    before, kept = mapped(), bytearray(octets)
    return mapped() != before and len(kept) == octets

keep_little_memory()
print(mapped() is None or maps(100_000))
keep_memory_at_hand()
print(mapped() is None or not maps(100_000))
"""


def test_a_portal_asks_the_kernel_for_no_memory_that_a_call_needs_and_an_agent_does():
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS
    )
    assert ran.stdout.split() == ["True", "True"]
