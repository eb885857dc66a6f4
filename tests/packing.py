"""Files packed as a look packs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from attest.measure.gathering import Gathering, packable
from attest.statement.observation import Key, Observed
from attest.statement.packed_files import FolderKey, PackedFiles


def pack_files(seen: Iterable[Observed]) -> PackedFiles:
    """Pack what can be packed; files that were given no identity get one."""
    single: dict[Key, Observed] = {}
    gathered: dict[FolderKey, Gathering] = {}
    for each in sorted(seen, key=lambda item: item.path):
        file = packable(msgspec.structs.replace(each, device=each.device or 1, inode=each.inode or 1))
        folder, _, name = each.path.rpartition("/")
        if file is None:
            single[each.key] = each
        else:
            gathered.setdefault((each.root, folder), Gathering()).add(name, *file)
    return PackedFiles({key: gathering.packed() for key, gathering in gathered.items()}, single)


def unpacked(files: Mapping[Key, Observed]) -> dict[Key, Observed]:
    """Return the same files, each by itself."""
    return dict(files.items())
