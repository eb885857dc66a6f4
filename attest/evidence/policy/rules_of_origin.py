"""Rules about origin: how well files are known, which may lie there without evidence, who built the artifacts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from attest.evidence.policy.document import AssuranceTable, BuildTable, GatePolicy
from attest.evidence.policy.globs import fits
from attest.evidence.policy.shortfall import Shortfall, about, of_each
from attest.evidence.verdict import Attested, Kind
from attest.evidence.verify.gathered import BuiltArtifact, Judged, Measured, Provenance
from attest.evidence.verify.references import Sealed
from attest.provenance.author import names_builder
from attest.statement.levels import ORIGIN_RANK, Origin
from attest.statement.predicates.runtime_reference import Assurance


def judge_assurance(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Hold what the sealer counted of each reference's files against the table."""
    table = policy.assurance
    if table is not None:
        yield from of_each(judged, _told(table), lambda each: _judge_files(table, each.sealed))


def judge_runtimes(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Hold the same of each runtime against its table, which a server without one keeps, unless one is required."""
    table = policy.runtime_assurance or AssuranceTable()
    needed = policy.required is not None and policy.required.runtime
    yield from of_each(judged, _told(table), _judge_without if needed else lambda _each: iter(()))
    for runtime in judged.gathered.runtimes:
        yield from _judge_files(table, runtime)


def _judge_without(each: Measured) -> Iterator[Shortfall]:
    reference = each.sealed.reference
    if reference.runtime is None and reference.program is None:
        yield about(each, "sealed without a runtime", expected="the reference of a runtime", found="none")


def _told(table: AssuranceTable) -> str:
    names = zip(table.__struct_encode_fields__, table.__struct_fields__, strict=True)
    values = ((name, getattr(table, field)) for name, field in names)
    return ", ".join(f"{name} {value}" for name, value in values if value is not None) or "known files"


def _judge_files(table: AssuranceTable, sealed: Sealed) -> Iterator[Shortfall]:
    assurance, name = sealed.reference.assurance, sealed.reference.server.name
    rank = next((rank for origin, rank in ORIGIN_RANK.items() if origin == assurance.least), None)
    if table.least is not None and (rank is None or rank < ORIGIN_RANK[Origin(table.least)]):
        yield Shortfall(
            detail=f"{name}: a file is known worse than demanded",
            expected=table.least,
            found=assurance.least,
            reference=sealed.digest,
            where=sealed.where,
        )
    for origins, least in (
        (("built",), table.min_built),
        (("built", "listed"), table.min_listed),
        (("built", "listed", "locked"), table.min_locked),
    ):
        share = _share(assurance, origins)
        if least is not None and (share is None or share < least):
            yield Shortfall(
                detail=f"{name}: too few files are known as {' or '.join(origins)}",
                expected=f"a share of at least {least:g}",
                found="no file" if share is None else f"{share:.4f}",
                reference=sealed.digest,
                where=sealed.where,
            )


def _share(assurance: Assurance, origins: Iterable[str]) -> float | None:
    """Return the share among the files that are not derived; None if there is none."""
    of_all = sum(getattr(assurance, origin).files for origin in ("built", "listed", "locked", "site"))
    return sum(getattr(assurance, origin).files for origin in origins) / of_all if of_all else None


def judge_site(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Find the files that nothing but the sealer's approval answers for, and no glob allows."""
    table = policy.site
    if table is not None:
        expected = f"one of {', '.join(table.allowed)}" if table.allowed else "none at all"
        yield from of_each(judged, expected, lambda each: _judge_site(table.allowed, each, expected))


def _judge_site(allowed: tuple[str, ...], each: Measured, expected: str) -> Iterator[Shortfall]:
    unclaimed = each.sealed.reference.unclaimed
    for path in unclaimed.paths:
        if not fits(path, allowed):
            yield about(each, "no evidence answers for a file", expected=expected, found=path, path=path)
    unnamed = unclaimed.files - len(unclaimed.paths)
    if unnamed > 0:
        yield about(each, "more such files than the reference names", expected=expected, found=f"{unnamed} more")


def judge_build(policy: GatePolicy, judged: Judged) -> Iterator[Shortfall]:
    """Hold the provenance of artifacts, or of a file of build evidence, against what is demanded of it."""
    table = policy.build
    if table is None:
        return
    if judged.verdict.kind is Kind.EVIDENCE_BUNDLE:
        yield from of_each(judged, _demand(table), lambda each: _judge_artifacts(table, each))
        return
    said = [each for each in judged.verdict.attestations if each.slsa_level is not None or each.builder is not None]
    if not said:
        yield Shortfall(detail="nothing here says who built it", expected=_demand(table), found="no provenance")
    for attested in said:
        provenance = _provenance(attested)
        if not _is_enough(provenance, table):
            found = _worth(provenance)
            yield Shortfall(detail="built otherwise", expected=_demand(table), found=found, where=attested.where)


def _judge_artifacts(table: BuildTable, each: Measured) -> Iterator[Shortfall]:
    for glob in table.artifacts:
        if not any(fnmatchcase(artifact.name, glob) for artifact in each.artifacts):
            yield about(each, "no such artifact", expected=glob, found=f"{len(each.artifacts)} others")
    judged = [artifact for artifact in each.artifacts if _is_meant(artifact, table)]
    if not judged:
        yield about(each, "no artifact has provenance", expected=_demand(table), found="none")
    for artifact in judged:
        if not any(_is_enough(provenance, table) for provenance in artifact.provenance):
            found = "; ".join(map(_worth, artifact.provenance)) or "no provenance"
            yield about(each, f"artifact {artifact.name} was built otherwise", expected=_demand(table), found=found)


def _is_meant(artifact: BuiltArtifact, table: BuildTable) -> bool:
    if table.artifacts:
        return any(fnmatchcase(artifact.name, glob) for glob in table.artifacts)
    return artifact.is_built


def _is_enough(provenance: Provenance, table: BuildTable) -> bool:
    by_one = any(names_builder(wanted, name) for wanted in table.builders for name in provenance.builders)
    return provenance.slsa_level >= (table.min_slsa_level or 0) and (by_one or not table.builders)


def _demand(table: BuildTable) -> str:
    by = f", by {' or '.join(table.builders)}" if table.builders else ""
    return f"SLSA level {table.min_slsa_level or 0} or higher{by}"


def _worth(provenance: Provenance) -> str:
    return f"SLSA level {provenance.slsa_level}, by {' as '.join(provenance.builders) or 'nobody named'}"


def _provenance(attested: Attested) -> Provenance:
    names = [name for name in (attested.builder, attested.identity) if name is not None]
    return Provenance(slsa_level=attested.slsa_level or 0, builders=tuple(dict.fromkeys(names)))
