"""One connection of many is asked of the kernel, and it is no other."""

import contextlib
import ipaddress
import os
import socket

import pytest

from attest.measure.processes.diagnosing import owner_of


def end(place):
    host, port, *_ = place
    return ipaddress.ip_address(host), port


@contextlib.contextmanager
def connection(family, host):
    with socket.create_server((host, 0), family=family) as server:
        client = socket.create_connection(server.getsockname()[:2])
        accepted, _ = server.accept()
        with client, accepted:
            yield server, client, accepted


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_connection_has_an_owner_and_one_that_is_not_there_has_none(family, host):
    with connection(family, host) as (_, client, _accepted):
        theirs, ours = end(client.getsockname()), end(client.getpeername())
        # A kernel that does not say is asked for its table.
        assert owner_of(theirs, ours) in {os.getuid(), None}
        assert owner_of((theirs[0], theirs[1] ^ 1), ours) is None


def test_who_listens_at_an_address_holds_no_connection_from_it():
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = end(server.getsockname())
        assert owner_of(ours, (ours[0], 1)) is None


def test_a_connection_that_its_user_closed_has_no_owner():
    with connection(socket.AF_INET, "127.0.0.1") as (_, client, _accepted):
        theirs, ours = end(client.getsockname()), end(client.getpeername())
        client.close()
        assert owner_of(theirs, ours) is None
