/* Children of target processes become targets: a command's process tree. Raw tracepoint sched_process_fork. */
#include "maps.h"
#include "task.h"

struct raw_arguments {
    u64 values[2];  /* parent task, child task */
};

int follow_forks(struct raw_arguments *arguments)
{
    u32 zero = 0;
    u8 one = 1;
    struct settings *settings_here = settings.lookup(&zero);
    if (!settings_here || !settings_here->follow_forks)
        return 0;
    void *parent = (void *)read_pointer((void *)arguments->values[0], settings_here->task_group_leader);
    void *child = (void *)read_pointer((void *)arguments->values[1], settings_here->task_group_leader);
    u32 level = namespace_level(parent, settings_here);
    u32 parent_pid = visible_pid(parent, settings_here, level);
    if (parent == child || !target_pids.lookup(&parent_pid))
        return 0;
    u32 child_pid = visible_pid(child, settings_here, level);
    target_pids.update(&child_pid, &one);
    return 0;
}
