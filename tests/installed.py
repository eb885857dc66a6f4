"""An installed tree without an installer, and sealing it: what tests of sealing and measuring stand on."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import attest.seal.seal as sealing
from attest.codec import canonical, strict
from attest.codec.files import write_file
from attest.errors import AttestError
from attest.seal import survey as surveying
from attest.seal import surveyor
from attest.seal.messages import MAX_REQUEST_BYTES, SurveyRequest, SurveyResult
from attest.seal.phases import Tell, untold
from attest.seal.request import SealRequest, Tree
from attest.seal.sealed import Sealed
from attest.seal.surveyor import Surveyed
from attest.signing.keys import PrivateKey
from attest.statement.companions import attachments_path, manifest_path
from attest.trust.trust import Trust
from tests.world import NOW, SEALER, TRUST, make_component, make_provenance, make_sbom, make_wheel, subject_of

FILES = {
    "tiny_server/__init__.py": b"def main():\n    print('tiny')\n",
    "tiny_server/tools.py": b"TOOLS = ('echo',)\n",
    "tiny_server/data/words.txt": b"one\ntwo\n",
}


def install(wheel: Path, site: Path) -> Path:
    """Unpack a wheel as pip would with `--target`, and return the folder."""
    site.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (information,) = site.glob("*.dist-info")
    (information / "INSTALLER").write_bytes(b"pip\n")
    with (information / "RECORD").open("ab") as record:
        record.write(f"{information.name}/INSTALLER,sha256=zuuue4knoyJ-UwPPXg8fezS7VCrXJQrAP7zeNuwvFQg,4\n".encode())
    return site


def survey_here(request: SurveyRequest, tell: Tell) -> Surveyed:
    """Survey in this process: the start of a child is most of what sealing a small tree takes.

    Its answer is written and read as the child's is. The child itself is that of every command of `tests/line`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surveying, "_tell", tell)
        asked = strict.read(
            canonical.encode(request), SurveyRequest, where="survey request", max_bytes=MAX_REQUEST_BYTES
        )
        try:
            first, *manifest = surveying.survey(asked)
        except AttestError as error:
            surveyor._reraise(canonical.encode(surveying._failure(error)), b"")
    result = strict.read(first.removesuffix(b"\n"), SurveyResult, where="survey")
    return Surveyed(result=result, manifest=b"".join(manifest))


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A folder with a wheel, its evidence, and an installation of it."""

    folder: Path
    wheel: Path
    tree: Path

    @property
    def provenance(self) -> Path:
        """SLSA provenance for the wheel."""
        return self._write("provenance.json", make_provenance([subject_of(self.wheel)]))

    @property
    def bare_sbom(self) -> Path:
        """An SBOM of the wheel and of something that is not here."""
        here = make_component("tiny-server", "1.0", self.wheel.read_bytes())
        return self._write("sbom.json", make_sbom([here, make_component("absent", "2.0", b"x")]))

    def request(self, **changes: Any) -> SealRequest:
        """A request that seals the tree with its provenance."""
        whole = SealRequest(
            trees=(Tree(name="tree", path=self.tree),), artifacts=(self.wheel,), evidence=(self.provenance,)
        )
        return replace(whole, **changes)

    def seal(
        self,
        *,
        trust: Trust = TRUST,
        key: PrivateKey = SEALER,
        load_key: Callable[[], PrivateKey] | None = None,
        at: int = NOW,
        tell: Tell = untold,
        **changes: Any,
    ) -> Sealed:
        """Seal, with the key of the world unless told otherwise."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sealing, "run_survey", survey_here)
            return sealing.seal(self.request(**changes), trust, load_key or (lambda: key), at=at, tell=tell)

    def write(self, sealed: Sealed, name: str = "server.ref") -> Path:
        """Write a sealed reference with its side files."""
        path = self.folder / name
        write_file(manifest_path(path), [sealed.manifest])
        write_file(attachments_path(path), sealed.attachments)
        write_file(path, [sealed.envelope, b"\n"])
        return path

    def _write(self, name: str, octets: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(octets)
        return path


def make_bench(folder: Path) -> Bench:
    """Make a wheel and install it."""
    wheel = make_wheel(folder, files=FILES)
    return Bench(folder=folder, wheel=wheel, tree=install(wheel, folder / "site"))
