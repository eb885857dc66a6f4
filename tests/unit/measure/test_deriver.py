"""Bytecode: compiled anew in a child without keys, compared byte for byte or in normal form."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import marshal
import os
import py_compile
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.measure import compiler as compiler_module
from attest.measure.derivations import python_bytecode
from attest.measure.derivations.rule import CompileJob
from attest.measure.deriver import Deriver
from attest.measure.facts import Facts
from attest.measure.marshal_form import normal_form
from attest.statement.findings import FindingKind
from attest.statement.observation import Derivation, Trouble
from tests.wheels import PYTHON, look, put

MAGIC = importlib.util.MAGIC_NUMBER
RELEASE = ".".join(map(str, sys.version_info[:3])).encode()
GREETING = MAGIC + bytes([len(RELEASE)]) + RELEASE
SOURCE = b"""\
import os
NAMES = {'a', 'b', 'c', 'd', 'e', 'f', 'g'}
BIG, SMALL, TEXT = 2**70, -5, 'caf\xc3\xa9'
def main(x, /, y=(1, 2.5, None, ...), *, z=b'zz'):
    '''Doc.'''
    assert x in {'one', 'two', 'three', 'four', 'five', 'six', 'seven'}
    class Inner:
        def method(self): return lambda: (x, y, 3j)
    try:
        return [i for i in y if i in {1, 'two', b'three', 4.0}]
    except OSError:
        raise
