"""The line with post-quantum keys in every role, and with one for the few roots that have to last, as it is advised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from attest.trust.making import write_trust
from tests.commands import attest, failed, passed
from tests.installed import Bench, make_bench
from tests.launches import PYTHON, make_launch_bench, start_run
from tests.ml_dsa_keys import key_of
from tests.portal_world import ALLOWED, SERVER, make_tool_rules, portal
from tests.waiting import PATIENCE_SECONDS
from tests.world import (
    BUILDER_ID,
    SOURCE,
    WRITER,
    make_provenance,
    make_trust_file,
    subject_of,
    trust_of,
    write_key_pair,
)

ROLES: Final = {
    "all": {"sealer": "ml-dsa-87", "second": "ml-dsa-65", "writer": "ml-dsa-44", "verifier": "ml-dsa-65"},
    "roots": {"sealer": "ml-dsa-65", "second": "ml-dsa-44", "writer": "ed25519", "verifier": "ed25519"},
    "largest": {"sealer": "ed25519", "second": "ecdsa-p256", "writer": "ml-dsa-87", "verifier": "ml-dsa-87"},
}
TRUSTED: Final = ("--trust", "trust.json")
RUN: Final = (*TRUSTED, "--key", "writer.key", "--log", "log", "--once")


@pytest.fixture(params=ROLES, scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server that two sealers sealed, measured by two runs into one log."""
    place = tmp_path_factory.mktemp(request.param)
    (place / "roles.json").write_text(json.dumps(ROLES[request.param]))
    make_bench(place)
    for name, algorithm in ROLES[request.param].items():
        passed(attest(place, "key", "new", f"{name}.key", "--algorithm", algorithm))
    sealers = ["--sealer", "sealer.key.pub", "--sealer", "second.key.pub", "--sealer-threshold", "2"]
    others = ["--writer", "writer.key.pub", "--verifier", "verifier.key.pub"]
    passed(attest(place, "trust", "new", "trust.json", *sealers, *others))
    seal = ["seal", "site", *TRUSTED, "--key", "sealer.key", "-o", "server.ref", "--allow-site", "**"]
    passed(attest(place, *seal))
    passed(attest(place, "sign", "server.ref", *TRUSTED, "--key", "second.key"))
    for _ in range(2):
        passed(attest(place, "agent", "server.ref", *RUN))
    passed(attest(place, "bundle", "log", "-o", "evidence.jsonl"))
    return place


def judged(place: Path, *words: str, reference: str = "server.ref", file: str = "evidence.jsonl") -> list[str]:
    return ["verify", str(place / file), *TRUSTED, "--reference", reference, "--format", "json", *words]


def test_every_key_says_what_it_is_and_nothing_of_its_private_half(folder: Path) -> None:
    for name, algorithm in json.loads((folder / "roles.json").read_text()).items():
        private = passed(attest(folder, "key", "show", f"{name}.key")).decode()
        assert private == passed(attest(folder, "key", "show", f"{name}.key.pub")).decode()
        assert f"algorithm  {algorithm}" in private
        assert (folder / f"{name}.key").stat().st_mode & 0o777 == 0o600


def test_honest_evidence_passes_and_a_changed_byte_does_not(folder: Path) -> None:
    assert json.loads(passed(attest(folder, *judged(folder))))["verdict"] == "PASSED"
    lines = (folder / "evidence.jsonl").read_bytes().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if b'"event":"runtime-measurement"' in line)
    place = lines[at].rindex(b'"sig":"') + 40
    changed = b"A" if lines[at][place : place + 1] != b"A" else b"B"
    (folder / "forged.jsonl").write_bytes(
        b"".join([*lines[:at], lines[at][:place] + changed + lines[at][place + 1 :], *lines[at + 1 :]])
    )
    assert "authenticity.receipts" in failed(attest(folder, *judged(folder, file="forged.jsonl")))


def test_one_sealer_of_two_is_not_enough(folder: Path) -> None:
    seal = ["seal", "site", *TRUSTED, "--key", "second.key", "-o", "once.ref", "--allow-site", "**"]
    passed(attest(folder, *seal))
    assert (
        attest(folder, "agent", "once.ref", *TRUSTED, "--key", "writer.key", "--log", "never", "--once").returncode == 4
    )


def test_a_log_goes_on_after_its_checkpoint_is_pinned(folder: Path) -> None:
    (folder / "pinned").write_bytes(passed(attest(folder, "log", "checkpoint", "log")))
    passed(attest(folder, *judged(folder, "--expect-checkpoint", "pinned")))
    passed(attest(folder, "log", "check", "log"))
    passed(attest(folder, "agent", "server.ref", *RUN, "--expect-checkpoint", "pinned"))


