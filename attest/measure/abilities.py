"""The abilities of a machine that matter to us: what each gives, how to get it, and the probe that finds it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from attest.measure import probes
from attest.measure.probes import Found

_KERNEL = "a newer kernel"
_GRANT = "run as root, or give it to the agent: AmbientCapabilities= of its systemd unit"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ability:
    """One row: `gives` is what it is good for, `more` how to get it."""

    group: str
    name: str
    gives: str
    more: str
    probe: Callable[[], Found]


def _row(group: str, name: str, probe: Callable[[], Found], gives: str, more: str) -> Ability:
    return Ability(group=group, name=name, gives=gives, more=more, probe=probe)


ABILITIES: Final = (
    _row(
        "privileges",
        "root",
        probes.root,
        "servers of every user measured, and run as another user",
        "sudo attest run --user NAME",
    ),
    _row("privileges", "CAP_SYS_PTRACE", probes.capability(19), "processes of other users seen", _GRANT),
    _row("privileges", "CAP_DAC_READ_SEARCH", probes.capability(2), "files of other users read", _GRANT),
    _row("privileges", "CAP_LEASE", probes.capability(28), "leases on files of other users", _GRANT),
    _row(
        "privileges",
        "CAP_CHECKPOINT_RESTORE",
        probes.capability(40),
        "mapped files read that are on no disk any more",
        _GRANT,
    ),
    _row("privileges", "CAP_KILL", probes.capability(5), "servers of other users stopped on drift", _GRANT),
    _row(
        "kernel", "pidfd", probes.pidfd, "a process is never taken for another one with its number", f"{_KERNEL}: 5.3"
    ),
    _row("kernel", "openat2", probes.openat2, "paths opened that cannot lead out of a tree", f"{_KERNEL}: 5.6"),
    _row(
        "kernel",
        "Landlock",
        probes.landlock,
        "a started server kept from our key, log and memory",
        f"{_KERNEL}, 6.12 for signals too; or another user for the server",
    ),
    _row(
        "kernel",
        "fanotify",
        probes.fanotify,
        "what is executed among the sealed files brings the next cycle forward, as changes do by inotify",
        "CAP_SYS_ADMIN, as root has it, and a kernel with fanotify: 5.0",
    ),
    _row(
        "kernel",
        "leases",
        probes.leases,
        "files hashed while nobody writes them",
        "files that belong to us, or CAP_LEASE",
    ),
    _row(
        "kernel",
        "map_files",
        probes.map_files,
        "mapped files looked at themselves, not their paths",
        "CAP_CHECKPOINT_RESTORE",
    ),
    _row(
        "kernel",
        "fine ctime",
        probes.fine_ctime,
        "two changes never carry the same time",
        f"{_KERNEL}: 6.13, on ext4, xfs, btrfs or tmpfs",
    ),
    _row(
        "kernel",
        "user namespaces",
        probes.user_namespaces,
        "servers that bring a sandbox of their own, such as browsers",
        "the sysctl user.max_user_namespaces, and that of the distribution",
    ),
    _row(
        "kernel",
        "cgroup.kill",
        probes.cgroup_kill,
        "a server ended with everything that it started, at once",
        "cgroup version 2 and Linux 5.14; Delegate=yes in the systemd unit",
    ),
    _row(
        "kernel",
        "fs-verity",
        probes.verity,
        "files that the kernel itself keeps from changing",
        "a kernel and a file system with verity",
    ),
    _row(
        "extras",
        "jsonschema_rs",
        probes.module("jsonschema_rs"),
        "tool rules: calls judged by the portal and attest verify",
        "pip install 'mcp-attest[portal]'",
    ),
    _row(
        "extras",
        "aiohappyeyeballs",
        probes.module("aiohappyeyeballs"),
        "the portal of servers on HTTP",
        "pip install 'mcp-attest[portal]'",
    ),
    _row(
        "extras",
        "cel",
        probes.module("cel"),
        "tool rules with conditions",
        "pip install 'mcp-attest[cel]'",
    ),
    _row(
        "extras",
        "zstandard",
        probes.module("zstandard"),
        "evidence files ending in .zst",
        "pip install 'mcp-attest[zstd]'",
    ),
    _row(
        "extras",
        "ML-DSA",
        probes.post_quantum,
        "post-quantum keys, made, used and verified with",
        "pip install --upgrade 'cryptography>=48'",
    ),
    _row("tools", "node", probes.tool("node"), "servers from npm", "install Node.js"),
    _row("tools", "npm", probes.tool("npm"), "attest demo --server filesystem, and their archives", "install Node.js"),
    _row("tools", "bwrap", probes.tool("bwrap"), "phantoms that are second instances", "install bubblewrap"),
    _row("tools", "uv", probes.tool("uv"), "servers that uvx starts", "install uv"),
)
"""In the order in which they are told."""
