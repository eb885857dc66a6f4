"""python-direct-url: direct_url.json tells that a bound archive was installed (PEP 610)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote, urlsplit

from attest.codec import strict
from attest.errors import MalformedError
from attest.measure.derivations.distribution import is_metadata, label_of, metadata_of
from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived, written
from attest.measure.facts import Facts
from attest.statement.observation import Derivation

_MAX_BYTES: Final = 64 * 1024


def claims(path: str) -> bool:
    """Return whether this is the file of some `.dist-info`."""
    return is_metadata(path, "direct_url.json")


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept a URL that ends in the file name of the distribution's archive, with its hash if any.

    uv writes no hash. Directories, version control and editable installs are not accepted.
    """
    metadata = metadata_of(facts, root, path)
    if metadata is None:
        return None
    if not is_plain(facts, (root, path)):
        return underived("not a plain file")
    try:
        told = strict.parse(facts.read((root, path), _MAX_BYTES), where=path, max_bytes=_MAX_BYTES)
    except MalformedError as error:
        return underived(str(error))
    archive = _archive(facts, label_of(path) or "", told)
    if archive is None:
        return underived("not about a bound archive of this distribution")
    return Derivation(rule=RULE.name, inputs=(written(metadata), f"archive=sha256:{archive}"))


def _archive(facts: Facts, label: str, told: Any) -> str | None:  # noqa: ANN401  (a JSON value)
    if not isinstance(told, dict) or told.keys() != {"url", "archive_info"}:
        return None
    url, info = told["url"], told["archive_info"]
    if not isinstance(url, str) or not isinstance(info, dict):
        return None
    filename = unquote(urlsplit(url).path).rpartition("/")[2]
    for sha256, name in facts.archives.items():
        same = _key(name) == _key(label.removesuffix(".dist-info"))
        if name == filename and same and _fits(info, sha256):
            return sha256
    return None


def _key(name: str) -> tuple[str, ...]:
    return tuple(name.lower().replace("_", "-").replace(".", "-").split("-")[:2])


def _fits(info: dict[str, Any], sha256: str) -> bool:
    hashes = info.get("hashes", {"sha256": sha256})
    return (
        info.keys() <= {"hash", "hashes"}
        and info.get("hash", f"sha256={sha256}") == f"sha256={sha256}"
        and hashes == {"sha256": sha256}
    )


RULE: Final = Rule(name="python-direct-url", required=False, claims=claims, derive=derive)
