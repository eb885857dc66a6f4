"""The checks: stable ids, what each means, and what to do when it fails. `docs/checks.md` is checked against this."""

from collections.abc import Callable
from typing import Final

import msgspec

from attest.evidence.grammar import Tier
from attest.evidence.verdict import Axis, Kind
from attest.evidence.verify.question import Question

Asked = Callable[[Question, Kind], bool]


def _always(_question: Question, _kind: Kind) -> bool:
    return True


def _when_told(_question: Question, _kind: Kind) -> bool:
    """Say of a check that it is laid out once the file turns out to hold what it is about."""
    return False


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check: its id (`axis.name`), the kinds of file it applies to, and two lines for people.

    `tiers` narrows it for evidence bundles; `asked` for what only applies if the caller demands it.
    """

    id: str
    meaning: str
    remedy: str
    kinds: frozenset[Kind]
    tiers: frozenset[Tier] = frozenset(Tier)
    asked: Asked = _always

    @property
    def axis(self) -> Axis:
        """The axis that this check belongs to."""
        return Axis(self.id.partition(".")[0])


_BUNDLE: Final = frozenset({Kind.EVIDENCE_BUNDLE})
_RECEIPTS: Final = frozenset({Kind.EVIDENCE_BUNDLE, Kind.RECEIPT})
_SEALED: Final = frozenset({Kind.EVIDENCE_BUNDLE, Kind.RUNTIME_REFERENCE})
_OURS: Final = frozenset({Kind.EVIDENCE_BUNDLE, Kind.RECEIPT, Kind.RUNTIME_REFERENCE})
_BUILD: Final = frozenset(
    {Kind.SIGSTORE_BUNDLE, Kind.DSSE, Kind.IN_TOTO_JSONL, Kind.NPM_ATTESTATIONS, Kind.PYPI_ATTESTATIONS}
)
_ALL: Final = frozenset(Kind)
_KNOWN: Final = frozenset(Kind) - {Kind.UNKNOWN}
_WITH_CONTENT: Final = frozenset({Tier.RECEIPTS, Tier.FULL})

_ROWS: Final = (
    Check(
        id="integrity.grammar",
        meaning="The file is of a known kind, and every line of it has the right form and place.",
        remedy="Get the file again, unedited; it was damaged, edited or cut on the way.",
        kinds=_ALL,
    ),
    Check(
        id="integrity.end-line",
        meaning="The last line counts the lines before it and holds the SHA-256 of their bytes.",
        remedy="Get the whole file again; its end is missing, or a byte in it was changed.",
        kinds=_BUNDLE,
    ),
    Check(
        id="integrity.entry-chain",
        meaning="Entries are numbered without a gap, each holds its predecessor's hash, time never falls.",
        remedy="An entry is missing, doubled, moved or changed: export again from the log itself.",
        kinds=_BUNDLE,
    ),
    Check(
        id="integrity.commitment",
        meaning="Each entry commits to the very receipt beside it, and the two agree on type, time and place.",
        remedy="A receipt was exchanged or its entry edited: export again, and distrust whoever handed it over.",
        kinds=_BUNDLE,
        tiers=_WITH_CONTENT,
    ),
    Check(
        id="integrity.media-type",
        meaning="The Sigstore bundle is of a version that is known: 0.1, 0.2 or 0.3.",
        remedy="Get a newer mcp-attest; or have it signed again with a current tool.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="integrity.base64",
        meaning="Every field that holds bytes holds them in base64, spelled as its format demands.",
        remedy="Get the file again, unedited: somebody wrote it anew.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="integrity.statement",
        meaning="What was signed is an in-toto statement of an accepted version.",
        remedy="Have it signed as in-toto Statement v1; v0.1 counts unless the trust file is strict.",
        kinds=_BUILD,
    ),
    Check(
        id="integrity.subject",
        meaning="Each receipt is about what it says: the sealed manifest and artifacts, or its own findings.",
        remedy="The writer is not a well-behaved mcp-attest: find out which program wrote this log.",
        kinds=_RECEIPTS,
        tiers=_WITH_CONTENT,
    ),
    Check(
        id="integrity.tree",
        meaning="The Merkle tree over all entries has the root and size that the checkpoint signs.",
        remedy="Entries and checkpoint do not belong together: export again from the log itself.",
        kinds=_BUNDLE,
    ),
    Check(
        id="integrity.start",
        meaning="Where the file begins inside a log, the entry before it is proven to be in the tree.",
        remedy="Export again with the checkpoint that you pinned: `attest bundle --since`.",
        kinds=_BUNDLE,
    ),
    Check(
        id="authenticity.trust",
        meaning="The trust file itself has not expired.",
        remedy="Get the current trust file from its owner.",
        kinds=_ALL,
    ),
    Check(
        id="authenticity.references",
        meaning="Every RuntimeReference is signed by enough sealers of the trust file, and each is used.",
        remedy="Add the sealer's public key to the trust file if you trust it; else refuse this evidence.",
        kinds=_SEALED,
        tiers=_WITH_CONTENT,
    ),
    Check(
        id="authenticity.receipts",
        meaning="Every receipt is signed by a writer of the trust file whom its RuntimeReference names too.",
        remedy="Add the writer's public key to the trust file and seal with it; else refuse this evidence.",
        kinds=_RECEIPTS,
        tiers=_WITH_CONTENT,
    ),
    Check(
        id="authenticity.checkpoint",
        meaning="The checkpoint is signed by the writer of the log's receipts, a writer of the trust file.",
        remedy="Add the writer's public key to the trust file if you trust it; else refuse this evidence.",
        kinds=_BUNDLE,
    ),
    Check(
        id="authenticity.signature",
        meaning="The signature holds over the very bytes that are read.",
        remedy="Get the file again; else refuse it: it was changed, or a key that nobody trusts signed it.",
        kinds=_BUILD,
    ),
    Check(
        id="authenticity.root",
        meaning="The root of the Sigstore instance is known, and young enough.",
        remedy="Name one: `attest trust new --sigstore`; renew it: `attest trust refresh`.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="authenticity.key",
        meaning="The key that signed without a certificate is trusted, and signed inside its window.",
        remedy="Name the key: `--public-key PUB`, or in the trust file; npm's come with `--sigstore production`.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="authenticity.certificate",
        meaning="The certificate was issued for signing code by an authority of the root, and valid when it signed.",
        remedy="Refuse this evidence; or give the root of the instance that issued it: `--sigstore ROOT.json`.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="authenticity.sct",
        meaning="A certificate transparency log of the root promised to publish the certificate.",
        remedy="Refuse this evidence: a certificate that was never published is one that nobody could see.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="authenticity.log-entry",
        meaning="The log entry is of a known kind, and about this very signature, certificate and content.",
        remedy="Refuse this evidence: the entry belongs to another signature.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="authenticity.log",
        meaning="A transparency log of the root signed for the entry: its promise, or its proof and checkpoint.",
        remedy="Refuse this evidence; or give the root of the instance whose log it was: `--sigstore ROOT.json`.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="authenticity.time",
        meaning="A proven time of signing lies inside every validity.",
        remedy="Have it signed again with a log entry or a time stamp; without one nobody knows when it was signed.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="authenticity.identity",
        meaning="The signer is one whom the caller or the trust file expects.",
        remedy="If you trust this signer, name him: `--cert-identity` and `--cert-oidc-issuer`, or in the trust file.",
        kinds=_BUILD,
    ),
    Check(
        id="authenticity.verifier",
        meaning="The verification summary comes from the verifier that the trust file knows by this key.",
        remedy="Name him in the trust file if you trust him: `attest trust new --verifier ID=PUB`.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="completeness.start",
        meaning="Nothing is missing before the first entry: it is the log's first, or a pinned checkpoint ends there.",
        remedy="Export from the beginning, or give the pinned checkpoint: `--expect-checkpoint`.",
        kinds=_BUNDLE,
    ),
    Check(
        id="completeness.runs",
        meaning="Runs begin with a start and end with a stop, and speak only about what they started with.",
        remedy="The log was written by something other than one agent at a time: look at it with `attest log show`.",
        kinds=_BUNDLE,
    ),
    Check(
        id="completeness.end",
        meaning="The last entry is young enough, or of the run that was given the nonce.",
        remedy="Export the log's newest state; raise `--max-evidence-age` only if old evidence is enough.",
        kinds=_BUNDLE,
    ),
    Check(
        id="completeness.pinned",
        meaning="The log contains the checkpoint that is known from elsewhere, and extends it.",
        remedy="The log was cut or replaced since that checkpoint: ask for the real one.",
        kinds=_ALL,
        asked=lambda question, _kind: bool(question.checkpoints),
    ),
    Check(
        id="freshness.age",
        meaning="The newest measurement of each expected reference is young enough, or of the run with the nonce.",
        remedy="Measure again and export again; or raise `--max-evidence-age`.",
        kinds=_RECEIPTS,
    ),
    Check(
        id="freshness.cadence",
        meaning="Inside a run no interval between measurements is longer than the sealed largest gap.",
        remedy="Find out what stopped the agent; pin a checkpoint after it and export `--since`.",
        kinds=_BUNDLE,
    ),
    Check(
        id="freshness.validity",
        meaning="The RuntimeReference was valid at each measurement, and is now.",
        remedy="Seal again: `attest seal` with a later `--not-after`.",
        kinds=_SEALED,
    ),
    Check(
        id="freshness.future",
        meaning="Nothing is later than the time of judging, save 60 seconds for clocks that differ.",
        remedy="Set the clocks right; or give the right time with `--at`.",
        kinds=_OURS,
    ),
    Check(
        id="freshness.clock",
        meaning="The clock that cannot be set back (boot time) never runs backwards within one boot.",
        remedy="Receipts were reordered or their clock is broken: distrust this machine's times.",
        kinds=_BUNDLE,
        tiers=_WITH_CONTENT,
    ),
    Check(
        id="freshness.nonce",
        meaning="The newest run was started with the nonce that the caller chose.",
        remedy="Start the agent with `--nonce` and this value, then export again.",
        kinds=_ALL,
        asked=lambda question, _kind: question.nonce is not None,
    ),
    Check(
        id="build-link.reference",
        meaning="The evidence is about the expected references, and there are receipts about each.",
        remedy="Say what you expect with `--reference` or `--artifact`; else it is about something else.",
        kinds=_KNOWN,
        asked=lambda question, kind: kind not in _BUILD or bool(question.references),
    ),
    Check(
        id="build-link.artifact",
        meaning="The expected artifact is the one that was built or sealed, and build evidence names it.",
        remedy="Say which artifact with `--artifact`; if you did, the evidence is about another one.",
        kinds=_KNOWN,
        asked=lambda question, kind: kind in _BUILD or bool(question.artifacts),
    ),
    Check(
        id="build-link.subject",
        meaning="The statement names what it is about by a digest, and all attestations of the file name the same.",
        remedy="A name proves nothing: have it attested with the digest of the artifact.",
        kinds=_BUILD,
    ),
    Check(
        id="build-link.digest",
        meaning="The digest is of an accepted algorithm: sha256, sha384, sha512 or gitCommit.",
        remedy="Have it attested with sha256; sha1 and md5 identify nothing any more.",
        kinds=_BUILD,
    ),
    Check(
        id="build-link.builder",
        meaning="The builder is the one who signed, and the expected one.",
        remedy="Check `--builder-id` and the trust file against what `attest show` says.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="build-link.source",
        meaning="Certificate, trigger and provenance name one source, the expected one, at the expected commit.",
        remedy="Say what you expect with `--source-uri`; if you did, it was built from something else.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="build-link.certificate",
        meaning="Nothing that the provenance says about its build contradicts the certificate.",
        remedy="Refuse this evidence: whoever wrote it wrote more than the build platform confirms.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="build-link.parameters",
        meaning="Build type and external parameters are those that the trust file lists.",
        remedy="Look at them with `attest show`; add them to the trust file if they are harmless.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="build-link.predicate",
        meaning="What the predicate says was judged, and not only who signed it.",
        remedy="Nothing failed: use whatever knows this type of predicate to judge it.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="build-link.published",
        meaning="The registry itself says that it published this archive as this package version.",
        remedy="Refuse this evidence: the registry speaks about another package.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="build-link.result",
        meaning="The verification summary says PASSED.",
        remedy="The verifier refused this artifact: ask it why.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="build-link.resource",
        meaning="The verification summary is about the expected resource.",
        remedy="Say which with `--resource-uri`; if you did, the summary is about another one.",
        kinds=_BUILD,
        asked=_when_told,
    ),
    Check(
        id="build-link.evidence",
        meaning="The original build evidence is here, verifies again, and says what the sealer said it does.",
        remedy="Add the builder and its sources to the trust file, or give `--source-uri`; else seal again.",
        kinds=_SEALED,
    ),
    Check(
        id="build-link.contradiction",
        meaning="No SBOM, lock file or archive has another content for what provenance says was built.",
        remedy="Find out who wrote the other content down: an SBOM with the digest of a trojan looks like this.",
        kinds=_BUNDLE,
        tiers=_WITH_CONTENT,
    ),
    Check(
        id="build-link.assurance",
        meaning="No file is known worse than the trust file demands (`minima.assurance`).",
        remedy="Seal with better evidence: provenance or a signed SBOM for the files that lack it.",
        kinds=_SEALED,
    ),
    Check(
        id="build-link.complete",
        meaning="Evidence names nothing that is not installed, and no file lacks evidence, as the trust file demands.",
        remedy="Seal again with evidence about what is installed, all of it and no more; or change `sealRules`.",
        kinds=_SEALED,
        asked=lambda question, _kind: bool(question.trust.seal_rules.demands),
    ),
    Check(
        id="build-link.level",
        meaning="Build evidence names the demanded builder and source, at the demanded SLSA level or a higher one.",
        remedy="Check the flags against what the build platform really says (`attest show`).",
        kinds=_ALL,
        asked=lambda question, _kind: question.wants_level,
    ),
    Check(
        id="conformance.measured",
        meaning="There is at least one measurement of each expected reference.",
        remedy="Measure first: `attest agent --once`, then export again.",
        kinds=_RECEIPTS,
    ),
    Check(
        id="conformance.matched",
        meaning="Every measurement of the expected references found everything as sealed.",
        remedy="Look at what drifted (`attest show`); mend it, or seal the new state; then export `--since`.",
        kinds=_RECEIPTS,
    ),
    Check(
        id="conformance.binding",
        meaning="What was measured (process or files alone) is at least what reference and trust file demand.",
        remedy="Name the running process: `attest agent --pid`.",
        kinds=_RECEIPTS,
    ),
    Check(
        id="conformance.isolation",
        meaning="The measurer was kept apart from the server as well as reference and trust file demand.",
        remedy="Run the agent as another user than the server, or privileged.",
        kinds=_RECEIPTS,
    ),
    Check(
        id="conformance.runtime",
        meaning="Where a reference names a runtime, each measurement covers it, by a valid reference that is no older.",
        remedy="Measure with the newest reference of the runtime (`attest agent REF RUNTIME-REF`), or seal it anew.",
        kinds=_BUNDLE,
        tiers=_WITH_CONTENT,
    ),
    Check(
        id="conformance.actions",
        meaning="Every drift was followed by the sealed action, and every intended action has an outcome.",
        remedy="Find out why the agent did not act, or died while it acted.",
        kinds=_BUNDLE,
    ),
    Check(
        id="conformance.context",
        meaning="The newest run was started with the context that the caller expects.",
        remedy="Start the agent with `--context` and these values, then export again.",
        kinds=_ALL,
        asked=lambda question, _kind: bool(question.context),
    ),
    Check(
        id="conformance.kind",
        meaning="The file is of the kind that the caller demands.",
        remedy="Hand over a file of that kind, or change `--kind`.",
        kinds=_ALL,
        asked=lambda question, _kind: question.kind is not None,
    ),
    Check(
        id="conformance.tier",
        meaning="The evidence bundle holds at least as much as the caller demands.",
        remedy="Export with the demanded `--tier`, or demand less.",
        kinds=_BUNDLE,
    ),
)

CHECKS: Final[dict[str, Check]] = {row.id: row for row in _ROWS}


def applicable(kind: Kind, tier: Tier | None, question: Question) -> tuple[Check, ...]:
    """Return the checks that apply to a file of this kind (and tier), for this question."""
    return tuple(
        row
        for row in CHECKS.values()
        if kind in row.kinds and (tier is None or tier in row.tiers) and row.asked(question, kind)
    )
