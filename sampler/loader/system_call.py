"""The bpf(2) and perf_event_open(2) system calls, bare: no libbpf, whose names differ between distributions.

Layouts follow include/uapi/linux/bpf.h and perf_event.h. Failures raise OSError with the kernel's errno.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct

from .processor import HERE

MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, MAP_DELETE, PROGRAM_LOAD = 0, 1, 2, 3, 5
RAW_TRACEPOINT_OPEN, MAP_LOOKUP_BATCH, MAP_DELETE_BATCH = 17, 24, 27

LOAD_ATTEMPTS = 10

PROGRAM_TYPES = {"perf_event": 7, "raw_tracepoint": 17}

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long


def bpf(command: int, attributes: bytes | bytearray) -> int:
    """One bpf(2) call; `attributes` may be a bytearray, which the kernel then writes its answers to."""
    try:
        return _call(command, attributes)
    except PermissionError:
        # Before 5.11 this may say that a map or program is more than the memory that the process may lock.
        if command not in (MAP_CREATE, PROGRAM_LOAD) or not _raise_locked_memory():
            raise
    return _call(command, attributes)


def _raise_locked_memory() -> bool:
    """Have no limit of locked memory, or the highest that is allowed; whether that is more than before."""
    import resource  # kernels since 5.11 never need it

    before, highest = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    for limit in (resource.RLIM_INFINITY, highest):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
            return limit != before
    return False


def _call(command: int, attributes: bytes | bytearray) -> int:
    buffer = (ctypes.c_char * len(attributes)).from_buffer(
        attributes if isinstance(attributes, bytearray) else bytearray(attributes)
    )
    result: int = _syscall(HERE.bpf, command, ctypes.byref(buffer), len(attributes))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def address_of(buffer: ctypes.Array[ctypes.c_char]) -> int:
    """The address of a buffer, for a field of the attributes. The caller keeps the buffer alive."""
    return ctypes.addressof(buffer)


def writable(data: bytes) -> ctypes.Array[ctypes.c_char]:
    """A buffer that holds `data` and nothing else."""
    return (ctypes.c_char * len(data)).from_buffer_copy(data)


def create_map(name: str, kind: int, key_size: int, value_size: int, entries: int, flags: int = 0) -> int:
    """Make a map; gives its descriptor, closed on exec."""
    return bpf(
        MAP_CREATE,
        struct.pack("=5I8x16s", kind, key_size, value_size, entries, flags, name[:15].encode()).ljust(72, b"\0"),
    )


def load_program(name: str, kind: str, instructions: bytes, log_size: int = 0) -> int:
    """Load a program; gives its descriptor. With `log_size` the verifier's complaint is in the error's text."""
    code, license_name = writable(instructions), writable(b"GPL\0")
    log = ctypes.create_string_buffer(max(log_size, 1))
    attributes = struct.pack(
        "=2I2Q2IQ2I16s",
        PROGRAM_TYPES[kind],
        len(instructions) // 8,
        address_of(code),
        address_of(license_name),
        1 if log_size else 0,
        log_size,
        address_of(log) if log_size else 0,
        0,
        0,
        name[:15].encode(),
    )
    try:
        return _load(attributes.ljust(120, b"\0"))
    except OSError as error:
        reason = log.value.decode(errors="replace").strip().splitlines()[-3:] if log_size else []
        raise OSError(error.errno, "; ".join([error.strerror or "", *reason])) from None


def _load(attributes: bytes) -> int:
    """Have the verifier look at it again where a signal came in between (EAGAIN), as libbpf does."""
    for _ in range(LOAD_ATTEMPTS - 1):
        try:
            return bpf(PROGRAM_LOAD, attributes)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise
    return bpf(PROGRAM_LOAD, attributes)


def open_raw_tracepoint(name: str, program: int) -> int:
    """Attach a program to a raw tracepoint; it stays for as long as the descriptor is open."""
    text = writable(name.encode() + b"\0")
    return bpf(RAW_TRACEPOINT_OPEN, struct.pack("=QI4x", address_of(text), program))


def open_cpu_clock(cpu: int, frequency: int) -> int:
    """A software CPU clock of one CPU that ticks `frequency` times a second of non-idle time; not yet running.

    perf_event_attr of PERF_ATTR_SIZE_VER0: type 1 (software), config 0 (cpu clock), a fixed period, flags
    disabled and exclude_idle.
    """
    period = 1_000_000_000 // frequency
    attributes = writable(struct.pack("=2IQQQQQ2IQ", 1, 64, 0, period, 0, 0, 1 | 1 << 7, 0, 0, 0))
    descriptor: int = _syscall(HERE.perf_event_open, ctypes.byref(attributes), -1, cpu, -1, 1 << 3)
    if descriptor < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return descriptor
