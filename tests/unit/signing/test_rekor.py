"""Checkpoints of Rekor logs: signed by the log, under its own name."""

from __future__ import annotations

import hashlib

import pytest

from attest.errors import UntrustedError
from attest.signing.foreign_keys import ForeignKey
from attest.signing.rekor import RekorLog, open_log_checkpoint
from attest.signing.window import Window
from tests import sigstore_world as world

KEY = ForeignKey(world.spki(world.REKOR2_KEY), where="key")
LOG = RekorLog(name="log", log_id=world.REKOR2_ID, key=KEY, window=Window(start=0))


def signed(origin: str, *, name: str) -> bytes:
    """Return a note whose text names one log, and whose signature, which holds over it, is in the name of another."""
    text = f"{origin}\n1\n{world.b64(hashlib.sha256(b'root').digest())}\n"
    signature = world.REKOR2_KEY.sign(text.encode())
    return f"{text}\n— {name} {world.b64(world.REKOR2_ID[:4] + signature)}\n".encode()


def test_a_second_version_s_checkpoint_names_its_log_in_the_text_and_in_the_signature() -> None:
    origin = world.V2_ORIGIN
    assert open_log_checkpoint(signed(origin, name=origin), LOG, where="note").origin == origin
    for text, name in ((f"{origin}.other", origin), (origin, f"{origin}.other"), ("log.other", "log.other")):
        with pytest.raises(UntrustedError, match="origin"):
            open_log_checkpoint(signed(text, name=name), LOG, where="note")
