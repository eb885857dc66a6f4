"""A sub-mandate is opened with its parents or not at all, and counts for no more than each of them."""

from __future__ import annotations

import pytest

from attest.errors import AttestError, MalformedError, RefusedError, UnavailableError, UntrustedError
from attest.signing.dsse import encode_envelope, read_envelope
from attest.signing.keys import PrivateKey
from attest.statement.companions import parents_path
from attest.statement.predicates.runtime_revocation import Revoked
from attest.trust.cosigning import cosign
from attest.trust.document import Thresholds
from attest.trust.loading import load_reference
from attest.trust.narrowing import CHECK, MAX_DEPTH
from attest.trust.references import open_reference, void_of
from attest.trust.revocations import open_revocations
from attest.trust.revoking import make_revocation, sign_revocation
from attest.trust.sequences import check_sequence
from tests.documents import SUBJECTS
from tests.evidence_story import change, seal
from tests.mandates import (
    CHILD,
    MANDATES,
    PARENT,
    PARENT_DIGEST,
    PARENT_ENVELOPE,
    lineage,
    narrowed,
    open_lineage,
    opened,
)
from tests.world import NOW, SEALER, SECOND_SEALER, STRANGER, make_key, make_trust_file, trust_of

THIRD = make_key("third sealer")


@pytest.mark.parametrize("key", [SEALER, SECOND_SEALER])
def test_one_by_a_key_that_signed_the_parent_or_is_named_by_it_opens(key: PrivateKey) -> None:
    child = opened(CHILD, key)
    assert child.predicate == CHILD
    assert [each.digest for each in child.parents] == [PARENT_DIGEST]
    assert child.root.digest == PARENT_DIGEST


def refused(envelopes: list[bytes], **more: object) -> UntrustedError:
    with pytest.raises(UntrustedError) as caught:
        open_lineage(envelopes, **more)  # type: ignore[arg-type]
    assert caught.value.check == CHECK
    return caught.value


def test_one_without_its_parent_or_with_another_is_refused() -> None:
    child = seal(CHILD, SECOND_SEALER)[1]
    assert "its parent with it" in refused([child]).expected
    refused([child, seal(change(PARENT, validity__sequence=2))[1]])
    open_lineage([child, PARENT_ENVELOPE])


def test_one_by_a_sealer_that_the_parent_does_not_name_is_refused() -> None:
    trust = trust_of(make_trust_file(sealers=(SEALER, SECOND_SEALER, THIRD)))
    refused([seal(CHILD, THIRD)[1], PARENT_ENVELOPE], trust=trust)


def test_one_that_no_trusted_sealer_signed_is_refused_also_where_the_parent_names_the_key() -> None:
    parent = change(PARENT, derivers=(STRANGER.keyid,))
    digest, envelope = seal(parent)
    child = seal(narrowed(parent, digest, "read"), STRANGER)[1]
    with pytest.raises(UntrustedError, match="sealer"):
        open_lineage([child, envelope])


def test_where_several_sealers_have_to_sign_each_of_them_has_to_be_named() -> None:
    sealers = (SEALER, SECOND_SEALER, THIRD)
    document = make_trust_file(sealers=sealers)
    trust = trust_of(change(document, thresholds=Thresholds(sealer=2)))

    def both(envelope: bytes, key: PrivateKey) -> bytes:
        return encode_envelope(cosign(read_envelope(envelope, where="it"), key, trust, at=NOW, where="it"))

    parent, child = both(PARENT_ENVELOPE, THIRD), seal(CHILD, SECOND_SEALER)[1]
    with pytest.raises(UntrustedError, match="2 different sealer keys"):
        open_lineage([child, parent], trust=trust)
    open_lineage([both(child, SEALER), parent], trust=trust)
    open_lineage([both(child, THIRD), parent], trust=trust)
    refused([both(child, THIRD), both(PARENT_ENVELOPE, SECOND_SEALER)], trust=trust)


def test_the_subject_is_that_of_the_parent() -> None:
    other = seal(CHILD, SECOND_SEALER, SUBJECTS[:1])[1]
    assert refused([other, PARENT_ENVELOPE]).where.endswith("subject")


def test_parents_have_parents_and_not_too_many() -> None:
    deepest = open_lineage(lineage(MAX_DEPTH))
    assert len(deepest.parents) == MAX_DEPTH
    assert deepest.root.predicate.parent is None
    assert f"at most {MAX_DEPTH} parents" in refused(lineage(MAX_DEPTH + 1)).expected


def test_a_link_of_the_line_cannot_be_left_out_or_put_on_top() -> None:
    line = lineage(3)
    refused([line[0], *line[2:]])
    refused(line[:-1])
    with pytest.raises(MalformedError):
        open_lineage([PARENT_ENVELOPE, PARENT_ENVELOPE])


@pytest.mark.parametrize("what", ["child", "parent", "deriver", "sealer"])
def test_it_is_void_when_a_parent_is_or_a_key_that_signed_one(what: str) -> None:
    child = opened(CHILD)
    kind, digest = {
        "child": (Revoked.REFERENCE, child.digest),
        "parent": (Revoked.REFERENCE, PARENT_DIGEST),
        "deriver": (Revoked.KEY, SECOND_SEALER.keyid),
        "sealer": (Revoked.KEY, SEALER.keyid),
    }[what]
    revocation = make_revocation(kind, digest, void_from=NOW + 5, reason="over")
    known = open_revocations([("it", encode_envelope(sign_revocation(revocation, SEALER, at=NOW)))], MANDATES)
    void = void_of(child, known)
    assert void is not None
    assert void.since == NOW + 5
    if what in {"child", "deriver"}:
        assert void_of(child.root, known) is None


def test_its_own_end_is_no_overlap_for_a_parent_that_was_replaced() -> None:
    parent = change(PARENT, validity__not_after=None)
    digest, envelope = seal(parent)
    child = seal(narrowed(parent, digest, "read", until=CHILD.validity.not_after), SECOND_SEALER)[1]
    root = open_lineage([child, envelope]).root
    highest = {PARENT.server.name: PARENT.validity.sequence + 1}
    with pytest.raises(RefusedError):
        check_sequence(root.predicate, highest, NOW, void=None, where="child")


def test_in_files_the_parents_lie_beside_it(tmp_path) -> None:
    path = tmp_path / "child.ref"
    child, *parents = lineage(2)
    path.write_bytes(child + b"\n")
    with pytest.raises(UnavailableError, match=r"the parents of child\.ref"):
        load_reference(path, MANDATES, at=NOW)
    parents_path(path).write_bytes(b"".join(each + b"\n" for each in parents))
    assert len(load_reference(path, MANDATES, at=NOW).parents) == 2
    for cut in (parents[0], parents[0] + b"\n", parents[0] + b"\n\n"):
        parents_path(path).write_bytes(cut)
        with pytest.raises(AttestError):
            load_reference(path, MANDATES, at=NOW)
    path.write_bytes(PARENT_ENVELOPE + b"\n")
    assert load_reference(path, MANDATES, at=NOW).parents == ()


def test_a_reference_without_a_parent_is_opened_as_ever() -> None:
    assert open_reference(PARENT_ENVELOPE, MANDATES, at=NOW, where="it").parents == ()
