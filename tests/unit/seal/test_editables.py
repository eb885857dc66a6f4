"""Editable installations are refused, whatever the sealer approves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attest.errors import RefusedError
from tests.installed import make_bench
from tests.wheels import put

EDITABLE = json.dumps({"url": "file:///src/tool", "dir_info": {"editable": True}}).encode()


@pytest.mark.parametrize(
    ("path", "octets"),
    [
        ("tool-1.dist-info/direct_url.json", EDITABLE),
        ("__editable__.tool-1.pth", b"/src/tool\n"),
        ("__editable___tool_1_finder.py", b"MAPPING = {}\n"),
        ("tool.egg-link", b"/src/tool\n.\n"),
    ],
)
def test_an_editable_installation_is_refused_with_a_remedy(path: str, octets: bytes, tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    put(bench.tree / path, octets)
    with pytest.raises(RefusedError, match="editable") as caught:
        bench.seal(allow_site=("*",))
    assert path in caught.value.where
    assert "pip wheel" in str(caught.value.hint)


def test_an_archive_that_was_installed_from_a_file_is_none(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    told = {"url": "file:///src/tool", "dir_info": {"editable": False}}
    put(bench.tree / "tool-1.dist-info/direct_url.json", json.dumps(told).encode())
    assert bench.seal(allow_site=("*",)).reference.artifacts
