"""One sealed closure looked at and judged: the files of a server, or those of the runtime that it runs on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from attest.agent.sealed import SealedServer
from attest.agent.sharing import Shared
from attest.agent.waking import Waking
from attest.appraisal.files import compare_files
from attest.appraisal.validity import judge_validity
from attest.measure.derivations import RULES
from attest.measure.derived_before import Same
from attest.measure.deriver import Deriver
from attest.measure.facts import Facts
from attest.measure.process import ProcessHandle
from attest.measure.standpoint import OURS, Standpoint, standing_at
from attest.measure.stat_cache import Caches
from attest.measure.tree import look_at_roots
from attest.statement.findings import Finding
from attest.statement.manifest import Entry, FileKind
from attest.statement.observation import Derivation, Key, Observation, Observed, Trouble
from attest.statement.packed_files import FolderKey, as_packed

SPARE_NAMES: Final = 100_000
"""Names beyond those that are sealed that a root may have before it is given up: they are held in memory."""

LARGE_BYTES: Final = 512 * 1024 * 1024
"""From here on a second process saves more time than it takes to be started."""

_OPTIONAL_RULES: Final = frozenset(name for name, rule in RULES.items() if not rule.required)
_SEALED_RULES: Final = frozenset(name for name, rule in RULES.items() if not rule.may_appear)


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What one look at a closure came to."""

    observation: Observation
    findings: tuple[Finding, ...]
    derivations: Mapping[Key, Derivation]
    as_seen: int = 0
    """How many files more are byte code as it was seen when it was sealed, in directories that are as sealed."""


Beside: TypeAlias = Callable[[SealedServer, tuple[Looked, ...], Deriver, Callable[[], int]], Looked]
"""A look at what belongs to one run of a server: from what was seen of its sealed files, and how the time is told."""


Judge: TypeAlias = Callable[[SealedServer, int], tuple[Finding, ...]]
"""Why a reference may not be used at a time, milliseconds since 1970."""


def judge_by_itself(sealed: SealedServer, at: int) -> tuple[Finding, ...]:
    """Judge a reference by what it says alone."""
    return judge_validity(sealed.reference, at)


@dataclass(kw_only=True)
class Looks:
    """The looks of one cycle: a runtime that several servers run on is looked at once, by the first of them.

    The others' measurements then begin when that look did: age counts from the first read. With a process, it is looked
    from where that one stands; processes that see different files at the same paths share nothing.
    """

    deriver: Deriver
    clock_ms: Callable[[], int]
    beside: Beside | None = None
    judge: Judge = judge_by_itself
    caches: Caches | None = None
    waking: Waking | None = None
    fine: frozenset[int] = frozenset()
    """The device numbers of file systems that are known to stamp changes finely."""
    helped: bool = False
    """See `Standpoint`."""
    around: tuple[Finding, ...] = ()
    """What was found before anything was looked at: it is about every server."""
    shared: Shared[Looked] = field(default_factory=Shared)
    """What the servers of this turn have in common."""
    observed: dict[str, Observation] = field(default_factory=dict)
    """What was found last in the roots of a reference, by its digest."""

    def at(self, server: SealedServer, process: ProcessHandle | None) -> Looked:
        """Look at a server's own files."""
        with standing_at(process, self.caches) as standpoint:
            return self._look(server, standpoint)

    def judged_by(self, other: SealedServer, observation: Observation, process: ProcessHandle | None) -> Looked:
        """Judge by another reference what was found in the same places for one."""
        with standing_at(process) as standpoint:
            return judge_files(other, observation, self.deriver, self.judge, standpoint)

    def beside_it(self, server: SealedServer, parts: tuple[Looked, ...]) -> tuple[Looked, ...]:
        """Look at what this run made for the server beside its sealed files, which were looked at as `parts`."""
        return () if self.beside is None else (self.beside(server, parts, self.deriver, self.clock_ms),)

    def at_runtime(self, server: SealedServer, process: ProcessHandle | None) -> Looked | None:
        """Look at the files of the server's runtime, unless that was done in this cycle; None if it names none."""
        runtime = server.runtime
        if runtime is None:
            return None
        with standing_at(process, self.caches) as standpoint:
            shared = (runtime.opened.digest, *standpoint.view)
            if standpoint.trouble is not None:
                return self._look(runtime, standpoint)
            return self.shared.get(shared, lambda: self._look(runtime, standpoint))

    def _look(self, sealed: SealedServer, standpoint: Standpoint) -> Looked:
        standpoint = replace(standpoint, fine=self.fine, helped=self.helped)
        looked = look_at_closure(sealed, self.deriver, self.clock_ms, self.judge, standpoint)
        self.observed[sealed.opened.digest] = looked.observation
        if self.waking is not None:
            self.waking.saw(sealed.opened.digest, standpoint.prefix, looked.observation)
        return looked


