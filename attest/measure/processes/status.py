"""`/proc/PID/status` (proc_pid_status(5)): as whom a process runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from attest.errors import MalformedError

_OVERRIDES: Final = 1 << 1 | 1 << 3
"""CAP_DAC_OVERRIDE and CAP_FOWNER (capabilities(7)): either lets a process write what others own."""
_IDS: Final = 4
_HEX: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessUser:
    """Users and groups of a process."""

    real_uid: int
    uid: int
    """The effective one."""
    uids: frozenset[int]
    """Real, effective, saved and that for files: it can become each."""
    groups: frozenset[int]
    powerful: bool
    """It is root, or has a capability by which owners and modes do not bind it."""


def parse_status(octets: bytes) -> ProcessUser:
    """Return as whom the process runs. Raises `MalformedError`."""
    fields: dict[bytes, bytes] = {}
    for line in octets.split(b"\n"):
        name, _, value = line.partition(b":")
        # The command comes first and is the process's own choice; the kernel escapes line ends in it.
        fields.setdefault(name, value)
    uids = _numbers(fields, b"Uid")
    gids = _numbers(fields, b"Gid")
    if len(uids) != _IDS or len(gids) != _IDS:
        raise MalformedError("status", "four user and four group ids", f"{len(uids)} and {len(gids)}")
    effective = _numbers(fields, b"CapEff", _HEX)
    return ProcessUser(
        real_uid=uids[0],
        uid=uids[1],
        uids=frozenset(uids),
        groups=frozenset((*gids, *_numbers(fields, b"Groups"))),
        powerful=0 in uids or any(each & _OVERRIDES for each in effective),
    )


def _numbers(fields: dict[bytes, bytes], name: bytes, base: int = 10) -> tuple[int, ...]:
    if name not in fields:
        raise MalformedError("status", f"a line {name.decode()}", "none")
    try:
        numbers = tuple(int(part, base) for part in fields[name].split())
    except ValueError as error:
        raise MalformedError("status", f"numbers after {name.decode()}", ascii(fields[name][:200])) from error
    if any(number < 0 for number in numbers):
        raise MalformedError("status", f"numbers after {name.decode()}", "a negative one")
    return numbers
