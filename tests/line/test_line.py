"""The whole line through the command line, as a user drives it, on a tree small enough to be quick."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.commands import Done, attest, attest_process, failed, passed
from tests.installed import make_bench
from tests.runtimes import VERSION, library_of, make_interpreter
from tests.world import BUILDER, BUILDER_ID, SEALER, SOURCE, STRANGER, WRITER, write_key_pair


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a server was sealed, measured once and exported."""
    place = tmp_path_factory.mktemp("line")
    bench = make_bench(place)
    for name, key in (("sealer", SEALER), ("writer", WRITER), ("builder", BUILDER), ("stranger", STRANGER)):
        write_key_pair(place, name, key)
    trust = ["trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub"]
    passed(attest(place, *trust, "--builder", f"{BUILDER_ID}=builder.key.pub@2", "--source", SOURCE))
    seal = ["seal", "site", "--trust", "trust.json", "--key", "sealer.key", "-o", "server.ref"]
    evidence = ["--artifact", bench.wheel.name, "--provenance", bench.provenance.name, "--sbom", bench.bare_sbom.name]
    printed = passed(attest(place, *seal, *evidence))
    (place / "digest").write_bytes(printed.strip())
    measure(place, "log", "--nonce", "00" * 16, "--context", "commit=abc")
    passed(attest(place, "bundle", "log", "-o", "evidence.jsonl"))
    return place


def measure(place: Path, log: str, *words: str) -> Done:
    agent = ["agent", "server.ref", "--trust", "trust.json", "--key", "writer.key", "--log", log, "--once"]
    return attest(place, *agent, *words)


def verify(place: Path, *words: str, file: str = "evidence.jsonl") -> Done:
    return attest(place, "verify", file, "--trust", "trust.json", "--format", "json", *words)


def test_honest_evidence_passes(folder: Path) -> None:
    verdict = json.loads(passed(verify(folder, "--reference", "server.ref")))
    assert verdict["verdict"] == "PASSED"
    assert verdict["axes"]["build-link"] == "asserted"
    assert verdict["start"] == "genesis"
    assert verdict["end"] == "closed"
    assert verdict["assurance"]["built"] > 0.5


def test_a_bundle_verifies_elsewhere_with_trust_file_and_digest_alone(folder: Path, tmp_path: Path) -> None:
    for name in ("evidence.jsonl", "trust.json"):
        shutil.copy(folder / name, tmp_path)
    passed(verify(tmp_path, "--reference", (folder / "digest").read_text()))


def test_the_artifact_is_enough_to_say_what_is_expected(folder: Path) -> None:
    (wheel,) = folder.glob("*.whl")
    passed(verify(folder, "--artifact", wheel.name))
    assert "build-link.artifact" in failed(verify(folder, "--artifact", f"sha256:{'0' * 64}"))


def test_without_an_expectation_the_build_link_is_unproven(folder: Path) -> None:
    assert any(check.startswith("build-link.") for check in failed(verify(folder)))


@pytest.mark.parametrize(
    ("words", "check"),
    [
        (("--nonce", "11" * 16), "freshness.nonce"),
        (("--context", "commit=def"), "conformance.context"),
        (("--kind", "receipt"), "conformance.kind"),
        (("--tier", "full"), "conformance.tier"),
        (("--at", "2020-01-01T00:00:00Z"), "freshness.future"),
        (("--max-evidence-age", "1", "--at", "2035-01-01T00:00:00Z"), "freshness.age"),
        (("--min-slsa-level", "3"), "build-link.level"),
    ],
)
def test_each_demand_of_the_caller_can_fail(folder: Path, words: tuple[str, ...], check: str) -> None:
    assert check in failed(verify(folder, "--reference", "server.ref", *words))


def test_what_the_caller_gave_the_run_is_found_again(folder: Path) -> None:
    passed(verify(folder, "--reference", "server.ref", "--nonce", "00" * 16, "--context", "commit=abc"))


def test_a_context_is_found_as_it_is_asked_for(folder: Path) -> None:
    checks = json.loads(verify(folder, "--reference", "server.ref", "--context", "commit=def").stdout)["checks"]
    (check,) = (check for check in checks if check["id"] == "conformance.context")
    assert (check["expected"], check["found"]) == ("commit=def", "commit=abc")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["log", "show", "log"], 0),
        (["verify", "evidence.jsonl", "--trust", "trust.json", "--at", "2035-01-01T00:00:00Z"], 1),
        (["verify", "evidence.jsonl"], 2),
        (["key", "show", "trust.json"], 3),
        (["log", "show", "absent"], 6),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else str(value),
)
def test_a_process_of_its_own_prints_and_answers_the_same(folder: Path, words: list[str], code: int) -> None:
    here, apart = attest(folder, *words), attest_process(folder, *words)
    assert (here.returncode, here.stdout, here.stderr) == (apart.returncode, apart.stdout, apart.stderr)
    assert apart.returncode == code


