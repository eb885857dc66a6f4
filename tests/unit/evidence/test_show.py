"""Showing a document says first that nothing was verified."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.errors import MalformedError
from attest.evidence.gist import gist_of_bytes
from attest.evidence.grammar import Tier
from attest.evidence.show import HEADING, show
from attest.signing.dsse import encode_envelope, sign_envelope
from attest.signing.keyfiles import public_pem
from attest.statement.attachments import write_attachments
from attest.tlog.checkpoint import Checkpoint, sign_checkpoint
from attest.trust.making import write_trust
from scripts.faults import with_value
from tests import call_documents, documents
from tests.evidence_story import REFERENCE_ENVELOPE, Story, honest
from tests.layouts import DOCUMENT
from tests.world import SEALER, STRANGER, WRITER, make_trust_file

DENIED = ("predicate", "denial")

NOTE = sign_checkpoint(Checkpoint(origin="attest.log/1", size=1, root=b"\x01" * 32), STRANGER)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (REFERENCE_ENVELOPE, "mcp-server-time"),
        (documents.PROVENANCE, "slsa.dev/provenance"),
        (DOCUMENT, '"name": "source"'),
        (documents.MANIFEST, "tree/mcp_server_time/__init__.py"),
        (write_trust(make_trust_file()), WRITER.keyid),
        (b"".join(write_attachments((documents.PROVENANCE, b"else"))), "4 bytes of no form that is known here"),
        (b"".join(write_attachments((documents.PROVENANCE,))), "slsa.dev/provenance"),
        (NOTE, "attest.log/1, 1 entries"),
        (public_pem(WRITER.public), WRITER.keyid),
    ],
    ids=["reference", "provenance", "layout", "manifest", "unknown piece", "pieces", "trust file", "checkpoint", "key"],
)
def test_a_document_is_shown_under_the_heading(octets: bytes, expected: str):
    lines = list(show(octets))
    assert lines[0] == HEADING
    assert expected in "\n".join(lines)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (call_documents.PERMIT_PAYLOAD, "tools/call get_current_time: tool.allowed"),
        (call_documents.OUTCOME_PAYLOAD, "tools/call get_current_time: result of 3"),
        (call_documents.DENIAL_PAYLOAD, "tools/call get_current_time: arguments.schema"),
        (with_value(call_documents.DENIAL_PAYLOAD, (*DENIED, "call"), {}), "arguments.schema"),
        (call_documents.DRIFT_PAYLOAD, "local: caller.drifted:few-denials, stop"),
        (
            with_value(
                with_value(call_documents.DENIAL_PAYLOAD, (*DENIED, "enforced"), value=False), (*DENIED, "repeated"), 7
            ),
            "tools/call get_current_time: arguments.schema, 7 times, let pass (audit only)",
        ),
    ],
    ids=["permit", "outcome", "denial", "denial of nobody", "drift", "let pass"],
)
def test_what_became_of_a_call_is_told_on_one_line(payload: bytes, expected: str):
    envelope = encode_envelope(sign_envelope(payload, WRITER))
    assert gist_of_bytes(envelope) == expected
    assert '"receipt": {' in "\n".join(show(envelope))


@pytest.mark.parametrize("spoiled", [None, "not JSON", 7, "[" * 99])
def test_what_a_server_said_of_its_tools_can_be_read(spoiled: object):
    payload, place = call_documents.WITH_LEAST_RULES, ("predicate", "tools", "definitions", 0, "text")
    shown = "\n".join(show(encode_envelope(sign_envelope(with_value(payload, place, spoiled), SEALER))))
    assert '"description": "Get current time in a specific timezone",' in shown
    assert '"maxLength": 64,' in shown


@pytest.mark.parametrize("tier", [Tier.RECEIPTS, Tier.STRUCTURAL])
def test_a_bundle_is_shown_entry_by_entry(tier: Tier, tmp_path: Path):
    with Story(tmp_path / "log") as story:
        story.start().measure()
        story.violate()
        lines = story.stop().export(tier)
    text = "\n".join(show(b"".join(lines)))
    assert text.startswith(HEADING)
    assert text.count("runtime-event") >= 2
    if tier is Tier.RECEIPTS:
        assert "drift: changed tree/server.py" in text


def test_a_broken_bundle_and_any_other_file_are_refused(tmp_path: Path):
    for octets in (b"", b"nothing", b"{}", b"\xff", b"".join(reversed(honest(tmp_path / "log")))):
        with pytest.raises(MalformedError):
            list(show(octets))
