"""Having a log anchored: what is verified is kept, and whatever else a server answers is not."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attest.errors import AttestError, RefusedError, UnavailableError, UntrustedError
from attest.fetch.anchoring import anchor_log
from attest.fetch.posting import MAX_ANSWER_BYTES, post
from attest.tlog.anchors.anchor import ANCHOR_KIND, kept_anchors
from attest.tlog.anchors.checking import check_anchors
from attest.tlog.documents import Documents
from tests import certified
from tests.certified import JOB_KEY, attest_key
from tests.evidence_story import Story, change
from tests.logs import make_log, read_log
from tests.sigstore_world import TSA_ROOT
from tests.time_stamping import (
    OTHER,
    OTHER_KEY,
    OTHER_ROOT,
    TRUST,
    Reply,
    answer_to,
    pem_of,
    serving,
    stamping,
    trusting,
)
from tests.timestamp_tokens import imprint_of
from tests.world import NOW, STRANGER, trust_of


def anchored(folder: Path, reply: Callable[[bytes], Reply], trust: Any = TRUST) -> Any:
    with serving(reply) as url:
        return anchor_log(folder, url, trust, now=lambda: NOW)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    make_log(tmp_path / "log", 5)
    return tmp_path / "log"


def test_the_newest_checkpoint_is_stamped_and_the_stamp_is_kept(log: Path):
    found = anchored(log, stamping())
    assert (found.checkpoint.size, found.stamp.at) == (5, NOW)
    [(size, anchor)] = kept_anchors(Documents(log))
    assert size == 5
    assert anchor.note.encode() == read_log(log).newest_checkpoint()
    assert check_anchors(read_log(log), Documents(log)) == ()


def test_of_one_authority_the_first_answer_over_a_checkpoint_is_kept(log: Path):
    anchored(log, stamping(at=NOW - 60_000))
    assert anchored(log, stamping()).stamp.at == NOW - 60_000
    assert len(kept_anchors(Documents(log))) == 1


def test_two_authorities_are_asked_and_both_are_kept(log: Path):
    both = trusting(pem_of(TSA_ROOT), pem_of(OTHER_ROOT))
    first = anchored(log, stamping(), both)
    second = anchored(log, stamping(certificate=OTHER, key=OTHER_KEY), both)
    assert first.stamp.authority != second.stamp.authority
    assert len(kept_anchors(Documents(log))) == 2


ANSWERS: dict[str, tuple[Callable[[bytes], Reply], type[AttestError]]] = {
    "imprint": (stamping(imprint=imprint_of(b"\x01" * 32)), UntrustedError),
    "nonce": (stamping(nonce=1), UntrustedError),
    "authority": (stamping(certificate=OTHER, key=OTHER_KEY), UntrustedError),
    "a time long ago": (stamping(at=NOW - 3_600_000), UntrustedError),
    "a time to come": (stamping(at=NOW + 3_600_000), UntrustedError),
    "cut": (lambda request: (200, {}, answer_to(request)[:-9]), UntrustedError),
    "a refusal": (lambda _request: (200, {}, bytes.fromhex("30053003020102")), UntrustedError),
    "a page": (lambda _request: (200, {"Content-Type": "text/html"}, b"<html>"), UntrustedError),
    "nothing": (lambda _request: (200, {}, b""), UntrustedError),
    "too much": (lambda _request: (200, {}, bytes(MAX_ANSWER_BYTES + 1)), UnavailableError),
    "an error": (lambda request: (503, {}, answer_to(request)), UnavailableError),
    "a redirect": (lambda request: (302, {"Location": "http://127.0.0.1:9/"}, answer_to(request)), UnavailableError),
    "a redirect that keeps the method": (lambda _: (307, {"Location": "/other"}, b""), UnavailableError),
}


@pytest.mark.parametrize("fault", ANSWERS)
def test_what_cannot_be_verified_is_not_kept(log: Path, fault: str):
    reply, error = ANSWERS[fault]
    with pytest.raises(error):
        anchored(log, reply)
    assert list(Documents(log).digests(ANCHOR_KIND)) == []


def test_a_trust_file_without_authorities_asks_nobody(log: Path):
    with pytest.raises(UntrustedError, match="a time stamping authority") as caught:
        anchor_log(log, "http://127.0.0.1:9/", trusting(), now=lambda: NOW)
    assert "--timestamp-authority" in (caught.value.hint or "")


def test_a_log_of_somebody_else_is_not_anchored(tmp_path: Path):
    make_log(tmp_path / "log", 5, key=STRANGER)
    with pytest.raises(UntrustedError, match="signature"):
        anchored(tmp_path / "log", stamping())


def test_a_log_without_a_checkpoint_is_refused(tmp_path: Path):
    make_log(tmp_path / "log", uncovered=2)
    with pytest.raises(RefusedError, match="a log with a checkpoint"):
        anchored(tmp_path / "log", stamping())


def test_a_key_that_a_job_made_for_itself_is_a_writers(tmp_path: Path):
    with Story(tmp_path / "log", writer=JOB_KEY, attestation=attest_key()) as story:
        story.start().checkpoint()
    authorities = TRUST.document.timestamp_authorities
    trust = trust_of(change(certified.TRUST.document, timestamp_authorities=authorities))
    assert anchored(tmp_path / "log", stamping(), trust).checkpoint.size == 1


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "tsa.example.org", "http://"])
def test_only_an_address_of_the_web_is_asked(url: str):
    with pytest.raises(UnavailableError, match="expected http"):
        post(url, b"", media_type="application/timestamp-query")


def test_a_server_that_does_not_answer_is_left_alone_when_time_is_over():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(UnavailableError, match=r"an answer within 0\.2 s"):
            post(f"http://127.0.0.1:{port}/", b"x", media_type="text/plain", timeout=0.2)


def test_a_server_that_answers_byte_by_byte_is_left_alone_as_well():
    """With each byte the time limit of a socket begins anew."""
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not over.wait(0.01):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        dripping = threading.Thread(target=drip, args=(listening,))
        dripping.start()
        try:
            with pytest.raises(UnavailableError, match=r"an answer within 0\.3 s"):
                post(f"http://127.0.0.1:{port}/", b"x", media_type="text/plain", timeout=0.3)
        finally:
            over.set()
            dripping.join()


def test_no_error_tells_what_stood_in_the_address_beside_host_and_path():
    with pytest.raises(UnavailableError) as caught:
        post("http://user:secret@127.0.0.1:9/path?token=secret", b"", media_type="text/plain")
    assert "secret" not in str(caught.value)
    assert "127.0.0.1/path" in str(caught.value)
