"""The checkpoint at the end of a log's section: signed by the writer of its receipts, a writer of the trust file."""

from __future__ import annotations

from typing import Final

from attest.codec import instant
from attest.errors import MalformedError, UntrustedError
from attest.evidence.verify.chain import Stretch
from attest.evidence.verify.question import Question
from attest.evidence.verify.revoked import WRITER, fail_void, void_writer
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.writers import Writers
from attest.signing.keyring import KeyRing
from attest.signing.keys import PublicKey
from attest.tlog.checkpoint import Checkpoint, open_checkpoint, read_checkpoint_unverified

CHECK: Final = "authenticity.checkpoint"


def open_note(
    note: bytes, here: Stretch, writer: str | None, writers: Writers, question: Question, sheet: Sheet, where: str
) -> Checkpoint | None:
    """Return what a checkpoint claims, and note what is wrong with its signature; None if it cannot be read.

    `writer` is whoever signed the receipts, None where there are none: then the key of the checkpoint is the one that
    may be revoked, as of the log's last entry. Here, with receipts or without, a log's entries are held against the
    time for which its writer is certified.
    """
    try:
        claimed = read_checkpoint_unverified(note, where=where)
    except MalformedError as error:
        sheet.fail_with("integrity.tree", error)
        sheet.fail_with(CHECK, error)
        return None
    try:
        key = check_note(note, claimed, here.origin, named_in(writers.ring, writer), where)
    except (MalformedError, UntrustedError) as error:
        sheet.fail_with(CHECK, error)
        return claimed
    writers.look(key.keyid, (here.first, here.last), where)
    last, void = here.last, void_writer(question, key.keyid)
    if writer is None and last is not None and last >= void.since:
        fail_void(sheet, WRITER, void, found=instant.text(last), where=where)
    return claimed


def check_note(note: bytes, claimed: Checkpoint, origin: str, ring: KeyRing, where: str) -> PublicKey:
    """Return the key that signed a checkpoint of the log `origin`; raise `MalformedError` or `UntrustedError`."""
    signatures = note.rpartition(b"\n\n")[2].count(b"\n")
    if signatures != 1:
        raise MalformedError(where, "a checkpoint with one signature", f"{signatures}")
    if claimed.origin != origin:
        raise UntrustedError(where, f"a checkpoint of {origin}", claimed.origin)
    if not ring.keys:
        raise UntrustedError(where, "the signature of a trusted writer", "none of its key")
    reasons: list[MalformedError | UntrustedError] = []
    for key in ring.keys:
        try:
            open_checkpoint(note, key, where=where)
        except (MalformedError, UntrustedError) as error:
            reasons.append(error)
        else:
            return key
    raise reasons[0]


def named_in(ring: KeyRing, writer: str | None) -> KeyRing:
    """Return the writers that may have signed: the one of the receipts, or any if there are no receipts."""
    if writer is None:
        return ring
    key = ring.find(writer)
    return KeyRing(role=ring.role, keys=() if key is None else (key,))
