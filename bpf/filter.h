/* Whether a thread belongs to the target. */
#pragma once
#include "maps.h"
#include "task.h"

static inline bool cgroup_is_target(void *task, struct settings *settings)
{
    void *cgroup = cgroup_of(task, settings);
#pragma clang loop unroll(disable)
    for (int depth = 0; depth < CGROUP_DEPTH; depth++) {
        u64 id = cgroup_id(cgroup, settings);
        if (target_cgroups.lookup(&id))
            return true;
        void *parent = (void *)read_pointer(cgroup, settings->cgroup_css + settings->css_parent);
        if (!parent)
            return false;
        cgroup = (void *)read_pointer(parent, settings->css_cgroup);
    }
    return false;
}

static inline bool comm_is_target(void *task, struct settings *settings)
{
    struct comm comm = {};
    bpf_probe_read_kernel(&comm, sizeof(comm), task + settings->task_comm);
    return target_comms.lookup(&comm) != NULL;
}

static inline bool is_target(void *task, struct settings *settings, u32 pid)
{
    if (!settings->filters)
        return true;
    if ((settings->filters & FILTER_PIDS) && target_pids.lookup(&pid))
        return true;
    if ((settings->filters & FILTER_CGROUPS) && cgroup_is_target(task, settings))
        return true;
    if (!(settings->filters & FILTER_COMMS))
        return false;
    return comm_is_target(task, settings)
        || comm_is_target((void *)read_pointer(task, settings->task_group_leader), settings);
}
