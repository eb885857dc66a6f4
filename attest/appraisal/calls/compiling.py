"""From sealed rules to a rulebook: everything is compiled, and whatever cannot be is refused, before any decision."""

from __future__ import annotations

from collections.abc import Mapping

from attest.appraisal.calls.paths import Resolve
from attest.appraisal.calls.rulebook import Rulebook
from attest.appraisal.calls.tool import CompiledTool
from attest.statement.tools.rules import ToolRules


def compile_rules(
    rules: ToolRules, places: Mapping[str, str], resolve: Resolve, *, working_directory: str | None = None
) -> Rulebook:
    """Compile the rules of a reference, once.

    `places` maps root names to absolute paths, as for the sealed command; `resolve` follows links where the server
    runs (`os.path.realpath`), or only takes `..` out of a path, for who judges offline; `working_directory` is the
    server's, absolute: without it, relative paths in arguments are refused.

    Raises `MalformedError` for a rule that says less than it seems to (an open object, an unknown keyword, a pattern
    that has no linear matcher, an unknown place), `UnavailableError` where the engine of a rule is not installed.
    """
    tools = {rule.name: CompiledTool(rule, places, resolve, working_directory) for rule in rules.tools}
    return Rulebook(rules, tools)
