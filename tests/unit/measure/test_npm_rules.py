"""What npm and pnpm make of packages, made again; and what an attacker would make instead."""

from __future__ import annotations

import json

import pytest

from attest.measure.command_shim import read_shim
from attest.measure.deriver import Deriver
from attest.statement.observation import Derivation, Trouble
from tests.npm_packages import (
    LEAF,
    MENDED,
    NPM,
    SMALL,
    WINDOWS,
    edit,
    install,
    link,
    make_tarball,
    package,
    touch_byte,
    unpack,
)
from tests.wheels import facts_of, look, put, unknown


@pytest.fixture
def project(tmp_path):
    return install(tmp_path / "project", make_tarball(tmp_path, SMALL), make_tarball(tmp_path, LEAF))


def derived(project, *packages):
    """Derive what is in no archive; return the outcomes by path."""
    observation = look({"tree": project})
    folder = project.parent / "archives"
    folder.mkdir(exist_ok=True)
    archives = [NPM.read(make_tarball(folder, files)) for files in packages or (SMALL, LEAF)]
    facts = facts_of(observation, NPM.bind_all(archives, observation))
    return {path: found for (_, path), found in Deriver().derive_all(facts, unknown(facts)).items()}


def test_everything_that_npm_makes_is_derived(project):
    found = derived(project)
    rules = {path: outcome.rule for path, outcome in found.items()}
    assert rules == {
        "node_modules/.bin/small": "npm-command-link",
        "node_modules/.package-lock.json": "npm-lock",
        "package-lock.json": "npm-lock",
        "package.json": "npm-project",
    }


def test_the_folder_of_modules_alone_gives_the_same_inputs_as_any_other_installation(project, tmp_path):
    other = install(tmp_path / "deep/other", tmp_path / "small-server-1.0.0.tgz", tmp_path / "leaf-1.0.0.tgz")
    assert derived(project) == derived(other)
    found = derived(project / "node_modules")
    assert {path: outcome.rule for path, outcome in found.items()} == {
        ".bin/small": "npm-command-link",
        ".package-lock.json": "npm-lock",
    }


LOCK = "node_modules/.package-lock.json"


def edited(change):
    return lambda project: edit(project / LOCK, change)


def leaf_of(told):
    return told["packages"]["node_modules/leaf"]


def project_edited(change):
    return lambda project: edit(project / "package.json", change)


def relinked(target):
    def change(project):
        (project / "node_modules/.bin/small").unlink()
        link(project / "node_modules/.bin/small", target)

    return change


