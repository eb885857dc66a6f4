"""Seal a server that nobody can measure: no file, but who it has to be and how it describes its tools.

Nothing is read from the network here: what stands in `tools.toml` was recorded before (`attest tools record
--upstream`), and a person looked at it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attest.codec import canonical, instant
from attest.codec.octets import sha256_hex
from attest.errors import RefusedError
from attest.measure.upstreams.addresses import check_address, is_secure
from attest.seal.downgrades import judge_downgrade
from attest.seal.request import ProcessRules, SealRequest
from attest.seal.sealed import Sealed, sign_reference
from attest.seal.superseded import open_superseded
from attest.seal.terms import enforcement_like, measurement_of, refuse_leftovers, validity_of
from attest.seal.tools.checking import check_rules
from attest.seal.writers import derivers_of, writers_of
from attest.signing.keys import PrivateKey
from attest.statement.digests import DigestSet
from attest.statement.enforcing import Action
from attest.statement.levels import Binding
from attest.statement.manifest import write_remote_manifest
from attest.statement.predicates.runtime_reference import (
    NO_FILE,
    Assurance,
    ManifestDescriptor,
    RuntimeReference,
    Server,
    Share,
    SubjectIdentifier,
    Unclaimed,
)
from attest.statement.tools.rules import ToolRules, Upstream
from attest.trust.trust import Trust, check_current

OUTSIDE: Final = "the whole server: nobody saw a file or a process of it"


def seal_remote(request: SealRequest, trust: Trust, load_key: Callable[[], PrivateKey], *, at: int) -> Sealed:
    """Seal the server at `request.upstream`, at time `at` (milliseconds since 1970).

    Raises `RefusedError` for a server that is not pinned, for rules that need files or a process, and where the trust
    file demands either; `UntrustedError` for the key.
    """
    check_current(trust, at)
    tools = request.tools
    if tools is None:
        raise RefusedError("--upstream", "the tools of the server, recorded from it", "none", hint="--tools tools.toml")
    upstream = _pinned(tools, request.upstream or "")
    _refuse_what_needs_files(request, tools, trust)
    check_rules(tools, {})
    superseded = tuple(open_superseded(path, trust, at=at) for path in request.supersedes)
    manifest = b"".join(write_remote_manifest(upstream, tools.definitions_digest))
    content = sha256_hex(manifest)
    server = Server(name=request.name or check_address(upstream)[0])
    writers = writers_of(request, trust, at)
    reference = RuntimeReference(
        sealed_at=instant.text(at),
        server=server,
        subject_identifier=SubjectIdentifier(content=content, metadata=sha256_hex(canonical.encode(server))),
        manifest=ManifestDescriptor(digest=DigestSet(sha256=content), entries=0),
        assurance=_nothing(),
        evidence=(),
        artifacts=(),
        unbound=(),
        unclaimed=Unclaimed(files=0, paths=()),
        outside=(OUTSIDE,),
        places=(),
        measurement=measurement_of(request),
        validity=validity_of(request, superseded, at),
        enforcement=enforcement_like(request),
        tools=tools,
        writers=writers.keys,
        writer_identities=writers.identities,
        derivers=derivers_of(request, trust, at),
    )
    refuse_leftovers(trust.seal_rules, reference, None)
    before = [each.predicate for each in superseded]
    reference = judge_downgrade(before, reference, request.accept_downgrade)
    return sign_reference(reference, manifest, (), trust, load_key, at=at)


def _pinned(tools: ToolRules, url: str) -> Upstream:
    upstream = tools.upstream
    if upstream is None or upstream.url != url:
        found = "none" if upstream is None else upstream.url
        hint = "attest tools record --upstream URL, then attest tools learn, write it"
        raise RefusedError("tools: [upstream] url", url, found, hint=hint)
    check_address(upstream)
    if is_secure(url) and not upstream.spki and upstream.spiffe_id is None:
        raise RefusedError("tools: [upstream]", "spki or spiffe-id, by which every connection is checked", "neither")
    return upstream


def _refuse_what_needs_files(request: SealRequest, tools: ToolRules, trust: Trust) -> None:
    given = {
        "TREE": request.trees,
        "COMMAND": request.command,
        "--runtime-of": request.program,
        "--runtime": request.runtime,
        "--artifact": request.artifacts,
        "--provenance, --sbom, --lock or --evidence": request.evidence,
        "--allow-site": request.allow_site,
        "--mutable": request.mutable,
        "what its process may do": request.process != ProcessRules(),
        "--scrub": request.rules.scrub,
        "egress in the rules": tools.egress is not None,
        "paths in the rules": any(tool.paths for tool in tools.tools),
    }
    for name, there in given.items():
        if there:
            raise RefusedError("--upstream", "nothing about files or a process, which nobody sees there", name)
    if request.rules.on_drift not in {Action.ALERT, Action.SAFE_STATE}:
        raise RefusedError("--on-drift", "alert or safe-state, without a process to act on", request.rules.on_drift)
    for least in (request.rules.min_binding, trust.minima.binding):
        if least not in {None, Binding.REMOTE}:
            raise RefusedError("binding", f"{least} or better", Binding.REMOTE, hint="seal what can be measured")
    if trust.minima.assurance is not None:
        raise RefusedError("assurance", f"every file {trust.minima.assurance} or better", "no file that anybody saw")


def _nothing() -> Assurance:
    none = Share(files=0, bytes=0)
    return Assurance(built=none, listed=none, locked=none, derived=none, site=none, least=NO_FILE)
