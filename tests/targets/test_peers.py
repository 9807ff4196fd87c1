"""Who is at the other end: sockets and pipes between this process and a child."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from icetop.targets.peers import Peer, Peers

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")


@contextmanager
def holding(*descriptors: int) -> Iterator[int]:
    """The pid of a child that alone of all others holds these open."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    try:
        yield child.pid
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize(("family", "host", "shown"), [("INET", "127.0.0.1", "127.0.0.1"), ("INET6", "::1", "[::1]")])
def test_a_connection_to_a_process_here(family: str, host: str, shown: str) -> None:
    try:
        server = socket.create_server((host, 0), family=socket.AddressFamily[f"AF_{family}"])
    except OSError:
        pytest.skip(f"no {family} here")
    port = server.getsockname()[1]
    with server, socket.create_connection((host, port)) as client:
        accepted, _ = server.accept()
        with holding(accepted.detach()) as pid:
            assert Peers().of(os.getpid(), client.fileno()) == Peer("socket", f"{shown}:{port}", pid)
        assert Peers().of(os.getpid(), server.fileno()) == Peer("socket")


def test_a_unix_socket_and_a_pipe() -> None:
    ours, theirs = socket.socketpair()
    with ours, holding(theirs.detach()) as pid:
        assert Peers().of(os.getpid(), ours.fileno()) == Peer("unix", pid=pid)
    reading, writing = os.pipe()
    with holding(writing) as pid:
        assert Peers().of(os.getpid(), reading) == Peer("pipe", pid=pid)
    os.close(reading)


def test_what_has_no_other_end() -> None:
    with open("/dev/null") as file:
        assert Peers().of(os.getpid(), file.fileno()) is None
    assert Peers().of(os.getpid(), 10**6) is None
    assert Peers().of(2**22 + 1, 0) is None
