"""A command that starts the portal is known as one, and nothing else is."""

from __future__ import annotations

import pytest

from attest.clients.portal_command import PortalCommand, read_portal

OURS = ("/opt/attest/bin/attest",)


PYTHON = "/opt/bin/python"


@pytest.mark.parametrize(
    "ours",
    [OURS, ("attest",), ("C:\\x\\mcp-attest",), (PYTHON, "-m", "attest"), (PYTHON, "-P", "-m", "attest")],
)
def test_the_portal_is_known_by_whatever_starts_it(ours):
    command = (*ours, "portal", "one", "--log", "x", "--", "uvx", "server", "--", "more")
    assert read_portal(command) == PortalCommand(ours=ours, reference="one", inner=("uvx", "server", "--", "more"))


def test_a_portal_without_a_command_starts_what_is_sealed():
    assert read_portal((*OURS, "portal", "one")) == PortalCommand(ours=OURS, reference="one", inner=())


@pytest.mark.parametrize(
    "command",
    [(), OURS, (*OURS, "portal"), (*OURS, "run", "one"), ("uvx", "attest", "portal", "one"), ("portal", "one"),
     ("/opt/not-attest", "portal", "one"), ("python", "-m", "attested", "portal", "one")],
)  # fmt: skip
def test_anything_else_is_no_portal(command):
    assert read_portal(command) is None
