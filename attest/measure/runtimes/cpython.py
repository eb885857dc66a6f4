"""CPython: executable, library directory, and the places from which it would take another (`Modules/getpath.py`).

`getpath` looks for `pyvenv.cfg`, `NAME._pth`, `pybuilddir.txt` and `Modules/Setup.local` beside the executable, and for
the library from there upwards; a zip archive beside the library comes before it on `sys.path`. Whoever can write into
the installation could put one there without touching any sealed file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from attest.errors import RefusedError, UnavailableError
from attest.measure.runtimes.layout import Layout, RuntimeKind, find_in

_NAME: Final = re.compile(r"python(?P<version>3(?:\.[0-9]{1,2}t?)?)?")
_LIBRARY: Final = re.compile(r"python(?P<version>3\.[0-9]{1,2}t?)")
_FOLDERS: Final = ("lib", "lib64")
"""`sys.platlibdir` of the usual builds."""
_PACKAGES: Final = ("dist-packages", "site-packages")
_BESIDE: Final = ("pyvenv.cfg", "pybuilddir.txt", "Modules/Setup.local")
_OUTSIDE: Final = "packages installed into the interpreter itself or by the user, beside its standard library"


def recognises(program: Path) -> bool:
    """Return whether the executable is called like one."""
    return _NAME.fullmatch(program.name) is not None


def lay_out(program: Path) -> Layout:
    """Find the library that this executable would use, and every place where it would look first."""
    library = _library(program)
    version = library.name.removeprefix("python")
    prefix = library.parent.parent
    archive = library.with_name(f"python{version.replace('.', '')}.zip")
    absent = [*_beside(program, version), str(prefix / "pyvenv.cfg"), *_above(program, library)]
    there = next((place for place in absent if os.path.lexists(place)), None)
    if there is not None:
        hint = "give the interpreter that its `home` names" if there.endswith("pyvenv.cfg") else None
        raise RefusedError(there, f"nothing there, since {program.name} takes its library from it", "a file", hint=hint)
    full = find_in(
        (prefix / "include" / library.name / "patchlevel.h", program),
        rb'(?:\x00|PY_VERSION\s+")(%s\.[0-9]+(?:(?:a|b|rc)[0-9]+)?\+?)["\x00]'
        % re.escape(version.rstrip("t")).encode(),
    )
    zipped = os.path.lexists(archive)
    return Layout(
        name=f"cpython-{version}",
        version=full,
        purl=f"pkg:generic/cpython@{full}" if full is not None else None,
        prefix=str(prefix),
        library=str(library),
        others=_PACKAGES,
        files=(str(archive),) if zipped else (),
        absent=tuple(absent) if zipped else (*absent, str(archive)),
        modules=tuple(sorted(str(path) for path in (library / "lib-dynload").glob("*.so"))),
        outside=(_OUTSIDE,),
    )


def _library(program: Path) -> Path:
    match = _NAME.fullmatch(program.name)
    wanted = match["version"] if match is not None else None
    for above in program.parents:
        for folder in _FOLDERS:
            found = [
                path
                for path in sorted((above / folder).glob("python3.*"))
                if _LIBRARY.fullmatch(path.name) and (path / "os.py").is_file()
            ]
            fitting = [path for path in found if wanted is None or path.name == f"python{wanted}" or "." not in wanted]
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                names = ", ".join(path.name for path in fitting)
                raise RefusedError(str(program), "an executable whose name tells its library", names)
    raise UnavailableError(
        str(program),
        "a standard library at or above it",
        "none",
        hint="give the interpreter itself, not a copy or shim",
    )


def _beside(program: Path, version: str) -> list[str]:
    folder = program.parent
    names = dict.fromkeys((program.name, f"python{version}", "python3", "python"))
    return [str(folder / name) for name in (*_BESIDE, *(f"{name}._pth" for name in names))]


def _above(program: Path, library: Path) -> list[str]:
    """The directories that would be taken for the library before the one that is there."""
    prefix = library.parent.parent
    inner = [above for above in program.parents if above != prefix and above.is_relative_to(prefix)]
    return [str(above / folder / library.name) for above in inner for folder in _FOLDERS]


RUNTIME: Final = RuntimeKind(name="cpython", recognises=recognises, lay_out=lay_out)
