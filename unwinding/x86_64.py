"""What the unwinder knows of the processor, beside its instructions.

Sources: System V ABI for x86-64 (figure 3.36, DWARF's numbers of registers; 3.4.1, the outermost frame; 5.2, "PLT"),
and struct sigcontext_64 of the kernel's arch/x86/include/uapi/asm/sigcontext.h.
"""

from __future__ import annotations

import re

ELF_MACHINE = 62
"""EM_X86_64 of elf.h."""

RBP, RSP, RETURN_ADDRESS = 6, 7, 16
"""DWARF's numbers of the registers that rows speak of."""

SAVED_RSP = 160
"""Where the kernel saves rsp for a signal handler, from rsp as it is when the handler has returned: within uc_mcontext
of struct ucontext."""

SAVED_RIP_FROM_RSP, SAVED_RBP_FROM_RSP = 8, -40
"""Where rip and rbp are saved, from there."""

SIGNAL_RETURN = re.compile(rb"(?:\x48\xc7\xc0\x0f\x00\x00\x00|\xb8\x0f\x00\x00\x00)\x0f\x05")
"""mov rax, 15; syscall: what musl and Go have the kernel return to from a handler; gdb and gcc know it the same way."""

PLT_EXPRESSION = b"\x77\x08\x80\x00\x3f\x1a%c\x2a\x33\x24\x22"
"""breg7 (rsp) 8, breg16 (rip) 0, lit15, and, litN, ge, lit3, shl, plus: the CFA that linkers write for .plt."""

PLT_STUB = 16
PLT_FIRST_PUSHED = 6
PLT_PUSHED, PLT_PUSHED_MARKED = 11, 9
"""Of .plt: bytes of a stub; where the first has pushed its second word; where the others have pushed their index,
without and with marks for indirect branches (endbr64)."""

PROLOGUE = b"\x55\x48\x89\xe5"
"""push rbp; mov rbp, rsp."""

FRAMES = re.compile(rb"(?P<prologue>\x55\x48\x89\xe5)|[\xc9\x5d](?:\xc3|\xc2..)", re.DOTALL)
"""The same; and leave, or pop rbp, before ret."""

SAVES_RBP = re.compile(rb"\x55\x48\x89\xe5|\x48\x89\x6c\x24(.)|\x48\x89\xac\x24(....)", re.DOTALL)
"""push rbp; mov rbp, rsp, or mov n(rsp), rbp with n as a group."""

OUTERMOST = b"\x48\x31\xed"
"""xor rbp, rbp in its long form, as only entries written by hand have it."""

JUMPS = (b"\xff\xe0", b"\xff\xe1", b"\xff\xe2", b"\xff\xe6", b"\xff\xe7", b"\x41\xff\xe0", b"\x41\xff\xe1")
"""jmp to where one of the registers for arguments, or rax, points."""

PADDING = (b"\x90", b"\x66", b"\x0f\x1f", b"\xcc", b"\x2e\x66", b"\x2e\x0f\x1f")
"""How what compilers put between functions begins."""
