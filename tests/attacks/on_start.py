"""Attacks on the start of a server: bad from its first instruction on, and adopted by the agent afterwards."""

from __future__ import annotations

import importlib.util
import marshal
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.answering import answering
from tests.attacks.scene import Scene
from tests.attacks.talking import Talk
from tests.attacks.victims import WITH_BYTE_CODE

HEADER_BYTES = 16
"""Of a .pyc (PEP 552): magic number, flags, and mtime and size of the source."""
FROM_MEMORY = """\
import os, sys
with open(sys.argv[1], "rb") as file:
    octets = file.read()
descriptor = os.memfd_create("program")
os.write(descriptor, octets + {tail!r})
os.execve(descriptor, sys.argv[2:], os.environ)
"""


@contextmanager
def honest(scene: Scene) -> Iterator[Talk]:
    """Start the server as it is meant to be."""
    with scene.victim.running() as talk:
        yield talk


@contextmanager
def by_another_name(scene: Scene) -> Iterator[Talk]:
    """Start the entry file from its own folder, or by a link from another one."""
    entry = scene.victim.entry
    link = scene.folder / "link"
    link.symlink_to(entry)
    command = tuple(str(link) if word == str(entry) else word for word in scene.victim.command)
    with scene.victim.running(command=command) as talk:
        yield talk


@contextmanager
def with_another_program(scene: Scene) -> Iterator[Talk]:
    """Start a changed program at the path of the sealed one, then put the sealed one back."""
    program = scene.victim.executable
    aside = program.rename(scene.folder / "aside")
    shutil.copy2(aside, program)
    with program.open("ab") as file:
        file.write(b"evil")
    try:
        with scene.victim.running() as talk:
            aside.rename(program)
            yield talk
    finally:
        if aside.exists():
            aside.rename(program)


@contextmanager
def from_memory(scene: Scene) -> Iterator[Talk]:
    """Start a changed copy of the program that is on no disk."""
    with scene.victim.running(command=_through(scene, "from-memory.py", FROM_MEMORY.format(tail=b"evil"))) as talk:
        yield talk


@contextmanager
def from_a_descriptor(scene: Scene) -> Iterator[Talk]:
    """Start the sealed program by an open descriptor, as a launcher does."""
    text = "import os, sys\nos.execve(os.open(sys.argv[1], os.O_RDONLY), sys.argv[2:], os.environ)\n"
    with scene.victim.running(command=_through(scene, "by-descriptor.py", text)) as talk:
        yield talk


def _through(scene: Scene, name: str, text: str) -> tuple[str, ...]:
    """Return a command that becomes what the kernel makes of the victim's: interpreter, script, arguments."""
    script = scene.folder / name
    script.write_text(text)
    return (sys.executable, "-I", str(script), str(scene.victim.executable), *kernel_command(scene))


def kernel_command(scene: Scene) -> tuple[str, ...]:
    """Return the arguments that the running server has."""
    words = scene.victim.command
    return (str(scene.victim.executable), *words) if scene.victim.is_python else words


@contextmanager
def preloaded(scene: Scene) -> Iterator[Talk]:
    """Have the loader load a library."""
    with _preloaded(scene) as talk:
        yield talk


@contextmanager
def preloaded_and_wiped(scene: Scene) -> Iterator[Talk]:
    """Have the loader load a library that removes all traces from what the environment shows."""
    with _preloaded(scene, "-DWIPE") as talk:
        shown = Path(f"/proc/{talk.pid}/environ").read_bytes()
        assert b"LD_PRELOAD" not in shown
        yield talk


@contextmanager
def preloaded_and_removed(scene: Scene) -> Iterator[Talk]:
    """Have the loader load a library that removes itself, too."""
    with _preloaded(scene, "-DWIPE", f'-DREMOVED="{scene.folder / "evil.so"}"') as talk:
        assert not (scene.folder / "evil.so").exists()
        yield talk


