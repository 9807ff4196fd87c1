"""Asking JVMs: a real one, also in a container; and what only pretends to be one, does not answer or answers badly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent.parent / "programs" / "languages" / "Shop.java"
ATTACH = [sys.executable, "-m", "icetop.targets.java_attach"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / ".namespace")}

PRETENDER = """
import mmap, os, signal, socket, sys
answer = sys.argv[2].encode().decode("unicode_escape").encode()
file = open(sys.argv[1], "r+b")
mapped = mmap.mmap(file.fileno(), 4096, prot=mmap.PROT_READ)
path = f"/tmp/.java_pid{os.getpid()}"
def listen(*_):
    assert os.path.exists(f"/tmp/.attach_pid{os.getpid()}")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    line, _ = server.accept()
    asked = line.recv(4096)
    assert asked == b"1\\0jcmd\\0Compiler.perfmap\\0\\0\\0", asked
    line.sendall(answer)
    line.close()
    os.unlink(path)
if answer != b"deaf":
    signal.signal(signal.SIGQUIT, listen)
elif sys.argv[3:]:
    signal.signal(signal.SIGQUIT, lambda *_: None)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def run() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a program that prints a line when it is ready, and ends it after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*words: object) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        if not process.stdout.readline():
            pytest.skip(f"{words[0]} does not run here")
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()
        Path(f"/tmp/perf-{process.pid}.map").unlink(missing_ok=True)
        Path(f"/tmp/.java_pid{process.pid}").unlink(missing_ok=True)


def ask(pid: int) -> tuple[int, str]:
    """The status of asking a process, and what it said."""
    done = subprocess.run([*ATTACH, str(pid)], capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
    assert not done.stderr
    return done.returncode, done.stdout.strip()


def pretend(run: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, answer: str, *more: str) -> int:
    library = tmp_path / "libjvm.so"
    library.write_bytes(bytes(4096))
    return run(sys.executable, "-c", PRETENDER, library, answer, *more).pid


@pytest.mark.skipif(shutil.which("java") is None, reason="java is not installed")
def test_a_jvm_writes_its_map(run: Callable[..., subprocess.Popen[bytes]]) -> None:
    process = run("java", PROGRAM)
    assert ask(process.pid) == (0, "")
    written = Path(f"/tmp/perf-{process.pid}.map").read_text()
    assert " Interpreter\n" in written
    assert not Path(f"/tmp/.attach_pid{process.pid}").exists()
    assert ask(process.pid) == (0, ""), "and again, now that the socket is there"
    assert process.poll() is None


@pytest.mark.skipif(shutil.which("java") is None, reason="java is not installed")
def test_a_jvm_of_another_user_in_namespaces_of_its_own(run: Callable[..., subprocess.Popen[bytes]]) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    inside = (
        f"exec 3< {PROGRAM} && mount -t tmpfs none /tmp && chmod 1777 /tmp && cd /tmp && cat <&3 > Shop.java &&"
        " exec setpriv --reuid=1234 --clear-groups java Shop.java"
    )
    parent = run("unshare", "-m", "-p", "-f", "--mount-proc", "sh", "-c", inside)
    pid = int(Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()[0])
    try:
        assert ask(pid) == (0, "")
        assert " Interpreter\n" in Path(f"/proc/{pid}/root/tmp/perf-1.map").read_text()
        assert Path(f"/proc/{pid}/root/tmp/perf-1.map").stat().st_uid == 1234
    finally:
        os.kill(pid, 9)


def test_what_is_no_jvm_is_left_alone(run: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    other = run(sys.executable, "-c", "import sys; print('ready', flush=True); sys.stdin.read()")
    assert ask(other.pid) == (1, "it is no JVM")
    deaf = pretend(run, tmp_path, "deaf")
    status, said = ask(deaf)
    assert status == 1 and "SIGQUIT" in said
    os.kill(deaf, 0)
    assert other.poll() is None, "the signal would have ended it"
    status, said = ask(2**22 + 1)
    assert status == 1 and "cannot be looked at" in said


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ("0\\nCommand executed successfully\\n", 0, ""),
        ("0\\n", 0, ""),
        ("1\\njava.lang.IllegalArgumentException: Unknown diagnostic command\\n", 1, "it takes JDK 17 or newer"),
        ("1\\nno room\\n", 1, "no room"),
        ("", 1, "the JVM refused"),
        ("\\x1b[31m", 1, "the JVM refused"),
        ("0" * 70_000, 1, "its answer has no end"),
    ],
)
def test_answers(
    answer: str, status: int, said: str, run: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    found = ask(pretend(run, tmp_path, answer))
    assert (found[0], said in found[1]) == (status, True)


@pytest.mark.soak
def test_one_that_does_not_answer_is_given_up(run: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    pid = pretend(run, tmp_path, "deaf", "takes the signal")
    status, said = ask(pid)
    assert status == 1 and "did not answer" in said
    assert not Path(f"/tmp/.attach_pid{pid}").exists()