def make_caches(servers: Sequence[SealedServer], cycle_seconds: int | None) -> Caches | None:
    """Return caches for the servers whose references allow one, under the strictest of their rules; None if none does.

    `cycle_seconds` is the cycle if it is not the sealed one.
    """
    rules = [server.reference.measurement for server in servers]
    scrubs = [each.scrub_seconds for each in rules if each.scrub_seconds is not None]
    if not scrubs:
        return None
    return Caches(min(scrubs), cycle_seconds or max(each.cycle_seconds for each in rules))


def look_at_closure(
    sealed: SealedServer,
    deriver: Deriver,
    clock_ms: Callable[[], int],
    judge: Judge = judge_by_itself,
    standpoint: Standpoint = OURS,
) -> Looked:
    """Look at every root of a reference, derive again what is derived, and judge it; and whether it is valid now."""
    if sealed.reference.measurement.scrub_seconds is None:
        standpoint = replace(standpoint, cache=None)
    observation = look_at_roots(
        sealed.places,
        sealed.roots,
        sealed.listed,
        clock_ms=clock_ms,
        standpoint=standpoint,
        most_names=len(sealed.entries) + SPARE_NAMES,
        alike=sealed.entries.folders,
        large=standpoint.helped and sealed.entries.total_bytes >= LARGE_BYTES,
    )
    return judge_files(sealed, observation, deriver, judge, standpoint)


def judge_files(
    sealed: SealedServer, observation: Observation, deriver: Deriver, judge: Judge, standpoint: Standpoint
) -> Looked:
    """Judge what was found in the roots of a reference, perhaps by a look that was meant for another one."""
    files = as_packed(observation.files)
    settled = sealed.entries.settled(files)
    before = deriver.before(sealed.opened.digest)
    same = before.find(files)
    derivations = _derive(sealed, observation, settled, deriver, same, standpoint)
    before.keep(files, sealed.entries, derivations)
    findings = compare_files(
        sealed.roots,
        sealed.entries,
        observation,
        derivations,
        optional_rules=_OPTIONAL_RULES,
        sealed_rules=_SEALED_RULES,
        made=same.folders,
    )
    return Looked(
        observation=observation,
        findings=(*findings, *judge(sealed, observation.started_at)),
        derivations={key: item for key, item in derivations.items() if isinstance(item, Derivation)},
        as_seen=sealed.entries.count_derived(settled),
    )


def _derive(
    sealed: SealedServer,
    observation: Observation,
    settled: frozenset[FolderKey],
    deriver: Deriver,
    same: Same,
    standpoint: Standpoint,
) -> dict[Key, Derivation | Trouble | None]:
    """Derive again what is sealed as derived, and whatever is not sealed at all, outside the `settled` directories.

    Byte code that still has the digest with which it was sealed was made again then, from the same sources. What is
    the `same` as before is not asked for again.
    """
    known = sealed.known
    facts = Facts(
        observation=observation,
        known=known,
        archives=sealed.archives,
        integrities=sealed.integrities,
        promised=sealed.promised,
        prefix=standpoint.prefix,
        outside=standpoint.outside,
    )
    outcomes: dict[Key, Derivation | Trouble | None] = {}
    wanted: list[Key] = []
    for key, seen in as_packed(observation.files).outside(settled | same.folders):
        entry = sealed.entries.single.get(key)
        if entry is not None and _is_as_seen(entry, seen):
            outcomes[key] = Derivation(rule=entry.rule or "", inputs=entry.inputs)
        elif key not in known:
            wanted.append(key)
    return {**outcomes, **deriver.derive_all(facts, wanted, same.derivations)}


def _is_as_seen(entry: Entry, found: Observed) -> bool:
    if entry.seen is None or found.sha256 != entry.seen:
        return False
    return found.type_ is FileKind.FILE and not found.executable
