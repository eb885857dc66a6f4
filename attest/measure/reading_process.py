"""`python -m attest.measure.reading_process FD`: the keyless helper of `second_reader`, run alone, never imported.

It is given the directories of roots as descriptors, then jobs: directories below them with the names of files. Each is
opened from its root in one step, without links and within one mount. It ends when nobody asks any more.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
from typing import Final

import msgspec

from attest.measure.gathering import Gathering, packable, packed_file
from attest.measure.kernel import INSIDE, openat2
from attest.measure.leasing import Leases, ignore_lease_breaks, may_lease
from attest.measure.opening import SMALL_BYTES, Name, Sight, digest_plain, look_at
from attest.measure.reading_jobs import MESSAGE_BYTES, Job, Read
from attest.measure.sandbox import out_of_sight
from attest.statement.observation import Observed

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def main() -> None:
    """Answer until the socket is closed."""
    with out_of_sight(), socket.socket(fileno=int(sys.argv[1])) as channel:
        ignore_lease_breaks()
        tops: list[int] = []
        while True:
            octets, descriptors, _, _ = socket.recv_fds(channel, MESSAGE_BYTES, 1)
            if descriptors:
                tops += descriptors
            elif octets:
                channel.sendall(msgspec.msgpack.encode(_read(msgspec.msgpack.decode(octets, type=Job), tops)))
            else:
                return


def _read(job: Job, tops: list[int]) -> Read:
    leases = Leases(allowed=may_lease())
    try:
        descriptor = openat2(tops[job.root], job.folder or ".", _FOLDER, INSIDE)
    except OSError:
        return _other(job)
    try:
        status = os.fstat(descriptor)
        if (status.st_dev, status.st_ino) != (job.device, job.inode):
            return _other(job)
        return _read_all(job, descriptor, leases)
    finally:
        os.close(descriptor)


def _read_all(job: Job, directory: int, leases: Leases) -> Read:
    gathering = Gathering()
    single: list[Observed] = []
    places: list[int] = []
    large: list[int] = []
    prefix = f"{job.folder}/" if job.folder else ""
    for place, name in enumerate(job.names):
        plain = digest_plain(directory, name, leases)
        if plain is not None:
            file = packed_file(plain[1], plain[0])
        elif _is_large(directory, name):
            large.append(place)
            continue
        else:
            seen = look_at(directory, job.root_name, Name(name, prefix + name, Sight.FILE), leases)
            found = None if seen is None else packable(seen)
            if found is None:
                single += [] if seen is None else [seen]
                continue
            file = found
        places.append(place)
        gathering.add("", *file)
    packed = gathering.packed()
    return Read(
        number=job.number,
        places=tuple(places),
        cores=packed.cores,
        sizes=packed.sizes,
        identities=packed.identities,
        single=tuple(single),
        large=tuple(large),
        complete=leases.complete,
    )


def _is_large(directory: int, name: str) -> bool:
    try:
        status = os.lstat(name, dir_fd=directory)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size > SMALL_BYTES


def _other(job: Job) -> Read:
    return Read(job.number, (), b"", b"", b"", (), (), complete=True, good=False)


if __name__ == "__main__":
    main()
