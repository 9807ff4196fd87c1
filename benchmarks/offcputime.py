"""What bcc's offcputime does at every switch, for comparison where the kernel has no kprobes, which it needs.

    /usr/bin/python3 benchmarks/offcputime.py FOLDER PID_OFFSET [empty]

Its libbpf form (libbpf-tools/offcputime.bpf.c) hangs on the tracepoint sched_switch, as this does: of who leaves it
keeps the time and both stacks, of who comes it adds up what it waited. FOLDER is a kernel tree to bcc, PID_OFFSET that
of task_struct.pid. With `empty`, programs that do nothing hang on sched_switch and sched_waking instead.
"""

from __future__ import annotations

import os
import sys
import time

TEXT = """
#include <uapi/linux/types.h>
struct arguments { u64 values[3]; };
struct key { u32 pid; u32 tgid; int user; int kernel; };
struct left { u64 at; struct key key; };
BPF_HASH(lefts, u32, struct left, 10240);
BPF_HASH(sums, struct key, u64, 10240);
BPF_STACK_TRACE(stacks, 16384);

int switched(struct arguments *ctx)
{
    u64 both = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
    u32 pid = both, next = 0;
    if (pid) {
        struct left left = {};
        left.at = now;
        left.key.pid = pid;
        left.key.tgid = both >> 32;
        left.key.user = stacks.get_stackid(ctx, 1 << 8);
        left.key.kernel = stacks.get_stackid(ctx, 0);
        lefts.update(&pid, &left);
    }
    bpf_probe_read_kernel(&next, sizeof(next), (void *)ctx->values[2] + PID_OFFSET);
    struct left *came = lefts.lookup(&next);
    if (!came || !next)
        return 0;
    if (now - came->at >= 1000)
        sums.increment(came->key, (now - came->at) / 1000);
    lefts.delete(&next);
    return 0;
}
"""
EMPTY = "int switched(void *ctx) { return 0; }"


def main() -> None:
    """Runs until it is ended."""
    os.environ["BCC_KERNEL_SOURCE"] = sys.argv[1]
    import bcc

    flags = [f"-DPID_OFFSET={sys.argv[2]}", f"-I{sys.argv[1]}/include", "-DPAGE_SIZE=4096"]
    empty = sys.argv[3:] == ["empty"]
    module = bcc.BPF(text=EMPTY if empty else TEXT, cflags=flags)
    program = module.load_func("switched", bcc.BPF.RAW_TRACEPOINT)
    for tracepoint in (b"sched_switch", b"sched_waking") if empty else (b"sched_switch",):
        if bcc.lib.bpf_attach_raw_tracepoint(program.fd, tracepoint) < 0:
            sys.exit(f"{tracepoint.decode()} is not to be had")
    time.sleep(3600)


if __name__ == "__main__":
    main()
