"""What `-o` writes over: a file of its own kind, and never a key or what else somebody has there."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Thread

import pytest

from attest.codec import instant
from attest.evidence.reports import REPORTS
from attest.signing.keyfiles import private_pem
from tests.commands import Done, attest, passed
from tests.documents import TRUST as TRUST_FILE
from tests.evidence_story import REFERENCE_DIGEST, REFERENCE_ENVELOPE, Story
from tests.revoking import of_reference, single
from tests.waiting import PATIENCE_SECONDS
from tests.world import NOW, SEALER, write_key_pair

JUDGED = ("--trust", "trust.json", "--reference", f"sha256:{REFERENCE_DIGEST}", "--at", instant.text(NOW))
VERIFY = ("verify", "e.jsonl", *JUDGED)
SIGNED = ("--trust", "trust.json", "--key", "sealer.key")
WRITERS = {
    "bundle": ("bundle", "log", "-o", "out"),
    "report": ("report", "e.jsonl", *JUDGED, "-o", "out"),
    "verify": (*VERIFY, "-o", "out"),
    "verify, sarif": (*VERIFY, "--format", "sarif", "-o", "out"),
    "verify, saved": (*VERIFY, "--save", "junit=out"),
    "verify, result": (*VERIFY, "--vsa", "out", "--result-key", "other.key"),
    "seal": ("seal", "tree", *SIGNED, "-o", "out"),
    "sign": ("sign", "server.ref", *SIGNED, "-o", "out"),
    "derive": ("derive", "server.ref", *SIGNED, "--tool", "a", "-o", "out"),
    "prove": ("log", "prove", "log", "--sequence", "1", "-o", "out"),
    "record": ("tools", "record", "-o", "out", "--", "true"),
}
PRECIOUS = {
    "a key": private_pem(SEALER),
    "a trust file": TRUST_FILE,
    "notes": b"to be kept\n",
    "a page": b"<!doctype html>\n<title>mine</title>\n",
    "bytes": b"\0\1\2",
    "broken": b"\x1f\x8bpacked",
}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("story")
    with Story(folder / "log") as told:
        told.start().measure(2).stop()
        (folder / "e.jsonl").write_bytes(b"".join(told.export()))
    (folder / "trust.json").write_bytes(TRUST_FILE)
    (folder / "server.ref").write_bytes(REFERENCE_ENVELOPE)
    write_key_pair(folder, "sealer", SEALER)
    write_key_pair(folder, "other", SEALER)
    return folder


@pytest.fixture(autouse=True)
def _no_out(story: Path) -> None:
    (story / "out").unlink(missing_ok=True)


def run(story: Path, writer: str) -> Done:
    return attest(story, *WRITERS[writer])


@pytest.mark.parametrize("octets", PRECIOUS.values(), ids=PRECIOUS)
@pytest.mark.parametrize("writer", WRITERS)
def test_nobody_writes_over_what_is_something_else(story: Path, writer: str, octets: bytes) -> None:
    (story / "out").write_bytes(octets)
    done = run(story, writer)
    assert (done.returncode, (story / "out").read_bytes()) == (5, octets)
    assert b"attest: out: expected no file of that name, or " in done.stderr
    assert b"choose another name" in done.stderr


@pytest.mark.parametrize("writer", ["bundle", "report", "seal", "sign"])
def test_evidence_is_no_page_and_a_receipt_no_reference(story: Path, writer: str) -> None:
    other = {"bundle": REFERENCE_ENVELOPE, "sign": TRUST_FILE, "seal": single(of_reference())}
    (story / "out").write_bytes(other.get(writer, (story / "e.jsonl").read_bytes()))
    assert run(story, writer).returncode == 5


@pytest.mark.parametrize("writer", ["bundle", "report", "verify", "verify, sarif", "verify, saved", "prove"])
def test_what_is_of_the_same_kind_or_empty_is_made_anew(story: Path, writer: str) -> None:
    (story / "out").touch()
    for _ in range(2):
        passed(run(story, writer))
        assert (story / "out").stat().st_size


@pytest.mark.parametrize(("place", "found"), [("log", "a folder"), ("none/out", "no folder none")])
def test_where_nothing_can_be_written_is_found_out_before_anything_is_judged(
    story: Path, place: str, found: str
) -> None:
    for writer, words in WRITERS.items():
        given = [word.replace("=out", f"={place}") if word != "out" else place for word in words]
        done = attest(story, *given)
        assert (done.returncode, done.stdout) == (6, b""), writer
        assert f"expected a place to write, found {found}".encode() in done.stderr


def test_evidence_is_known_when_it_is_packed(story: Path) -> None:
    for _ in range(2):
        passed(attest(story, "bundle", "log", "-o", "out.jsonl.gz"))
    passed(attest(story, "bundle", "log", "-o", "out.jsonl.zst"))
    (story / "out.tar.gz").write_bytes(b"\x1f\x8b")
    assert attest(story, "bundle", "log", "-o", "out.tar.gz").returncode == 5


@pytest.mark.parametrize("form", REPORTS)
def test_a_report_is_written_over_one_of_any_other_format(story: Path, form: str) -> None:
    passed(attest(story, *VERIFY, "--format", form, "-o", "out"))
    for other in REPORTS:
        passed(attest(story, *VERIFY, "--format", other, "-o", "out"))
        passed(attest(story, *VERIFY, "--format", form, "-o", "out"))


@pytest.mark.parametrize("writer", ["bundle", "report", "verify", "prove"])
def test_a_pipe_is_written_to_and_stays_one(story: Path, writer: str) -> None:
    os.mkfifo(story / "out")
    taken: list[bytes] = []
    reader = Thread(target=lambda: taken.append((story / "out").read_bytes()), daemon=True)
    reader.start()
    passed(run(story, writer))
    reader.join(PATIENCE_SECONDS)
    assert taken[0]
    assert stat.S_ISFIFO((story / "out").stat().st_mode)


def test_a_report_is_made_of_what_comes_through_a_pipe(story: Path) -> None:
    """Which can be read once: the digest of the file is that of what came."""
    reading, writing = os.pipe()
    writer = Thread(target=lambda: _write_all(writing, (story / "e.jsonl").read_bytes()), daemon=True)
    writer.start()
    done = attest(story, "report", f"/dev/fd/{reading}", *JUDGED, "-o", "out")
    os.close(reading)
    writer.join(PATIENCE_SECONDS)
    told = f"PASSED  /dev/fd/{reading}  (evidence-bundle, receipts): wrote out\n"
    assert done.stderr.decode() == told


def _write_all(descriptor: int, octets: bytes) -> None:
    with os.fdopen(descriptor, "wb") as pipe:
        pipe.write(octets)


def test_what_the_machine_has_for_standard_output_is_that(story: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        passed(attest(story, *VERIFY, "-o", f"/dev/fd/{writing}"))
        os.close(writing)
        assert pipe.read().startswith(b"PASSED  ")
