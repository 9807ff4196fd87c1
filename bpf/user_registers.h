/* User registers of a task, wherever the kernel was entered: by a tick, a system call or a switch. */
#pragma once
#include "arch.h"
#include "task.h"

static inline bool read_user_registers(struct settings *settings, struct registers *registers)
{
#ifdef NO_TASK_PT_REGS
    /* Before 5.15: at the top of the task's kernel stack. */
    void *task = (void *)bpf_get_current_task();
    void *saved = (void *)read_pointer(task, settings->task_stack) + settings->registers_from_stack;
#else
    void *saved = (void *)bpf_task_pt_regs((void *)bpf_get_current_task_btf());
#endif
    return bpf_probe_read_kernel(registers, sizeof(*registers), saved) == 0
        && registers_are_of_user_code(registers);
}
