"""Whatever is wrapped in whatever order, and whatever is edited beside it, the way back ends where it began."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.clients.editing import put_before
from attest.codec.octets import sha256_hex
from attest.wrap.kept import Keeping, Kept, KeptServer, kept_server, still_ours
from attest.wrap.undoing import undo
from tests.configurations import Drawn, json_configurations, toml_configurations

BEFORE = ("/opt/attest", "portal", "one", "--")


@pytest.fixture(scope="module", autouse=True)
def disk() -> Iterator[None]:
    """Nobody waits for the disk here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


def wrap(path: Path, form: str, keys: tuple[str, ...], keeping: Keeping) -> None:
    octets, kept = path.read_bytes(), keeping.find(path)
    bare, ours = still_ours(octets, kept)
    after, changes = put_before(octets, form, keys, BEFORE, where="here")
    servers: tuple[KeptServer, ...] = (*ours, kept_server(keys, BEFORE, changes))
    keeping.keep(
        Kept(path=str(path), form=form, before=sha256_hex(bare), after=sha256_hex(after), servers=servers), bare
    )
    path.write_bytes(after)


@given(json_configurations() | toml_configurations(), st.data())
def test_all_that_was_wrapped_is_undone_byte_for_byte(drawn: Drawn, data: st.DataObject):
    table = "mcp_servers" if drawn.form == "codex" else "mcpServers"
    order = data.draw(st.permutations(sorted(drawn.servers)))
    note = b"\n# note" if drawn.form == "codex" else b"\n// note"
    with tempfile.TemporaryDirectory() as folder:
        path, keeping = Path(folder).resolve() / "x", Keeping(folder=Path(folder) / "kept")
        path.write_bytes(drawn.octets)
        expected = drawn.octets
        for name in order:
            wrap(path, drawn.form, (table, name), keeping)
            if data.draw(st.booleans()):
                path.write_bytes(path.read_bytes() + note)
                expected += note
        kept = keeping.find(path)
        assert kept is not None
        if data.draw(st.booleans()):
            undo(kept, keeping, chosen=lambda each: each.keys[-1] == order[0], write=True)
            kept = keeping.find(path) or kept
        undo(kept, keeping, chosen=lambda _: True, write=True)
        assert path.read_bytes() == expected
        assert not list((Path(folder) / "kept").iterdir())
