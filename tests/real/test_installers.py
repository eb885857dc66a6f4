"""The real installers: every file of a real server is bound or derived, under pip and under uv.

One seal, made of one installation by pip, has to explain all the others, each in another directory. Needs a package
index for the wheels. One other, by uv, is part of `make test`; `make installs` has them all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from attest.measure.binding import Archive
from attest.measure.deriver import Deriver
from attest.measure.facts import Facts
from attest.statement.findings import FindingKind
from attest.statement.observation import Derivation, Trouble
from tests.wheelhouse import demo_wheels
from tests.wheels import SITE, WHEEL, facts_of, look, unknown

pytestmark = [pytest.mark.network, pytest.mark.slow]
installs = pytest.mark.installs


def run(*command, **environment):
    keep = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([str(part) for part in command], check=True, env={**keep, **environment}, capture_output=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("installers")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    return demo_wheels(tmp_path_factory)


@pytest.fixture(scope="module")
def archives(wheels):
    return [WHEEL.read(wheel) for wheel in wheels]


@pytest.fixture(scope="module")
def uv():
    return Path(sys.executable).with_name("uv")


def with_pip(prefix, wheels, *options, pip=(sys.executable, "-m", "pip")):
    run(sys.executable, "-m", "venv", "--without-pip", prefix)
    run(*pip, "--python", prefix / "bin/python", "install", "-q", "--no-deps", "--no-index", *options, *wheels)
    return prefix


def with_uv(uv, prefix, wheels, *options):
    isolated = {"UV_OFFLINE": "1", "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(prefix.parent / "uv-cache")}
    run(uv, "venv", "-q", "-p", sys.executable, prefix, **isolated)
    run(uv, "pip", "install", "-q", "-p", prefix / "bin/python", "--no-deps", *options, *wheels, **isolated)
    return prefix


def start_once(prefix):
    """Import the whole server, as its first start does, which writes .pyc files."""
    run(prefix / "bin/python", "-c", "import mcp_server_time.server, tzdata, cryptography.x509")


def seal(prefix, archives: list[Archive]) -> Facts:
    seen = look({"tree": prefix})
    bounds = [WHEEL.bind(archive, seen) for archive in archives]
    for bound in bounds:
        assert bound.found, bound.archive.filename
        assert not bound.mismatches
        assert not bound.missing
    return facts_of(seen, bounds)


def unexplained(facts):
    found = Deriver().derive_all(facts, unknown(facts))
    return {key: result for key, result in found.items() if not isinstance(result, Derivation)}


def measure(prefix, sealed: Facts) -> Facts:
    """Look at another installation, with nothing but what was sealed."""
    seen = look({"tree": prefix})
    return Facts(observation=seen, known=sealed.known, archives=sealed.archives, promised=sealed.promised)


@pytest.fixture(scope="module")
def sealed(folder, wheels, archives):
    return seal(with_pip(folder / "sealed", wheels), archives)


INSTALLATIONS = {
    "pip": lambda _uv, prefix, wheels: with_pip(prefix, wheels),
    "pip without bytecode": lambda uv, prefix, wheels: with_pip(prefix, wheels, "--no-compile"),
    "pip under a long path": lambda uv, prefix, wheels: with_pip(prefix / ("long" * 30), wheels, "--no-compile"),
    "pip under a path with a space": lambda uv, prefix, wheels: with_pip(prefix / "a space", wheels, "--no-compile"),
    "uv": with_uv,
    "uv with bytecode": lambda uv, prefix, wheels: with_uv(uv, prefix, wheels, "--compile-bytecode"),
    "uv by copies": lambda uv, prefix, wheels: with_uv(uv, prefix, wheels, "--link-mode", "copy"),
    "uv by hard links": lambda uv, prefix, wheels: with_uv(uv, prefix, wheels, "--link-mode", "hardlink"),
    "uv under a long path": lambda uv, prefix, wheels: with_uv(uv, prefix / ("long" * 30), wheels),
}
QUICK = {"uv"}
"""Part of `make test`."""


@pytest.mark.parametrize(
    "make",
    [pytest.param(make, id=name, marks=() if name in QUICK else installs) for name, make in INSTALLATIONS.items()],
)
def test_one_seal_explains_every_installation(make, folder, uv, wheels, archives, sealed, request):
    prefix = make(uv, folder / f"i{len(list(folder.iterdir()))}", wheels)
    facts = measure(prefix, sealed)
    assert unexplained(facts) == {}
    assert all(facts.sealed(key) for key in sealed.known)
    assert seal(prefix, archives).known == sealed.known
    assert seal(prefix, archives).promised == sealed.promised
    start_once(prefix)
    later = measure(prefix, sealed)
    assert any(path.endswith(".pyc") for _, path in later.observation.files)
    assert unexplained(later) == {}


def test_required_derivations_are_the_same_everywhere(folder, uv, wheels, sealed):
    mine = with_uv(uv, folder / "same", wheels)
    facts = measure(mine, sealed)
    ours = Deriver().derive_all(sealed, unknown(sealed))
    theirs = Deriver().derive_all(facts, unknown(facts))
    shared = ours.keys() & theirs.keys()
    assert len(shared) > 100
    assert all(ours[key] == theirs[key] for key in shared)


@installs
def test_bytecode_of_an_optimized_start_is_derived(folder, wheels, sealed):
    prefix = with_pip(folder / "optimized", wheels, "--no-compile")
    run(prefix / "bin/python", "-OO", "-c", "import mcp_server_time.server")
    assert unexplained(measure(prefix, sealed)) == {}


@installs
def test_pip_of_the_environment_is_all_that_is_left_over(folder, wheels, sealed):
    prefix = folder / "pip-inside"
    run(sys.executable, "-m", "venv", prefix)
    run(prefix / "bin/python", "-m", "pip", "install", "-q", "--no-deps", "--no-index", *wheels)
    left = {path for _, path in unexplained(measure(prefix, sealed))}
    ours = tuple(f"{SITE}/{name}" for name in ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils"))
    assert all(path.startswith((*ours, "bin/pip")) for path in left)


@installs
def test_the_newest_pip_writes_what_is_known(folder, wheels, sealed):
    run(sys.executable, "-m", "venv", folder / "newest")
    run(folder / "newest/bin/python", "-m", "pip", "install", "-q", "-U", "pip")
    prefix = with_pip(folder / "by-newest", wheels, "--no-compile", pip=(folder / "newest/bin/python", "-m", "pip"))
    assert unexplained(measure(prefix, sealed)) == {}


def test_a_measured_directory_may_be_site_packages_alone(folder, uv, wheels, archives):
    prefix = with_uv(uv, folder / "site-alone", wheels)
    seen = look({"site": prefix / SITE})
    paths = {path for archive in archives for path in WHEEL.outside(archive, seen)}
    outside = sorted(os.path.relpath(path, prefix) for path in paths)
    assert "bin/mcp-server-time" in outside
    seen = look({"site": prefix / SITE, "prefix": prefix}, {"prefix": outside})
    facts = facts_of(seen, [WHEEL.bind(archive, seen) for archive in archives])
    assert unexplained(facts) == {}


def test_each_kind_of_tampering_is_found(folder, uv, wheels, sealed):
    # Copies: through a hard link the tampering would reach the other installations.
    prefix = with_uv(uv, folder / "tampered", wheels, "--link-mode", "copy")
    start_once(prefix)
    site = prefix / SITE
    poisoned = next(site.glob("mcp_server_time/__pycache__/server.*.pyc"))
    octets = bytearray(poisoned.read_bytes())
    octets[len(octets) // 2] ^= 1
    poisoned.write_bytes(octets)
    (site / "evil.pth").write_text("import os\n")
    shutil.copy(prefix / "bin/mcp-server-time", prefix / "bin/other")
    with (prefix / "bin/mcp-server-time").open("a") as script:
        script.write("import os\n")
    record = next(site.glob("mcp_server_time-*/RECORD"))
    record.write_text(record.read_text() + "evil.pth,,\n")
    left = unexplained(measure(prefix, sealed))
    kinds = {path.rsplit("/", 1)[-1]: result.kind if result else None for (_, path), result in left.items()}
    assert kinds == {
        poisoned.name: FindingKind.UNDERIVED,
        "evil.pth": None,
        "other": None,
        "mcp-server-time": FindingKind.UNDERIVED,
        "RECORD": FindingKind.UNDERIVED,
    }


def test_a_steady_cycle_is_quick(sealed):
    deriver, facts = Deriver(), sealed
    first = deriver.derive_all(facts, unknown(facts))
    started = time.perf_counter()
    again = deriver.derive_all(facts, unknown(facts))
    took = time.perf_counter() - started
    assert first == again
    assert not any(isinstance(result, Trouble) for result in again.values())
    assert took < 1


def test_another_interpreter_answers_for_its_own_bytecode(folder, wheels, sealed):
    """Where a second Python of another version is at hand, a server of that version is explained."""
    others = [
        path
        for minor in range(9, 16)
        if minor != sys.version_info.minor and (path := shutil.which(f"python3.{minor}")) is not None
    ]
    works = [
        path for path in others if subprocess.run([path, "-c", "0"], capture_output=True, check=False).returncode == 0
    ]
    if not works:
        pytest.skip("no second Python at hand")
    prefix = folder / "other-python"
    run(works[0], "-m", "venv", "--without-pip", prefix)
    pure = [wheel for wheel in wheels if wheel.name.endswith("-none-any.whl")]
    run(sys.executable, "-m", "pip", "--python", prefix / "bin/python", "install", "-q", "--no-deps", "--no-index",
        "--ignore-requires-python", *pure)  # fmt: skip
    seen = look({"tree": prefix})
    facts = facts_of(seen, [WHEEL.bind(WHEEL.read(wheel), seen) for wheel in pure])
    found = Deriver(interpreters=(Path(works[0]),)).derive_all(facts, unknown(facts))
    bytecode = {key: result for key, result in found.items() if key[1].endswith(".pyc")}
    assert bytecode
    assert {type(result) for result in bytecode.values()} == {Derivation}