def test_a_packed_bundle_and_standard_input_verify_alike(folder: Path) -> None:
    passed(attest_process(folder, "bundle", "log", "-o", "evidence.jsonl.gz"))
    passed(verify(folder, "--reference", "server.ref", file="evidence.jsonl.gz"))
    words = ["verify", "-", "--trust", "trust.json", "--reference", "server.ref"]
    passed(attest_process(folder, *words, stdin=(folder / "evidence.jsonl").read_bytes()))
    assert passed(attest_process(folder, "bundle", "log", "-o", "-")) == (folder / "evidence.jsonl").read_bytes()


def test_a_report_may_go_to_standard_output(folder: Path) -> None:
    assert json.loads(passed(verify(folder, "--reference", "server.ref", "-o", "-")))["verdict"] == "PASSED"
    assert not (folder / "-").exists()


def test_a_structural_bundle_says_that_it_is_only_that(folder: Path) -> None:
    passed(attest(folder, "bundle", "log", "-o", "structural.jsonl", "--tier", "structural"))
    assert "conformance.tier" in failed(verify(folder, "--reference", "server.ref", file="structural.jsonl"))
    words = ["verify", "structural.jsonl", "--trust", "trust.json", "--reference", "server.ref", "--tier", "structural"]
    assert b"structural only" in attest(folder, *words).stdout


def test_an_old_violation_does_not_fail_a_log_for_ever(folder: Path) -> None:
    stray = folder / "site" / "stray.pth"
    stray.write_bytes(b"import os\n")
    assert measure(folder, "mended").returncode == 1
    stray.unlink()
    (folder / "head").write_bytes(passed(attest(folder, "log", "checkpoint", "mended")))
    passed(measure(folder, "mended"))
    passed(attest(folder, "bundle", "mended", "-o", "whole.jsonl"))
    assert "conformance.matched" in failed(verify(folder, "--reference", "server.ref", file="whole.jsonl"))
    passed(attest(folder, "bundle", "mended", "-o", "since.jsonl", "--since", "head"))
    assert "completeness.start" in failed(verify(folder, "--reference", "server.ref", file="since.jsonl"))
    words = ("--reference", "server.ref", "--expect-checkpoint", "head")
    verdict = json.loads(passed(verify(folder, *words, file="since.jsonl")))
    assert verdict["start"] == "pinned"


def test_evidence_of_a_writer_who_is_not_trusted_fails(folder: Path) -> None:
    trust = ["trust", "new", "other.json", "--sealer", "sealer.key.pub", "--writer", "stranger.key.pub"]
    passed(attest(folder, *trust, "--builder", f"{BUILDER_ID}=builder.key.pub@2", "--source", SOURCE))
    done = attest(
        folder, "verify", "evidence.jsonl", "--trust", "other.json", "--reference", "server.ref", "--format", "json"
    )
    assert "authenticity.receipts" in failed(done)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["verify", "evidence.jsonl"], 2),
        (["verify", "evidence.jsonl", "--trust", "evidence.jsonl"], 3),
        (["verify", "evidence.jsonl", "--trust", "absent.json"], 6),
        (["verify", "absent.jsonl", "--trust", "trust.json"], 6),
        (["verify", "trust.json", "--trust", "trust.json"], 1),
        (["verify", "server.ref", "--trust", "trust.json", "--reference", "trust.json"], 3),
        (["agent", "server.ref", "--trust", "trust.json", "--key", "stranger.key", "--log", "x", "--once"], 4),
        (["agent", "trust.json", "--trust", "trust.json", "--key", "writer.key", "--log", "x", "--once"], 3),
        (["seal", "site", "--trust", "trust.json", "--key", "sealer.key", "-o", "x.ref"], 5),
        (["key", "new", "sealer.key"], 5),
        (["trust", "new", "trust.json"], 5),
        (["key", "show", "trust.json"], 3),
        (["log", "show", "absent"], 6),
        (["no-such-verb"], 2),
    ],
    ids=lambda value: " ".join(value[:5]) if isinstance(value, list) else str(value),
)
def test_exit_codes_are_those_of_the_table(folder: Path, words: list[str], code: int) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir() if path.is_file()}
    done = attest(folder, *words)
    assert done.returncode == code, done.stdout.decode() + done.stderr.decode()
    assert b"Traceback" not in done.stderr
    after = {path: path.stat().st_mtime_ns for path in folder.iterdir() if path.is_file()}
    assert after == before, "a failed command wrote something"


def test_shows_and_checks_of_the_log_speak(folder: Path) -> None:
    assert b"runtime-measurement" in passed(attest(folder, "log", "show", "log"))
    assert b"no problems" in passed(attest(folder, "log", "check", "log"))
    for name in ("evidence.jsonl", "server.ref", "trust.json", "server.ref.manifest.jsonl", "sealer.key.pub"):
        assert passed(attest(folder, "show", name)).startswith(b"NOT VERIFIED")


