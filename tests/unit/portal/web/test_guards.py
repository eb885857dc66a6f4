"""Whose page is asking: a rebound name and a foreign page are told by Host and Origin."""

import pytest

from attest.measure.upstreams.addresses import host_and_port, is_loopback
from attest.portal.web.guards import make_guard

LOCAL = make_guard("127.0.0.1", 8080, scheme="http")


@pytest.mark.parametrize(
    ("hosts", "origins"),
    [
        (["127.0.0.1:8080"], []),
        (["LOCALHOST:8080"], ["http://localhost:8080"]),
        (["[::1]:8080"], ["http://127.0.0.1:8080"]),
    ],
)
def test_this_machine_may_ask(hosts, origins):
    assert LOCAL.complaint(hosts, origins) is None


@pytest.mark.parametrize(
    ("hosts", "origins"),
    [
        (["evil.example:8080"], []),
        (["127.0.0.1:8081"], []),
        (["127.0.0.1"], []),
        ([], []),
        (["127.0.0.1:8080", "127.0.0.1:8080"], []),
        (["127.0.0.1:8080"], ["http://evil.example"]),
        (["127.0.0.1:8080"], ["null"]),
        (["127.0.0.1:8080"], ["https://localhost:8080"]),
        (["127.0.0.1:8080"], ["http://localhost:8080", "http://evil.example"]),
        (["127.0.0.1:8080"], ["http://localhost:8080", "http://localhost:8080"]),
        (["127.0.0.1:8080.evil.example"], []),
    ],
)
def test_a_rebound_name_and_a_foreign_page_may_not(hosts, origins):
    assert LOCAL.complaint(hosts, origins) is not None


def test_a_portal_for_others_is_known_by_its_names_alone():
    guard = make_guard("192.0.2.7", 443, scheme="https", names=["portal.example"])
    assert guard.complaint(["portal.example"], ["https://portal.example"]) is None
    assert guard.complaint(["192.0.2.7:443"], []) is None
    assert guard.complaint(["localhost:443"], []) is not None


def test_loopback_is_told_from_what_only_looks_like_it():
    assert all(map(is_loopback, ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LocalHost"]))
    assert not any(
        map(is_loopback, ["0.0.0.0", "::", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", ""])
    )


def test_a_url_leads_somewhere_or_is_none():
    assert host_and_port("http://127.0.0.1:3000/mcp") == ("127.0.0.1", 3000)
    assert host_and_port("https://portal.example") == ("portal.example", 443)
    assert all(host_and_port(url) is None for url in ["ftp://x", "http://[", "http://x:99999", "/mcp", ""])
