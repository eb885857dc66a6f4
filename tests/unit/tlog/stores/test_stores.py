"""What every log store does: the contract, run over all rows of the table."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.tlog.merkle import leaf_hash, root_of
from attest.tlog.stores import STORES
from tests.logs import make_rows, new_head

ROOT = Path(__file__).parents[4]

pytestmark = pytest.mark.parametrize("store", STORES.values(), ids=STORES)


def test_the_table_names_its_rows(store):
    assert STORES[store.name] is store


def test_a_new_log_is_empty_and_has_a_name_of_its_own(store, tmp_path):
    origins = set()
    for name in ("a", "b"):
        writer = store.create_or_open_writer(tmp_path / name)
        assert (writer.log.size, list(writer.log.rows(0, 10)), writer.log.newest_checkpoint()) == (0, [], None)
        assert list(writer.log.checkpoints()) == []
        assert list(writer.log.landmarks(1)) == []
        origins.add(writer.log.origin)
        writer.close()
    assert len(origins) == 2


def test_what_was_appended_is_read_back_by_writer_reader_and_next_writer(store, tmp_path):
    writer = store.create_or_open_writer(tmp_path / "log")
    rows = make_rows(new_head(writer.log.origin), 150)
    writer.append(0, rows[:1])
    writer.append(1, rows[1:])
    reader = store.open_reader(tmp_path / "log")
    writer_saw = list(writer.log.rows(0, 150))
    writer.close()
    again = store.create_or_open_writer(tmp_path / "log")
    for log in (reader, again.log):
        assert (log.size, log.origin) == (150, writer.log.origin)
        assert list(log.rows(0, 150)) == writer_saw
        assert [row.sequence for row in log.rows(60, 133)] == list(range(60, 133))
        assert list(log.rows(149, 1000)) == writer_saw[149:]
    assert [(row.entry, row.receipt, row.subtrees) for row in writer_saw] == [
        (row.entry, row.receipt, row.subtrees) for row in rows
    ]
    reader.close()
    again.close()


def test_rows_are_a_stream_that_may_be_left_while_the_log_grows(store, tmp_path):
    writer = store.create_or_open_writer(tmp_path / "log")
    head = new_head(writer.log.origin)
    writer.append(0, make_rows(head, 200))
    stream = writer.log.rows(0, 200)
    next(stream)
    writer.append(200, make_rows(head, 1))
    assert len(list(stream)) == 199
    writer.close()


def test_a_reader_sees_the_log_as_it_was_when_it_was_opened(store, tmp_path):
    writer = store.create_or_open_writer(tmp_path / "log")
    head = new_head(writer.log.origin)
    writer.append(0, make_rows(head, 3), b"note of three")
    reader = store.open_reader(tmp_path / "log")
    writer.append(3, make_rows(head, 3, landmarks=(4,)), b"note of six")
    assert (reader.size, len(list(reader.rows(0, 6))), reader.newest_checkpoint()) == (3, 3, b"note of three")
    assert list(reader.checkpoints()) == [(3, b"note of three")]
    assert list(reader.landmarks(1)) == []
    with pytest.raises(MalformedError):
        reader.node(0, 3)
    reader.close()
    writer.close()


def test_every_perfect_subtree_is_found_with_its_last_leaf(store, tmp_path):
    writer = store.create_or_open_writer(tmp_path / "log")
    rows = make_rows(new_head(writer.log.origin), 37)
    writer.append(0, rows)
    for number, row in enumerate(rows):
        assert writer.log.node(0, number) == leaf_hash(row.entry)
    head = new_head(writer.log.origin)
    for size in range(1, 38):
        make_rows(head, 1)
        assert root_of(size, writer.log.node) == head.checkpoint.root
    with pytest.raises(MalformedError, match="level 0 with entry 37"):
        writer.log.node(0, 37)
    with pytest.raises(MalformedError, match="level 6 with entry 63"):
        writer.log.node(6, 0)
    writer.close()


@pytest.mark.parametrize("note", [b"note", None])
@pytest.mark.parametrize("stop", [2, 3, 4])
def test_an_append_to_another_size_is_refused_and_changes_nothing(store, tmp_path, stop, note):
    writer = store.create_or_open_writer(tmp_path / "log")
    rows = make_rows(new_head(writer.log.origin), 4)
    writer.append(0, rows[:2], b"note")
    for size in (0, 1, 3):
        with pytest.raises(RefusedError, match=f"a log of {size} entries, found 2"):
            writer.append(size, rows[2:stop], note)
    assert (writer.log.size, list(writer.log.checkpoints())) == (2, [(2, b"note")])
    writer.append(2, rows[2:])
    assert writer.log.size == 4
    writer.close()


def test_checkpoints_are_found_by_size_and_there_is_one_for_each(store, tmp_path):
    writer = store.create_or_open_writer(tmp_path / "log")
    head = new_head(writer.log.origin)
    writer.append(0, [], b"0")
    for size in range(0, 140, 2):
        writer.append(size, make_rows(head, 2), b"%d" % (size + 2))
    assert list(writer.log.checkpoints()) == [(size, b"%d" % size) for size in range(0, 141, 2)]
    assert writer.log.newest_checkpoint() == b"140"
    assert writer.log.checkpoint_at_most(99) == b"98"
    assert writer.log.checkpoint_at_most(0) == b"0"
    with pytest.raises(RefusedError):
        writer.append(140, [], b"another")
    assert writer.log.newest_checkpoint() == b"140"
    writer.close()


def test_landmarks_are_found_by_kind_in_both_directions(store, tmp_path):
    writer = store.create_or_open_writer(tmp_path / "log")
    head = new_head(writer.log.origin)
    writer.append(0, make_rows(head, 200, landmarks=range(3, 150)))
    writer.append(200, make_rows(head, 9, landmarks=(204,), kind=2))
    assert [row.sequence for row in writer.log.landmarks(1)] == list(range(3, 150))
    assert [row.sequence for row in writer.log.newest_landmarks(1)] == list(range(149, 2, -1))
    assert list(writer.log.newest_landmarks(2)) == list(writer.log.rows(204, 205))
    assert list(writer.log.landmarks(2)) == list(writer.log.rows(204, 205))
    assert list(writer.log.landmarks(3)) == []
    writer.close()


def test_a_second_writer_is_refused_until_the_first_has_closed(store, tmp_path):
    writer = store.create_or_open_writer(tmp_path / "log")
    with pytest.raises(RefusedError, match="no other writer of this log, found one at work"):
        store.create_or_open_writer(tmp_path / "log")
    code = f"""
