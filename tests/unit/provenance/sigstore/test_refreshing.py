"""Renewing the root: what TUF verified is read, kept and dated; what it could not is told apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from tuf.api.exceptions import DownloadError, RepositoryError

from attest.codec import instant
from attest.errors import AttestError, MalformedError, UnavailableError, UntrustedError
from attest.provenance.sigstore.refreshing import fetch_production
from attest.trust.document import SigstoreRoot
from tests import sigstore_world as sigstore
from tests.build_files import npm_keys
from tests.world import NOW

KNOWN = SigstoreRoot(name="production", max_age_seconds=86_400)
ROOT = json.dumps(sigstore.root_document()).encode()
KEYS = json.dumps(npm_keys()).encode()


class Repository:
    """A TUF repository that was verified already, at the boundary to python-tuf."""

    def __init__(self, folder: Path, targets: dict[str, bytes], fault: Exception | None = None) -> None:
        self._folder, self._targets, self._fault = folder, targets, fault

    def refresh(self) -> None:
        if self._fault is not None:
            raise self._fault
        roles = [{"name": name.partition("/")[0]} for name in self._targets if "/" in name]
        (self._folder / "targets.json").write_text(json.dumps({"signed": {"delegations": {"roles": roles}}}))

    def get_targetinfo(self, target_path: str) -> SimpleNamespace | None:
        return SimpleNamespace(path=target_path) if target_path in self._targets else None

    def download_target(self, targetinfo: SimpleNamespace) -> str:
        place = self._folder / "target"
        place.write_bytes(self._targets[targetinfo.path])
        return str(place)


def repository(targets: dict[str, bytes], fault: Exception | None = None) -> Callable[[Path], Repository]:
    return lambda folder: Repository(folder, targets, fault)


def test_the_newest_root_and_keys_are_kept_and_dated():
    targets = {"trusted_root.json": ROOT, "publisher.example/keys.json": KEYS}
    fresh = fetch_production(KNOWN, at=NOW, make=repository(targets))
    assert fresh.trusted_root == sigstore.root_document()
    assert fresh.npm_keys == npm_keys()
    assert (fresh.updated_at, fresh.max_age_seconds, fresh.name) == (instant.text(NOW), 86_400, "production")


def test_without_new_keys_the_known_ones_stay():
    known = SigstoreRoot(name="production", npm_keys=npm_keys())
    assert fetch_production(known, at=NOW, make=repository({"trusted_root.json": ROOT})).npm_keys == npm_keys()


@pytest.mark.parametrize(
    ("targets", "fault", "error"),
    [
        ({}, DownloadError("no network"), UnavailableError),
        ({}, OSError("no network"), UnavailableError),
        ({}, RepositoryError("a signature of nobody"), UntrustedError),
        ({}, None, UntrustedError),
        ({"trusted_root.json": b"{}"}, None, MalformedError),
        ({"trusted_root.json": ROOT, "p/keys.json": b"{}"}, None, MalformedError),
    ],
)
def test_what_cannot_be_had_or_believed_changes_nothing(
    targets: dict[str, bytes], fault: Exception | None, error: type[AttestError]
):
    with pytest.raises(error):
        fetch_production(KNOWN, at=NOW, make=repository(targets, fault))
