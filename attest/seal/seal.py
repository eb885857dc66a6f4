"""Seal: verify the evidence, survey tree and archives, assemble the reference, sign it last."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attest.errors import RefusedError, UnavailableError
from attest.provenance.contradictions import CHECK as CONTRADICTION
from attest.provenance.contradictions import find_contradictions
from attest.provenance.model import VerifiedEvidence
from attest.provenance.named_files import named_paths
from attest.provenance.origins import named_by
from attest.seal.assembling import Parts, assemble
from attest.seal.command import absolute_program, refuse_unsealed, resolve_command, resolve_request
from attest.seal.downgrades import judge_downgrade
from attest.seal.evidence import verify_evidence
from attest.seal.messages import NamedDigest, NamedFilePath, SurveyRequest
from attest.seal.phases import Phase, Tell, untold
from attest.seal.process_rules import add_rules
from attest.seal.remote import seal_remote
from attest.seal.request import SealRequest
from attest.seal.roots import survey_roots
from attest.seal.runtime import check_leads, open_runtime
from attest.seal.sealed import Sealed, sign_reference
from attest.seal.superseded import open_superseded
from attest.seal.surveyor import Surveyed, run_survey
from attest.seal.tools.checking import check_rules
from attest.seal.writers import derivers_of, writers_of
from attest.signing.keys import PrivateKey
from attest.statement.manifest import read_manifest
from attest.statement.profile import ProcessProfile
from attest.trust.trust import Trust, check_current


def seal(
    request: SealRequest, trust: Trust, load_key: Callable[[], PrivateKey], *, at: int, tell: Tell = untold
) -> Sealed:
    """Seal what `request` describes, at time `at` (milliseconds since 1970); `tell` hears what is being done.

    `load_key` is called after everything hostile has been parsed, in other processes where it is archives or trees.
    Raises `UntrustedError` (evidence, key), `RefusedError` (unexplained or differing files), `MalformedError`.
    """
    if request.upstream is not None:
        tell(Phase.SIGNING, 0)
        return seal_remote(request, trust, load_key, at=at)
    check_current(trust, at)
    tell(Phase.EVIDENCE, len(request.evidence))
    evidence, pieces = verify_evidence(request.evidence, trust.as_of(at), request.expectations)
    superseded = [open_superseded(path, trust, at=at) for path in request.supersedes]
    archives = tuple(str(path.absolute()) for path in request.artifacts)
    named = tuple(
        NamedDigest(digest=each.digest, origin=each.origin, evidence=each.evidence) for each in named_by(evidence)
    )
    files = _named_files(evidence)
    roots = survey_roots(request)
    places = {item.root.name: item.place for item in roots}
    if request.tools is not None:
        check_rules(request.tools, places)
    command = resolve_request(request, places)
    runtime = open_runtime(request.runtime, trust, at=at)
    surveyed = run_survey(
        SurveyRequest(
            roots=roots,
            archives=archives,
            named=named,
            files=files,
            # Whoever names a program approves what belongs to it; what archives and evidence explain ranks higher.
            allow_site=request.allow_site or (("*",) if request.program is not None else ()),
            program=None if request.program is None else absolute_program(str(request.program)),
            command=() if command is None else command.words,
        ),
        tell,
    )
    refuse_unsealed(request.command, command, surveyed.result.roots)
    declared = command.profile if command is not None else _declared_profile(surveyed, places)
    process = add_rules(declared, request.process, places)
    if runtime is not None and runtime.program is not None:
        _, entries = read_manifest(surveyed.manifest.splitlines(keepends=True), where="manifest")
        sealed_places = {item.root.name: item.place for item in surveyed.result.roots}
        check_leads(runtime.program, runtime, process, entries, sealed_places)
    parts = Parts(
        request=request,
        trust=trust,
        evidence=evidence,
        surveyed=surveyed,
        answered=frozenset((files[number].path, files[number].sha256) for number in surveyed.result.answered),
        process=process,
        runtime=runtime,
        superseded=tuple(superseded),
        writers=writers_of(request, trust, at),
        derivers=derivers_of(request, trust, at),
    )
    reference = judge_downgrade(
        [each.predicate for each in superseded], assemble(parts, at=at), request.accept_downgrade
    )
    tell(Phase.SIGNING, 0)
    return sign_reference(reference, surveyed.manifest, pieces, trust, load_key, at=at)


def _declared_profile(surveyed: Surveyed, places: Mapping[str, str]) -> ProcessProfile | None:
    """Return the process of the command that the one archive which has any declares, if it can be started here."""
    commands = [item.command for item in surveyed.result.archives if item.command]
    try:
        resolved = resolve_command(commands[0], places) if len(commands) == 1 else None
        refuse_unsealed(commands[0] if resolved else (), resolved, surveyed.result.roots)
    except (RefusedError, UnavailableError):
        return None
    return None if resolved is None else resolved.profile


def _named_files(evidence: tuple[VerifiedEvidence, ...]) -> tuple[NamedFilePath, ...]:
    """Return the files that evidence names, each once; refuse what provenance contradicts."""
    for contradiction in find_contradictions(evidence):
        raise RefusedError(
            "evidence", "no other content for what provenance says was built", contradiction, check=CONTRADICTION
        )
    return tuple(
        NamedFilePath(path=path, sha256=sha256, origin=origin)
        for path, sha256, origin in dict.fromkeys(named_paths(evidence))
    )
