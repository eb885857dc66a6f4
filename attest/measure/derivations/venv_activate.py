"""venv-activate: the files that `python -m venv` and `uv venv` bring along, with this prefix in them."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Final

from attest.codec.octets import sha256_hex
from attest.measure.derivations.known_files import ACTIVATION, SITE_FILES
from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived
from attest.measure.derivations.virtual_environment import configuration_of, made_first_at, read_configuration
from attest.measure.facts import Facts
from attest.statement.observation import Derivation

_PATH: Final = re.compile(
    r"(?P<folder>(?:.*/)?)(?:bin/(?P<script>[^/]+)"
    r"|lib/(?:python|pypy)[0-9.]+t?/site-packages/(?P<site>[^/]+))"
)
_MAX_BYTES: Final = 256 * 1024
_PREFIX: Final = "{PREFIX}"
_NAME: Final = "{NAME}"
_PROMPT: Final = re.compile(r"[\w .,:@+=/()\[\]-]+")
_PYTHON: Final = re.compile(r"(?<=/lib/)python3\.[0-9]+t?(?=/site-packages)")


def claims(path: str) -> bool:
    """Return whether the file is called like one."""
    match = _PATH.fullmatch(path)
    if match is None:
        return False
    return match["script"] in ACTIVATION or match["site"] in SITE_FILES


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept what the standard library of the same version makes, or known text for this prefix."""
    match = _PATH.fullmatch(path)
    configuration = configuration_of(facts, root, match["folder"]) if match else None
    if match is None or configuration is None:
        return None
    if not is_plain(facts, (root, path)):
        return underived("not a plain file")
    found = facts.read((root, path), _MAX_BYTES)
    name = match["script"] or match["site"]
    known = ACTIVATION[name] if match["script"] else SITE_FILES[name]
    folder = match["folder"].rstrip("/")
    values = read_configuration(facts, configuration) or {}
    for place in facts.spellings(root):
        prefix = os.path.join(place, folder) if folder else place
        if any(normal_digest(found, each) in known for each in _prefixes(values, prefix, found)):
            return Derivation(rule=RULE.name, inputs=())
        if match["script"] and _made(values, prefix, name) == sha256_hex(found):
            return Derivation(rule=RULE.name, inputs=())
    return underived("not what venv or uv writes for this prefix")


def _prefixes(values: Mapping[str, str], prefix: str, found: bytes) -> Iterator[str]:
    """Yield the prefix; for a movable environment in the cache of uv before 0.10 also where uv had made it first."""
    yield prefix
    first = made_first_at(prefix, found) if values.get("relocatable") == "true" else None
    if first is not None:
        yield first


def normal_digest(octets: bytes, prefix: str) -> str | None:
    """Return the SHA-256 of the text with prefix, its name and the Python version left open.

    None for what is no text, or holds a placeholder already.
    """
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if _PREFIX in text or _NAME in text:
        return None
    name = os.path.basename(prefix)
    text = text.replace(prefix, _PREFIX)
    for before, after in (("(", ") "), ('"', '"')):
        text = text.replace(f"{before}{name}{after}", f"{before}{_NAME}{after}")
    return sha256_hex(_PYTHON.sub("pythonX.Y", text).encode())


def _made(values: Mapping[str, str], prefix: str, name: str) -> str | None:
    """Return the digest of the script that our own standard library makes for `prefix`."""
    if values.get("version") != platform.python_version():
        return None
    return _scripts(prefix, _prompt(values)).get(name)


def _prompt(values: Mapping[str, str]) -> str | None:
    """Return the prompt if it is quoted and harmless: some versions write it into scripts as it is."""
    written = values.get("prompt", "")
    inner = written[1:-1]
    return inner if written[:1] in {"'", '"'} and _PROMPT.fullmatch(inner) else None


@lru_cache(maxsize=64)
def _scripts(prefix: str, prompt: str | None) -> Mapping[str, str]:
    import tempfile
    import venv

    templates = os.path.join(os.path.dirname(os.path.abspath(venv.__file__)), "scripts")
    with tempfile.TemporaryDirectory() as folder:
        environment = SimpleNamespace(
            env_dir=prefix,
            env_name=os.path.basename(prefix),
            bin_name="bin",
            bin_path=folder,
            env_exe=f"{prefix}/bin/python",
        )
        builder = venv.EnvBuilder(prompt=prompt)
        shown = prompt or environment.env_name
        # Until 3.12 the parentheses came from here, since 3.13 from the templates.
        environment.prompt = shown if sys.version_info >= (3, 13) else f"({shown}) "
        builder.install_scripts(environment, templates)
        return {file.name: sha256_hex(file.read_bytes()) for file in Path(folder).iterdir()}


RULE: Final = Rule(name="venv-activate", required=False, claims=claims, derive=derive)
