"""Second half of the survey: every file seen gets an entry that says how its digest is known, or sealing is refused."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from attest.errors import RefusedError
from attest.measure.derivations import python_bytecode
from attest.measure.deriver import Deriver
from attest.measure.facts import Facts
from attest.measure.interpreters import interpreters_of
from attest.seal.binding import Bindings
from attest.seal.fitting import Fitted
from attest.seal.remedies import remedy_for
from attest.statement.findings import FindingKind
from attest.statement.levels import ORIGIN_RANK, Origin
from attest.statement.manifest import Entry, FileKind, entry_key
from attest.statement.observation import Derivation, Key, Observed, Trouble
from attest.statement.predicates.runtime_reference import Assurance, Share

_SHOWN: Final = 5


def explain(
    bindings: Bindings, fitted: Fitted, allow_site: tuple[str, ...], program: str | None = None
) -> tuple[tuple[Entry, ...], Assurance]:
    """Return the manifest's entries, sorted, and the shares by origin.

    `program` is the executable if a runtime is sealed. Its byte code, thousands of files, then keeps its digest beside
    its rule: where it is still the same, nobody has to compile the standard library to see that.
    Raises `RefusedError` naming the files that neither archive, evidence, rule nor `allow_site` explains, and one that
    differs from what evidence names.
    """
    seen = bindings.observation.files
    known, links = _bound_files(bindings), _bound_links(bindings)
    places = bindings.observation.places.values()
    deriver = Deriver(interpreters=interpreters_of(places) if program is None else interpreters_of((), (program,)))
    named = _named_files(fitted, known)
    outcomes = deriver.derive_all(
        _facts(bindings, named | known), [key for key in seen if key not in known and key not in links]
    )
    _refuse_differing(fitted, outcomes)
    # What a rule recomputes is derived also where an SBOM lists it: its digest is of one installation only.
    known |= {key: value for key, value in named.items() if not isinstance(outcomes.get(key), Derivation)}
    # What the sealer approves can be derived from, too: byte code of approved sources is not approved unseen.
    known |= {
        key: (str(seen[key].sha256), Origin.SITE)
        for key, outcome in outcomes.items()
        if key not in known
        and not isinstance(outcome, Derivation)
        and seen[key].sha256
        and not _is_made(key)
        and _allowed(key, allow_site)
    }
    rest = [key for key in seen if key not in known and key not in links]
    outcomes = deriver.derive_all(_facts(bindings, known), rest)
    _refuse_contradictions(outcomes)
    entries = [_known_entry(seen[key], origin) for key, (_, origin) in known.items()]
    entries += [_link_entry(seen[key], origin) for key, origin in links.items()]
    ranks = {(entry.root, entry.path): entry.origin for entry in entries}
    for key in rest:
        outcome = outcomes[key]
        if isinstance(outcome, Derivation):
            entry = _derived_entry(seen[key], outcome, ranks, outcomes)
            keeps = program is not None and entry.rule == python_bytecode.NAME
            entries.append(msgspec.structs.replace(entry, seen=seen[key].sha256) if keeps else entry)
        else:
            entries.append(_site_entry(seen[key]))
    site = [(entry.root, entry.path) for entry in entries if entry.origin is Origin.SITE]
    _refuse_unexplained([key for key in site if not _allowed(key, allow_site)], outcomes, bindings.observation.places)
    return tuple(sorted(entries, key=entry_key)), _assurance(entries, seen)


def _named_files(fitted: Fitted, bound: Mapping[Key, tuple[str, Origin]]) -> dict[Key, tuple[str, Origin]]:
    """Return the files that are known better by what evidence names than as members of an archive; never byte code."""
    return {
        key: value
        for key, value in fitted.known.items()
        if not _is_made(key) and (key not in bound or ORIGIN_RANK[bound[key][1]] < ORIGIN_RANK[value[1]])
    }


def _refuse_differing(fitted: Fitted, outcomes: Mapping[Key, Derivation | Trouble | None]) -> None:
    """Refuse a file with another content than evidence names for its place, whatever else explains it."""
    for key, sha256 in sorted(fitted.differing.items()):
        if not isinstance(outcomes.get(key), Derivation) and not _is_made(key):
            raise RefusedError(
                "/".join(key),
                f"what build evidence names for it, sha256 {sha256}",
                "another content",
                hint="find out who changed it; or make the SBOM of this very state",
            )


def _facts(bindings: Bindings, known: Mapping[Key, tuple[str, Origin]]) -> Facts:
    found = [item.bound for item in bindings.archives if item.bound.found]
    return Facts(
        observation=bindings.observation,
        known={key: sha256 for key, (sha256, _) in known.items()},
        archives={str(bound.archive.digest.sha256): bound.archive.filename for bound in found},
        integrities=frozenset(bound.archive.digest.sha512 for bound in found if bound.archive.digest.sha512),
        promised={key: given for bound in found for key, given in bound.promised.items()},
    )


def _is_made(key: Key) -> bool:
    """Whether a file is byte code, which an interpreter makes and which is never taken for a source."""
    return key[1].endswith(".pyc")


def _refuse_contradictions(outcomes: Mapping[Key, Derivation | Trouble | None]) -> None:
    """Refuse byte code that does not follow from the source beside it, whatever the sealer approves by name."""
    for key, outcome in sorted(outcomes.items()):
        if isinstance(outcome, Trouble) and outcome.kind is FindingKind.UNDERIVED and _is_made(key):
            raise RefusedError(
                "/".join(key),
                outcome.expected or "what its source compiles to",
                outcome.detail,
                hint="find out who changed it; or remove the __pycache__ folders: they are written again",
            )


def _bound_files(bindings: Bindings) -> dict[Key, tuple[str, Origin]]:
    files: dict[Key, tuple[str, Origin]] = {}
    for item in bindings.archives:
        for key, file in item.bound.files.items():
            before = files.get(key)
            # Two archives may hold the same file with the same content: the better known one speaks for it.
            if before is None or ORIGIN_RANK[before[1]] < ORIGIN_RANK[item.origin]:
                files[key] = (file.sha256, item.origin)
    return files


def _bound_links(bindings: Bindings) -> dict[Key, Origin]:
    links: dict[Key, Origin] = {}
    for item in bindings.archives:
        for key in item.bound.links:
            links[key] = max(links.get(key, item.origin), item.origin, key=ORIGIN_RANK.__getitem__)
    return links


def _known_entry(seen: Observed, origin: Origin) -> Entry:
    return Entry(
        root=seen.root,
        path=seen.path,
        type_=FileKind.FILE,
        origin=origin,
        size=seen.size,
        sha256=seen.sha256,
        executable=seen.executable,
    )


def _site_entry(seen: Observed) -> Entry:
    return _link_entry(seen, Origin.SITE) if seen.type_ is FileKind.LINK else _known_entry(seen, Origin.SITE)


def _link_entry(seen: Observed, origin: Origin) -> Entry:
    return Entry(root=seen.root, path=seen.path, type_=FileKind.LINK, origin=origin, target=seen.target)


def _derived_entry(
    seen: Observed,
    derivation: Derivation,
    ranks: Mapping[Key, Origin],
    outcomes: Mapping[Key, Derivation | Trouble | None],
) -> Entry:
    return Entry(
        root=seen.root,
        path=seen.path,
        type_=seen.type_ or FileKind.FILE,
        origin=Origin.DERIVED,
        rank=_rank(derivation, ranks, outcomes),
        rule=derivation.rule,
        inputs=derivation.inputs,
    )


def _rank(
    derivation: Derivation, ranks: Mapping[Key, Origin], outcomes: Mapping[Key, Derivation | Trouble | None]
) -> Origin:
    """Return the worst origin among the inputs; without any, the rule alone determines the content."""
    worst = Origin.BUILT
    for given in derivation.inputs:
        root, _, path = given.partition("/")
        inner = outcomes.get((root, path))
        if given.endswith("/"):
            found = _worst_below(root, path, ranks)
        elif (root, path) in ranks:
            found = ranks[root, path]
        elif isinstance(inner, Derivation) and inner != derivation:
            found = _rank(inner, ranks, outcomes)
        else:
            continue
        worst = min(worst, found, key=ORIGIN_RANK.__getitem__)
    return worst


def _worst_below(root: str, folder: str, ranks: Mapping[Key, Origin]) -> Origin:
    below = (origin for (there, path), origin in ranks.items() if there == root and path.startswith(folder))
    return min(below, key=ORIGIN_RANK.__getitem__, default=Origin.SITE)


def _allowed(key: Key, allow_site: tuple[str, ...]) -> bool:
    """Whether a glob approves the file: against its path in the root, or `root/path`; `*` also crosses `/`."""
    return any(fnmatchcase(key[1], glob) or fnmatchcase("/".join(key), glob) for glob in allow_site)


def _refuse_unexplained(
    keys: list[Key], outcomes: Mapping[Key, Derivation | Trouble | None], places: Mapping[str, str]
) -> None:
    if not keys:
        return
    first = sorted(keys)[:_SHOWN]
    named = ", ".join(f"{root}/{path}{_why(outcomes.get((root, path)))}" for root, path in first)
    more = f" and {len(keys) - len(first)} more" if len(keys) > len(first) else ""
    raise RefusedError(
        "seal", "each file explained by an archive or a rule", f"{named}{more}", hint=remedy_for(keys, places)
    )


def _why(outcome: Derivation | Trouble | None) -> str:
    return f" ({outcome.detail})" if isinstance(outcome, Trouble) else ""


def _assurance(entries: list[Entry], seen: Mapping[Key, Observed]) -> Assurance:
    files = dict.fromkeys(Origin, 0)
    octets = dict.fromkeys(Origin, 0)
    for entry in entries:
        files[entry.origin] += 1
        octets[entry.origin] += seen[entry.root, entry.path].size or 0
    shares = {origin: Share(files=files[origin], bytes=octets[origin]) for origin in Origin}
    ranked = [entry.rank or entry.origin for entry in entries]
    return Assurance(
        built=shares[Origin.BUILT],
        listed=shares[Origin.LISTED],
        locked=shares[Origin.LOCKED],
        derived=shares[Origin.DERIVED],
        site=shares[Origin.SITE],
        least=min(ranked, key=ORIGIN_RANK.__getitem__, default=Origin.SITE),
    )