@pytest.fixture(scope="module")
def composed(folder: Path) -> Path:
    """The same folder, with a second server that was sealed to run on an interpreter, measured with it and exported."""
    program = make_interpreter(folder / "prefix")
    script = folder / "on-a-runtime" / "serve.py"
    script.parent.mkdir()
    script.write_bytes(b"print('ready')\n")
    words = ["--trust", "trust.json", "--key", "sealer.key"]
    passed(attest(folder, "seal", "--runtime-of", "prefix/bin/python3", *words, "-o", "python.ref"))
    command = ["--allow-site", "*", "--runtime", "python.ref", "--", str(program), "on-a-runtime/serve.py"]
    passed(attest(folder, "seal", "on-a-runtime", *words, "-o", "composed.ref", *command))
    passed(with_runtime(folder, "composed-log", "composed.ref", "python.ref"))
    passed(attest(folder, "bundle", "composed-log", "-o", "composed.jsonl"))
    return folder


def with_runtime(place: Path, log: str, *references: str) -> Done:
    words = ["--trust", "trust.json", "--key", "writer.key", "--log", log, "--once"]
    return attest(place, "agent", *references, *words)


def test_a_server_on_its_runtime_passes_with_its_own_reference_alone(composed: Path) -> None:
    verdict = json.loads(passed(verify(composed, "--reference", "composed.ref", file="composed.jsonl")))
    assert [runtime["name"] for runtime in verdict["runtimes"]] == [f"cpython-{VERSION}"]
    assert (
        b"runtime     cpython-"
        in attest(composed, "verify", "composed.jsonl", "--trust", "trust.json", "--reference", "composed.ref").stdout
    )
    lines = (composed / "composed.jsonl").read_bytes().splitlines(keepends=True)
    assert sum(line.startswith(b'{"digest":') for line in lines) == 2


def test_a_byte_of_the_standard_library_is_drift_and_resealing_the_runtime_alone_mends_it(composed: Path) -> None:
    module = library_of(composed / "prefix") / "json/decoder.py"
    before = module.read_bytes()
    module.write_bytes(before.replace(b"good", b"goad"))
    found = with_runtime(composed, "drift-log", "composed.ref", "python.ref")
    assert found.returncode == 1
    assert b"changed library/json/decoder.py" in found.stdout
    passed(attest(composed, "bundle", "drift-log", "-o", "drift.jsonl"))
    assert "conformance.matched" in failed(verify(composed, "--reference", "composed.ref", file="drift.jsonl"))
    words = ["--trust", "trust.json", "--key", "sealer.key", "--supersedes", "python.ref", "-o", "python2.ref"]
    passed(attest(composed, "seal", "--runtime-of", "prefix/bin/python3", *words))
    passed(with_runtime(composed, "mended-runtime", "composed.ref", "python2.ref"))
    module.write_bytes(before)


def test_a_server_without_its_runtime_is_refused_with_what_to_give(composed: Path) -> None:
    done = with_runtime(composed, "nothing", "composed.ref")
    assert done.returncode == 5
    assert b"RUNTIME-REF" in done.stderr
    assert not (composed / "nothing").exists()


def test_a_runtime_that_a_newer_server_has_outgrown_is_refused(composed: Path) -> None:
    words = ["--trust", "trust.json", "--key", "sealer.key"]
    seal = ["seal", "--runtime-of", "prefix/bin/python3", *words, "--supersedes", "python.ref", "-o", "python3.ref"]
    passed(attest(composed, *seal))
    program = composed / "prefix/bin" / f"python{VERSION}"
    command = ["--allow-site", "*", "--runtime", "python3.ref", "--", str(program), "on-a-runtime/serve.py"]
    passed(attest(composed, "seal", "on-a-runtime", *words, "-o", "newer.ref", *command))
    done = with_runtime(composed, "rolled-back", "newer.ref", "python.ref")
    assert done.returncode == 5
    assert b"sequence 2 or higher" in done.stderr


def test_a_bundle_without_the_runtimes_reference_fails_its_own_check(composed: Path) -> None:
    lines = (composed / "composed.jsonl").read_bytes().splitlines(keepends=True)
    runtime = passed(attest(composed, "show", "python.ref")).decode()
    digest = next(line.rpartition("sha256:")[2] for line in runtime.splitlines() if "payload digest" in line)
    body = [line for line in lines[:-1] if not line.startswith(f'{{"digest":"{digest}"'.encode())]
    assert len(body) == len(lines) - 2
    end = {"kind": "end", "lines": len(body), "sha256": hashlib.sha256(b"".join(body)).hexdigest()}
    text = json.dumps(end, separators=(",", ":")).encode() + b"\n"
    (composed / "cut.jsonl").write_bytes(b"".join([*body, text]))
    assert "conformance.runtime" in failed(verify(composed, "--reference", "composed.ref", file="cut.jsonl"))