@contextmanager
def _preloaded(scene: Scene, *words: str) -> Iterator[Talk]:
    library = scene.compiled("preloaded.c", "evil.so", "-shared", "-fPIC", f'-DMARK="{scene.mark}"', *words)
    with scene.victim.running(environment={"LD_PRELOAD": str(library)}) as talk:
        assert scene.mark.exists()
        yield talk


@contextmanager
def with_a_harmless_variable(scene: Scene) -> Iterator[Talk]:
    """Set names that load nothing, and one that could with nothing in it."""
    with scene.victim.running(environment={"LD_BIND_NOW": "1", "LD_PRELOAD": "", "NODE_OPTIONS": ""}) as talk:
        yield talk


@contextmanager
def with_a_variable_that_loads(scene: Scene) -> Iterator[Talk]:
    """Have the interpreter load a script before the server."""
    script = scene.folder / ("sitecustomize.py" if scene.victim.is_python else "before.mjs")
    script.write_text(scene.marking())
    if scene.victim.is_python:
        environment = {"PYTHONPATH": str(scene.folder)}
    else:
        environment = {"NODE_OPTIONS": f"--import {script}"}
    with scene.victim.running(environment=environment) as talk:
        assert scene.mark.exists()
        yield talk


@contextmanager
def by_way_of_openssl(scene: Scene) -> Iterator[Talk]:
    """Have OpenSSL load an engine that is none: what it does when it is loaded is done, and it is unloaded."""
    library = scene.compiled("preloaded.c", "evil.so", "-shared", "-fPIC", f'-DMARK="{scene.mark}"')
    settings = scene.folder / "openssl.cnf"
    settings.write_text(
        "openssl_conf = all\nnodejs_conf = all\n[all]\nengines = engines\n[engines]\none = one\n"
        f"[one]\ndynamic_path = {library}\ninit = 1\n"
    )
    with scene.victim.running(environment={"OPENSSL_CONF": str(settings)}) as talk:
        assert scene.mark.exists()
        assert str(library) not in Path(f"/proc/{talk.pid}/maps").read_text()
        yield talk


@contextmanager
def with_a_pth(scene: Scene) -> Iterator[Talk]:
    """Add a `.pth` file: its lines run at every start, `-I` or not."""
    packages = next(scene.victim.tree.glob("lib/python*/site-packages"))
    stranger = packages / "zz.pth"
    scene.keep(stranger)
    stranger.write_text(f"import sys; open({str(scene.mark)!r}, 'w').close()\n")
    with scene.victim.running() as talk:
        assert scene.mark.exists()
        yield talk


@contextmanager
def with_a_stranger(scene: Scene) -> Iterator[Talk]:
    """Add a module where it is found before the one that the server means."""
    entry = scene.victim.entry
    if scene.victim.is_python:
        text = "import sys\nplace = sys.path.pop(0)\ndel sys.modules['zoneinfo']\nimport zoneinfo\n"
        strangers = {entry.with_name("zoneinfo.py"): f"{scene.marking()}{text}"}
    else:
        place = entry.parent / "node_modules/minimatch"
        scene.stack.callback(shutil.rmtree, place.parent)
        place.mkdir(parents=True)
        module = scene.victim.tree / "node_modules/minimatch/dist/esm/index.js"
        strangers = {
            place / "package.json": '{"name": "minimatch", "type": "module", "exports": "./index.js"}',
            place / "index.js": f'{scene.marking()}export * from "{module}";\n',
        }
    for path, content in strangers.items():
        scene.keep(path)
        path.write_text(content)
    with scene.victim.running(environment={"PYTHONDONTWRITEBYTECODE": "1"}) as talk:
        assert scene.mark.exists()
        yield talk


@contextmanager
def with_poisoned_byte_code(scene: Scene) -> Iterator[Talk]:
    """Compile a changed source, and give the result the header of the byte code that it replaces."""
    module = scene.victim.module
    cached = Path(importlib.util.cache_from_source(str(module)))
    scene.stack.callback(shutil.rmtree, cached.parent)
    cached.parent.mkdir()
    cached.write_bytes(poisoned(scene))
    with scene.victim.running() as talk:
        assert scene.mark.exists()
        assert cached.read_bytes() == poisoned(scene)
        yield talk


