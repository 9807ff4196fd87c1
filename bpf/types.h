/* The structs that programs and collector share. Python takes their layouts from bcc; nothing restates them. */
#pragma once

#define COMM_LENGTH 16     /* TASK_COMM_LEN */
#define PID_NAMESPACE_DEPTH 32  /* MAX_PID_NS_LEVEL */
#define CGROUP_DEPTH 16    /* how far up a cgroup filter looks; deeper folders are matched by their nearest 16 parents */

#ifndef KERNEL_FRAMES
#define KERNEL_FRAMES 127  /* the kernel's own default bound (kernel.perf_event_max_stack) */
#endif
#ifndef USER_FRAMES
#define USER_FRAMES 127    /* frames of user code kept of a stack */
#endif
#define FRAMES 256         /* room for both; a power of two, so that a masked index is in bounds */

/* What the loader tells the programs: one entry, filled before they are attached. Offsets are in bytes, from BTF. */
struct settings {
    u32 epoch;                 /* 0 or 1: which half of counts and counters is being filled */
    u32 filters;               /* which of the FILTER_ bits hold; 0 takes every process */
    u32 kernel_stacks;         /* whether kernel frames are taken */
    u32 follow_forks;          /* whether children of target processes become targets */
    u32 pid_namespace;         /* inode of the PID namespace that icetop's /proc shows; 0 for the host's own */
    u32 cgroup_subsystem;      /* index of the v1 controller whose folders name cgroups; NO_SUBSYSTEM on v2 */
    u32 wake_bytes;            /* how full the ring may get before the collector is woken */
    u32 task_flags;
    u32 task_mm;
    u32 task_group_leader;
    u32 task_thread_pid;
    u32 task_cgroups;
    u32 task_start_boottime;
    u32 task_comm;
    u32 task_stack;
    u32 registers_from_stack;  /* where the user registers lie above task->stack, for kernels before 5.15 */
    u32 mm_start_stack;
    u32 mm_start_code;
    u32 mm_mmap_base;
    u32 pid_level;
    u32 pid_numbers;
    u32 upid_size;
    u32 upid_nr;
    u32 upid_ns;
    u32 namespace_inum;
    u32 css_set_subsystems;
    u32 css_set_default_cgroup;
    u32 css_cgroup;
    u32 css_parent;
    u32 cgroup_css;
    u32 cgroup_kernfs;
    u32 kernfs_id;
};

#define NO_SUBSYSTEM 0xffffffff

enum filter { FILTER_PIDS = 1, FILTER_CGROUPS = 2, FILTER_COMMS = 4 };

/* How the walk of a user stack stopped; the collector makes a StackEnd of it, knowing names. */
enum walk_end { END_COMPLETE, END_NO_REGISTERS, END_UNREADABLE, END_TOO_DEEP, END_NO_FRAME_POINTER, END_NO_MEMORY };

/* One row of the counts: who ran, and where. */
struct count_key {
    u64 stack;                 /* hash of the frames and of the address space: the id of a stack */
    u64 start;                 /* start of the process, ns since boot */
    u64 cgroup;                /* id of its cgroup's folder */
    u32 pid;
    u32 tid;
    u32 epoch;
    u32 unused;
    char comm[COMM_LENGTH];
};

/* A stack, sent once. Frames lie leaf first, kernel before user; only `kernel_frames + user_frames` of them are sent. */
struct stack_event {
    u64 stack;
    u64 start;
    u64 space;                 /* id of the address space: changes with exec, is shared after fork */
    u32 pid;
    u32 tid;
    u16 kernel_frames;
    u16 user_frames;
    u8 end;                    /* enum walk_end */
    u8 first;                  /* whether it is the first stack of its address space */
    u8 unused[2];
    u64 frames[FRAMES];
};

/* What one program leaves to the next in the chain. */
struct scratch {
    struct count_key key;
    struct stack_event event;
};

/* Ticks, and what became of them: ticks = taken + the sum of the lost. */
enum counter {
    COUNT_TICKS,
    COUNT_TAKEN,
    LOST_RING_FULL,            /* the stack was new and could not be sent */
    LOST_COUNTS_FULL,          /* the counts had no room for another row */
    LOST_CHAIN_BROKEN,         /* the emit program was not there */
    COUNTERS,
};

enum program { WALK_NATIVE, EMIT, PROGRAMS };
