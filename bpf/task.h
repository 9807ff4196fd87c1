/* Who is running: pid as icetop's own PID namespace numbers it, cgroup, address space. */
#pragma once
#include "types.h"

#define TASK_IS_KERNEL_THREAD 0x00200000  /* PF_KTHREAD */
#define TASK_IS_WORKER 0x00004010         /* PF_USER_WORKER | PF_IO_WORKER: kernel code on behalf of a process */

static inline u64 read_pointer(void *base, u32 offset)
{
    u64 value = 0;
    bpf_probe_read_kernel(&value, sizeof(value), base + offset);
    return value;
}

static inline u32 read_word(void *base, u32 offset)
{
    u32 value = 0;
    bpf_probe_read_kernel(&value, sizeof(value), base + offset);
    return value;
}

#define NOT_VISIBLE 0xffffffff

/* How deep below the host's the PID namespace that icetop's /proc shows lies, as seen from a task in or below it. */
static inline u32 namespace_level(void *task, struct settings *settings)
{
    if (!settings->pid_namespace)
        return 0;
    void *pid = (void *)read_pointer(task, settings->task_thread_pid);
    void *number = pid + settings->pid_numbers;
    u32 deepest = read_word(pid, settings->pid_level);
#pragma clang loop unroll(disable)
    for (u32 level = 0; level < PID_NAMESPACE_DEPTH; level++) {
        keep_bound(level);
        if (level > deepest)
            break;
        void *namespace = (void *)read_pointer(number, settings->upid_ns);
        if (read_word(namespace, settings->namespace_inum) == settings->pid_namespace)
            return level;
        number += settings->upid_size;
    }
    return NOT_VISIBLE;
}

/* The number of a task in that namespace; 0 when it is not visible from there. */
static inline u32 visible_pid(void *task, struct settings *settings, u32 level)
{
    if (level == NOT_VISIBLE)
        return 0;
    void *pid = (void *)read_pointer(task, settings->task_thread_pid);
    return read_word(pid, settings->pid_numbers + level * settings->upid_size + settings->upid_nr);
}

static inline void *cgroup_of(void *task, struct settings *settings)
{
    void *set = (void *)read_pointer(task, settings->task_cgroups);
    if (settings->cgroup_subsystem == NO_SUBSYSTEM)
        return (void *)read_pointer(set, settings->css_set_default_cgroup);
    void *state = (void *)read_pointer(set, settings->css_set_subsystems + 8 * settings->cgroup_subsystem);
    return (void *)read_pointer(state, settings->css_cgroup);
}

static inline u64 cgroup_id(void *cgroup, struct settings *settings)
{
    return read_pointer((void *)read_pointer(cgroup, settings->cgroup_kernfs), settings->kernfs_id);
}

static inline u64 mix(u64 hash, u64 value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
    return hash ^ (hash >> 29);
}

/* An id of the program that a process runs, which fork hands on and exec changes: by its open file, and where the
 * kernel put stack, code and mappings. 0 without memory. */
static inline u64 program_image(void *task, struct settings *settings)
{
    void *mm = (void *)read_pointer(task, settings->task_mm);
    if (!mm)
        return 0;
    u64 hash = mix(read_pointer(mm, settings->mm_start_stack), read_pointer(mm, settings->mm_start_code));
    return mix(mix(hash, read_pointer(mm, settings->mm_mmap_base)), read_pointer(mm, settings->mm_exe_file)) | 1;
}

/* Fills in who runs; the thread's leader stands for the process. */
static inline void identify(void *task, struct settings *settings, struct scratch *scratch)
{
    void *leader = (void *)read_pointer(task, settings->task_group_leader);
    struct count_key *key = &scratch->key;
    key->start = read_pointer(leader, settings->task_start_boottime);
    key->cgroup = cgroup_id(cgroup_of(task, settings), settings);
    u32 level = namespace_level(task, settings);
    key->pid = visible_pid(leader, settings, level);
    key->tid = visible_pid(task, settings, level);
    key->epoch = settings->epoch;
    key->stack = 0;
    key->part = 0;
    bpf_probe_read_kernel(key->comm, sizeof(key->comm), task + settings->task_comm);
    scratch->event.start = key->start;
    scratch->event.pid = key->pid;
    scratch->event.tid = key->tid;
    scratch->event.image = program_image(task, settings);
    /* The start tells the address spaces of parent and child apart. */
    scratch->event.space = scratch->event.image ? mix(scratch->event.image, key->start) | 1 : 0;
}