ATTACKS = {
    "a lock with another version": (LOCK, edited(lambda told: leaf_of(told).update(version="2"))),
    "a lock with another archive": (
        LOCK,
        edited(lambda told: leaf_of(told).update(integrity=f"sha512-{'A' * 86}==")),
    ),
    "a lock with sha1": (LOCK, edited(lambda told: leaf_of(told).update(integrity="sha1-AA=="))),
    "a lock of what is not there": (
        LOCK,
        edited(lambda told: told["packages"].update({"node_modules/gone": {"version": "1", "optional": True}})),
    ),
    "a lock that leads out": (LOCK, edited(lambda told: told["packages"].update({"../evil": {"version": "1"}}))),
    "a lock with fields of another kind": (LOCK, edited(lambda told: told.update(scripts={}))),
    "a lock that is a program": (LOCK, lambda project: (project / LOCK).chmod(0o755)),
    "a command that leads to another file": (
        "node_modules/.bin/small",
        relinked("../leaf/index.js"),
    ),
    "a command that leads out": ("node_modules/.bin/small", relinked("../../../x/index.js")),
    "an absolute link": ("node_modules/.bin/small", relinked("/bin/sh")),
    "a project that is a module": ("package.json", project_edited(lambda told: told.update(type="module"))),
    "a project with scripts": ("package.json", project_edited(lambda told: told.update(scripts={}))),
    "a project without dependencies": ("package.json", project_edited(lambda told: told["dependencies"].clear())),
    "a dependency that is not there": (
        "package.json",
        project_edited(lambda told: told["dependencies"].update(evil="1")),
    ),
    "a package.json that was changed": (
        "node_modules/.bin/small",
        lambda project: touch_byte(project / "node_modules/@small/server/package.json"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("path", "attack"), ATTACKS.values(), ids=ATTACKS.keys())
def test_what_differs_is_not_derived(path, attack, project):
    assert isinstance(derived(project)[path], Derivation)
    attack(project)
    assert not isinstance(derived(project)[path], Derivation)


def test_a_package_for_another_platform_may_be_locked_and_absent(project):
    edit(
        project / "package-lock.json",
        lambda told: told["packages"].update({"node_modules/other": {"version": "1.0.0", "optional": True}}),
    )
    assert isinstance(derived(project)["package-lock.json"], Derivation)
    edit(project / "package-lock.json", lambda told: told["packages"]["node_modules/other"].pop("optional"))
    assert isinstance(derived(project)["package-lock.json"], Trouble)


def test_a_mended_command_is_derived_and_nothing_else_is(tmp_path):
    files = {"package.json": package("cli", bin="cli.js"), "cli.js": WINDOWS}
    unpack(tmp_path / "tree/cli", {**files, "cli.js": MENDED}, {"cli.js"})
    found = derived(tmp_path / "tree", files)
    assert found["cli/cli.js"].rule == "npm-command"


SHIM_TAIL = '"$basedir_abs"/\'{target}\' "$@"\nfi\n# cmd-shim-target={target}\n'


def test_places_in_a_shim_are_told_and_only_if_all_are_the_same():
    text = "#!/bin/sh\n  export NODE_PATH=\"$basedir_abs\"/'..':\"$basedir_abs\"/'../x'\n  exec node " + SHIM_TAIL
    shim = read_shim(text.format(target="../a/b.js").encode())
    assert shim is not None
    assert (shim.target, shim.node_path) == ("../a/b.js", ("..", "../x"))
    assert shim.normal == text.replace("\"$basedir_abs\"/'..':\"$basedir_abs\"/'../x'", "{NODE_PATH}").replace(
        "{target}", "{TARGET}"
    )
    assert (
        read_shim(text.format(target="../a/b.js").replace("# cmd-shim-target=..", "# cmd-shim-target=.").encode())
        is None
    )
    assert read_shim(text.format(target="../a").replace("'../x'", "'../x';evil").encode()) is None
    assert read_shim(b"#!/bin/sh\nexec evil\n") is None
    assert read_shim(b"\xff") is None


def test_a_shim_of_no_known_pnpm_is_not_derived(project):
    path = project / "node_modules/.bin/small"
    path.unlink()
    put(path, ("#!/bin/sh\n  exec node " + SHIM_TAIL.format(target="../@small/server/dist/index.js")).encode(), 0o755)
    outcome = derived(project)["node_modules/.bin/small"]
    assert isinstance(outcome, Trouble)
    assert "pnpm" in outcome.detail


@pytest.fixture
def linked(tmp_path):
    """Packages as pnpm lays them out: real folders in `.pnpm`, links beside one another."""
    modules = tmp_path / "linked/node_modules"
    store = modules / ".pnpm"
    unpack(store / "leaf@1.0.0/node_modules/leaf", LEAF)
    unpack(store / "@small+server@1.0.0/node_modules/@small/server", SMALL, {"dist/index.js"})
    link(store / "@small+server@1.0.0/node_modules/leaf", "../../leaf@1.0.0/node_modules/leaf")
    link(modules / "@small/server", "../.pnpm/@small+server@1.0.0/node_modules/@small/server")
    put(store / "lock.yaml", b"lockfileVersion: '9.0'\n\npackages: {}\n")
    put(modules / ".modules.yaml", json.dumps({"layoutVersion": 5, "virtualStoreDir": ".pnpm"}).encode())
    return tmp_path / "linked"


def test_links_and_notes_of_pnpm_are_derived(linked):
    found = derived(linked)
    assert {path.rpartition("node_modules/")[2]: outcome.rule for path, outcome in found.items()} == {
        "@small/server": "node-package-link",
        "leaf": "node-package-link",
        ".pnpm/lock.yaml": "pnpm-lock",
        ".modules.yaml": "pnpm-state",
    }


def test_a_link_to_another_package_is_not_derived(linked):
    path = linked / "node_modules/.pnpm/@small+server@1.0.0/node_modules/leaf"
    path.unlink()
    link(path, "../../@small+server@1.0.0/node_modules/@small/server")
    outcome = derived(linked)["node_modules/.pnpm/@small+server@1.0.0/node_modules/leaf"]
    assert isinstance(outcome, Trouble)


def test_a_lock_of_pnpm_that_names_another_archive_is_not_derived(linked):
    resolution = b"    resolution: {integrity: sha512-" + b"A" * 86 + b"==}\n"
    put(linked / "node_modules/.pnpm/lock.yaml", b"lockfileVersion: '9.0'\n\npackages:\n  evil@1:\n" + resolution)
    assert isinstance(derived(linked)["node_modules/.pnpm/lock.yaml"], Trouble)


WRITTEN_BY_9 = b"""\
hoistPattern:
  - '*'
hoistedDependencies:
  isexe@3.1.5:
    isexe: private
included:
  dependencies: true
  devDependencies: true
injectedDeps: {}
layoutVersion: 5
nodeLinker: isolated
packageManager: pnpm@9.15.9
pendingBuilds: []
prunedAt: Thu, 26 Nov 2026 02:05:33 GMT
publicHoistPattern:
  - '*eslint*'
registries:
  default: https://registry.example/
skipped: []
storeDir: /srv/store/v3
virtualStoreDir: .pnpm
virtualStoreDirMaxLength: 120
"""


def test_notes_in_the_yaml_of_pnpm_9_are_derived(linked):
    put(linked / "node_modules/.modules.yaml", WRITTEN_BY_9)
    assert derived(linked)["node_modules/.modules.yaml"].rule == "pnpm-state"


@pytest.mark.parametrize(
    "octets",
    [
        WRITTEN_BY_9.replace(b"virtualStoreDir: .pnpm", b"virtualStoreDir: ../evil"),
        WRITTEN_BY_9 + b"evil: true\n",
        WRITTEN_BY_9 + b"skipped: []\n",
        WRITTEN_BY_9.replace(b"skipped: []", b"skipped: &a []"),
        WRITTEN_BY_9.replace(b"skipped: []", b"skipped: !!js/function evil"),
        b"- a\n",
        b"",
    ],
    ids=["another store", "another field", "a field twice", "an anchor", "a tag", "a list", "nothing"],
)
def test_yaml_that_pnpm_9_does_not_write_is_not_derived(octets, linked):
    put(linked / "node_modules/.modules.yaml", octets)
    assert isinstance(derived(linked)["node_modules/.modules.yaml"], Trouble)


@pytest.mark.parametrize("told", [{"virtualStoreDir": "../evil"}, {"evil": 1}, []])
def test_notes_that_pnpm_does_not_write_are_not_derived(told, linked):
    put(linked / "node_modules/.modules.yaml", json.dumps(told).encode())
    assert isinstance(derived(linked)["node_modules/.modules.yaml"], Trouble)
