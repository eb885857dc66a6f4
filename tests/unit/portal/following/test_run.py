"""The portal's own run beside an agent's log: what it records, and what it holds against the server by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from attest.agent.drafts import Standing
from attest.agent.idle import IdleRun
from attest.agent.starting import AgentRequest, only_server, open_own_log, open_references
from attest.appraisal.state import make_finding
from attest.codec import instant
from attest.codec.clock import Clock
from attest.errors import RefusedError, UnavailableError
from attest.portal.following.following import Following, open_following, ring_of
from attest.portal.following.reading import FollowedLog
from attest.portal.owner import Owner
from attest.portal.session.gate import Footing
from attest.seal.request import Rules
from attest.statement.findings import Finding, FindingKind
from attest.statement.levels import Binding, Isolation
from attest.trust.making import write_trust
from tests import certified
from tests.calls_story import CallStory
from tests.certified import JOB_KEY
from tests.evidence_story import PROCESS, Story, change
from tests.installed import Bench
from tests.launches import make_launch_bench, story
from tests.revoking import listed, of_reference
from tests.world import NOW, WRITER, make_ring, trust_of

TTL_SECONDS = 3600


@dataclass
class Hands:
    """The two clocks, set by hand."""

    real: int = NOW
    boot: int = 86_400_000
    told: list[str] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return Clock(real=lambda: self.real, boot=lambda: self.boot, boot_id="11111111-2222-3333-4444-555555555555")


@dataclass(frozen=True, kw_only=True)
class Scene:
    bench: Bench
    request: AgentRequest
    hands: Hands
    run: IdleRun
    following: Following
    agent: CallStory


@contextmanager
def scene(folder: Path, *, standing: Standing, **changes: object) -> Iterator[Scene]:
    """A portal's own log, and that of an agent, which has measured once."""
    bench, hands = make_launch_bench(folder), Hands()
    request = AgentRequest(
        references=(bench.write(bench.seal(rules=Rules(ttl=TTL_SECONDS))),),
        trust=folder / "trust.json",
        key=folder / "writer.key",
        log=folder / "log",
        places={},
        **changes,  # type: ignore[arg-type]
    )
    opening = replace(open_references(request), clock=hands.clock)
    with CallStory(folder / "agent") as agent, open_own_log(opening, request) as own:
        agent.process = change(PROCESS, uid=os.getuid())
        agent.open()
        run = IdleRun(server=only_server(opening), standing=standing, own=own, request=request, tell=hands.told.append)
        log = FollowedLog(agent.folder, agent.reference, lambda: make_ring(WRITER, role="writer"), agent.clock)
        following = Following(run, log, Owner(lambda _process: None))
        yield Scene(bench=bench, request=request, hands=hands, run=run, following=following, agent=agent)


ADOPTED = Standing(binding=Binding.ADOPTED, isolation=Isolation.SAME_UID)


def looks(scene: Scene, *steps: object) -> list[tuple[Finding, ...]]:
    """Run, take a step before each look and stop after the last; return what was found at each."""
    found: list[tuple[Finding, ...]] = []
    left = list(steps)

    def look(findings: tuple[Finding, ...]) -> None:
        found.append(findings)
        if not left:
            scene.run.stop.set()
        else:
            left.pop(0)()  # type: ignore[operator]

    scene.run.until_stopped(look)
    return found


def rule(footing: Footing) -> str | None:
    return None if footing.refusal is None else footing.refusal.rule


def test_a_match_by_the_same_standing_is_a_footing_and_tells_who_owns_the_address(tmp_path: Path):
    with scene(tmp_path, standing=ADOPTED) as each:
        footing = each.following.stand(())
        assert footing.refusal is None
        assert footing.match is not None
        assert footing.match.log_origin == each.agent.recorder.origin
        assert footing.upstream == f"pid {PROCESS.pid} start {PROCESS.start_time_ticks}"


@pytest.mark.parametrize(
    "standing", [replace(ADOPTED, binding=Binding.LAUNCHED), replace(ADOPTED, isolation=Isolation.OTHER_UID)]
)
def test_a_server_that_is_measured_otherwise_than_receipts_say_is_not_called(tmp_path: Path, standing: Standing):
    with scene(tmp_path, standing=standing) as each:
        assert rule(each.following.stand(())) == "measurement.unknown"


