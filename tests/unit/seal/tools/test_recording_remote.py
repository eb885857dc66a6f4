"""A server elsewhere is recorded as one that was started is, and its key with it."""

from __future__ import annotations

import hashlib
import tomllib

import pytest

from attest.errors import RefusedError, UnavailableError, UntrustedError
from attest.measure.upstreams.asking import Era
from attest.measure.upstreams.tls_files import TlsFiles
from attest.seal.tools.learning import learn
from attest.seal.tools.reading import read_tools
from attest.seal.tools.recording.remote import RemoteRequest, record_remote
from attest.seal.tools.session import write_line
from attest.seal.tools.starter import starter
from tests.commands import attest, passed
from tests.identities import Identity
from tests.portal_world import TOOLS
from tests.remote_server import LEGACY, remote_server
from tests.waiting import PATIENCE_SECONDS


def recorded(url, *, authorities=None, timeout=PATIENCE_SECONDS):
    files = TlsFiles(authorities=authorities)
    return record_remote(RemoteRequest(url=url, files=files, capabilities={}, timeout=timeout))


def learned(recording):
    return learn(b"".join(map(write_line, recording.lines)), where="session")


def test_what_is_learned_names_the_address_and_the_key(tmp_path):
    ours = Identity(tmp_path, "ours")
    with remote_server(identity=ours) as there:
        recording = recorded(there.url, authorities=ours.certificate)
        assert recording.eras == tuple(Era)
        found = learned(recording)
        assert [each.name for each in found.definitions] == sorted(TOOLS)
        text = starter(found, name="tools.toml", definitions_file="tools.definitions.json")
        assert tomllib.loads(text)["upstream"] == {"url": there.url, "spki": [ours.spki]}


def test_in_the_clear_there_is_no_key_to_name():
    with remote_server(eras=frozenset({LEGACY})) as there:
        recording = recorded(there.url)
        assert recording.eras == (Era.LEGACY,)
        text = starter(learned(recording), name="tools.toml", definitions_file="tools.definitions.json")
        assert tomllib.loads(text)["upstream"] == {"url": there.url}


def test_nothing_is_learned_of_whom_nobody_vouches_for(tmp_path):
    ours, other = Identity(tmp_path, "ours"), Identity(tmp_path, "other")
    with remote_server(identity=ours) as there:
        for authorities in (None, other.certificate):
            with pytest.raises(UntrustedError):
                recorded(there.url, authorities=authorities)
        assert not there.got
    with pytest.raises(RefusedError):
        recorded("http://far.example/mcp")
    with remote_server(eras=frozenset()) as there, pytest.raises(UnavailableError, match="initialize"):
        recorded(there.url)


def test_what_else_it_says_is_pinned_as_far_as_it_says_it_in_every_revision(tmp_path):
    with remote_server() as there:
        answer = there.answer

        def say(message):
            told = answer(message)
            if message["method"] in {"initialize", "server/discover"}:
                told["result"]["capabilities"] = {"tools": {}, "prompts": {}}
                told["result"]["instructions"] = "Be brief."
            if message["method"] == "prompts/list":
                return {"result": {"prompts": [{"name": "greet", "modern": "_meta" in message.get("params", {})}]}}
            return told

        there.answer = say  # type: ignore[method-assign]
        for words, pinned in (((), ["instructions", "templates"]), (("--revision", "2025-11-25"), None)):
            folder = tmp_path / str(len(words))
            folder.mkdir()
            passed(attest(folder, "tools", "record", "--upstream", there.url, "-o", "session.jsonl", *words))
            passed(attest(folder, "tools", "learn", "session.jsonl", "-o", "tools.toml"))
            pin = tomllib.loads((folder / "tools.toml").read_text())["described"]["pin"]
            assert pin == (pinned or ["instructions", "prompts", "templates"])
            described = read_tools(folder / "tools.toml").described
            assert described is not None
            assert described.instructions == hashlib.sha256(b"Be brief.").hexdigest()
            assert described.templates == ()
            assert described.resources is None


def test_the_command_takes_one_of_both(tmp_path):
    with remote_server() as there:
        passed(attest(tmp_path, "tools", "record", "--upstream", there.url, "-o", "session.jsonl"))
        passed(attest(tmp_path, "tools", "learn", "session.jsonl", "-o", "tools.toml"))
        assert there.url in (tmp_path / "tools.toml").read_text()
        passed(
            attest(
                tmp_path, *["tools", "record", "--upstream", there.url, "-o", "one.jsonl", "--revision", "2026-07-28"]
            )
        )
        assert b"initialize" not in (tmp_path / "one.jsonl").read_bytes()
        for words in (
            ["--upstream", there.url, "--", "server"],
            ["--upstream", there.url, "--network"],
            ["--upstream", there.url, "--env", "A=b"],
            ["--upstream-ca", "ca.pem", "--", "server"],
            [],
        ):
            assert attest(tmp_path, "tools", "record", "-o", "session.jsonl", *words).returncode == 2
