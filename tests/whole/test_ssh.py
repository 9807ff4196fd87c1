"""`--via` through a real ssh and sshd on this machine: the screen here, the collector there.

sshd is the one on PATH, or that in the folder which ICETOP_TEST_SSHD names, where Debian's openssh-server and libwrap0
were unpacked. It runs on a high port of its own, with keys of its own, in a mount namespace of its own.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import which

import pytest

from .conftest import Icetop, Start
from .far_screen import looks_from_afar
from .test_by_keyboard import Screen, open_screen  # noqa: F401

pytestmark = [pytest.mark.bpf, pytest.mark.soak]

USER = "sshd:x:33333:65534::/run/sshd:/usr/sbin/nologin"
"""sshd, as root, wants a user of this name; where there is none, it sees a list of users with it."""

AGENT = f"env PYTHONPATH={os.environ.get('PYTHONPATH', '')} {sys.executable} -m icetop agent"


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The words that run a command through an sshd of the tests' own."""
    folder = os.environ.get("ICETOP_TEST_SSHD", "")
    sshd = which("sshd", path=f"{folder}/usr/sbin:/usr/sbin:{os.environ['PATH']}")
    if sshd is None or which("ssh") is None or which("ssh-keygen") is None or os.geteuid():
        pytest.skip("no sshd can be started here")
    home = tmp_path_factory.mktemp("ssh")
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / key)], check=True)
    (home / "authorized").write_text((home / "user.pub").read_text())
    (home / "passwd").write_text(Path("/etc/passwd").read_text() + (USER + "\n"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "Port": port, "ListenAddress": "127.0.0.1", "HostKey": home / "host",
        "AuthorizedKeysFile": home / "authorized",
        "StrictModes": "no", "UsePAM": "no", "PasswordAuthentication": "no", "PermitRootLogin": "yes",
        "PidFile": "none",
    }  # fmt: skip
    words = shlex.join([sshd, "-D", "-e", "-f", "/dev/null", *(f"-o{key}={value}" for key, value in options.items())])
    room = f"mount --bind {home}/passwd /etc/passwd && mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd"
    libraries = {"LD_LIBRARY_PATH": f"{folder}/usr/lib/x86_64-linux-gnu"} if folder else {}
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", f"{room} && exec {words}"], stderr=log, env={**os.environ, **libraries}
        )
    client = (
        f"ssh -F none -p {port} -i {home}/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
        "-o LogLevel=ERROR -o BatchMode=yes root@127.0.0.1"
    )
    try:
        until = time.monotonic() + 30
        while subprocess.run([*client.split(), "true"], capture_output=True, check=False).returncode:
            if server.poll() is not None or time.monotonic() > until:
                pytest.skip(f"sshd does not start here: {(home / 'log').read_text()[-300:]}")
            time.sleep(0.1)
        yield client
    finally:
        server.terminate()
        server.wait()


def test_a_report_and_its_target_through_ssh(ssh: str, icetop: Icetop, shares: Path, start: Start) -> None:
    program = start(shares)
    done = icetop("--via", f"{ssh} {AGENT}", "-d", "2", "-F", "499", "-p", program.pid)
    assert done.returncode == 0, done.stderr
    assert "burn_sixty" in done.stdout
    done = icetop("--via", f"{ssh} {AGENT}", "-d", "1", "--", "sh", "-c", f"exec {shares} 2; echo 'not; $this'")
    assert "burn_sixty" in done.stdout, done.stderr
    done = icetop("--via", f"{ssh} {AGENT}", "-c", "no; such 'one'")
    assert (done.returncode, "no container no; such 'one'" in done.stderr) == (1, True)
    done = icetop("--via", ssh.replace("root@", "nobody-here@") + f" {AGENT}")
    assert done.returncode == 1
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_screen_here_the_collector_behind_ssh(
    ssh: str,
    open_screen: Callable[..., Screen],  # noqa: F811
    shares: Path,
    start: Start,
    icetop: Icetop,
) -> None:
    via, screen = f"{ssh} {AGENT}", open_screen((120, 40))
    looks_from_afar(via, screen, shares, start, icetop, lambda: kill_far_end(ssh))


def kill_far_end(ssh: str) -> None:
    """Kill the collectors that this sshd has started."""
    port = re.search(r"-p (\d+)", ssh)
    assert port is not None
    killed = 0
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, ProcessLookupError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            environment = (entry / "environ").read_bytes()
            if b"agent" in words and f" {port[1]}\0".encode() in environment and b"SSH_CONNECTION=" in environment:
                os.kill(int(entry.name), signal.SIGKILL)
                killed += 1
    assert killed