"""


@pytest.fixture
def tree(tmp_path):
    put(tmp_path / "tree/pkg/mod.py", SOURCE)
    return tmp_path / "tree"


def compiled(tree, optimize=0, mode=py_compile.PycInvalidationMode.TIMESTAMP, name=None):
    source = tree / "pkg/mod.py"
    target = importlib.util.cache_from_source(str(source), optimization=optimize or "")
    py_compile.compile(
        str(source), target, name or str(source), doraise=True, optimize=optimize, invalidation_mode=mode
    )
    return Path(target)


def facts_of(tree):
    seen = look({"tree": tree})
    known = {key: file.sha256 or "" for key, file in seen.files.items() if key[1].endswith(".py")}
    return Facts(observation=seen, known=known)


def derive(tree, pyc, deriver=None):
    key = ("tree", str(pyc.relative_to(tree)))
    return (deriver or Deriver(workers=1)).derive(facts_of(tree), key)


def is_derived(found):
    return found == Derivation(rule="python-bytecode", inputs=("tree/pkg/mod.py",))


def is_trouble(found, kind=FindingKind.UNDERIVED):
    return isinstance(found, Trouble) and found.kind is kind


@pytest.mark.parametrize("optimize", [0, 1, 2])
@pytest.mark.parametrize("mode", list(py_compile.PycInvalidationMode))
def test_what_the_interpreter_makes_of_a_sealed_source_is_derived(tree, optimize, mode):
    assert is_derived(derive(tree, compiled(tree, optimize, mode)))


def test_a_level_of_optimization_is_not_taken_for_another(tree):
    pyc = compiled(tree, 2)
    other = pyc.with_name(pyc.name.replace(".opt-2", ""))
    pyc.rename(other)
    assert is_trouble(derive(tree, other))


def test_without_a_sealed_source_it_is_nobodys(tree):
    put(tree / "pkg/other.py", b"1\n")
    facts = facts_of(tree)
    pyc = compiled(tree)
    seen = look({"tree": tree})
    unsealed = Facts(observation=seen, known={})
    key = ("tree", str(pyc.relative_to(tree)))
    assert Deriver().derive(unsealed, key) is None
    changed = Facts(observation=seen, known=dict.fromkeys(facts.known, "0" * 64))
    assert Deriver().derive(changed, key) is None


def test_a_source_that_is_not_the_sealed_one_makes_nothing(tree):
    facts = facts_of(tree)
    put(tree / "pkg/mod.py", SOURCE + b"import evil\n")
    pyc = compiled(tree)
    seen = look({"tree": tree})
    later = Facts(observation=seen, known=facts.known)
    assert Deriver().derive(later, ("tree", str(pyc.relative_to(tree)))) is None


@pytest.mark.parametrize("position", [5, 16, 40, -1])
def test_one_changed_byte_is_found(tree, position):
    pyc = compiled(tree)
    octets = bytearray(pyc.read_bytes())
    octets[position] ^= 1
    pyc.write_bytes(octets)
    assert is_trouble(derive(tree, pyc))


def with_other_lines(pyc, table="co_linetable"):
    """What a release makes that numbers lines otherwise."""
    octets = pyc.read_bytes()
    code = marshal.loads(octets[16:])
    pyc.write_bytes(octets[:16] + marshal.dumps(code.replace(**{table: getattr(code, table) + b"\x80\x00"})))


def an_environment(tree, version, home="/nowhere"):
    """What stands in an environment of an interpreter of a release; return what of it a rule has explained."""
    put(tree / "pyvenv.cfg", f"home = {home}\ninclude-system-site-packages = false\nversion = {version}\n".encode())
    return frozenset({("tree", "pyvenv.cfg")})


def an_installation(tree, version):
    """What stands in an installation of a release, sealed as one of its files."""
    put(tree / f"include/{PYTHON}/patchlevel.h", f'/* */\n#define PY_VERSION  "{version}"\n'.encode())
    return frozenset()


def derive_library(tree, pyc, derived):
    seen = look({"tree": tree})
    known = {key: file.sha256 or "" for key, file in seen.files.items() if key[1].endswith((".py", ".h"))}
    key = ("tree", str(pyc.relative_to(tree)))
    job = python_bytecode.derive(Facts(observation=seen, known=known), *key)
    assert isinstance(job, CompileJob)
    return Deriver(workers=1).compile_again(Facts(observation=seen, known=known, derived=derived), [job])[key]


@pytest.fixture
def library(tree):
    """A tree with the source in its library, and its byte code."""
    place = tree / f"lib/{PYTHON}"
    place.mkdir(parents=True)
    (tree / "pkg").rename(place / "pkg")
    pyc = compiled(place)
    with_other_lines(pyc)
    return pyc


@pytest.mark.parametrize("tells", [an_environment, an_installation])
def test_line_numbers_of_a_release_that_is_not_at_hand_are_nobodys_to_judge(tree, library, tells):
    found = derive_library(tree, library, tells(tree, "3.9.999"))
    assert is_trouble(found, FindingKind.UNDERIVABLE)
    assert "3.9.999" in found.expected


@pytest.mark.parametrize("tells", [an_environment, an_installation])
def test_line_numbers_of_the_release_that_is_at_hand_are_found(tree, library, tells):
    assert is_trouble(derive_library(tree, library, tells(tree, RELEASE.decode())))


def test_what_an_environment_says_of_its_release_counts_only_without_its_interpreter(tree, library):
    (tree / "bin").mkdir()
    (tree / "bin/python").symlink_to(os.path.realpath(sys.executable))
    assert is_trouble(derive_library(tree, library, an_environment(tree, "3.9.999")))


def test_a_release_that_nobody_sealed_or_explained_excuses_nothing(tree, library):
    an_environment(tree, "3.9.999")
    assert is_trouble(derive_library(tree, library, frozenset()))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the table is one of 3.11")
def test_an_exception_table_of_another_release_is_found(tree, library):
    octets = library.read_bytes()
    assert is_trouble(derive_library(tree, library, an_environment(tree, "3.9.999")), FindingKind.UNDERIVABLE)
    library.write_bytes(octets)
    with_other_lines(library, "co_exceptiontable")
    assert is_trouble(derive_library(tree, library, an_environment(tree, "3.9.999")))


def test_poisoned_code_with_the_old_header_is_found(tree):
    pyc = compiled(tree)
    evil = compile(SOURCE + b"import evil\n", str(tree / "pkg/mod.py"), "exec")
    pyc.write_bytes(pyc.read_bytes()[:16] + marshal.dumps(evil))
    assert is_trouble(derive(tree, pyc))


@pytest.mark.parametrize("flags", [2, 4, 0x80000000])
def test_unknown_flags_are_refused(tree, flags):
    pyc = compiled(tree)
    octets = pyc.read_bytes()
    pyc.write_bytes(octets[:4] + flags.to_bytes(4, "little") + octets[8:])
    assert is_trouble(derive(tree, pyc))


@pytest.mark.parametrize("mode", list(py_compile.PycInvalidationMode))
def test_a_source_that_was_touched_or_copied_still_makes_its_byte_code(tree, mode):
    pyc = compiled(tree, mode=mode)
    os.utime(tree / "pkg/mod.py", (1, 1))
    assert is_derived(derive(tree, pyc))


@pytest.mark.parametrize("mode", list(py_compile.PycInvalidationMode))
def test_a_header_for_another_source_before_the_right_code_does_no_harm(tree, mode):
    pyc = compiled(tree, mode=mode)
    octets = pyc.read_bytes()
    pyc.write_bytes(octets[:8] + bytes(8) + octets[16:])
    assert is_derived(derive(tree, pyc))


@pytest.mark.parametrize("more", [b"x", b"N", b"\0" * 16])
def test_bytes_after_the_code_are_found(tree, more):
    pyc = compiled(tree)
    pyc.write_bytes(pyc.read_bytes() + more)
    assert is_trouble(derive(tree, pyc))


@pytest.mark.parametrize(
    "name",
    ["/tmp/pip-target-1/lib/python/pkg/mod.py", "mod.py", "/caf\xe9/mod.py", f"/{'x' * 300}/mod.py", "<frozen x>"],
)
def test_code_that_was_compiled_elsewhere_is_the_same_code(tree, name):
    assert is_derived(derive(tree, compiled(tree, name=name)))


def test_code_that_names_two_sources_is_found(tree):
    pyc = compiled(tree)
    code = marshal.loads(pyc.read_bytes()[16:])
    main = next(each for each in code.co_consts if hasattr(each, "co_code"))
    consts = tuple(each.replace(co_filename="/x/os.py") if each is main else each for each in code.co_consts)
    pyc.write_bytes(pyc.read_bytes()[:16] + marshal.dumps(code.replace(co_consts=consts)))
    assert is_trouble(derive(tree, pyc))


@pytest.mark.parametrize("field", ["co_name", "co_firstlineno", "co_flags", "co_linetable"])
def test_any_other_field_of_the_code_counts(tree, field):
    pyc = compiled(tree)
    code = marshal.loads(pyc.read_bytes()[16:])
    other = {"co_name": "x", "co_firstlineno": 7, "co_flags": code.co_flags | 0x1000000, "co_linetable": b"\x80\x00"}
    pyc.write_bytes(pyc.read_bytes()[:16] + marshal.dumps(code.replace(**{field: other[field]})))
    assert is_trouble(derive(tree, pyc))


def test_a_program_is_no_bytecode(tree):
    pyc = compiled(tree)
    pyc.chmod(0o755)
    assert is_trouble(derive(tree, pyc))


def test_what_a_start_that_was_killed_leaves_of_byte_code_is_nobodys_business(tree):
    pyc = compiled(tree)
    half = pyc.with_name(f"{pyc.name}.139872345")
    half.write_bytes(pyc.read_bytes()[:20])
    assert is_derived(derive(tree, half))
    half.chmod(0o755)
    assert is_trouble(derive(tree, half))
    half.unlink()
    half.symlink_to("/etc/passwd")
    assert is_trouble(derive(tree, half))


@pytest.mark.parametrize("name", ["mod.py.12", "mod.cpython-311.pyc.12a", "mod.pyc.12", "mod.cpython-311.pyc."])
def test_other_names_are_not_in_the_making(tree, name):
    put(tree / "pkg/__pycache__" / name, b"x")
    assert derive(tree, tree / "pkg/__pycache__" / name) is None


def test_an_interpreter_of_another_kind_is_needed_and_missed(tree):
    pyc = compiled(tree)
    pyc.write_bytes(b"\x01\x00\r\n" + pyc.read_bytes()[4:])
    assert is_trouble(derive(tree, pyc), FindingKind.UNDERIVABLE)


def test_code_that_is_shared_and_interned_otherwise_is_the_same_code(tree):
    pyc = compiled(tree)
    octets = pyc.read_bytes()
    body = marshal.dumps(marshal.loads(octets[16:]), 2)
    assert body != octets[16:]
    pyc.write_bytes(octets[:16] + body)
    assert is_derived(derive(tree, pyc))


def test_sets_in_another_order_are_the_same_code():
    assert len({normal_form(b">\x02\0\0\0" + items, MAGIC, where="x") for items in (b"TN", b"NT")}) == 1
    assert len({normal_form(b"(\x02\0\0\0" + items, MAGIC, where="x") for items in (b"TN", b"NT")}) == 2


def test_a_steady_cycle_compiles_nothing(tree, monkeypatch):
    pyc = compiled(tree)
    deriver = Deriver()
    assert is_derived(derive(tree, pyc, deriver))
    monkeypatch.setattr(compiler_module, "_run", lambda *_: pytest.fail("a child was started"))
    assert is_derived(derive(tree, pyc, deriver))


def test_many_files_are_derived_in_batches(tree):
    keys = []
    for number in range(300):
        put(tree / f"pkg/m{number}.py", b"X = %d\n" % number)
        target = importlib.util.cache_from_source(str(tree / f"pkg/m{number}.py"))
        py_compile.compile(str(tree / f"pkg/m{number}.py"), target, doraise=True)
        keys.append(("tree", str(Path(target).relative_to(tree))))
    found = Deriver(workers=2).derive_all(facts_of(tree), keys)
    assert {type(result) for result in found.values()} == {Derivation}


def fake_interpreter(tmp_path, body):
    """An interpreter of our magic number that misbehaves as soon as it has anything to compile."""
    program = tmp_path / "python-fake"
    lines = (
        f"#!{sys.executable} -IS",
        "import os, sys, time",
        f"magic = {GREETING!r}",
        *body,
    )
    put(program, "\n".join(lines).encode(), 0o755)
    return program


MISBEHAVIOUR = {
    "a crash": ["asked = sys.stdin.buffer.read()", "os.abort() if asked else sys.stdout.buffer.write(magic)"],
    "silence": ["asked = sys.stdin.buffer.read()", "time.sleep(30) if asked else sys.stdout.buffer.write(magic)"],
    "nonsense": ["asked = sys.stdin.buffer.read()", "sys.stdout.buffer.write(magic + b'x' * len(asked))"],
    "too little": ["sys.stdin.buffer.read()", "sys.stdout.buffer.write(magic)"],
}


@pytest.mark.parametrize("body", MISBEHAVIOUR.values(), ids=MISBEHAVIOUR.keys())
def test_a_child_that_fails_never_makes_a_match(tree, tmp_path, body, monkeypatch):
    monkeypatch.setattr(compiler_module, "TIMEOUT_SECONDS", 1)
    monkeypatch.setattr(sys, "executable", str(fake_interpreter(tmp_path, body)))
    assert is_trouble(derive(tree, compiled(tree)), FindingKind.UNDERIVABLE)


def test_any_interpreter_of_the_right_kind_will_do(tree, tmp_path, monkeypatch):
    ours = sys.executable
    monkeypatch.setattr(sys, "executable", str(fake_interpreter(tmp_path, MISBEHAVIOUR["a crash"])))
    assert is_derived(derive(tree, compiled(tree), Deriver(interpreters=(Path(ours), Path("/nowhere")))))


def test_the_child_inherits_nothing(tree, tmp_path, monkeypatch):
    report = tmp_path / "report.json"
    body = [
        "import json",
        "sys.stdin.buffer.read()",
        "fds = [fd for fd in range(3, 256) if os.path.exists(f'/proc/self/fd/{fd}')]",
        "told = {'environment': sorted(os.environ), 'arguments': sys.argv[1:4], 'cwd': os.getcwd(), 'fds': fds}",
        f"open({str(report)!r}, 'w').write(json.dumps(told))",
        "sys.stdout.buffer.write(magic)",
    ]
    monkeypatch.setenv("SECRET", "x")
    monkeypatch.setattr(sys, "executable", str(fake_interpreter(tmp_path, body)))
    derive(tree, compiled(tree))
    told = json.loads(report.read_text())
    assert set(told["environment"]) <= {"LC_CTYPE"}
    assert told["arguments"] == ["-I", "-S", "-B"]
    assert told["cwd"] == "/"
    assert told["fds"] == []


def test_sources_that_do_not_compile_are_said_to(tree):
    pyc = compiled(tree)
    put(tree / "pkg/mod.py", b"def (:\n")
    found = derive(tree, pyc)
    assert is_trouble(found)
    assert "SyntaxError" in found.detail


constants = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**100), 2**100),
        st.floats(),
        st.complex_numbers(),
        st.text(st.characters(exclude_categories=["Cs"])),
        st.binary(),
        st.just(...),
    ),
    lambda inner: st.one_of(st.lists(inner).map(tuple), st.frozensets(inner)),
    max_leaves=15,
)


def form(value, version=4):
    return normal_form(marshal.dumps(value, version), MAGIC, where="x").code


@given(constants)
def test_how_marshal_shares_and_interns_does_not_matter(value):
    copied = marshal.loads(marshal.dumps(value))
    assert form(value) == form(value, 2) == form(copied) == form(copied, 2)


@given(constants, constants)
def test_other_values_and_other_types_have_other_forms(one, other):
    def exact(value):
        if isinstance(value, tuple | frozenset):
            parts = [exact(item) for item in value]
            return (type(value).__name__, parts if isinstance(value, tuple) else sorted(parts, key=repr))
        return (type(value).__name__, marshal.dumps(value, 2))

    if exact(one) != exact(other):
        assert form(one) != form(other)


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (1, 1.0), (0.0, -0.0), ("a", b"a"), ((1,), frozenset({1})), (None, ...), ((), "")]
)
def test_equal_values_of_other_types_are_told_apart(one, other):
    assert form(one) != form(other)


@given(st.binary(max_size=300))
def test_hostile_bytes_are_refused_or_read_and_never_loaded(octets):
    with contextlib.suppress(MalformedError):
        assert len(normal_form(octets, MAGIC, where="x").code) == 64


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\xa9\x01r\x00\x00\x00\x00",
        b"r\x05\x00\x00\x00",
        b")\x01" * 5000 + b"N",
        b"(\xff\xff\xff\x7f",
        b"l\xff\xff\xff\x7f",
        b"[\x00\x00\x00\x00",
        b"{0",
        b"NN",
        b"f\x031.0",
        b"\xce",
        b"\xd4",
        b"(\x04\x00\x00\x00\xce\xfa\x01a\xfa\x01br\x01\x00\x00\x00",
    ],
)
def test_what_no_compiler_writes_is_refused(octets):
    with pytest.raises(MalformedError):
        normal_form(octets, MAGIC, where="x")


def test_references_that_multiply_cost_no_more_than_their_bytes():
    """A tuple of twice the tuple before, two hundred times: 2**200 items if it were written out."""
    layers = b"\xa9\x02NN"
    for index in range(200):
        reference = b"r" + index.to_bytes(4, "little")
        layers += b"\xa9\x02" + reference + reference
    octets = b"(" + (201).to_bytes(4, "little") + layers
    assert len(normal_form(octets, MAGIC, where="x").code) == 64


def test_the_magic_number_says_how_code_is_laid_out():
    with pytest.raises(MalformedError):
        normal_form(b"N", b"\x03\xf3\r\n", where="x")
    with pytest.raises(MalformedError):
        normal_form(b"N", b"\xa7\r\n\n", where="x")