import sys
from pathlib import Path
from attest.errors import RefusedError
from attest.tlog.stores import STORES
try:
    STORES[{store.name!r}].create_or_open_writer(Path(sys.argv[1]))
except RefusedError:
    sys.exit(5)
"""
    child = subprocess.run([sys.executable, "-c", code, tmp_path / "log"], cwd=ROOT, check=False)
    assert child.returncode == 5
    writer.append(0, make_rows(new_head(writer.log.origin), 1))
    writer.close()
    store.create_or_open_writer(tmp_path / "log").close()


def test_the_folder_is_its_owners_alone(store, tmp_path):
    store.create_or_open_writer(tmp_path / "log").close()
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "log").iterdir())


def test_a_missing_log_or_place_is_unavailable(store, tmp_path):
    with pytest.raises(UnavailableError, match="a folder with a log, found none"):
        store.open_reader(tmp_path / "log")
    assert not (tmp_path / "log").exists()
    with pytest.raises(UnavailableError, match="a place for a log folder"):
        store.create_or_open_writer(tmp_path / "no" / "log")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnavailableError):
        store.create_or_open_writer(tmp_path / "file")


def test_a_writer_is_for_any_thread(store, tmp_path):
    writer = store.create_or_open_writer(tmp_path / "log")
    rows = make_rows(new_head(writer.log.origin), 3)
    for size, row in enumerate(rows):
        assert in_another_thread(lambda size=size, row=row: writer.append(size, [row])) is None
    assert writer.log.size == 3
    assert in_another_thread(writer.close) is None
    reader = store.open_reader(tmp_path / "log")
    assert [row.entry for row in reader.rows(0, 3)] == [row.entry for row in rows]
    reader.close()


def test_a_writer_is_for_one_thread_at_a_time(store, tmp_path):
    writer = store.create_or_open_writer(tmp_path / "log")
    rows = make_rows(new_head(writer.log.origin), 3)
    raised: list[BaseException | None] = []

    class Slow(list):
        """Rows during which somebody else appends."""

        def __iter__(self):
            raised.append(in_another_thread(lambda: writer.append(0, rows[2:])))
            return super().__iter__()

    writer.append(0, Slow(rows[:2]))
    assert isinstance(raised[0], RefusedError)
    assert writer.log.size == 2
    writer.append(2, rows[2:])
    writer.close()


def in_another_thread(work) -> BaseException | None:
    """Do it in a thread of its own and return what it raised."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).exception()
