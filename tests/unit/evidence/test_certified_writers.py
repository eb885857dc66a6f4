"""Evidence by a key that a job made for itself: good with its attestation, and with nothing else in its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import canonical
from attest.codec.octets import to_base64
from attest.errors import UnavailableError
from attest.evidence.grammar import CertifiedWriterLine, Tier
from attest.evidence.show import show
from attest.evidence.verdict import Verdict
from attest.provenance.certified_writer import ATTESTATION_KIND
from attest.signing.keyfiles import public_pem
from attest.statement.predicates.runtime_reference import SignerIdentity
from attest.trust.trust import Trust
from tests import certified
from tests.certified import IDENTITY, ISSUER, JOB_KEY, REF, SIGNED, SINCE, TRUST, WORKFLOW, attest_key
from tests.evidence_story import REFERENCE, Story, change, export_all, failing, judge, reseal, rewrite, seal
from tests.laws import examples
from tests.revoking import known, of_key
from tests.world import WRITER, make_key, trust_of

CERTIFICATE: Final = "authenticity.writer-certificate"
WINDOW: Final = "authenticity.writer-window"
RECEIPTS: Final = "authenticity.receipts"
CHECKPOINT: Final = "authenticity.checkpoint"

NAMED: Final = SignerIdentity(identity=IDENTITY.identity, issuer=IDENTITY.issuer)
SEALED: Final = change(REFERENCE, writer_identities=(NAMED,), writers=())
DIGEST: Final = seal(SEALED)[0]
ATTESTATION: Final = attest_key()


def story(folder: Path, attestation: bytes | None = ATTESTATION, **changes: Any) -> Story:
    return Story(folder, **{"reference": SEALED, "writer": JOB_KEY, "attestation": attestation, **changes})


def lines_of(folder: Path, tier: Tier = Tier.RECEIPTS, **changes: Any) -> list[bytes]:
    with story(folder, **changes) as told:
        return told.start().measure(3).stop().export(tier)


def verdict_of(lines: list[bytes], trust: Trust = TRUST, **changes: Any) -> Verdict:
    return judge(lines, **{"trust": trust, "references": (DIGEST,), **changes})


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return lines_of(tmp_path_factory.mktemp("good") / "log")


@pytest.fixture(scope="module")
def structural(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return lines_of(tmp_path_factory.mktemp("structural") / "log", Tier.STRUCTURAL)


def detail(verdict: Verdict, check: str) -> str:
    (found,) = [each.detail for each in verdict.checks if each.id == check]
    return found


def test_evidence_by_a_key_that_its_job_attested_passes(good: list[bytes]):
    verdict = verdict_of(good)
    assert list(failing(verdict)) == []
    assert verdict.passed
    assert [json.loads(line)["kind"] for line in good[:4]] == ["header", "certified-writer", *["build-evidence"] * 2]


def test_the_verdict_tells_which_job_it_was(good: list[bytes]):
    verdict = verdict_of(good)
    for said in (f"{WORKFLOW}@{REF}", ISSUER, certified.REPOSITORY, certified.COMMIT, certified.RUN_URI):
        assert said in detail(verdict, CERTIFICATE)
    assert "2026-11-22T11:45:00.000Z to 2026-11-23T11:45:00.000Z" in detail(verdict, WINDOW)


def test_a_bundle_without_such_a_key_says_nothing_of_them(tmp_path: Path):
    with Story(tmp_path / "log") as told:
        verdict = judge(told.start().measure().stop().export())
    assert verdict.passed
    assert not {CERTIFICATE, WINDOW} & {check.id for check in verdict.checks}


def test_the_structural_tier_holds_the_key_too_since_its_checkpoint_is_signed_with_it(structural: list[bytes]):
    assert verdict_of(structural, tier=Tier.STRUCTURAL).passed
    without = reseal([structural[0], *structural[2:]])
    assert set(failing(verdict_of(without, tier=Tier.STRUCTURAL))) == {CHECKPOINT}


def test_a_part_of_a_log_holds_the_key(tmp_path: Path):
    with story(tmp_path / "log") as told:
        pinned = told.start().measure(2).checkpoint()
        part = told.measure(2).stop().export(since=pinned)
        end = told.checkpoint()
        nothing = told.export(since=end)
    assert verdict_of(part, checkpoints=(pinned,)).passed
    assert [json.loads(line)["kind"] for line in nothing].count("certified-writer") == 1
    assert CHECKPOINT not in set(failing(verdict_of(nothing, checkpoints=(end,))))


def test_without_its_attestation_the_key_is_nobodys(tmp_path: Path, good: list[bytes]):
    assert {RECEIPTS, CHECKPOINT} <= set(failing(verdict_of(reseal([good[0], *good[2:]]))))
    alone = lines_of(tmp_path / "log", attestation=None)
    assert {RECEIPTS, CHECKPOINT} <= set(failing(verdict_of(alone)))


@pytest.mark.parametrize("tier", [Tier.RECEIPTS, Tier.STRUCTURAL])
def test_a_trust_file_without_the_identity_believes_nothing(good: list[bytes], structural: list[bytes], tier: Tier):
    lines = good if tier is Tier.RECEIPTS else structural
    changes: dict[str, Any]
    for changes in ({"writer_identities": []}, {"sigstore": None}):
        trust = trust_of(certified.trust_file(writers=[WRITER.public], **changes))
        verdict = verdict_of(lines, trust, tier=tier)
        assert {CERTIFICATE, CHECKPOINT} <= set(failing(verdict))
        assert verdict.axes.authenticity == "fail"


@pytest.mark.parametrize("identities", [(), (change(NAMED, identity=f"{WORKFLOW}@refs/heads/other"),)])
def test_a_reference_that_does_not_name_the_identity_has_another_writer(
    tmp_path: Path, identities: tuple[SignerIdentity, ...]
):
    sealed = change(REFERENCE, writer_identities=identities)
    lines = lines_of(tmp_path / "log", reference=sealed)
    assert set(failing(verdict_of(lines, references=(seal(sealed)[0],)))) == {RECEIPTS}


def test_the_id_of_the_key_in_a_reference_is_not_enough(tmp_path: Path):
    sealed = change(REFERENCE, writers=(JOB_KEY.keyid,))
    lines = lines_of(tmp_path / "log", reference=sealed)
    assert set(failing(verdict_of(lines, references=(seal(sealed)[0],)))) == {RECEIPTS}


OTHERS: Final[dict[str, Callable[[], bytes]]] = {
    "of another workflow": lambda: attest_key(certificate=certified.leaf(f"{certified.REPOSITORY}/w/b.yml@{REF}")),
    "of another issuer": lambda: attest_key(certificate=certified.leaf(issuer="https://other.example")),
    "of another key": lambda: attest_key(make_key("another")),
    "as provenance": lambda: attest_key(predicateType="https://slsa.dev/provenance/v1"),
    "of nothing": lambda: b"{}",
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_another_attestation_certifies_nothing(tmp_path: Path, make: Callable[[], bytes]):
    failed = set(failing(verdict_of(lines_of(tmp_path / "log", attestation=make()))))
    assert {CERTIFICATE, RECEIPTS, CHECKPOINT} <= failed


def test_another_good_attestation_of_the_key_is_not_the_one_that_the_run_began_with(good: list[bytes]):
    def exchange(line: Any) -> None:
        line["attestation"] = to_base64(attest_key(signed=SIGNED - timedelta(minutes=1)))

    verdict = verdict_of(rewrite(good, "certified-writer", exchange))
    assert set(failing(verdict)) == {CERTIFICATE}
    assert "another attestation" in detail(verdict, CERTIFICATE)


def test_what_was_written_before_the_key_was_attested_does_not_count(tmp_path: Path):
    late = attest_key(signed=SIGNED + timedelta(minutes=5, seconds=11))
    verdict = verdict_of(lines_of(tmp_path / "log", attestation=late))
    assert set(failing(verdict)) == {WINDOW}


def test_what_was_written_when_the_key_was_too_old_does_not_count(tmp_path: Path, structural: list[bytes]):
    # The run begins 300 s after the attestation, and its last entry comes 30.15 s later.
    for seconds, expected in ((331, set()), (330, {WINDOW}), (299, {WINDOW})):
        trust = trust_of(certified.trust_file(writer_key_seconds=seconds))
        lines = lines_of(tmp_path / str(seconds))
        assert set(failing(verdict_of(lines, trust))) == expected
        assert set(failing(verdict_of(structural, trust, tier=Tier.STRUCTURAL))) == expected


def test_an_attestation_from_the_future_does_not_count(tmp_path: Path):
    lines = lines_of(tmp_path / "log")
    assert WINDOW in set(failing(verdict_of(lines, at=SINCE - 61_000)))


def test_a_key_of_another_role_is_not_made_a_writer(good: list[bytes]):
    trust = trust_of(certified.trust_file(witnesses=[JOB_KEY.public]))
    assert {CERTIFICATE, RECEIPTS, CHECKPOINT} <= set(failing(verdict_of(good, trust)))


def test_two_jobs_stand_in_one_bundle_each_with_its_own_key(tmp_path: Path):
    other = make_key("of another job")
    with story(tmp_path / "a") as one, story(tmp_path / "b", attest_key(other), writer=other) as two:
        lines = export_all([each.start().measure(2).stop() for each in (one, two)])
    assert [json.loads(line)["kind"] for line in lines].count("certified-writer") == 2
    assert verdict_of(lines).passed
    swapped = [lines[0], lines[2], lines[1], *lines[3:]]
    assert "integrity.grammar" in set(failing(verdict_of(reseal(swapped))))
    twice = [lines[0], lines[1], lines[1], *lines[2:]]
    assert "integrity.grammar" in set(failing(verdict_of(reseal(twice))))


def test_a_certified_key_by_which_no_log_is_does_not_belong_there(tmp_path: Path):
    with Story(tmp_path / "log", reference=SEALED_FOR_BOTH) as told:
        lines = told.start().measure().stop().export()
    pem = public_pem(JOB_KEY.public).decode()
    spare = CertifiedWriterLine(keyid=JOB_KEY.keyid, key=pem, attestation=to_base64(ATTESTATION))
    line = canonical.encode(spare) + b"\n"
    trust = trust_of(certified.trust_file(writers=[WRITER.public]))
    question: dict[str, Any] = {"trust": trust, "references": (seal(SEALED_FOR_BOTH)[0],)}
    assert verdict_of(lines, **question).passed
    assert set(failing(verdict_of(reseal([lines[0], line, *lines[1:]]), **question))) == {CERTIFICATE}


SEALED_FOR_BOTH: Final = change(REFERENCE, writer_identities=(NAMED,))


@pytest.mark.parametrize("place", [2, 4, 6, -2, -1])
def test_a_certified_key_stands_right_behind_the_header(good: list[bytes], place: int):
    moved = [good[0], *good[2:]]
    moved.insert(place if place > 0 else len(moved) + place, good[1])
    assert "integrity.grammar" in set(failing(verdict_of(reseal(moved))))


@pytest.mark.parametrize("field", ["keyid", "key", "attestation"])
def test_a_line_that_lacks_something_is_none(good: list[bytes], field: str):
    assert "integrity.grammar" in set(failing(verdict_of(rewrite(good, "certified-writer", lambda v: v.pop(field)))))


def test_a_line_under_the_id_of_another_key_is_none(good: list[bytes]):
    changed = rewrite(good, "certified-writer", lambda line: line.update(keyid=WRITER.keyid))
    assert set(failing(verdict_of(changed))) == {"integrity.grammar"}


@examples(3)
@given(data=st.data())
def test_any_byte_of_the_line_that_changes_is_found(good: list[bytes], data: st.DataObject):
    line = bytearray(good[1])
    place = data.draw(st.integers(0, len(line) - 1), label="place")
    line[place] ^= data.draw(st.integers(1, 255), label="mask")
    assert not verdict_of(reseal([good[0], bytes(line), *good[2:]])).passed


@examples(3)
@given(data=st.data())
def test_any_byte_of_the_attestation_that_changes_is_found(good: list[bytes], data: st.DataObject):
    changed = bytearray(ATTESTATION)
    place = data.draw(st.integers(0, len(changed) - 1), label="place")
    changed[place] ^= data.draw(st.integers(1, 255), label="mask")

    def exchange(line: Any) -> None:
        line["attestation"] = to_base64(bytes(changed))

    assert set(failing(verdict_of(rewrite(good, "certified-writer", exchange))))


CONTEXTS: Final = {
    "commit": certified.COMMIT,
    "ref": REF,
    "repository": certified.REPOSITORY,
    "GITHUB_SHA": certified.COMMIT,
    "GITHUB_RUN_ID": "4711",
    "attempt": "2",
    "anything": "else",
}


def test_what_the_run_says_of_its_job_is_what_the_certificate_says(tmp_path: Path):
    with story(tmp_path / "good") as told:
        lines = told.start(context=CONTEXTS).measure().stop().export()
    assert verdict_of(lines, context=(("commit", certified.COMMIT),)).passed


@pytest.mark.parametrize("name", sorted(CONTEXTS))
def test_a_run_that_says_that_it_is_of_another_job_is_found(tmp_path: Path, name: str):
    with story(tmp_path / "log") as told:
        lines = told.start(context={**CONTEXTS, name: "0"}).measure().stop().export()
    assert set(failing(verdict_of(lines))) == ({CERTIFICATE} if name != "anything" else set())


def test_a_revoked_key_does_not_count_though_it_is_certified(good: list[bytes]):
    revocations = known(of_key(JOB_KEY, since=SINCE), trust=TRUST)
    assert set(failing(verdict_of(good, revocations=revocations))) == {"authenticity.revocation"}


def test_what_is_shown_of_it_is_headed_not_verified(good: list[bytes]):
    shown = list(show(b"".join(good)))
    assert shown[0].startswith("NOT VERIFIED")
    told = "\n".join(shown)
    assert JOB_KEY.keyid in told
    assert "https://mcp-attest.github.io/predicates/writer-key/v0.1" in told


def test_a_key_without_its_attestation_beside_the_log_is_not_exported(tmp_path: Path):
    with story(tmp_path / "log") as told:
        told.start().measure()
        (told.folder / "documents" / f"{ATTESTATION_KIND}-{JOB_KEY.keyid}").unlink()
        with pytest.raises(UnavailableError):
            told.export()
