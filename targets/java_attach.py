"""Asking a JVM for something, as jcmd does, but from outside its container: `python -m icetop.targets.java_attach PID`.

The protocol is that of HotSpot (src/hotspot/os/posix/attachListener_posix.cpp and attachListener.cpp): a file
`.attach_pidN` and SIGQUIT make it open a socket `.java_pidN`, both in /tmp, N being the pid that it has for itself. It
listens to its own user alone. So this runs as a process of its own, which takes on the JVM's root folder and user
before it touches a file that the JVM might have prepared.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import sys
import time
from typing import NamedTuple

PATIENCE_SECONDS = 5.0
LONGEST_ANSWER = 1 << 16
PERF_MAP = "Compiler.perfmap"
"""The diagnostic command, of JDK 17 and later, that has it write /tmp/perf-N.map."""

_UNKNOWN_COMMAND = b"Unknown diagnostic command"


class CannotAttach(Exception):
    """Why a JVM could not be asked, or did not do as it was told."""


class Jvm(NamedTuple):
    """Who a JVM is: its user and group, the pid it has for itself, a descriptor that its signals go through."""

    uid: int
    gid: int
    inner_pid: int
    descriptor: int


def ask_for_perf_map(pid: int) -> None:
    """Have a JVM write its perf map. Raises CannotAttach.

    This process gives up its root folder and its user for those of the JVM, and cannot take them back.
    """
    jvm = look_at(pid)
    become(pid, jvm)
    with contextlib.closing(connect(jvm, time.monotonic() + PATIENCE_SECONDS)) as line:
        answer = converse(line, PERF_MAP)
    status, _, text = answer.partition(b"\n")
    if _UNKNOWN_COMMAND in text:
        raise CannotAttach("this JVM cannot write perf maps: it takes JDK 17 or newer")
    if status.strip() != b"0":
        raise CannotAttach(text.decode(errors="replace").strip().partition("\n")[0][:200] or "the JVM refused")


def look_at(pid: int) -> Jvm:
    """Make sure that a process is a JVM that takes the signal, which would end any other process."""
    try:
        descriptor = os.pidfd_open(pid)
        with open(f"/proc/{pid}/maps", "rb") as file:
            if not any(b"/libjvm.so" in line for line in file):
                raise CannotAttach("it is no JVM")
        fields = _status(pid)
        caught = int(fields[b"SigCgt"][0], 16)
        ids = int(fields[b"Uid"][1]), int(fields[b"Gid"][1])
        inner_pid = int(fields.get(b"NSpid", [str(pid).encode()])[-1])
    except (OSError, KeyError, IndexError, ValueError) as error:
        raise CannotAttach(f"it cannot be looked at ({error})") from None
    if not caught >> (signal.SIGQUIT - 1) & 1:
        raise CannotAttach("it does not take SIGQUIT (-Xrs), or is only starting")
    return Jvm(*ids, inner_pid, descriptor)


def become(pid: int, jvm: Jvm) -> None:
    """Take on the JVM's root folder and user. Raises CannotAttach where that is not permitted."""
    try:
        if os.geteuid() == 0:
            os.chroot(f"/proc/{pid}/root")
            os.chdir("/")
            os.setgroups([])
            os.setresgid(jvm.gid, jvm.gid, jvm.gid)
            os.setresuid(jvm.uid, jvm.uid, jvm.uid)
        elif os.geteuid() != jvm.uid or not os.path.samefile(f"/proc/{pid}/root", "/"):
            raise CannotAttach("it runs as another user, or in a container: that takes root")
    except OSError as error:
        raise CannotAttach(f"its user cannot be taken on ({error.strerror})") from None


def connect(jvm: Jvm, until: float) -> socket.socket:
    """A connection to the JVM's socket, which is asked for if it is not there. Raises CannotAttach."""
    path = f"/tmp/.java_pid{jvm.inner_pid}"
    line = _connected(path)
    if line is not None:
        return line
    request = f"/tmp/.attach_pid{jvm.inner_pid}"
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(request)
        os.close(os.open(request, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        try:
            signal.pidfd_send_signal(jvm.descriptor, signal.SIGQUIT)
            while time.monotonic() < until:
                time.sleep(0.02)
                line = _connected(path)
                if line is not None:
                    return line
        finally:
            os.unlink(request)
    except OSError as error:
        raise CannotAttach(f"it cannot be asked ({error.strerror})") from None
    raise CannotAttach(f"it did not answer within {PATIENCE_SECONDS:.0f} s")


def converse(line: socket.socket, command: str) -> bytes:
    """What a JVM answers to a diagnostic command: a line with its status, then text. Raises CannotAttach."""
    until, answer = time.monotonic() + PATIENCE_SECONDS, b""
    try:
        line.settimeout(PATIENCE_SECONDS)
        line.sendall(b"".join(word.encode() + b"\0" for word in ("1", "jcmd", command, "", "")))
        while len(answer) < LONGEST_ANSWER and (left := until - time.monotonic()) > 0:
            line.settimeout(left)
            part = line.recv(4096)
            if not part:
                return answer
            answer += part
    except TimeoutError:
        pass
    except OSError as error:
        raise CannotAttach(f"it broke off ({error.strerror})") from None
    raise CannotAttach("its answer has no end")


def _connected(path: str) -> socket.socket | None:
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return None
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    except OSError:
        return None
    try:
        line.settimeout(1.0)
        line.connect(path)
    except OSError:
        line.close()
        return None
    return line


def _status(pid: int) -> dict[bytes, list[bytes]]:
    with open(f"/proc/{pid}/status", "rb") as file:
        return {key: value.split() for key, _, value in (line.partition(b":") for line in file)}


def main() -> int:
    """Ask the JVM that the command line names; what went wrong goes to stdout."""
    try:
        ask_for_perf_map(int(sys.argv[1]))
    except CannotAttach as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
