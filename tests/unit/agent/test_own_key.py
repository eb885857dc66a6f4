"""A run with a key that its job made: begun only if everything certifies it, recorded so that anybody can check it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from attest.agent.circumstances import MARGIN_MILLISECONDS
from attest.agent.own_key import certified_beside, open_own_key
from attest.errors import RefusedError, UnavailableError, UntrustedError
from attest.evidence.segment import close_log
from attest.statement.states import State
from attest.trust.making import write_trust
from attest.trust.trust import Trust
from tests import certified
from tests.certified import JOB_KEY, SIGNED, SINCE, TRUST, attest_key, leaf
from tests.evidence_story import Story, failing
from tests.installed import make_bench
from tests.watching import Watch, make_watch, states
from tests.world import NOW, STRANGER, make_key, trust_of, write_key_pair
from tests.world import TRUST as KEYS_ALONE

DAY: Final = 24 * 3600 * 1000
CYCLE: Final = 10_000


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = make_watch(make_bench(tmp_path), monkeypatch)
    trust(made)
    (tmp_path / "writer.key").unlink()
    write_key_pair(tmp_path, "writer", JOB_KEY)
    (tmp_path / "attestation.json").write_bytes(attest_key())
    return made


def trust(watch: Watch, **changes: Any) -> Trust:
    document = certified.trust_file(**changes)
    (watch.bench.folder / "trust.json").write_bytes(write_trust(document))
    return trust_of(document)


def attested(watch: Watch, attestation: bytes | None = None) -> dict[str, Any]:
    path = watch.bench.folder / "attestation.json"
    if attestation is not None:
        path.write_bytes(attestation)
    return {"key_attestation": path}


def sealed(watch: Watch, by: Trust = TRUST, **changes: Any) -> Path:
    return watch.bench.write(watch.bench.seal(trust=by, **changes))


def test_a_run_with_an_attested_key_records_what_certifies_it_and_verifies(watch: Watch):
    reference = sealed(watch)
    assert watch.once(reference, **attested(watch)).cycle.state is State.MATCH
    assert watch.payloads()[0]["predicate"]["event"]["keyAttestation"]
    verdict = watch.verdict()
    assert "authenticity.writer-certificate" in {each.id for each in verdict.checks}
    assert not {each for each in failing(verdict) if each.startswith(("authenticity", "integrity", "conformance"))}


def test_a_log_by_an_attested_key_is_closed_into_a_segment_that_verifies(watch: Watch):
    watch.once(sealed(watch), **attested(watch))
    segment = watch.bench.folder / "segment.jsonl"
    close_log(watch.log, segment, TRUST, at=watch.hands.real, counted=lambda lines, _what: lines)
    assert b'"certified-writer"' in segment.read_bytes()


def test_a_key_that_nobody_attests_does_not_begin(watch: Watch):
    with pytest.raises(UntrustedError) as caught:
        watch.once(sealed(watch))
    assert "--key-attestation" in (caught.value.hint or "")
    assert not watch.log.exists()


BAD: Final[dict[str, Callable[[], bytes]]] = {
    "of another key": lambda: attest_key(STRANGER),
    "of another workflow": lambda: attest_key(certificate=leaf(f"{certified.REPOSITORY}/b.yml@{certified.REF}")),
    "as provenance": lambda: attest_key(predicateType="https://slsa.dev/provenance/v1"),
    "of yesterday": lambda: attest_key(signed=SIGNED - timedelta(days=1)),
    "of a clock that runs ahead": lambda: attest_key(signed=SIGNED + timedelta(minutes=16)),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_another_attestation_does_not_begin_anything(watch: Watch, make: Callable[[], bytes]):
    with pytest.raises(UntrustedError):
        watch.once(sealed(watch), **attested(watch, make()))
    assert not watch.log.exists()


def test_a_trust_file_without_the_identity_does_not_begin_anything(watch: Watch):
    reference = sealed(watch)
    trust(watch, writer_identities=[])
    with pytest.raises(UntrustedError):
        watch.once(reference, **attested(watch))
    assert not watch.log.exists()


def test_a_reference_without_the_identity_does_not_begin_anything(watch: Watch):
    reference = sealed(watch, KEYS_ALONE)
    with pytest.raises(UntrustedError, match="writerIdentities"):
        watch.once(reference, **attested(watch))
    assert not watch.log.exists()


def test_a_missing_attestation_is_unavailable(watch: Watch):
    with pytest.raises(UnavailableError):
        watch.once(sealed(watch), key_attestation=watch.bench.folder / "nowhere.json")


def test_a_key_of_the_trust_file_takes_no_attestation(watch: Watch):
    reference = sealed(watch)
    trust(watch, writers=[JOB_KEY.public])
    with pytest.raises(UntrustedError, match="does not name"):
        watch.once(reference, **attested(watch))


def test_a_log_keeps_the_attestation_that_it_began_with(watch: Watch):
    reference = sealed(watch)
    watch.once(reference, **attested(watch))
    watch.once(reference, **attested(watch))
    with pytest.raises(RefusedError, match="began with"):
        watch.once(reference, **attested(watch, attest_key(signed=SIGNED + timedelta(minutes=1))))
    assert "authenticity.writer-certificate" not in set(failing(watch.verdict()))


def test_a_run_ends_with_a_stop_before_its_key_counts_no_more(watch: Watch, monkeypatch: pytest.MonkeyPatch):
    trust(watch, writer_key_seconds=15 * 60 + 90)
    with watch.running(sealed(watch), **attested(watch)) as run:

        def wait(_seconds: float) -> None:
            watch.hands.wait(CYCLE)
            if watch.hands.real > NOW + 200_000:
                run.stop.set()

        monkeypatch.setattr(run, "_wait", wait)
        assert run.until_stopped() is True
    assert watch.events()[-1] == "stop"
    assert "certified until" in watch.payloads()[-1]["predicate"]["event"]["outcome"]
    assert watch.hands.real <= SINCE + (15 * 60 + 90) * 1000 - MARGIN_MILLISECONDS + CYCLE + 1000
    assert "authenticity.writer-window" not in set(failing(watch.verdict()))


def test_a_reload_under_a_trust_file_without_the_identity_changes_nothing(watch: Watch):
    with watch.running(sealed(watch), **attested(watch)) as run:
        run._start()
        trust(watch, writer_identities=[])
        run._reload()
        run._cycle()
        trust(watch)
        run._reload()
        run._stop("enough")
    assert [told.partition(":")[0] for told in watch.told] == ["not reloaded", "reloaded"]
    assert states(watch.seen) == [State.MATCH]


def test_what_certifies_the_key_of_another_log_is_read_there(tmp_path: Path):
    other = make_key("another")
    with Story(tmp_path / "log", writer=JOB_KEY, attestation=attest_key()):
        (tmp_path / "log" / "documents" / f"writer-{other.keyid}").write_bytes(b"no key")
        assert [each.key for each in certified_beside(tmp_path / "log", TRUST, NOW)] == [JOB_KEY.public]
        assert list(certified_beside(tmp_path / "log", KEYS_ALONE, NOW)) == []


def test_a_key_counts_from_its_attestation_to_its_end(watch: Watch):
    folder = watch.bench.folder
    for at, counts in ((SINCE - 1, False), (SINCE, True), (SINCE + DAY, True), (SINCE + DAY + 1, False)):
        if counts:
            assert open_own_key(folder / "writer.key", folder / "attestation.json", TRUST, at).until == SINCE + DAY
            continue
        with pytest.raises(UntrustedError):
            open_own_key(folder / "writer.key", folder / "attestation.json", TRUST, at)