def test_results_are_signed_by_the_verifier(folder: Path) -> None:
    passed(attest(folder, *judged(folder, "--vsa", "v.json", "--svr", "s.json", "--result-key", "verifier.key")))
    keyid = passed(attest(folder, "key", "show", "verifier.key.pub")).decode().split()[2]
    for name in ("v.json", "s.json"):
        envelope = json.loads((folder / name).read_bytes())
        assert [each["keyid"] for each in envelope["signatures"]] == [keyid]


def test_a_revocation_by_its_sealers_voids_the_reference(folder: Path) -> None:
    revoke = ["revoke", "server.ref", *TRUSTED, "--key", "sealer.key", "-o", "void", "--from", "2020-01-01T00:00:00Z"]
    passed(attest(folder, *revoke))
    passed(attest(folder, "sign", "void", *TRUSTED, "--key", "second.key"))
    assert attest(folder, *judged(folder, "--revocations", "void")).returncode == 1
    passed(attest(folder, "show", "sealer.key.revoke"))


def test_a_report_names_what_its_keys_are(folder: Path) -> None:
    passed(attest(folder, "report", "evidence.jsonl", *TRUSTED, "--reference", "server.ref", "-o", "report.html"))
    page = (folder / "report.html").read_text()
    for name in ("sealer", "writer"):
        assert json.loads((folder / "roles.json").read_text())[name] in page


def test_provenance_by_a_builder_with_such_a_key_seals_and_verifies(tmp_path: Path) -> None:
    bench, builder = make_bench(tmp_path), key_of("ml-dsa-65")
    for name, key in (("builder", builder), ("sealer", key_of("ml-dsa-87")), ("writer", WRITER)):
        write_key_pair(tmp_path, name, key)
    (tmp_path / "provenance.json").write_bytes(make_provenance([subject_of(bench.wheel)], key=builder))
    keys = ["--sealer", "sealer.key.pub", "--writer", "writer.key.pub"]
    built = ["--builder", f"{BUILDER_ID}=builder.key.pub@2", "--source", SOURCE]
    passed(attest(tmp_path, "trust", "new", "trust.json", *keys, *built))
    evidence = ["--artifact", bench.wheel.name, "--provenance", "provenance.json"]
    passed(attest(tmp_path, "seal", "site", *TRUSTED, "--key", "sealer.key", "-o", "server.ref", *evidence))
    given = ["--artifact", bench.wheel.name, "--source-uri", SOURCE, "--builder-id", BUILDER_ID]
    passed(attest(tmp_path, "verify", "provenance.json", "--public-key", "builder.key.pub", *TRUSTED, *given))


def with_writer(folder: Path, name: str, script: str, **sealed: Any) -> Bench:
    """Seal a server that a writer with a key of that algorithm is to watch."""
    bench, trust = make_launch_bench(folder), make_trust_file(writers=(key_of(name),))
    (folder / "trust.json").write_bytes(write_trust(trust))
    for old in ("writer.key", "writer.key.pub"):
        (folder / old).unlink()
    write_key_pair(folder, "writer", key_of(name))
    (bench.tree / "serve.py").write_text(script)
    command = (PYTHON, "-S", str(bench.tree / "serve.py"))
    bench.write(bench.seal(trust=trust_of(trust), allow_site=("serve.py",), command=command, **sealed))
    return bench


def test_calls_through_a_portal_are_recorded_by_such_a_writer(tmp_path: Path) -> None:
    bench = with_writer(tmp_path, "ml-dsa-44", SERVER, tools=make_tool_rules(*ALLOWED))
    with portal(bench) as client:
        client.open()
        for number in range(1, 20):
            assert "result" in client.call(number, "echo", "hi")
        assert client.call(20, "hidden", "x")["error"]["data"]["rule"] == "tool.unknown"
        code, err = client.close()
    assert code == 0, err
    passed(attest(tmp_path, "bundle", "log", "--tier", "full", "-o", "evidence.jsonl"))
    counts = json.loads(passed(attest(tmp_path, *judged(tmp_path, "--tier", "full"))))["counts"]
    assert (counts["permits"], counts["denials"]) == (19, 1)


def test_a_run_is_watched_by_such_a_writer(tmp_path: Path) -> None:
    bench = with_writer(tmp_path, "ml-dsa-87", "print('it ran')\n")
    process = start_run(bench)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (0, b"it ran\n"), err.decode()
    passed(attest(tmp_path, "bundle", "log", "-o", "evidence.jsonl"))
    passed(attest(tmp_path, *judged(tmp_path)))
