"""Fuzz one reader here until libFuzzer ends it: `python -m tests.fuzz.child TARGET [LIBFUZZER-OPTION...]`."""

from __future__ import annotations

import contextlib
import sys

import atheris

with atheris.instrument_imports(include=["attest"]):
    from attest.errors import AttestError
    from tests.fuzz.targets import TARGETS

name = sys.argv[1]


def judge(octets: bytes) -> None:
    """Call the reader; whatever goes on from here is a fault."""
    with contextlib.suppress(AttestError):
        form = TARGETS[name].read(octets)
        if form is not None and form != octets:
            msg = f"{name}: read, and not in its one form"
            raise RuntimeError(msg)


atheris.Setup(sys.argv[1:], judge)
atheris.Fuzz()
