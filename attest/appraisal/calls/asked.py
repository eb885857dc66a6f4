"""One governed request, as the strict reader saw it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from attest.statement.tools.principals import Principal


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request that rules are about: a `tools/call`, a `resources/read`, a `prompts/get`, ...

    The reader has refused duplicate keys, invalid UTF-8, NaN and too deep a nesting before.
    """

    method: str
    name: str | None = None
    """The tool or prompt; of `completion/complete` the name that its `ref` (`ref/prompt`) has."""
    uri: str | None = None
    """The resource; of `completion/complete` the URI (or template) that its `ref` (`ref/resource`) has."""
    arguments: Mapping[str, Any] | None = None
    size: int
    """Bytes of `params`, as they were on the wire."""
    principal: Principal | None = None
    """Who asks, as far as it was authenticated. None: nobody that the reference names."""
    round: int = 0
    """How many requests for input of the same call were answered before (2026-07-28)."""