def poisoned(scene: Scene) -> bytes:
    """Return byte code that CPython takes for that of the victim's module."""
    module = scene.victim.module
    status = module.stat()
    numbers = (0, int(status.st_mtime), status.st_size & 0xFFFFFFFF)
    header = importlib.util.MAGIC_NUMBER + b"".join(number.to_bytes(4, "little") for number in numbers)
    assert len(header) == HEADER_BYTES
    code = compile(module.read_text() + scene.marking(), str(module), "exec", dont_inherit=True)
    return header + marshal.dumps(code)


@contextmanager
def writing_byte_code(scene: Scene) -> Iterator[Talk]:
    """Start the server where it has no byte code yet of its own: it writes some."""
    cached = Path(importlib.util.cache_from_source(str(scene.victim.module)))
    assert not cached.exists()
    try:
        with scene.victim.running(environment=WITH_BYTE_CODE) as talk:
            assert cached.exists()
            yield talk
    finally:
        shutil.rmtree(cached.parent)


@contextmanager
def with_other_arguments(scene: Scene) -> Iterator[Talk]:
    """Give the server what its command does not say: another time zone, the whole disk."""
    words = scene.victim.command
    command = (*words, "--local-timezone", "UTC") if scene.victim.is_python else (*words, "/")
    with scene.victim.running(command=command) as talk:
        yield talk


@contextmanager
def below_a_private_mount(scene: Scene) -> Iterator[Talk]:
    """Mount a changed module over the sealed one, for this process alone: everybody else sees the sealed one."""
    module = scene.victim.module
    changed = scene.folder / "changed"
    changed.write_text(module.read_text() + scene.marking())
    good = module.read_bytes()
    with _mounted(scene, f"mount --bind {changed} {module}") as talk:
        assert module.read_bytes() == good
        assert scene.mark.exists()
        yield talk


@contextmanager
def beside_a_private_mount(scene: Scene) -> Iterator[Talk]:
    """Mount something for this process alone, where nothing is sealed."""
    place = scene.folder / "elsewhere"
    place.mkdir(exist_ok=True)
    with _mounted(scene, f"mount -t tmpfs none {place}") as talk:
        yield talk


@contextmanager
def under_a_program_that_answers(scene: Scene) -> Iterator[Talk]:
    """Mount FUSE over the tree, as a user may: everybody is shown what is sealed, the server a changed module."""
    tree, module = scene.victim.tree, scene.victim.module
    changed = scene.folder / "changed"
    good = module.read_bytes()
    changed.write_text(good.decode() + scene.marking())
    name = str(module.relative_to(tree))
    with (
        answering(tree, tree, changed=name, content=changed, programs=scene.victim.executable),
        scene.victim.running() as talk,
    ):
        assert module.read_bytes() == good
        assert scene.mark.exists()
        yield talk


@contextmanager
def _mounted(scene: Scene, mount: str) -> Iterator[Talk]:
    shell = ("sh", "-c", f'{mount} && exec "$@"', "sh")
    command = ("unshare", "--mount", "--propagation", "private", *shell, *scene.victim.command)
    with scene.victim.running(command=command) as talk:
        yield talk


@contextmanager
def loaded(scene: Scene, payload: str) -> Iterator[Talk]:
    """Change a module, start the server, and put everything back before the agent has had a look.

    What is then on disk is what was sealed; what runs is not. Here it is how code gets into a server for other ends.
    """
    module = scene.victim.module
    status, good = module.stat(), module.read_bytes()
    module.write_bytes(good + payload.encode())
    try:
        with scene.victim.running() as talk:
            module.write_bytes(good)
            os.utime(module, ns=(status.st_atime_ns, status.st_mtime_ns))
            yield talk
    finally:
        with suppress(OSError):
            module.write_bytes(good)
            os.utime(module, ns=(status.st_atime_ns, status.st_mtime_ns))
