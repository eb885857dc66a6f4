"""npm-command: a command of a package whose first line ended as on Windows, and was mended (npm `bin-links`)."""

from __future__ import annotations

import re
from typing import Final

from attest.measure.derivations.rule import Outcome, Rule, underived, written
from attest.measure.facts import Facts
from attest.statement.manifest import FileKind
from attest.statement.observation import Derivation

_PATH: Final = re.compile(r".*/(?:[^/]*\.(?:js|cjs|mjs|sh)|bin/[^/.]+)")
_PACKAGE: Final = "/package.json"


def claims(path: str) -> bool:
    """Return whether the file is called like a script of node or a shell; which ones it is about is promised."""
    return _PATH.fullmatch(path) is not None


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Compare with the sealed `content`, which the collector made of the member beside its sealed package.json."""
    key = (root, path)
    content = facts.promise(key, "content")
    owners = [owner for owner in facts.promised_files(key) if f"/{owner[1]}".endswith(_PACKAGE) and facts.sealed(owner)]
    if content is None or not owners:
        return None
    seen = facts.observed(key)
    if seen is None or seen.type_ is not FileKind.FILE or seen.sha256 != content:
        return underived("not its package's command with a mended first line")
    return Derivation(rule=RULE.name, inputs=(written(owners[0]), f"content={content}"))


RULE: Final = Rule(name="npm-command", required=True, claims=claims, derive=derive)
