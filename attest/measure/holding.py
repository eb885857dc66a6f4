"""One member of an archive held against what lies at its place."""

from __future__ import annotations

from attest.measure.binding import BoundFile, LinkMember, Member, Mismatch
from attest.statement.manifest import FileKind
from attest.statement.observation import Key, Observed


def hold_file(member: Member, key: Key, seen: Observed) -> BoundFile | Mismatch:
    """Return the installed file if it has the content and the executable bit of the member."""
    expected = f"sha256:{member.sha256} {_mode(member.executable)}"
    found = described(seen)
    if found != expected:
        return Mismatch(key=key, expected=expected, found=found)
    return BoundFile(sha256=member.sha256, size=member.size, executable=member.executable, member=member.path)


def hold_link(member: LinkMember, key: Key, seen: Observed) -> str | Mismatch:
    """Return the target if there is a link with that of the member; nothing is followed."""
    if seen.type_ is FileKind.LINK and seen.target == member.target:
        return member.target
    return Mismatch(key=key, expected=f"a link to {member.target}", found=described(seen))


def described(seen: Observed) -> str:
    """Say what was seen, as mismatches do."""
    if seen.type_ is FileKind.LINK:
        return f"a link to {seen.target}"
    if seen.type_ is not FileKind.FILE or seen.sha256 is None:
        return "no readable file"
    return f"sha256:{seen.sha256} {_mode(seen.executable)}"


def _mode(executable: bool | None) -> str:  # noqa: FBT001  (a value from a record)
    return "executable" if executable else "plain"
