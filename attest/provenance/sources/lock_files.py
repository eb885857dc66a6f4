"""Lock files: nobody signs them, so what they name is `locked`, or `listed` where provenance names the file itself."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from attest.provenance.model import Component
from attest.provenance.unsigned import unsigned_source

_HEAD_BYTES: Final = 4096
"""Where a lock file says what it is, behind comments at most."""

_UV: Final = rb"(?m)^version = \d+\s*$(?s:.*)^\[\[package\]\]|^version = \d+\nrevision = \d+$"
_PYLOCK: Final = rb"(?m)^lock-version *= *[\"']"
_PNPM: Final = rb"(?m)^lockfileVersion: "
_HASHED: Final = rb"(?m)^(?![^\S\n]*#)[^\n]*--hash[= ]sha(?:256|384|512):"


class _Claim(msgspec.Struct, frozen=True, rename="camel"):
    lockfile_version: int


def _is_npm(octets: bytes) -> bool:
    try:
        return msgspec.json.decode(octets, type=_Claim).lockfile_version >= 0
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def _is_uv(octets: bytes) -> bool:
    return re.search(_UV, octets[:_HEAD_BYTES]) is not None


def _is_pylock(octets: bytes) -> bool:
    return re.search(_PYLOCK, octets[:_HEAD_BYTES]) is not None


def _is_pnpm(octets: bytes) -> bool:
    return re.search(_PNPM, octets[:_HEAD_BYTES]) is not None


def _is_requirements(octets: bytes) -> bool:
    is_other = octets.lstrip()[:1] in {b"{", b"["} or _is_uv(octets) or _is_pylock(octets) or _is_pnpm(octets)
    return not is_other and re.search(_HASHED, octets) is not None


def _read_npm(octets: bytes, where: str) -> tuple[Component, ...]:
    from attest.provenance.components.npm_lock import read_npm_lock

    return read_npm_lock(octets, where)


def _read_pnpm(octets: bytes, where: str) -> tuple[Component, ...]:
    from attest.provenance.components.pnpm_lock import read_pnpm_lock

    return read_pnpm_lock(octets, where)


def _read_requirements(octets: bytes, where: str) -> tuple[Component, ...]:
    from attest.provenance.components.requirements import read_requirements

    return read_requirements(octets, where)


def _read_uv(octets: bytes, where: str) -> tuple[Component, ...]:
    from attest.provenance.components.uv_lock import read_uv_lock

    return read_uv_lock(octets, where)


def _read_pylock(octets: bytes, where: str) -> tuple[Component, ...]:
    from attest.provenance.components.pylock import read_pylock

    return read_pylock(octets, where)


NPM_LOCK: Final = unsigned_source("npm-lock", _is_npm, _read_npm)
PNPM_LOCK: Final = unsigned_source("pnpm-lock", _is_pnpm, _read_pnpm)
REQUIREMENTS: Final = unsigned_source("pip-requirements", _is_requirements, _read_requirements)
UV_LOCK: Final = unsigned_source("uv-lock", _is_uv, _read_uv)
PYLOCK: Final = unsigned_source("pylock", _is_pylock, _read_pylock)
