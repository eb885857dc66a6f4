"""What passes directly passes through the portal: the official suite, the inspector, the `mcp` client."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from mcp.client import Client

from tests.protocol.world import REQUIREMENTS, Sealed, Suite, install_suite, portal_before, run, seal_server, serving
from tests.protocol.world import verdict as verdict_of

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.conformance,
    pytest.mark.skipif(shutil.which("npm") is None, reason="no npm at hand"),
]


@pytest.fixture(scope="module")
def suite(tmp_path_factory) -> Suite:
    return install_suite(tmp_path_factory.mktemp("suite"))


@pytest.fixture(scope="module")
def sealed(tmp_path_factory) -> Sealed:
    return seal_server(tmp_path_factory.mktemp("server"))


@pytest.mark.parametrize("requirements", REQUIREMENTS)
def test_the_same_scenarios_pass_through_the_portal_as_directly(suite, sealed, tmp_path: Path, requirements) -> None:
    with serving(sealed) as url:
        direct = suite.server_leg(url, requirements, tmp_path / "direct")
    assert all(direct.values()), "the fixture passes what is scored"
    log = f"log-{requirements}"
    with portal_before(sealed, log) as url:
        through = suite.server_leg(url, requirements, tmp_path / "through")
    assert through == direct
    found = verdict_of(sealed, log)
    assert found["verdict"] == "PASSED"
    assert found["counts"]["permits"] > 20
    assert found["counts"]["denials"] > 0


def test_the_inspector_lists_and_calls_over_http(suite, sealed) -> None:
    with portal_before(sealed, "log-inspector") as url:
        asking = [*suite.program("mcp-inspector"), "--cli", url, "--transport", "http"]
        tools = json.loads(run([*asking, "--method", "tools/list"]))
        called = json.loads(run([*asking, "--method", "tools/call", "--tool-name", "test_simple_text"]))
    assert {tool["name"] for tool in tools["tools"]} >= {"test_simple_text", "test_headers"}
    assert called["content"][0]["text"].startswith("This is a simple text")
    assert verdict_of(sealed, "log-inspector")["counts"]["permits"] == 1


def test_the_client_of_the_mcp_package_works_over_http(sealed) -> None:
    async def story(url: str) -> str:
        async with Client(url) as client:
            assert "test_simple_text" in {tool.name for tool in (await client.list_tools()).tools}
            answer = await client.call_tool("test_simple_text", {})
            return str(getattr(answer.content[0], "text", ""))

    with portal_before(sealed, "log-client") as url:
        assert asyncio.run(story(url)).startswith("This is a simple text")
    assert verdict_of(sealed, "log-client")["verdict"] == "PASSED"
