"""Sigstore bundles: one verified from a cold start, against `sigstore verify identity --offline`; and each further one.

The bundle, its root and its artifact are made here, so that both sides verify the very same, and nothing is fetched.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from attest.provenance.sigstore.verify import verify_bundle
from benchmarks.report import Report, at_most, figure, time_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import ROOT, Setting, timed_alone
from tests import sigstore_world as world

_PEER: Final = "sigstore verify identity --offline"
_OURS: Final = "one bundle, cold"
_FURTHER: Final = "a further bundle in the same process"
_FURTHER_MILLISECONDS: Final = 3


def run(setting: Setting) -> Report:
    """Verify the same bundle with both programs, started again each time; then many in one process."""
    folder = setting.folder
    artifact, bundle, root = folder / "artifact", folder / "bundle.json", folder / "root.json"
    artifact.write_bytes(world.ARTIFACT)
    document = world.encoded(world.bundle("hashedrekord", "0.0.1", message=True))
    bundle.write_bytes(document)
    root.write_bytes(world.encoded(world.root_document()))
    (folder / "config.json").write_text(json.dumps(_client_configuration()))
    identity = ["--certificate-identity", world.IDENTITY, "--certificate-oidc-issuer", world.ISSUER]
    ours = [sys.executable, "-m", "tests.conformance.client", "verify-bundle", "--bundle", str(bundle), *identity]
    ours += ["--trusted-root", str(root), str(artifact)]
    peer = [str(Path(sys.executable).with_name("sigstore")), "--trust-config", str(folder / "config.json"), "verify"]
    peer += ["identity", "--offline", "--bundle", str(bundle), "--cert-identity", world.IDENTITY]
    peer += ["--cert-oidc-issuer", world.ISSUER, str(artifact)]
    cold = setting.race(
        [Candidate(name=_PEER, run=_process(peer, folder)), Candidate(name=_OURS, run=_process(ours, folder))],
        rounds=20,
    )
    trust, times = world.trust(), setting.size(2000)

    def again() -> None:
        for _ in range(times):
            verify_bundle(document, trust, where="bundle")

    warm = setting.race([Candidate(name=_FURTHER, run=timed_alone(again), amount=times)], rounds=7)
    milliseconds = warm.seconds(_FURTHER) * 1000
    return Report(
        title="Sigstore bundles: a message signature with certificate, entry timestamp and inclusion proof",
        races=(cold, warm),
        outcomes=(
            time_outcome(cold, _OURS, _PEER, at_most(0.3)),
            figure(f"time: {_FURTHER}", milliseconds, " ms", at_most(_FURTHER_MILLISECONDS)),
        ),
    )


def _client_configuration() -> dict[str, object]:
    """Return what the peer wants to know before it verifies with another root; of signing it is told nothing."""
    log: dict[str, object] = {"url": "https://rekor.example", "majorApiVersion": 1, "operator": "example"}
    log["validFor"] = {"start": "2025-01-01T00:00:00Z"}
    return {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": world.root_document(),
        "signingConfig": {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [],
            "oidcUrls": [],
            "rekorTlogUrls": [log],
            "tsaUrls": [],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaConfig": {"selector": "ANY"},
        },
    }


def _process(argv: Sequence[str], home: Path) -> Callable[[], float]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["HOME"] = str(home)

    def once() -> None:
        subprocess.run(argv, check=True, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True)

    return timed_alone(once)
