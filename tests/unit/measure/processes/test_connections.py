"""Whose a connection is, and who listens: asked of the kernel, with sockets of our own."""

import os
import socket
import subprocess
import sys

import pytest

from attest.measure.processes.connections import all_listen, user_of_connection

OTHER = """
import socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
print("listens", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_connection_from_this_machine_has_a_user(family, host):
    with socket.create_server((host, 0), family=family) as server:
        port = server.getsockname()[1]
        with socket.create_connection((host, port)) as client:
            theirs = client.getsockname()[1]
            assert user_of_connection(host, theirs, our_host=host, our_port=port) == os.getuid()
            assert user_of_connection(host, theirs, our_host=host, our_port=port ^ 1) is None
            assert user_of_connection(host, theirs ^ 1, our_host=host, our_port=port) is None


def test_a_connection_that_its_user_closed_is_not_root_s():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            theirs = client.getsockname()[1]
            client.sendall(b"what is asked for ever after")
            accepted, _ = server.accept()
        with accepted:
            assert user_of_connection("127.0.0.1", theirs, our_host="127.0.0.1", our_port=port) is None


def test_a_dual_stack_server_sees_the_user_of_an_older_protocol():
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            theirs = client.getsockname()[1]
            found = user_of_connection("::ffff:127.0.0.1", theirs, our_host="::ffff:127.0.0.1", our_port=port)
            assert found == os.getuid()


def test_somebody_listens_and_it_is_the_one_who_should():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert all_listen([os.getpid()], "127.0.0.1", port)
        assert all_listen([1 << 22, os.getpid()][1:], "127.0.0.1", port)
        assert not all_listen([os.getppid()], "127.0.0.1", port)
    assert not all_listen([os.getpid()], "127.0.0.1", port)


def test_a_socket_for_every_address_counts():
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert all_listen([os.getpid()], "127.0.0.1", server.getsockname()[1])


def test_a_second_listener_at_the_same_address_spoils_it():
    with socket.socket() as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        ours.bind(("127.0.0.1", 0))
        ours.listen()
        port = ours.getsockname()[1]
        assert all_listen([os.getpid()], "127.0.0.1", port)
        command = [sys.executable, "-c", OTHER, str(port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"listens\n"
            assert not all_listen([os.getpid()], "127.0.0.1", port)
            assert all_listen([os.getpid(), other.pid], "127.0.0.1", port)
            other.kill()


def test_a_process_that_is_gone_is_said():
    with pytest.raises(OSError, match="No such file"):
        all_listen([1 << 22], "127.0.0.1", 1)
