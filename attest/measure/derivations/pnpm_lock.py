"""pnpm-lock: `pnpm-lock.yaml` and `node_modules/.pnpm/lock.yaml` name no archive but those at hand."""

from __future__ import annotations

import binascii
import hashlib
import posixpath
import re
from typing import Final

from attest.codec.octets import from_base64
from attest.errors import MalformedError
from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived
from attest.measure.facts import Facts
from attest.statement.observation import Derivation

_VISIBLE: Final = "pnpm-lock.yaml"
_INSIDE: Final = ".pnpm/lock.yaml"
_MAX_BYTES: Final = 16 * 1024 * 1024
_BEGINNING: Final = re.compile(rb"lockfileVersion: '(?:6|9)\.[0-9]'\n")
_NAMED: Final = re.compile(rb"resolution: \{(?P<told>[^}\n]*)\}")
_INTEGRITY: Final = re.compile(rb"integrity: sha512-(?P<digest>[A-Za-z0-9+/=]{88})")


def claims(path: str) -> bool:
    """Return whether the file is called like one."""
    return posixpath.basename(path) == _VISIBLE or f"/{path}".endswith(f"/{_INSIDE}")


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept a lock file whose every package is a bound archive, by SHA-512.

    It is no YAML to us but text: whatever else it says is not judged, and runs nothing.
    """
    octets = facts.read((root, path), _MAX_BYTES)
    if not is_plain(facts, (root, path)) or _BEGINNING.match(octets) is None:
        return underived("not a lock file of version 6 or 9")
    named = [found["told"] for found in _NAMED.finditer(octets)]
    digests = [_digest(told) for told in named]
    if octets.count(b"resolution:") != len(named) or not all(digest in facts.integrities for digest in digests):
        return underived("a package of no archive at hand")
    rows = "".join(f"{digest}\n" for digest in sorted(map(str, digests)))
    archives = hashlib.sha256(rows.encode()).hexdigest()
    folder = posixpath.dirname(path)
    below = posixpath.join(folder, "node_modules") if path.endswith(_VISIBLE) else posixpath.dirname(folder)
    folders = f"{root}/{below}/" if below else f"{root}/"
    return Derivation(rule=RULE.name, inputs=(folders, f"archives=sha256:{archives}"))


def _digest(told: bytes) -> str | None:
    match = _INTEGRITY.fullmatch(told)
    if match is None:
        return None
    try:
        return binascii.hexlify(from_base64(match["digest"].decode(), where="integrity")).decode()
    except MalformedError:
        return None


RULE: Final = Rule(name="pnpm-lock", required=False, claims=claims, derive=derive)
