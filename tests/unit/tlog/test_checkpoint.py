"""Checkpoints: the C2SP text, signed under the log's origin, with nothing else in it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError, UntrustedError
from attest.signing.note import sign_note
from attest.tlog.checkpoint import Checkpoint, open_checkpoint, read_checkpoint_unverified, sign_checkpoint
from attest.tlog.merkle import EMPTY_ROOT
from tests.logs import ORIGIN
from tests.world import STRANGER, WRITER

ROOT = base64.b64encode(b"r" * 32).decode()


def test_a_checkpoint_is_three_lines_and_a_signature():
    note = sign_checkpoint(Checkpoint(origin=ORIGIN, size=20852163, root=b"r" * 32), WRITER).decode()
    assert note.startswith(f"{ORIGIN}\n20852163\n{ROOT}\n\n— {ORIGIN} ")


@given(st.integers(1, 2**53 - 1), st.binary(min_size=32, max_size=32))
def test_a_signed_checkpoint_opens_to_itself(size, root):
    checkpoint = Checkpoint(origin=ORIGIN, size=size, root=root)
    note = sign_checkpoint(checkpoint, WRITER)
    assert open_checkpoint(note, WRITER.public, where="cp") == checkpoint
    assert read_checkpoint_unverified(note, where="cp") == checkpoint


@given(st.data())
def test_any_changed_byte_of_a_checkpoint_is_found(data):
    note = bytearray(sign_checkpoint(Checkpoint(origin=ORIGIN, size=7, root=b"r" * 32), WRITER))
    at = data.draw(st.integers(0, len(note) - 1))
    note[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises((MalformedError, UntrustedError)):
        open_checkpoint(bytes(note), WRITER.public, where="cp")


def test_somebody_elses_signature_does_not_open_it():
    note = sign_checkpoint(Checkpoint(origin=ORIGIN, size=7, root=b"r" * 32), STRANGER)
    with pytest.raises(UntrustedError):
        open_checkpoint(note, WRITER.public, where="cp")


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("an extension line", f"{ORIGIN}\n7\n{ROOT}\nextra\n"),
        ("no root", f"{ORIGIN}\n7\n"),
        ("a leading zero", f"{ORIGIN}\n07\n{ROOT}\n"),
        ("a sign", f"{ORIGIN}\n+7\n{ROOT}\n"),
        ("foreign digits", f"{ORIGIN}\n\u0667\n{ROOT}\n"),
        ("a size too large", f"{ORIGIN}\n9007199254740992\n{ROOT}\n"),
        ("a huge size", f"{ORIGIN}\n{'9' * 5000}\n{ROOT}\n"),
        ("a short root", f"{ORIGIN}\n7\n{base64.b64encode(b'r' * 31).decode()}\n"),
        ("a root without padding", f"{ORIGIN}\n7\n{ROOT.rstrip('=')}\n"),
        ("an empty tree with entries' root", f"{ORIGIN}\n0\n{ROOT}\n"),
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(fault, text):
    with pytest.raises(MalformedError):
        open_checkpoint(sign_note(text, ORIGIN, WRITER), WRITER.public, where="cp")


def test_what_is_no_checkpoint_is_never_signed():
    for size, root in ((7, b"short"), (-1, b"r" * 32), (0, b"r" * 32), (2**53, b"r" * 32)):
        with pytest.raises(MalformedError):
            sign_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=root), WRITER)
    with pytest.raises(MalformedError):
        sign_checkpoint(Checkpoint(origin="two words", size=7, root=b"r" * 32), WRITER)


def test_the_empty_log_has_a_checkpoint_too():
    checkpoint = Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)
    assert open_checkpoint(sign_checkpoint(checkpoint, WRITER), WRITER.public, where="cp") == checkpoint
