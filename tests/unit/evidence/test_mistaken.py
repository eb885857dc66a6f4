"""What is no evidence at all is named, so that whoever gave the wrong file knows which."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from attest.codec.octets import from_base64, to_base64
from attest.evidence.page.assembling import OPENING
from attest.evidence.reports.json import render_json
from attest.evidence.verify.mistaken import NONE, seems
from attest.signing.keyfiles import private_pem, public_pem
from tests import documents
from tests.evidence_story import REFERENCE_ENVELOPE, Story, failing, honest, judge
from tests.world import SEALER


def packed_tar() -> bytes:
    octets = io.BytesIO()
    with tarfile.open(fileobj=octets, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("package/package.json"))
    return octets.getvalue()


def packed_zip() -> bytes:
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w") as archive:
        archive.writestr("a", "b")
    return octets.getvalue()


SEEMS = {
    "nothing": (b"", "an empty file"),
    "a trust file": (documents.TRUST, "a trust file, which --trust takes"),
    "a manifest": (documents.MANIFEST, "a manifest, which belongs beside its reference"),
    "a verdict": (render_json([judge([b""])]).encode(), "a verdict, and not what it was about"),
    "a public key": (public_pem(SEALER.public), "a public key"),
    "a private key": (private_pem(SEALER), "a key or a certificate, in PEM"),
    "a wheel": (packed_zip(), "an archive: its attestations are judged, and --artifact takes it"),
    "a tarball": (packed_tar(), "an archive: its attestations are judged, and --artifact takes it"),
    "a page": (OPENING, "a page of attest report, made of the evidence that is to be judged"),
    "another page": (b"<html>", "a page, or another text with markup"),
    "UTF-16": ("{}".encode("utf-16"), "text in UTF-16"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "text behind a byte order mark"),
    "cut JSON": (documents.PROVENANCE[:60], "JSON that is cut or broken: "),
    "other JSON": (b'{"a": [1]}', "JSON of another kind"),
    "a bare statement": (
        from_base64(json.loads(documents.PROVENANCE)["payload"], where=""),
        "a statement that nobody signed",
    ),
    "anything": (b"anything", NONE),
}


@pytest.mark.parametrize("name", SEEMS)
def test_the_wrong_file_is_named_and_fails_as_ever(name: str):
    octets, told = SEEMS[name]
    verdict = judge(octets.splitlines(keepends=True))
    assert (verdict.kind, list(failing(verdict))) == ("unknown", ["integrity.grammar"])
    assert (verdict.checks[0].found or "").startswith(told)


def test_an_envelope_around_anything_else_than_a_statement_is_said_to_be_that():
    envelope = json.loads(documents.PROVENANCE)
    envelope["payload"] = to_base64(b"{broken")
    [check] = [each for each in judge([json.dumps(envelope).encode()]).checks if each.id == "integrity.statement"]
    assert (check.status, check.detail, check.expected) == ("fail", "payload: malformed", "an in-toto statement")


def test_what_a_log_consists_of_is_named(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        lines = story.start().measure().stop().export()
    entry = next(line for line in lines if line.startswith(b'{"entry":'))
    note = next(json.loads(line)["note"] for line in lines if line.startswith(b'{"kind":"checkpoint"'))
    assert seems(entry) == "a line of an evidence bundle, without the others"
    assert seems(note.encode()) == "a checkpoint, which --expect-checkpoint takes"
    assert seems((tmp_path / "log" / "log.db").read_bytes()).startswith("the database of a log")


def test_a_reference_in_another_spelling_is_a_reference_that_is_malformed():
    verdict = judge(json.dumps(json.loads(REFERENCE_ENVELOPE), indent=1).encode().splitlines(keepends=True))
    assert (verdict.kind, list(failing(verdict))) == ("runtime-reference", ["integrity.grammar"])
    assert verdict.checks[0].expected == "JSON in RFC 8785 form"


def test_turned_line_ends_are_said_to_be(tmp_path: Path):
    verdict = judge([line.replace(b"\n", b"\r\n") for line in honest(tmp_path / "log")])
    assert (verdict.checks[0].where, verdict.checks[0].found) == ("line 1", "a carriage return before it")


def test_entries_out_of_order_are_told_by_their_numbers(tmp_path: Path):
    lines = honest(tmp_path / "log")
    first = next(at for at, line in enumerate(lines) if line.startswith(b'{"entry":'))
    [check] = [
        each for each in judge([*lines[: first + 1], *lines[first + 2 :]]).checks if each.id == "integrity.entry-chain"
    ]
    assert (check.expected, check.found) == ("entry 1", "entry 2")
