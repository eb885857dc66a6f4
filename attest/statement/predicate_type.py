"""The base of all predicate types of this project, in one constant."""

from __future__ import annotations

from typing import Final

PREDICATE_BASE: Final = "https://mcp-attest.github.io/predicates"
