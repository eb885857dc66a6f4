"""Whose receipts may count in one bundle: the writers of the trust file, and keys that an attestation in it certifies.

1. A certified key stands before everything that it signed, with the exact bytes of its attestation; sorted, each once.
2. The attestation makes it a writer's (`attest.provenance.certifying`), at a time that is not in the future.
3. Everything in a log by that key lies in the time for which it is certified.
4. The start of each run names the attestation, exact bytes; and where it says of which job it is, the certificate does
   not say otherwise.
5. Each certified key wrote a log that is here.

Whether a reference names the writer, too, is asked for each receipt anew (`may_write`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, final

import msgspec

from attest.codec import instant
from attest.codec.octets import from_base64
from attest.errors import MalformedError, UntrustedError
from attest.evidence.grammar import MAX_WRITERS, CertifiedWriterLine
from attest.evidence.verify.question import FUTURE_TOLERANCE_MILLISECONDS, Question
from attest.evidence.verify.sheet import Sheet
from attest.provenance.certified_writer import CERTIFICATE_CHECK, WINDOW_CHECK, CertifiedWriter, may_write
from attest.signing.keyring import KeyRing
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.trust.role import Role

_TOLD: Final = 3
"""So many jobs are told in a check's detail."""


@final
class Writers:
    """The writers of one bundle; complete once the first line behind theirs comes."""

    def __init__(self, question: Question, sheet: Sheet) -> None:
        """Begin with those of the trust file."""
        self._question = question
        self._sheet = sheet
        self._certified: dict[str, CertifiedWriter] = {}
        self._last = ""
        self._count = 0
        self._used: set[str] = set()
        self.ring: KeyRing = question.trust.ring(Role.WRITER, question.at)
        """The keys that a receipt or checkpoint may be signed with."""

    def take(self, record: CertifiedWriterLine, where: str) -> None:
        """Take a key and its attestation (steps 1 and 2); one that certifies nothing is a failed check.

        Raises `MalformedError` if the line is not what it says.
        """
        # Its own import, and a slow one: few bundles hold a certificate of any kind.
        from attest.provenance.certifying import certify_writer, read_key

        pem, attestation = record.key.encode(), from_base64(record.attestation, where=where)
        self._count += 1
        if self._count > MAX_WRITERS or record.keyid <= self._last:
            raise MalformedError(where, f"at most {MAX_WRITERS} certified writers, sorted by key id", record.keyid)
        self._last = record.keyid
        if read_key(pem, where=where).keyid != record.keyid:
            raise MalformedError(where, f"the key {record.keyid}", "another")
        self._sheet.lay(CERTIFICATE_CHECK)
        self._sheet.lay(WINDOW_CHECK)
        question = self._question
        try:
            writer = certify_writer(pem, attestation, question.trust.as_of(question.at), where=where)
        except (MalformedError, UntrustedError) as error:
            self._sheet.fail_with(CERTIFICATE_CHECK, error, where=where)
            return
        if writer.since > question.at + FUTURE_TOLERANCE_MILLISECONDS:
            at = instant.text(question.at)
            self._fail_window("attested in the future", where, f"at most {at}", instant.text(writer.since))
        self._certified[record.keyid] = writer
        self.ring = msgspec.structs.replace(self.ring, keys=(*self.ring.keys, writer.key))

    def may_write(self, reference: RuntimeReference, keyid: str) -> bool:
        """Return whether a reference names the writer of that key."""
        return may_write(reference, keyid, self._certified.get(keyid))

    def look(self, keyid: str, times: Iterable[int | None], where: str) -> None:
        """Note that a log is by this key, its first and last entry at these times (step 3)."""
        writer = self._certified.get(keyid)
        if writer is None:
            return
        self._used.add(keyid)
        for time in times:
            if time is not None and not writer.covers(time):
                self._fail_window("written when its key was not certified", where, writer.window, instant.text(time))

    def compare(self, keyid: str, event: Event, where: str) -> None:
        """Hold what the start of a run, or its resumption, says against the certificate of its key (step 4)."""
        writer = self._certified.get(keyid)
        if writer is None or event.kind not in {EventKind.START, EventKind.RESUME}:
            return
        if event.key_attestation != writer.attestation:
            detail = "the run was started with another attestation of its key, or with none"
            expected, found = event.key_attestation or "none", writer.attestation
            self._sheet.fail(CERTIFICATE_CHECK, detail, where=where, expected=expected, found=found)
        from attest.provenance.job import contradiction

        for each in event.context:
            certified = contradiction(writer.certificate, each.name, each.value)
            if certified is not None:
                detail = f"the run says that it is of another job than its key ({each.name})"
                self._sheet.fail(CERTIFICATE_CHECK, detail, where=where, expected=certified, found=each.value)

    def close(self) -> None:
        """Judge what had to wait for the end of the file (step 5)."""
        for keyid in sorted(set(self._certified) - self._used):
            self._sheet.fail(CERTIFICATE_CHECK, "no log in here is by this certified key", found=keyid)
        writers = list(self._certified.values())
        more = f"; and {len(writers) - _TOLD} more" if len(writers) > _TOLD else ""
        jobs = "; ".join(writer.job for writer in writers[:_TOLD])
        windows = "; ".join(writer.window for writer in writers[:_TOLD])
        self._sheet.settle(CERTIFICATE_CHECK, detail=f"{jobs}{more}")
        self._sheet.settle(WINDOW_CHECK, detail=f"written from {windows}{more}")

    def _fail_window(self, detail: str, where: str, expected: str, found: str) -> None:
        self._sheet.fail(WINDOW_CHECK, detail, where=where, expected=expected, found=found)
