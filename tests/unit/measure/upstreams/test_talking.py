"""A server elsewhere is asked what it offers; who shows to be another one gets no byte."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from attest.errors import MalformedError, RefusedError, UnavailableError, UntrustedError
from attest.measure.upstreams.asking import Conversation, Era
from attest.measure.upstreams.posting import Poster
from attest.measure.upstreams.talking import talk
from attest.measure.upstreams.tls_files import TlsFiles
from attest.statement.tools.rules import Upstream
from tests.identities import SPIFFE, Identity
from tests.portal_world import TOOLS
from tests.remote_server import MODERN, remote_server

eras = pytest.mark.parametrize("era", Era)


def tools_of(upstream, era=Era.LEGACY, *, authorities=None, seconds=10.0):
    poster = Poster(upstream, files=TlsFiles(authorities=authorities), seconds=seconds)
    conversation = Conversation(era, {})
    talk(poster, conversation)
    return poster, conversation.found["tools/list"]


@eras
@pytest.mark.parametrize("streams", [False, True])
def test_all_pages_are_read_in_each_era(era, streams):
    with remote_server(page=3, streams=streams) as there:
        _, found = tools_of(Upstream(url=there.url), era)
        assert found == list(TOOLS.values())
        asked = [method for method in there.methods() if method == "tools/list"]
        assert len(asked) == 3
        if streams:
            # What the server asked in its stream was answered before it had said everything.
            assert any(message.get("result") == {} for _, _, message in there.got)


def test_a_session_is_kept_to_and_ended():
    with remote_server() as there:
        tools_of(Upstream(url=there.url))
        assert there.methods()[:3] == ["initialize", "notifications/initialized", "tools/list"]
        assert "Mcp-Session-Id" not in there.got[0][1]
        for _, fields, _ in there.got[1:]:
            assert fields["Mcp-Session-Id"] == "s-1"
            assert fields["MCP-Protocol-Version"] == "2025-11-25"
        assert [method for method, _, _ in there.got][-1] == "DELETE"


def test_fields_repeat_what_a_request_of_2026_07_28_says():
    with remote_server() as there:
        tools_of(Upstream(url=there.url), Era.MODERN)
        for _, fields, message in there.got:
            assert fields["MCP-Protocol-Version"] == "2026-07-28"
            assert fields["Mcp-Method"] == message["method"]


def test_a_server_that_does_not_speak_an_era_says_so():
    with remote_server(eras=frozenset({MODERN})) as there, pytest.raises(UnavailableError, match="initialize"):
        tools_of(Upstream(url=there.url))


def test_the_sealed_key_is_asked_and_another_gets_no_byte(tmp_path):
    ours, other = Identity(tmp_path, "ours"), Identity(tmp_path, "other")
    with remote_server(identity=ours) as there:
        poster, found = tools_of(Upstream(url=there.url, spki=(ours.spki,)))
        assert found == list(TOOLS.values())
        assert poster.shown is not None
        assert poster.shown.spki == ours.spki
        there.got.clear()
        there.identity = other
        for wrong in (
            Upstream(url=there.url, spki=(ours.spki,)),
            Upstream(url=there.url, spki=(other.spki,), spiffe_id="spiffe://example.org/other"),
            Upstream(url=there.url),
        ):
            with pytest.raises(UntrustedError):
                tools_of(wrong)
        assert not there.got


def test_a_key_that_changes_between_two_requests_ends_it(tmp_path):
    ours, other = Identity(tmp_path, "ours"), Identity(tmp_path, "other")
    with remote_server(identity=ours) as there:
        answer = there.answer

        def change(message):
            there.identity = other
            return answer(message)

        there.answer = change  # type: ignore[method-assign]
        with pytest.raises(UntrustedError, match="another public key"):
            tools_of(Upstream(url=there.url, spki=(ours.spki,)))
        assert there.methods() == ["initialize"]


def test_a_spiffe_id_counts_under_its_own_authorities_alone(tmp_path):
    ours, other = Identity(tmp_path, "ours"), Identity(tmp_path, "other")
    with remote_server(identity=ours) as there:
        upstream = Upstream(url=there.url, spiffe_id=SPIFFE)
        assert tools_of(upstream, authorities=ours.certificate)[1] == list(TOOLS.values())
        with pytest.raises(UntrustedError):
            tools_of(upstream, authorities=other.certificate)
        with pytest.raises(RefusedError):
            tools_of(upstream)


def test_a_name_that_leads_to_another_machine_now_gets_no_byte(monkeypatch):
    asked = []

    def rebound(host, port, *_, **__):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    with pytest.raises(UntrustedError, match="this machine"):
        tools_of(Upstream(url="http://localhost:9/mcp"))
    assert asked == ["localhost"]
    with pytest.raises(RefusedError):
        tools_of(Upstream(url="http://far.example/mcp"))


def test_a_redirect_is_not_followed():
    with remote_server() as there, remote_server() as elsewhere:
        there.instead = lambda handler: handler.tell(307, b"", Location=elsewhere.url)
        with pytest.raises(UnavailableError, match="status 307"):
            tools_of(Upstream(url=there.url))
        assert not elsewhere.connected


def test_a_server_that_says_a_byte_now_and_then_is_not_heard_for_ever():
    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(1000):
                handler.wfile.write(b" ")
                time.sleep(0.05)

    with remote_server(instead=drip) as there, pytest.raises(UnavailableError, match="none in time"):
        tools_of(Upstream(url=there.url), seconds=0.5)


@pytest.mark.parametrize("body", [b"[]", b'{"id":1,"id":2}', b"\xff", b"<html>"])
def test_what_is_no_message_is_no_answer(body):
    with remote_server() as there:
        there.instead = lambda handler: handler.tell(200, body)
        with pytest.raises(MalformedError):
            tools_of(Upstream(url=there.url))


def test_nobody_listens():
    with remote_server() as there:
        url = there.url
    with pytest.raises(UnavailableError):
        tools_of(Upstream(url=url))
