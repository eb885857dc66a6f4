"""Files are hashed through one buffer, and a file that changes meanwhile has no digest."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.measure.hashing import BUFFER_BYTES, hash_descriptor


def hashed(path: Path) -> str | None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return hash_descriptor(descriptor, os.fstat(descriptor))
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("size", [0, 1, BUFFER_BYTES - 1, BUFFER_BYTES, BUFFER_BYTES + 1, 3 * BUFFER_BYTES])
def test_a_file_of_any_length_has_the_digest_of_its_bytes(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    octets = os.urandom(size)
    path.write_bytes(octets)
    assert hashed(path) == hashlib.sha256(octets).hexdigest()


@given(octets=st.binary(max_size=5_000))
def test_the_digest_is_sha256(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    path = tmp_path_factory.mktemp("law") / "file"
    path.write_bytes(octets)
    assert hashed(path) == hashlib.sha256(octets).hexdigest()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(64 * BUFFER_BYTES)
    tracemalloc.start()
    try:
        hashed(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * BUFFER_BYTES


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, 1)


def rewrite(path: Path) -> None:
    path.write_bytes(b"B" * 1000)
    os.utime(path, ns=(0, 12_345))


@pytest.mark.parametrize("change", [grow, shrink, rewrite])
def test_a_file_that_changes_while_it_is_read_has_no_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"A" * 1000)
    real = os.readv

    def readv(descriptor: int, buffers: tuple[memoryview, ...]) -> int:
        count = real(descriptor, buffers)
        change(path)
        return count

    monkeypatch.setattr(os, "readv", readv)
    assert hashed(path) is None


def test_a_file_that_never_stops_growing_does_not_hold_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"A")
    monkeypatch.setattr(os, "readv", lambda descriptor, buffers: len(buffers[0]))
    assert hashed(path) is None
