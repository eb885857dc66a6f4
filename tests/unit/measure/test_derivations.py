"""Rules: what installers make is made again, and anything else is not."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import UnavailableError
from attest.measure.derivations import RULES
from attest.measure.derivations.rule import CompileJob
from attest.measure.derivations.venv_activate import normal_digest
from attest.measure.deriver import Deriver
from attest.measure.facts import Facts
from attest.statement.findings import FindingKind
from attest.statement.manifest import FileKind
from attest.statement.observation import Derivation, Observation, Observed, Trouble
from tests.wheels import (
    PIP_SHIM,
    PROGRAM,
    SITE,
    WHEEL,
    facts_of,
    install,
    look,
    make_environment,
    make_wheel,
    put,
    record_hash,
    unknown,
)

INFO = f"{SITE}/small_tool-1.0.dist-info"

SAMPLES = {
    "python-bytecode": "a/__pycache__/b.cpython-311.opt-1.pyc",
    "python-data-script": "bin/tool",
    "python-script": "bin/tool",
    "python-installer": "a-1.dist-info/INSTALLER",
    "python-requested": "a-1.dist-info/REQUESTED",
    "python-direct-url": "a-1.dist-info/direct_url.json",
    "uv-cache": "a-1.dist-info/uv_cache.json",
    "venv-config": "pyvenv.cfg",
    "venv-link": "bin/python3.11",
    "venv-activate": "bin/activate.fish",
    "venv-marker": "CACHEDIR.TAG",
    "tool-receipt": "uv-receipt.toml",
    "pipx-shared": "lib/python3.11/site-packages/pipx_shared.pth",
    "python-record": "a-1.dist-info/RECORD",
    "npm-command": "node_modules/tool/cli.js",
    "npm-command-link": "node_modules/.bin/tool",
    "npm-lock": "node_modules/.package-lock.json",
    "npm-project": "package.json",
    "node-package-link": "node_modules/tool",
    "pnpm-command": "node_modules/.bin/tool",
    "pnpm-lock": "node_modules/.pnpm/lock.yaml",
    "pnpm-state": "node_modules/.modules.yaml",
}


@pytest.fixture
def prefix(tmp_path):
    prefix = make_environment(tmp_path / "environment")
    install(make_wheel(tmp_path), prefix)
    return prefix


def outcomes(prefix, *, root="tree"):
    """Bind the small wheel and ask about everything else."""
    seen = look({root: prefix})
    facts = facts_of(seen, [WHEEL.bind(WHEEL.read(make_wheel(prefix.parent)), seen)])
    return Deriver(workers=1).derive_all(facts, unknown(facts))


def outcome(prefix, path):
    return outcomes(prefix)["tree", path]


def is_underived(found):
    return isinstance(found, Trouble) and found.kind is FindingKind.UNDERIVED


def test_the_table_has_a_sample_for_each_rule():
    assert RULES.keys() == SAMPLES.keys()
    assert all(name == rule.name for name, rule in RULES.items())


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_a_rule_claims_files_of_its_own_kind_only(rule):
    assert rule.claims(SAMPLES[rule.name])
    for path in ("a.py", "evil.pth", "bin", "a/b.pyc", "sitecustomize.py", "a-1.dist-info/METADATA"):
        # In a root that is itself a `node_modules`, any name may be that of a package.
        assert not rule.claims(path) or (rule.name == "node-package-link" and "/" not in path)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_a_rule_explains_nothing_where_nothing_is_sealed(rule, tmp_path):
    put(tmp_path / "tree" / SAMPLES[rule.name], b"import os\n")
    facts = facts_of(look({"tree": tmp_path / "tree"}), [])
    found = rule.derive(facts, "tree", SAMPLES[rule.name])
    assert not isinstance(found, Derivation | CompileJob)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_a_rule_explains_no_link_to_elsewhere_and_no_device(rule, prefix):
    for name in ("bin/tool", "bin/small", f"{INFO}/INSTALLER", f"{INFO}/RECORD", "pyvenv.cfg", "lib64"):
        if rule.claims(name):
            (prefix / name).unlink(missing_ok=True)
            (prefix / name).symlink_to("/etc/passwd")
            assert not isinstance(outcomes(prefix)["tree", name], Derivation)


def test_an_installation_is_explained_down_to_the_last_file(prefix):
    found = outcomes(prefix)
    assert {key[1]: result.rule for key, result in found.items()} == {
        "bin/python": "venv-link",
        "bin/python3": "venv-link",
        "bin/small": "python-script",
        "lib64": "venv-link",
        "pyvenv.cfg": "venv-config",
        f"{INFO}/INSTALLER": "python-installer",
        f"{INFO}/REQUESTED": "python-requested",
        f"{INFO}/RECORD": "python-record",
    }


def test_derivations_name_no_place_of_a_machine(prefix, tmp_path):
    other = make_environment(tmp_path / "elsewhere" / "deep")
    install(make_wheel(tmp_path), other)
    make_wheel(tmp_path / "elsewhere")
    assert outcomes(prefix) == outcomes(other)


def test_an_extra_file_is_nobodys(prefix):
    for path in ("bin/evil", f"{SITE}/evil.pth", f"{SITE}/small/extra.py", f"{SITE}/small/__init__.pyc"):
        put(prefix / path, b"import os\n")
    found = outcomes(prefix)
    assert [
        found["tree", path]
        for path in ("bin/evil", f"{SITE}/evil.pth", f"{SITE}/small/extra.py", f"{SITE}/small/__init__.pyc")
    ] == [None] * 4


SHIMS = {
    "old pip": (
        "#!{python}\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom small import main\n"
        "if __name__ == '__main__':\n    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n"
        "    sys.exit(main())\n"
    ),
    "uv": (
        "#!{python}\n# -*- coding: utf-8 -*-\nimport sys\nfrom small import main\n"
        'if __name__ == "__main__":\n    if sys.argv[0].endswith("-script.pyw"):\n'
        "        sys.argv[0] = sys.argv[0][:-11]\n"
        '    elif sys.argv[0].endswith(".exe"):\n        sys.argv[0] = sys.argv[0][:-4]\n'
        "    sys.exit(main())\n"
    ),
    "pip": PIP_SHIM.format(python="{python}", module="small", name="main"),
}
SHIMS |= {
    f"{name}, long, {quote or 'plain'}": text.replace(
        "#!{python}\n", f"#!/bin/sh\n'''exec' {quote}{{python}}{quote} \"$0\" \"$@\"\n' '''\n"
    )
    for name, text in SHIMS.items()
    for quote in ("", "'", '"')
}


@pytest.mark.parametrize("text", SHIMS.values(), ids=SHIMS.keys())
@pytest.mark.parametrize("python", ["python", "python3"])
def test_a_command_is_what_some_installer_makes_of_its_entry_point(text, python, prefix):
    put(prefix / "bin/small", text.replace("{python}", str(prefix / "bin" / python)).encode(), PROGRAM)
    assert outcome(prefix, "bin/small") == Derivation(rule="python-script", inputs=(f"tree/{INFO}/entry_points.txt",))


def test_a_place_may_be_known_by_another_name(prefix):
    nickname = prefix.with_name("nickname")
    nickname.symlink_to(prefix)
    seen = look({"tree": prefix})
    seen = Observation(files=seen.files, places={"tree": str(nickname)}, started_at=0, finished_at=0)
    facts = facts_of(seen, [WHEEL.bind(WHEEL.read(make_wheel(prefix.parent)), seen)])
    assert isinstance(Deriver().derive(facts, ("tree", "bin/small")), Derivation)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import sys\n", "import sys, os\n"),
        ("import main", "import other as main"),
        ("sys.exit", "\n    sys.exit"),
        ("/bin/python\n", "/bin/python -m evil\n"),
        ("/bin/python\n", "/bin/../bin/python\n"),
        ("#!", "#!/usr/bin/env "),
        ("from small", "from  small"),
    ],
)
def test_a_command_that_does_anything_more_is_not_derived(old, new, prefix):
    text = PIP_SHIM.format(python=prefix / "bin/python", module="small", name="main")
    assert old in text
    put(prefix / "bin/small", text.replace(old, new, 1).encode(), PROGRAM)
    assert is_underived(outcome(prefix, "bin/small"))


def test_a_command_of_another_interpreter_is_not_derived(prefix):
    put(prefix / "bin/small", PIP_SHIM.format(python="/usr/bin/python3", module="small", name="main").encode(), PROGRAM)
    assert is_underived(outcome(prefix, "bin/small"))


def test_a_command_that_cannot_be_run_is_not_derived(prefix):
    (prefix / "bin/small").chmod(0o644)
    assert is_underived(outcome(prefix, "bin/small"))


def test_entry_points_of_another_prefix_make_no_command_here(prefix):
    put(prefix / "nested/bin/small", (prefix / "bin/small").read_bytes(), PROGRAM)
    assert outcome(prefix, "nested/bin/small") is None


@pytest.mark.parametrize("shebang", ["#!{prefix}/bin/python", "#!{prefix}/bin/python3"])
def test_a_script_of_a_wheel_keeps_all_but_its_first_line(shebang, tmp_path):
    prefix = make_environment(tmp_path / "environment")
    files = {"small_tool-1.0.data/scripts/run": b"#!python -E\nprint(1)\n", "small/__init__.py": b""}
    install(make_wheel(tmp_path, {"small/__init__.py": b""}), prefix)
    wheel = WHEEL.read(make_wheel(tmp_path, files))
    for body, good in ((b"print(1)\n", True), (b"print(2)\n", False)):
        put(prefix / "bin/run", shebang.format(prefix=prefix).encode() + b"\n" + body, PROGRAM)
        seen = look({"tree": prefix})
        found = Deriver().derive(facts_of(seen, [WHEEL.bind(wheel, seen)]), ("tree", "bin/run"))
        assert isinstance(found, Derivation) == good
        assert good or is_underived(found)


def edit_record(prefix, change):
    record = prefix / INFO / "RECORD"
    record.write_text(change(record.read_text()))
    return outcome(prefix, f"{INFO}/RECORD")


def test_the_order_of_a_record_does_not_matter(prefix):
    found = edit_record(prefix, lambda text: "\n".join(reversed(text.splitlines())) + "\r\n")
    assert isinstance(found, Derivation)


def test_the_mode_of_a_record_is_that_of_its_wheel(prefix):
    (prefix / INFO / "RECORD").chmod(0o755)
    assert isinstance(outcome(prefix, f"{INFO}/RECORD"), Derivation)


def test_bytecode_may_stand_in_a_record_without_hash(prefix):
    row = "small/__pycache__/__init__.cpython-311.pyc,,\n"
    assert isinstance(edit_record(prefix, lambda text: text + row), Derivation)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("small/native.so", "small/other.so"),
        lambda text: "\n".join(line for line in text.splitlines() if "native" not in line),
        lambda text: text + text.splitlines()[0] + "\n",
        lambda text: text + "small/./" + next(row for row in text.splitlines() if "native" in row)[6:] + "\n",
        lambda text: text + "../../../../../etc/passwd,,\n",
        lambda text: text + "small/nothing.py,,\n",
        lambda text: text + "gone/__pycache__/gone.cpython-311.pyc,,\n",
        lambda text: text + f"small_tool-1.0.dist-info/evil,{record_hash(b'')},0\n",
        lambda text: text.replace("sha256=", "sha256=A", 1),
        lambda text: text.replace(",4\n", ",5\n"),
        lambda text: text + '"',
    ],
)
def test_a_record_that_says_anything_else_is_not_derived(change, prefix):
    assert is_underived(edit_record(prefix, change))


@pytest.mark.parametrize("path", [f"{SITE}/small/__init__.py", "bin/small", f"{INFO}/INSTALLER"])
@pytest.mark.parametrize("change", [lambda file: file.write_bytes(b"evil"), lambda file: file.unlink()])
def test_a_record_is_not_to_blame_for_the_files_it_lists(path, change, prefix):
    seen = look({"tree": prefix})
    sealed = facts_of(seen, [WHEEL.bind(WHEEL.read(make_wheel(prefix.parent)), seen)])
    derived = Deriver().derive_all(sealed, unknown(sealed))
    promised = {key: result.inputs for key, result in derived.items() if isinstance(result, Derivation)}
    change(prefix / path)
    facts = replace(sealed, observation=look({"tree": prefix}), promised=promised)
    found = Deriver().derive_all(facts, unknown(facts))
    assert isinstance(found["tree", f"{INFO}/RECORD"], Derivation)
    assert not isinstance(found.get(("tree", path)), Derivation)


def test_a_record_may_use_a_longer_hash(tmp_path):
    prefix = make_environment(tmp_path / "environment")
    wheel = make_wheel(tmp_path)
    install(wheel, prefix)
    octets = (prefix / SITE / "small/__init__.py").read_bytes()
    encoded = base64.urlsafe_b64encode(hashlib.sha512(octets).digest()).rstrip(b"=").decode()
    for digest, good in ((encoded, True), ("A" * 86, False)):
        text = (prefix / INFO / "RECORD").read_text().replace(record_hash(octets), f"sha512={digest}")
        assert isinstance(edit_record(prefix, lambda _, text=text: text), Derivation) == good
        install(wheel, prefix)


def test_a_record_may_not_vouch_for_a_file_that_no_rule_explains(prefix):
    put(prefix / SITE / "evil.pth", b"import evil\n")
    row = f"evil.pth,{record_hash(b'import evil' + bytes([10]))},12\n"
    assert is_underived(edit_record(prefix, lambda text: text + row))


@pytest.mark.parametrize(("content", "good"), [("pip\n", True), ("uv", True), ("evil\n", False), ("", False)])
def test_only_known_installers_are_named(content, good, prefix):
    (prefix / INFO / "INSTALLER").write_text(content)
    assert isinstance(outcome(prefix, f"{INFO}/INSTALLER"), Derivation) == good


def test_a_request_is_empty(prefix):
    (prefix / INFO / "REQUESTED").write_text("x")
    assert is_underived(outcome(prefix, f"{INFO}/REQUESTED"))


def direct_url(prefix, **changes):
    digest = WHEEL.read(make_wheel(prefix.parent)).digest.sha256
    told = {
        "url": "file:///any/where/small_tool-1.0-py3-none-any.whl",
        "archive_info": {"hash": f"sha256={digest}", "hashes": {"sha256": digest}},
    } | changes
    put(prefix / INFO / "direct_url.json", json.dumps(told).encode())
    return outcome(prefix, f"{INFO}/direct_url.json")


def test_a_direct_url_names_the_bound_archive(prefix):
    assert isinstance(direct_url(prefix), Derivation)
    assert isinstance(direct_url(prefix, archive_info={}), Derivation)
    assert isinstance(direct_url(prefix, url="https://h.example/a/" + "small_tool-1.0-py3-none-any.whl"), Derivation)


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "file:///any/where/other-1.0-py3-none-any.whl"},
        {"archive_info": {"hash": f"sha256={'0' * 64}"}},
        {"archive_info": {"hashes": {"sha256": "0" * 64}}},
        {"archive_info": {"hashes": {}}},
        {"archive_info": None},
        {"dir_info": {"editable": True}},
        {"url": 1},
    ],
)
def test_a_direct_url_to_anything_else_is_not_derived(changes, prefix):
    assert is_underived(direct_url(prefix, **changes))


@pytest.mark.parametrize(
    ("content", "good"),
    [
        (
            '{"timestamp":{"secs_since_epoch":17,"nanos_since_epoch":5},"commit":null,"tags":null,"env":{},"directories":{}}',
            True,
        ),
        ('{"timestamp":null,"commit":"evil","tags":null}', False),
        ("[]", False),
    ],
)
def test_a_cache_note_holds_a_time_only(content, good, prefix):
    put(prefix / INFO / "uv_cache.json", content.encode())
    assert isinstance(outcome(prefix, f"{INFO}/uv_cache.json"), Derivation) == good


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("= false", "= true"),
        ("include-system-site-packages = false\n", ""),
        ("home = ", "home = /opt/evil"),
        ("home = ", "Home = "),
        ("= false", "= false\x0cprompt = x"),
        ("version = ", f"prompt = {'x' * 4090}\nversion = "),
        ("version", "versions"),
        ("version", "home"),
        ("version", "# version"),
    ],
)
def test_a_configuration_that_leads_elsewhere_is_not_derived(old, new, prefix):
    text = (prefix / "pyvenv.cfg").read_text()
    assert old in text
    put(prefix / "pyvenv.cfg", text.replace(old, new, 1).encode())
    found = outcome(prefix, "pyvenv.cfg")
    assert is_underived(found) != (new == "Home = ")


@pytest.mark.parametrize("target", ["/bin/sh", "../evil", "evil", "/nowhere/python3", "lib"])
def test_an_interpreter_link_that_leads_elsewhere_is_not_derived(target, prefix):
    (prefix / "bin/python3").unlink()
    (prefix / "bin/python3").symlink_to(target)
    assert is_underived(outcome(prefix, "bin/python3"))


def test_an_interpreter_inside_the_tree_is_not_derived(prefix):
    put(prefix / "opt/python3", b"#!/bin/sh\n", PROGRAM)
    (prefix / "bin/python3").unlink()
    (prefix / "bin/python3").symlink_to(prefix / "opt/python3")
    text = (prefix / "pyvenv.cfg").read_text().splitlines()
    put(prefix / "pyvenv.cfg", "\n".join([f"home = {prefix}/opt", *text[1:]]).encode())
    found = outcomes(prefix)
    assert is_underived(found["tree", "bin/python3"])
    assert is_underived(found["tree", "pyvenv.cfg"])


@pytest.mark.parametrize("library", [None, "lib/python3.11/os.py", "lib64/python3.13/os.pyc", "lib/python311.zip"])
def test_a_folder_of_links_to_the_interpreter_brings_no_other_library(library, prefix, tmp_path):
    real = Path(os.path.realpath(sys.executable))
    home = tmp_path / "home/bin"
    home.mkdir(parents=True)
    (home / real.name).symlink_to(real)
    if library is not None:
        put(tmp_path / "home" / library, b"evil")
    text = (prefix / "pyvenv.cfg").read_text().splitlines()
    put(prefix / "pyvenv.cfg", "\n".join([f"home = {home}", *text[1:]]).encode())
    assert is_underived(outcome(prefix, "pyvenv.cfg")) == (library is not None)
    (tmp_path / "link").symlink_to(real.parent)
    put(prefix / "pyvenv.cfg", "\n".join([f"home = {tmp_path / 'home' / 'link'}/../bin", *text[1:]]).encode())
    assert is_underived(outcome(prefix, "pyvenv.cfg"))


def test_a_configuration_beside_the_interpreter_is_nobodys(prefix):
    put(prefix / "bin/pyvenv.cfg", (prefix / "pyvenv.cfg").read_bytes())
    (prefix / "bin/bin").mkdir()
    (prefix / "bin/bin/python").symlink_to(os.path.realpath(sys.executable))
    assert outcome(prefix, "bin/pyvenv.cfg") is None


def test_lib64_leads_to_lib_only(prefix):
    (prefix / "lib64").unlink()
    (prefix / "lib64").symlink_to("/usr/lib64")
    assert is_underived(outcome(prefix, "lib64"))


def test_activation_scripts_are_those_of_our_own_standard_library(tmp_path):
    import venv

    venv.create(tmp_path / "environment", symlinks=True)
    seen = look({"tree": tmp_path / "environment"})
    facts = facts_of(seen, [])
    found = Deriver().derive_all(facts, unknown(facts))
    assert all(isinstance(result, Derivation) for result in found.values()), found
    script = tmp_path / "environment/bin/activate"
    script.write_text(script.read_text() + "curl evil\n")
    seen = look({"tree": tmp_path / "environment"})
    assert is_underived(Deriver().derive(facts_of(seen, []), ("tree", "bin/activate")))


@pytest.mark.parametrize(
    ("prompt", "good"), [("my env (2)", True), ("x$(evil)", False), ("`evil`", False), ('";evil;"', False)]
)
def test_a_prompt_brings_no_commands_into_activation_scripts(prompt, good, tmp_path):
    import venv

    prefix = tmp_path / "environment"
    venv.EnvBuilder(prompt=prompt).create(prefix)
    assert isinstance(outcome(prefix, "bin/activate"), Derivation) == good


def test_a_text_that_holds_a_placeholder_has_no_normal_digest():
    assert normal_digest(b"{PREFIX}", "/srv/v") is None
    assert normal_digest(b"\xff", "/srv/v") is None
    assert normal_digest(b'X="/srv/v"', "/srv/v") == normal_digest(b'X="/opt/name"', "/opt/name")


def test_markers_count_beside_a_configuration_only(prefix):
    put(prefix / ".gitignore", b"*")
    put(prefix / "share/.gitignore", b"*")
    put(prefix / "CACHEDIR.TAG", b"evil")
    found = outcomes(prefix)
    assert found["tree", ".gitignore"] == Derivation(rule="venv-marker", inputs=())
    assert found["tree", "share/.gitignore"] is None
    assert is_underived(found["tree", "CACHEDIR.TAG"])


def test_a_file_that_changed_since_it_was_seen_is_not_read(prefix):
    facts = facts_of(look({"tree": prefix}), [])
    (prefix / "pyvenv.cfg").write_text("home = /opt\n")
    with pytest.raises(UnavailableError):
        facts.read(("tree", "pyvenv.cfg"))
    found = Deriver().derive(facts, ("tree", "pyvenv.cfg"))
    assert isinstance(found, Trouble)
    assert found.kind is FindingKind.UNDERIVABLE


def test_a_pipe_put_in_the_place_of_a_file_holds_nobody_up(prefix):
    facts = facts_of(look({"tree": prefix}), [])
    (prefix / "pyvenv.cfg").unlink()
    os.mkfifo(prefix / "pyvenv.cfg")
    with pytest.raises(UnavailableError):
        facts.read(("tree", "pyvenv.cfg"))


@given(
    st.sampled_from(sorted(set(SAMPLES.values()) | {"bin/python", "lib64", f"{INFO}/RECORD"})),
    st.binary(max_size=200),
    st.booleans(),
)
def test_no_content_makes_a_rule_raise(path, octets, executable):
    digest = hashlib.sha256(octets).hexdigest()
    seen = Observed(root="tree", path=path, type_=FileKind.FILE, size=len(octets), sha256=digest, executable=executable)
    metadata = Observed(
        root="tree", path="a-1.dist-info/METADATA", type_=FileKind.FILE, size=1, sha256="0" * 64, executable=False
    )
    configuration = Observed(root="tree", path="pyvenv.cfg", type_=FileKind.FILE, size=1, sha256=digest)
    files = {configuration.key: configuration, metadata.key: metadata, seen.key: seen}
    observation = Observation(files=files, places={"tree": "/nowhere"}, started_at=0, finished_at=0)
    facts = Facts(
        observation=observation,
        known={metadata.key: "0" * 64},
        promised={seen.key: ("rows=1", "body=2")},
    )
    facts.contents.keep(digest, octets)
    deriver = Deriver()
    deriver._contents = facts.contents
    found = deriver.derive(facts, seen.key)
    assert found is None or isinstance(found, Trouble | Derivation)
    if isinstance(found, Derivation):
        assert octets in {b"", b"pip", b"pip\n", b"uv", b"uv\n", b"*"}
