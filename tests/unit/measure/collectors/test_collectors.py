"""The contract of every collector: what it reads, what it refuses, and what it binds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from attest.errors import AttestError, MalformedError, UnavailableError
from attest.measure.collectors import COLLECTORS
from attest.measure.collectors.collector import Collector
from tests.archives import SAMPLES, Sample
from tests.wheels import look

ROWS = [pytest.param(COLLECTORS[name], sample, id=name) for name, sample in SAMPLES.items()]


def test_every_collector_has_a_sample() -> None:
    assert SAMPLES.keys() == COLLECTORS.keys()
    assert all(name == row.name for name, row in COLLECTORS.items())


@pytest.mark.parametrize(("collector", "sample"), ROWS)
class TestEachCollector:
    def test_is_the_first_that_recognises_its_own(self, collector: Collector, sample: Sample, tmp_path: Path) -> None:
        path = sample.make(tmp_path)
        assert next(row for row in COLLECTORS.values() if row.recognises(path)) is collector

    def test_does_not_recognise_other_files(self, collector: Collector, sample: Sample, tmp_path: Path) -> None:
        for name, octets in (("server.py", b"import os\n"), ("sbom.json", b"{}"), ("empty", b"")):
            (tmp_path / name).write_bytes(octets)
            assert not collector.recognises(tmp_path / name)

    def test_says_what_it_is_and_has_members_once(self, collector: Collector, sample: Sample, tmp_path: Path) -> None:
        archive = collector.read(sample.make(tmp_path))
        assert archive.kind == collector.name
        assert archive.name
        assert archive.digest.sha256 is not None
        paths = [member.path for member in archive.members] + [link.path for link in archive.links]
        assert paths
        assert len(set(paths)) == len(paths)
        assert archive.purl is None or archive.purl.startswith("pkg:")

    def test_refuses_what_is_none(self, collector: Collector, sample: Sample, tmp_path: Path) -> None:
        path = sample.make(tmp_path)
        path.write_bytes(b"no archive")
        with pytest.raises(MalformedError):
            collector.read(path)

    def test_refuses_every_cut_archive(self, collector: Collector, sample: Sample, tmp_path: Path) -> None:
        path = sample.make(tmp_path)
        whole = path.read_bytes()
        if collector.name == "binary":
            pytest.skip("a program says nothing about its end")
        for length in {0, 1, len(whole) // 2, len(whole) - 1}:
            path.write_bytes(whole[:length])
            with pytest.raises(AttestError):
                collector.read(path)

    def test_a_file_that_is_not_there_is_unavailable(
        self, collector: Collector, sample: Sample, tmp_path: Path
    ) -> None:
        path = sample.make(tmp_path)
        path.unlink()
        with pytest.raises(UnavailableError):
            collector.read(path)

    def test_a_pipe_is_refused_and_not_waited_for(self, collector: Collector, sample: Sample, tmp_path: Path) -> None:
        path = sample.make(tmp_path)
        path.unlink()
        os.mkfifo(path)
        with pytest.raises(UnavailableError):
            collector.read(path)

    def test_binds_every_member_of_an_installation(self, collector: Collector, sample: Sample, tmp_path: Path) -> None:
        path = sample.make(tmp_path)
        sample.install(path, tmp_path / "prefix")
        archive = collector.read(path)
        bound = collector.bind(archive, look({"tree": tmp_path / "prefix"}))
        assert bound.found
        assert not bound.mismatches
        assert not bound.missing
        bound_paths = {file.member for file in bound.files.values()} | {
            link.path for link in archive.links if link.target in bound.links.values()
        }
        promised = {path.rpartition("/")[2] for _, path in bound.promised}
        whole = {member.path for member in archive.members} | {link.path for link in archive.links}
        assert {path for path in whole - bound_paths if path.rpartition("/")[2] not in promised} == set()

    def test_an_installed_file_that_differs_is_never_bound(
        self, collector: Collector, sample: Sample, tmp_path: Path
    ) -> None:
        path = sample.make(tmp_path)
        victim = sample.install(path, tmp_path / "prefix")
        victim.write_bytes(b"#!/evil\n")
        bound = collector.bind(collector.read(path), look({"tree": tmp_path / "prefix"}))
        key = ("tree", str(victim.relative_to(tmp_path / "prefix")))
        assert key in {mismatch.key for mismatch in bound.mismatches}
        assert key not in bound.files

    def test_is_not_found_where_it_is_not_installed(self, collector: Collector, sample: Sample, tmp_path: Path) -> None:
        path = sample.make(tmp_path)
        (tmp_path / "other").mkdir()
        (tmp_path / "other/file").write_bytes(b"x")
        seen = look({"tree": tmp_path / "other"})
        archive = collector.read(path)
        assert not collector.bind(archive, seen).found
        assert collector.outside(archive, seen) == ()
