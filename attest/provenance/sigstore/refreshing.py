"""Fetch the public-good instance's newest root and npm's keys: the one place here that uses the network.

The `sigstore` package brings the first TUF root, and python-tuf does the updating (The Update Framework, 5.3). Its own
cache is not used: nothing that lies in a home directory is believed, and none has to be writable.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from attest.codec import instant, strict
from attest.errors import UnavailableError, UntrustedError
from attest.provenance.sigstore.publisher_keys import parse_npm_keys
from attest.provenance.sigstore.trusted_root import parse_trusted_root
from attest.trust.document import SigstoreRoot

ROOT_TARGET: Final = "trusted_root.json"
KEYS_TARGET: Final = "keys.json"
"""Of publishers, each in a folder that is named as the role that answers for it."""

_WHERE: Final = "Sigstore's TUF repository"


class Updater(Protocol):
    """What is used of `tuf.ngclient.Updater`."""

    def refresh(self) -> None:
        """Fetch and verify the top-level metadata."""

    def get_targetinfo(self, target_path: str) -> Any:  # noqa: ANN401  (tuf's)
        """Return what the metadata says about a target; None if there is none of that name."""

    def download_target(self, targetinfo: Any) -> str:  # noqa: ANN401  (tuf's)
        """Fetch and verify a target; return where it lies."""


def fetch_production(known: SigstoreRoot, *, at: int, make: Callable[[Path], Updater] | None = None) -> SigstoreRoot:
    """Return `known` with the newest root and npm's newest keys, as of `at` (milliseconds since 1970).

    `make` gives the updater for a folder. Raises `UnavailableError` without a network, `UntrustedError` for metadata or
    targets that do not verify, `MalformedError` for a root that this program cannot read.
    """
    with tempfile.TemporaryDirectory(prefix="attest-") as name:
        folder = Path(name)
        root, keys = _fetch(folder, make or _updater)
    parse_trusted_root(root, where=ROOT_TARGET, dated=at)
    if keys is not None:
        parse_npm_keys(keys, where=KEYS_TARGET)
    return msgspec.structs.replace(
        known,
        trusted_root=strict.parse(root, where=ROOT_TARGET),
        npm_keys=known.npm_keys if keys is None else strict.parse(keys, where=KEYS_TARGET),
        updated_at=instant.text(at),
    )


def _fetch(folder: Path, make: Callable[[Path], Updater]) -> tuple[bytes, bytes | None]:
    from tuf.api.exceptions import DownloadError, RepositoryError

    try:
        updater = make(folder)
        updater.refresh()
        root = _target(updater, ROOT_TARGET)
        published = (_target(updater, f"{role}/{KEYS_TARGET}") for role in _delegated(folder))
        keys = next((octets for octets in published if octets is not None), None)
    except (DownloadError, OSError) as error:
        hint = "it needs the network; everything else here does not"
        raise UnavailableError(_WHERE, "an answer", type(error).__name__, hint=hint) from error
    except RepositoryError as error:
        raise UntrustedError(_WHERE, "metadata and targets that verify", f"{error}"[:200]) from error
    if root is None:
        raise UntrustedError(_WHERE, ROOT_TARGET, "none of that name")
    return root, keys


def _target(updater: Updater, name: str) -> bytes | None:
    found = updater.get_targetinfo(name)
    return None if found is None else Path(updater.download_target(found)).read_bytes()


def _delegated(folder: Path) -> Iterator[str]:
    """Yield the roles to which the verified targets metadata delegates."""
    metadata = folder / "targets.json"
    if metadata.exists():
        for role in json.loads(metadata.read_bytes())["signed"].get("delegations", {}).get("roles", ()):
            yield role["name"]


def _updater(folder: Path) -> Updater:
    from sigstore._internal.tuf import DEFAULT_TUF_URL
    from sigstore._utils import read_embedded
    from tuf.ngclient.updater import Updater as TufUpdater

    updater: Updater = TufUpdater(
        metadata_dir=str(folder),
        metadata_base_url=DEFAULT_TUF_URL,
        target_base_url=f"{DEFAULT_TUF_URL}/targets/",
        target_dir=str(folder),
        bootstrap=read_embedded("root.json", DEFAULT_TUF_URL),
    )
    return updater
