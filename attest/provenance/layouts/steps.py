"""The steps of a layout against its links, with the `in_toto` library: who did them, and what happened to artifacts.

Stricter than the library in three places. Every link has to count for something: one by a stranger is refused and not
skipped. All links of a step have to agree, also where one would be enough: else whoever put them together chooses. And
whatever stands in a Metablock has to be covered by its signature, which the library makes over the fields it knows.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from attest.codec.printable import printable
from attest.errors import MalformedError, UntrustedError
from attest.provenance.layouts.form import Layout, Link, read_link
from attest.provenance.layouts.metadata import FORM, SignedMetadata, read_metadata

FUNCTIONARIES: Final = "authenticity.functionaries"
RULES: Final = "build-link.rules"

_TRACE: Final = threading.Lock()
"""The library keeps the trace of the rules that it applies in a global."""

Filed = dict[str, dict[str, "SignedLink"]]
"""Links by step, then by the key id of the functionary who signed."""


@dataclass(frozen=True, kw_only=True)
class SignedLink:
    """A link that some functionary claims to have signed, where it stood, and both as the library has them."""

    where: str
    link: Link
    metadata: Any
    """`in_toto.models.metadata.Metablock` or `Envelope`."""


@dataclass(frozen=True, kw_only=True)
class Performed:
    """A step that was done as the layout demands: by whom (in-toto's key ids), and what came out."""

    name: str
    functionaries: tuple[str, ...]
    link: Link
    as_expected: bool
    """Whether the recorded command is the expected one; nothing follows from it, as in-toto has it."""


def verify_steps(
    layout: Layout, signed: SignedMetadata, links: Sequence[bytes], *, where: str
) -> tuple[Performed, ...]:
    """Verify every step; the layout's own signature and its functionaries' keys were looked at before.

    Raises `UntrustedError` with the check that failed, `MalformedError` for the form of a link.
    """
    with _translated(f"{where}: layout"):
        from in_toto.models.layout import Layout as LibraryLayout

        theirs = LibraryLayout.read(deepcopy(signed.said))
        _check_covered(signed, theirs, f"{where}: layout")
    filed = _file([_read(octets, f"{where}: links[{number}]") for number, octets in enumerate(links)], layout, where)
    _verify_signatures(theirs, filed, layout, where)
    performed = tuple(_agree(step.name, filed[step.name], step.expected_command, where) for step in layout.steps)
    _verify_rules(theirs, performed, where)
    return performed


def _read(octets: bytes, where: str) -> SignedLink:
    signed = read_metadata(octets, where=where)
    link = read_link(signed, where=where)
    with _translated(where):
        metadata = _library_metadata(signed)
        _check_covered(signed, metadata.get_payload(), where)
    return SignedLink(where=where, link=link, metadata=metadata)


def _library_metadata(signed: SignedMetadata) -> Any:  # noqa: ANN401  (a library without types)
    from in_toto.models.link import Link as LibraryLink
    from in_toto.models.metadata import ENVELOPE_PAYLOAD_TYPE, Envelope, Metablock
    from securesystemslib.signer import Signature  # type: ignore[attr-defined]  # public, without an __all__

    if signed.enveloped:
        signatures = {keyid: Signature(keyid, octets.hex()) for keyid, octets in signed.signatures}
        return Envelope(signed.signed, ENVELOPE_PAYLOAD_TYPE, signatures)
    return Metablock(
        signatures=[{"keyid": keyid, "sig": octets.hex()} for keyid, octets in signed.signatures],
        signed=LibraryLink.read(deepcopy(signed.said)),
    )


def _check_covered(signed: SignedMetadata, theirs: Any, where: str) -> None:  # noqa: ANN401  (a library without types)
    if not signed.enveloped and theirs.signable_bytes != signed.signed:
        raise MalformedError(where, "the fields that in-toto signs, all of them and no other", "others", check=FORM)


def _file(links: Sequence[SignedLink], layout: Layout, where: str) -> Filed:
    """Put each link to its step, under everybody who may have done it and whose signature it claims to have."""
    steps = {step.name: step for step in layout.steps}
    filed: Filed = {step.name: {} for step in layout.steps}
    for each in links:
        step = steps.get(each.link.name)
        if step is None:
            raise UntrustedError(each.where, "a link of a step of the layout", each.link.name, check=FUNCTIONARIES)
        claimed = [keyid for keyid in _signers(each) if keyid in step.pubkeys and keyid in layout.keys]
        if not claimed:
            named = ", ".join(keyid[:16] for keyid in step.pubkeys)
            found = f"one by {', '.join(keyid[:16] for keyid in _signers(each)) or 'nobody'}"
            expected = f"a signature by a functionary of step {step.name}: {named}"
            raise UntrustedError(each.where, expected, found, check=FUNCTIONARIES)
        for keyid in claimed:
            if keyid in filed[step.name]:
                found = f"two links of step {step.name} by {keyid[:16]}"
                raise UntrustedError(f"{where}: links", "one link a step and functionary", found, check=FUNCTIONARIES)
            filed[step.name][keyid] = each
    return filed


def _signers(each: SignedLink) -> list[str]:
    signatures = each.metadata.signatures
    return list(signatures) if isinstance(signatures, dict) else [row["keyid"] for row in signatures]


def _verify_signatures(theirs: Any, filed: Filed, layout: Layout, where: str) -> None:  # noqa: ANN401  (as above)
    for step in layout.steps:
        if len(filed[step.name]) < step.threshold:
            raise UntrustedError(
                f"{where}: step {step.name}",
                f"links of {step.threshold} of its functionaries",
                f"{len(filed[step.name])}",
                hint="give the links of every step, as its functionaries signed them",
                check=FUNCTIONARIES,
            )
    with _translated(where):
        from in_toto.exceptions import ThresholdVerificationError
        from in_toto.verifylib import verify_link_signature_thresholds

        metadata = {name: {keyid: each.metadata for keyid, each in by_key.items()} for name, by_key in filed.items()}
        try:
            verified = verify_link_signature_thresholds(theirs, metadata)
        except ThresholdVerificationError as error:
            expected = "enough links with a good signature"
            raise UntrustedError(where, expected, _first_line(error), check=FUNCTIONARIES) from error
    for name, by_key in filed.items():
        for keyid, each in by_key.items():
            if keyid not in verified[name]:
                expected = f"a signature of functionary {keyid[:16]} over these bytes"
                raise UntrustedError(each.where, expected, "a bad one", check=FUNCTIONARIES)


def _agree(name: str, by_key: Mapping[str, SignedLink], expected_command: list[str], where: str) -> Performed:
    links = [each.link for each in by_key.values()]
    first = links[0]
    if any((each.materials, each.products) != (first.materials, first.products) for each in links[1:]):
        raise UntrustedError(
            f"{where}: step {name}",
            "links that name the same materials and products",
            f"{len(links)} links that do not",
            check=FUNCTIONARIES,
        )
    as_expected = all(each.command == expected_command for each in links)
    return Performed(name=name, functionaries=tuple(by_key), link=first, as_expected=as_expected)


def _verify_rules(theirs: Any, performed: Sequence[Performed], where: str) -> None:  # noqa: ANN401  (as above)
    from in_toto.exceptions import RuleVerificationError
    from in_toto.models.link import Link as LibraryLink
    from in_toto.verifylib import verify_item_rules

    links = {
        each.name: LibraryLink(name=each.name, materials=each.link.materials, products=each.link.products)
        for each in performed
    }
    for step in theirs.steps:
        for kind, rules in (("materials", step.expected_materials), ("products", step.expected_products)):
            with _translated(f"{where}: step {step.name}"), _TRACE:
                try:
                    verify_item_rules(step.name, kind, rules, links)
                except RuleVerificationError as error:
                    expected = f"{kind} that its rules allow"
                    raise UntrustedError(
                        f"{where}: step {step.name}", expected, _first_line(error), check=RULES
                    ) from error


@contextmanager
def _translated(where: str) -> Iterator[None]:
    """Turn whatever else the library raises about a document into our error: it is a fault of its form."""
    from securesystemslib.exceptions import Error

    try:
        yield
    except (Error, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        found = f"{type(error).__name__}: {_first_line(error)}"
        raise MalformedError(where, "metadata that in-toto reads", found, check=FORM) from error


def _first_line(error: Exception) -> str:
    return printable(str(error).split("\n", 1)[0], limit=300)
