"""Who is at the other end of a socket or a pipe, from /proc and the kernel's list of Unix sockets (sock_diag(7))."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

MOST_PEERS = 4096
"""Files remembered with who is at their other end."""

FRESH_SECONDS = 5.0
"""How long the tables of sockets and of who holds what are believed."""

SEARCH_SECONDS = 0.1
"""How long one look through the processes' open files may take; what it does not come to is not found."""

MOST_LINES = 50_000
"""Of a table of sockets; what lies beyond is not found."""

SOCK_DIAG, SOCK_DIAG_BY_FAMILY, DUMP, UDIAG_SHOW_PEER, UNIX_DIAG_PEER = 4, 20, 0x301, 4, 2
DONE, ERROR = 3, 2


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end: `what` is socket, unix or pipe; `pid` is 0 and `address` empty where they are not known."""

    what: str
    address: str = ""
    pid: int = 0


class Peers:
    """Finds the other ends of files, and remembers them. Never raises."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, Peer] = OrderedDict()
        self._holders: dict[str, list[int]] = {}
        self._holders_at = -FRESH_SECONDS

    def of(self, pid: int, descriptor: int) -> Peer | None:
        """Who is at the other end of a process's file; None for files that have no other end."""
        try:
            link = os.readlink(f"/proc/{pid}/fd/{descriptor}")
        except OSError:
            return None
        what, _, inode = link.partition(":")
        if what not in ("socket", "pipe"):
            return None
        found = self._found.get(link)
        if found is None:
            found = self._pipe(link, pid) if what == "pipe" else self._socket(inode.strip("[]"), pid)
            self._found[link] = found
            if len(self._found) > MOST_PEERS:
                self._found.popitem(last=False)
        return found

    def _pipe(self, link: str, pid: int) -> Peer:
        return Peer("pipe", pid=next((other for other in self._who_holds(link) if other != pid), 0))

    def _socket(self, inode: str, pid: int) -> Peer:
        for name, family in (("tcp", IPv4Address), ("tcp6", IPv6Address)):
            rows = list(_sockets(f"/proc/{pid}/net/{name}"))
            own = next((row for row in rows if row[2] == inode), None)
            if own is None:
                continue
            local, remote, _ = own
            other = next((row[2] for row in rows if row[0] == remote and row[1] == local), "")
            return Peer("socket", _address(remote, family), self._holder(other))
        peer = _unix_peers().get(int(inode)) if inode.isdigit() else None
        return Peer("unix", pid=self._holder(str(peer))) if peer else Peer("socket")

    def _holder(self, inode: str) -> int:
        return next(iter(self._who_holds(f"socket:[{inode}]")), 0) if inode else 0

    def _who_holds(self, link: str) -> list[int]:
        if time.monotonic() - self._holders_at > FRESH_SECONDS:
            self._holders, self._holders_at = _holders(), time.monotonic()
        return self._holders.get(link, [])


def _holders() -> dict[str, list[int]]:
    """Which processes have which sockets and pipes open, the youngest processes first: workers, not their parents."""
    until, found = time.monotonic() + SEARCH_SECONDS, dict[str, list[int]]()
    for pid in sorted((int(name) for name in os.listdir("/proc") if name.isdigit()), reverse=True):
        if time.monotonic() > until:
            break
        with contextlib.suppress(OSError):
            for entry in os.scandir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    link = os.readlink(entry.path)
                    if link.startswith(("socket:", "pipe:")):
                        found.setdefault(link, []).append(pid)
    return found


def _sockets(path: str) -> Iterator[tuple[str, str, str]]:
    """(local, remote, inode) of a table as /proc/net/tcp is (Documentation/networking/proc_net_tcp.rst)."""
    with contextlib.suppress(OSError), open(path) as lines:
        next(lines, "")
        for number, line in enumerate(lines):
            fields = line.split()
            if number > MOST_LINES or len(fields) < 10:
                return
            yield fields[1], fields[2], fields[9]


def _address(text: str, family: type[IPv4Address] | type[IPv6Address]) -> str:
    """`0100007F:1538` as people write it; empty when it is no address. Words of it are in the processor's order."""
    host, _, port = text.partition(":")
    try:
        words = struct.pack(f">{len(host) // 8}I", *struct.unpack(f"<{len(host) // 8}I", bytes.fromhex(host)))
        shown = family(words)
        number = int(port, 16)
    except (ValueError, struct.error):
        return ""
    if not number:
        return ""
    mapped = shown.ipv4_mapped if isinstance(shown, IPv6Address) else None
    shown = mapped or shown
    return f"[{shown}]:{number}" if isinstance(shown, IPv6Address) else f"{shown}:{number}"


def _unix_peers() -> dict[int, int]:
    """The other end's inode by a Unix socket's, of this network namespace; empty where the kernel does not say."""
    request = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, 0, UDIAG_SHOW_PEER, 0, 0)
    head = struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, DUMP, 1, 0)
    peers: dict[int, int] = {}
    with (
        contextlib.suppress(OSError, struct.error),
        socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, SOCK_DIAG) as link,
    ):
        link.settimeout(SEARCH_SECONDS)
        link.send(head + request)
        while _take_unix_peers(link.recv(1 << 16), peers):
            pass
    return peers


def _take_unix_peers(data: bytes, peers: dict[int, int]) -> bool:
    """Read one answer into `peers`; whether more follow."""
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if kind in (DONE, ERROR) or length < 32:
            return False
        inode = struct.unpack_from("=I", data, at + 20)[0]
        field = at + 32
        while field + 8 <= min(at + length, len(data)):
            size, name, value = struct.unpack_from("=HHI", data, field)
            if name == UNIX_DIAG_PEER:
                peers[inode] = value
            field += max((size + 3) & ~3, 4)
        at += (length + 3) & ~3
    return True
