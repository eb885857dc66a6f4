"""Tool rules compiled before they are sealed: what the portal would refuse to load is not to be signed."""

from __future__ import annotations

import os
from collections.abc import Mapping

from attest.appraisal.calls.compiling import compile_rules
from attest.statement.tools.rules import ToolRules


def check_rules(rules: ToolRules, places: Mapping[str, str]) -> None:
    """Compile the rules as the portal does; `places` maps the names of roots to where they lie.

    Raises `MalformedError` for a schema, a condition or a directory that nobody can judge by, `UnavailableError`
    without the extra that judges it: `portal` for schemas, `cel` for conditions.
    """
    compile_rules(rules, places, os.path.realpath)