def test_nothing_rests_on_a_match_from_before_the_clock_was_set_back(tmp_path: Path):
    with scene(tmp_path, standing=ADOPTED) as each:
        back = make_finding(FindingKind.CLOCK, "clock", expected="a time that goes on", found="set back")
        footing = each.following.stand((back,))
        assert (footing.match, rule(footing)) == (None, "measurement.unknown")
        assert each.following.stand(()).match is None
        each.agent.match()
        assert each.following.stand(()).match is not None


def test_a_safe_state_in_the_portals_own_log_denies_too(tmp_path: Path):
    with scene(tmp_path, standing=ADOPTED) as each:
        each.run.own.past.safe.add(each.run.server.opened.digest)
        assert rule(each.following.stand(())) == "state.safe"


def test_the_time_to_live_runs_from_the_portals_own_first_use(tmp_path: Path):
    with scene(tmp_path, standing=ADOPTED) as each:

        def later() -> None:
            each.hands.real += TTL_SECONDS * 1000 + 1
            each.hands.boot += TTL_SECONDS * 1000 + 1

        first, second = looks(each, later)
        assert first == ()
        assert [finding.kind for finding in second] == [FindingKind.EXPIRED]
        assert rule(each.following.stand(second)) == "reference.expired"
        until = each.following.stand(()).until_ms
        assert until is not None
        assert until < each.hands.boot


def test_a_run_that_measures_nothing_says_when_it_began_and_ended(tmp_path: Path):
    with scene(tmp_path, standing=ADOPTED) as each:
        assert looks(each) == [()]
    assert story(each.bench) == ["start", "stop"]


def test_what_is_revoked_meanwhile_is_held_against_the_server(tmp_path: Path):
    revoked = tmp_path / "revoked.jsonl"
    revoked.write_bytes(listed())
    with scene(tmp_path, standing=ADOPTED, revocations=(revoked,)) as each:
        digest = each.run.server.opened.digest
        _, second = looks(each, lambda: revoked.write_bytes(listed(of_reference(digest))))
        assert [finding.kind for finding in second] == [FindingKind.REVOKED]
        assert rule(each.following.stand(second)) == "reference.revoked"


def test_a_clock_that_was_set_back_behind_the_log_denies_until_it_has_caught_up(tmp_path: Path):
    with scene(tmp_path, standing=ADOPTED) as each:

        def set_back() -> None:
            each.hands.real -= 60_000

        def catch_up() -> None:
            each.hands.real += 60_000

        _, second, third = looks(each, set_back, catch_up)
        assert [finding.kind for finding in second] == [FindingKind.CLOCK]
        assert [finding.kind for finding in third] == []
        assert instant.text(NOW) in "".join(each.hands.told)


def test_the_portals_own_log_and_another_machine_are_nothing_to_follow(tmp_path: Path):
    with scene(tmp_path, standing=ADOPTED) as each:
        request = replace(each.request, log=tmp_path / "other")
    with (
        pytest.raises(RefusedError, match="another than the portal"),
        open_following(request, tmp_path / "other", "http://127.0.0.1:1/mcp", each.hands.told.append),
    ):
        pass
    with (
        pytest.raises(RefusedError, match="address of this machine"),
        open_following(request, tmp_path / "agent", "https://server.example/mcp", each.hands.told.append),
    ):
        pass
    with (
        pytest.raises(UnavailableError, match="sealed"),
        open_following(request, tmp_path / "log", "http://127.0.0.1:1/mcp", each.hands.told.append),
    ):
        pass


def test_an_agent_whose_key_its_job_certified_is_heard_as_long_as_the_key_counts(tmp_path: Path):
    bench, hands = make_launch_bench(tmp_path), Hands()
    trust = trust_of(certified.trust_file(writers=[WRITER.public]))
    (tmp_path / "trust.json").write_bytes(write_trust(trust.document))
    jobs = bench.write(bench.seal(trust=trust))
    keys = bench.write(bench.seal(), "keys.ref")
    with Story(tmp_path / "agent", writer=JOB_KEY, attestation=certified.attest_key()) as agent:
        for reference, heard in ((jobs, True), (keys, False)):
            request = AgentRequest(
                references=(reference,),
                trust=tmp_path / "trust.json",
                key=tmp_path / "writer.key",
                log=tmp_path / f"log of {reference.name}",
                places={},
            )
            opening = replace(open_references(request), clock=hands.clock)
            with open_own_log(opening, request) as own:
                ring = ring_of(only_server(opening), opening.trust, own, agent.folder)
                hands.real = NOW
                assert (JOB_KEY.public in ring().keys) is heard
                assert WRITER.public in ring().keys
                hands.real = certified.SINCE + 24 * 3_600_000 + 1
                assert JOB_KEY.public not in ring().keys
