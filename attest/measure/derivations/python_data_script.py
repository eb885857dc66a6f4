"""python-data-script: a script of a wheel with its `#!python` line replaced, or made a program."""

from __future__ import annotations

from typing import Final

from attest.codec.octets import sha256_hex
from attest.measure.derivations import python_script
from attest.measure.derivations.rule import Outcome, Rule, underived, written
from attest.measure.derivations.shebang import after_shebang
from attest.measure.facts import Facts
from attest.statement.manifest import FileKind
from attest.statement.observation import Derivation


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Compare the rest of the script with the sealed `body`, or all of it with `content`.

    Both are promises of the wheel's collector, beside its sealed METADATA; without them the file is none of ours.
    """
    key = (root, path)
    body, content = facts.promise(key, "body"), facts.promise(key, "content")
    seen = facts.observed(key)
    owners = tuple(owner for owner in facts.promised_files(key) if facts.sealed(owner))
    if not owners or (body is None and content is None):
        return None
    if seen is None or seen.type_ is not FileKind.FILE:
        return underived("not a file")
    if content is not None:
        if seen.sha256 != content:
            return underived("other content than in its wheel")
        return Derivation(rule=RULE.name, inputs=(written(owners[0]), f"content={content}"))
    rest = after_shebang(facts, root, path, facts.read(key))
    if rest is None or sha256_hex(rest) != body:
        return underived("not its wheel's script with an interpreter of this prefix")
    return Derivation(rule=RULE.name, inputs=(written(owners[0]), f"body={body}"))


RULE: Final = Rule(name="python-data-script", required=True, claims=python_script.claims, derive=derive)
