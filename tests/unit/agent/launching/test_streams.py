"""Pipes to a server: ours are told of its end, and nothing of them outlives whoever made them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from attest.agent.launching.streams import open_streams


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir() if path.exists()}


def test_what_one_writes_the_other_reads_and_an_end_is_seen_once_the_servers_ends_are_handed_over():
    with open_streams() as streams:
        os.write(streams.to_server, b"a")
        assert os.read(streams.given_input, 9) == b"a"
        os.write(streams.given_output, b"b")
        streams.hand_over()
        streams.hand_over()
        assert [os.read(streams.from_server, 9) for _ in range(2)] == [b"b", b""]
        with pytest.raises(BrokenPipeError):
            os.write(streams.to_server, b"c")


def test_the_server_reads_the_end_of_its_input():
    with open_streams() as streams:
        streams.close_input()
        assert os.read(streams.given_input, 9) == b""


def test_nobody_inherits_them_and_nothing_is_left_open():
    before = open_descriptors()
    with open_streams() as streams:
        descriptors = (streams.to_server, streams.from_server, streams.given_input, streams.given_output)
        assert not any(map(os.get_inheritable, descriptors))
        streams.close_input()
    assert open_descriptors() == before
