"""Have the newest checkpoint of a log anchored: asked over the network, verified, and only then kept beside the log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.agent.own_key import certified_beside
from attest.codec import instant
from attest.codec.octets import from_base64
from attest.errors import AttestError, MalformedError, RefusedError, UntrustedError
from attest.fetch.posting import post
from attest.signing.keys import PublicKey
from attest.signing.timestamps import Timestamp, TimestampAuthority
from attest.tlog.anchors import ANCHORS, AnchorKind
from attest.tlog.anchors.anchor import Anchor, keep_anchor, kept_anchors
from attest.tlog.anchors.rfc3161 import METHOD
from attest.tlog.checkpoint import Checkpoint, open_checkpoint
from attest.tlog.documents import Documents
from attest.tlog.pin import check_pinned
from attest.tlog.stores import SQLITE
from attest.trust.authorities import authorities_of
from attest.trust.role import Role
from attest.trust.trust import Trust, check_current

CLOCK_TOLERANCE_MILLISECONDS: Final = 300_000
"""How far the clock of an authority may be from ours while it answers."""


@dataclass(frozen=True, kw_only=True)
class Anchored:
    """Which checkpoint was anchored, and who says when it existed."""

    checkpoint: Checkpoint
    stamp: Timestamp


def anchor_log(directory: Path, url: str, trust: Trust, *, now: Callable[[], int]) -> Anchored:
    """Have the newest checkpoint of the log in `directory` anchored by the authority at `url`.

    Of each authority the first answer over a checkpoint is kept: a later one would say less. Raises `UntrustedError`
    for an answer that cannot be verified, a checkpoint that no trusted writer signed, or a trust file that names no
    authority; `RefusedError` for a log without checkpoint, or one that contradicts it; `UnavailableError` without
    answer.
    """
    began = now()
    check_current(trust, began)
    authorities = authorities_of(trust.document)
    if not authorities:
        hint = "attest trust new --timestamp-authority tsa.pem"
        raise UntrustedError("trust file", "a time stamping authority, to verify the answer with", "none", hint=hint)
    note, checkpoint = _newest(directory, trust, began)
    documents = Documents(directory)
    answer, stamp = _ask(ANCHORS[METHOD], url, note, authorities)
    if not began - CLOCK_TOLERANCE_MILLISECONDS <= stamp.at <= now() + CLOCK_TOLERANCE_MILLISECONDS:
        hint = "set the clock of this machine right; else ask another authority"
        raise UntrustedError("time stamp", f"about {instant.text(began)}", instant.text(stamp.at), hint=hint)
    for _, anchor in kept_anchors(documents):
        before = _stamp_of(anchor, authorities) if anchor.note.encode() == note else None
        if before is not None and before.authority == stamp.authority:
            return Anchored(checkpoint=checkpoint, stamp=before)
    keep_anchor(documents, METHOD, note, answer)
    return Anchored(checkpoint=checkpoint, stamp=stamp)


def _newest(directory: Path, trust: Trust, at: int) -> tuple[bytes, Checkpoint]:
    with closing(SQLITE.open_reader(directory)) as reader:
        note = reader.newest_checkpoint()
        if note is None:
            hint = "let the agent that writes it finish a cycle"
            raise RefusedError(reader.where, "a log with a checkpoint", "none", hint=hint)
        keys = (*trust.ring(Role.WRITER, at).keys, *(each.key for each in certified_beside(directory, trust, at)))
        checkpoint = _open(note, keys, f"{reader.where}: checkpoint")
        check_pinned(reader, checkpoint)
    return note, checkpoint


def _open(note: bytes, keys: tuple[PublicKey, ...], where: str) -> Checkpoint:
    failed: AttestError = UntrustedError(where, "the signature of a trusted writer", "no writer is trusted")
    for key in keys:
        try:
            return open_checkpoint(note, key, where=where)
        except UntrustedError as error:
            failed = error
    raise failed


def _stamp_of(anchor: Anchor, authorities: tuple[TimestampAuthority, ...]) -> Timestamp | None:
    answer = from_base64(anchor.answer, where="anchor")
    try:
        return ANCHORS[anchor.method].check(anchor.note.encode(), answer, authorities, None, "anchor")
    except (MalformedError, UntrustedError):
        return None


def _ask(
    kind: AnchorKind, url: str, note: bytes, authorities: tuple[TimestampAuthority, ...]
) -> tuple[bytes, Timestamp]:
    query = kind.ask(note)
    answer = post(url, query.body, media_type=query.media_type)
    try:
        return answer, kind.check(note, answer, authorities, query.nonce, "time stamp")
    except MalformedError as error:
        # Somebody else's bytes, and not the caller's: nothing that he could mend.
        raise UntrustedError(error.where, error.expected, error.found) from error
