/* The structs that programs and collector share. Python takes their layouts from bcc; nothing restates them. */
#pragma once

/* In a loop with two ends, one of them constant: the compiler would make one of both, from which the verifiers of older
 * kernels (6.1) cannot tell that the loop ends. */
#define keep_bound(counter) asm volatile("" : "+r"(counter))

#define COMM_LENGTH 16     /* TASK_COMM_LEN */
#define PID_NAMESPACE_DEPTH 32  /* MAX_PID_NS_LEVEL */
#define CGROUP_DEPTH 16    /* how far up a cgroup filter looks; deeper folders are matched by their nearest 16 parents */

#ifndef KERNEL_FRAMES
#define KERNEL_FRAMES 127  /* the kernel's own default bound (kernel.perf_event_max_stack) */
#endif
#define FRAMES 2048        /* room for all frames of a stack; a power of two, so that a masked index is in bounds */
#ifndef STEPS
#define STEPS 16           /* frames that one run of the native walker takes before it calls itself: 17 times at most, of 33 calls in all */
#endif
#define PAGE_SHIFT 8       /* a page of rows covers 256 bytes of code */
#define PAGE_ROWS 32       /* rows in a page; a page with more is split in two halves */
#define HALF_SHIFT 38      /* where a key tells a half page from a whole one */
#define BINARY_SHIFT 40    /* where a key has the number of the binary */
#define MAPPINGS 64        /* executable mappings in a chunk */
#define MAPPING_CHUNKS 4   /* chunks of an address space: 256 mappings, the others are found in user space */
#define SNAPSHOT_STACK 65536    /* bytes of stack sent with what the kernel could not finish */
#define SNAPSHOT_CHUNK 4096     /* read one by one, so that the end of the stack loses nothing */
#define SNAPSHOT_FRAMES 1536    /* frames that were walked before, Python's too; deeper stacks are sent as they are */
#define LOOK_AGAIN 200000000     /* ns from one doubtful stack of an address space that user space finishes to the next */
#define PYTHON_FRAMES 1024      /* Python frames kept of a stack */
#ifndef PYTHON_STEPS
#define PYTHON_STEPS 79         /* frames that one run of the Python walker takes before it calls itself: 13 times at most */
#endif
#define PYTHON_BLOCK 128        /* bytes of a frame that are read at once: what all versions' fields lie in */
#define PYTHON_IDENTITY 56      /* bytes of a code object that are looked at: its version, where its names and lines are */
#define PYTHON_LIBRARIES 16     /* libraries of a program that are looked at for its interpreter */
#define PYTHON_TASK 48          /* bytes kept of a task's name */
#define PYTHON_LISTED 32        /* thread states looked at where a thread's own is not known by its slot */

/* What the loader tells the programs: one entry, filled before they are attached. Offsets are in bytes, from BTF. */
struct settings {
    u64 wait_long;             /* ns; threads that waited so long are followed always */
    u64 address_mask;          /* the bits of an address of user code; in the others may be its signature */
    u64 wait_accounted;        /* until when the collector has counted the waits that last; ns since boot */
    u32 epoch;                 /* 0 or 1: which half of counts and counters is being filled */
    u32 filters;               /* which of the FILTER_ bits hold; 0 takes every process */
    u32 kernel_stacks;         /* whether kernel frames are taken */
    u32 follow_forks;          /* whether children of target processes become targets */
    u32 pid_namespace;         /* inode of the PID namespace that icetop's /proc shows; 0 for the host's own */
    u32 cgroup_subsystem;      /* index of the v1 controller whose folders name cgroups; NO_SUBSYSTEM on v2 */
    u32 user_frames;           /* frames of user code kept of a stack */
    u32 wake_bytes;            /* how full the ring may get before the collector is woken */
    u32 wait_generation;       /* of the target: 16 bits, another each time it changes */
    u32 wait_sleepers;         /* whether the collector has put threads that slept before into `waits` */
    u32 wait_walks;            /* stacks followed on a CPU in 10 ms, of threads that wait shortly */
    u32 task_flags;
    u32 task_pid;
    u32 task_state;
    u32 task_mm;
    u32 task_group_leader;
    u32 task_thread_pid;
    u32 task_cgroups;
    u32 task_start_boottime;
    u32 task_ran;
    u32 task_comm;
    u32 task_stack;
    u32 task_thread_pointer;   /* to the thread's own storage */
    u32 registers_from_stack;  /* where the user registers lie above task->stack, for kernels before 5.15 */
    u32 mm_start_stack;
    u32 mm_start_code;
    u32 mm_mmap_base;
    u32 mm_exe_file;
    u32 file_inode;
    u32 inode_number;
    u32 inode_super;
    u32 super_device;
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
    u32 request_start;         /* of a block request: when it was made; 0 where the kernel does not say */
};

#define NO_SUBSYSTEM 0xffffffff

enum filter { FILTER_PIDS = 1, FILTER_CGROUPS = 2, FILTER_COMMS = 4 };

/* How the walk of a user stack stopped; the collector makes a StackEnd of it, knowing names. */
enum walk_end {
    END_COMPLETE,
    END_NO_REGISTERS,
    END_UNREADABLE,
    END_TOO_DEEP,
    END_NO_FRAME_POINTER,
    END_NO_MEMORY,
    END_NO_UNWIND_INFO,
    END_BAD_ROW,
    END_JIT_NO_FRAME_POINTER,
    END_UNMAPPED,              /* no mapping holds the address: user space looks again */
    END_MISSING_PAGE,          /* user space has yet to make the page of rows */
    END_RATE_LIMITED,          /* user space did not keep up with finishing stacks */
    END_SNAPSHOT_LOST,         /* too many frames were walked before for it to be sent */
};

/* How a row finds the caller's frame; unwinding/rows.py tells what each means. */
enum row_kind {
    ROW_NONE,
    ROW_END,
    ROW_RSP,
    ROW_RBP,
    ROW_PLT,
    ROW_SIGNAL,
    ROW_RBP_DEREF,
    ROW_RSP_DEREF,
    ROW_FRAME_POINTER,
    ROW_SPLIT,
    ROW_REGISTER,
    ROW_RETURN,
    ROW_BAD,
};

struct row {
    u8 kind;
    u8 aux;
    s16 rbp;                   /* where the caller's rbp is, in eighths from the frame's address */
    s32 cfa;
};

struct page {
    u8 starts[PAGE_ROWS];      /* where each row begins to hold, within the page */
    struct row rows[PAGE_ROWS];
};

enum mapping_kind { MAPPING_FILE, MAPPING_ANONYMOUS, MAPPING_NOTHING };

struct mapping {
    u64 start;
    u64 end;
    u64 offset;                /* of `start` in the file */
    u32 binary;                /* its number, the same for every process */
    u32 kind;
};

struct mappings_key {
    u64 space;
    u64 chunk;
};

/* The executable mappings of an address space, sorted; unused entries begin above all addresses. */
struct mappings {
    u64 next_chunk;            /* where the next chunk begins; above all addresses in the last one */
    struct mapping entries[MAPPINGS];
};

/* How far the native walker has come. */
struct walk {
    u64 pc;
    u64 sp;
    u64 bp;
    u64 space;                 /* key of the address space */
    struct mapping mapping;    /* of the last address */
    struct row row;            /* its row */
    u64 cfa;                   /* and the frame's address */
    u32 depth;
    u32 is_return_address;
    u64 interrupted;           /* 1 for a frame that a signal interrupted */
    u64 binaries;              /* hash of the binaries that it came through: other code may be mapped at an address later */
    u64 registers[32];         /* by DWARF number, those of the innermost frame */
};

/* How the walk of a thread's Python frames stopped. */
enum python_end {
    PYTHON_UNKNOWN,            /* not a process of which an interpreter is known */
    PYTHON_COMPLETE,
    PYTHON_NO_THREAD,          /* the thread has no state of the interpreter's */
    PYTHON_UNREADABLE,
    PYTHON_TOO_DEEP,
    PYTHON_NO_ENTRY,           /* the outermost frame does not say that C called it */
};

/* How an interpreter marks the frames that C called; a run of Python frames ends with such a frame. */
enum python_entries {
    ENTRIES_ALL,               /* to 3.10: C calls each frame */
    ENTRIES_MARKED,            /* 3.11: a byte of the frame says so */
    ENTRIES_SHIM,              /* from 3.12: a frame without code of its own lies before it, told by its owner */
};

/* An interpreter in an address space, and where it keeps what; offsets are in bytes. User space fills it in. */
struct python_process {
    u64 runtime;               /* address of _PyRuntime */
    u64 code_type;             /* address of PyCode_Type */
    u64 task_runner;           /* address of the code that runs steps of tasks, Handle._run of asyncio; 0 where the thread tells its task, or it is not known */
    s64 linked;                /* of one that is expected, in a library: where its program refers to the list of libraries, from where its code begins; else 0 */
    s32 thread_slot;           /* where a thread's own storage points to its state; 0 when not known */
    u16 current_thread;        /* of the runtime; 0 where it has none */
    u16 interpreters_head;     /* of the runtime */
    u16 threads_head;          /* of an interpreter */
    u16 thread_next;           /* of a thread's state, as the following two */
    u16 thread_id;
    u16 thread_frame;
    u16 frame_of_cframe;       /* of what thread_frame points to, where that is no frame itself */
    u16 previous_cframe;
    u16 has_cframe;
    u16 code;                  /* of a frame, as the following three */
    u16 previous;
    u16 instruction;
    u16 owner;
    u16 frame_bytes;           /* how many of a frame's bytes hold these */
    u16 code_mask;             /* bits of a pointer to code that are not part of it */
    u16 bytecode;              /* of a code object: where its instructions begin; 0 where frames count them */
    u16 instruction_bytes;     /* what a frame's count of instructions counts */
    u16 running_task;          /* of a thread's state: the task of asyncio that it runs; 0 where that is not told */
    u16 task_name;             /* of a task */
    u16 frame_locals;          /* of a frame: its first variable */
    u16 identity;              /* of a code object: PYTHON_IDENTITY bytes that tell it from one that takes its place */
    u8 entries;                /* enum python_entries */
    u8 shim_owner;             /* the least owner that tells a shim */
    u8 slot_is_certain;        /* whether the thread's slot was seen in this process, not only in its like */
    u8 numbered;               /* whether its code objects have numbers */
    u8 library;                /* its place in that list */
    u8 string_text;            /* of a string: where the characters of a plain one are */
    u8 unused[4];
};

/* A Python frame in one word: code >> 3, whether C called it, the instruction in units of two bytes. */
enum python_frame {
    PYTHON_CODE_SHIFT = 19,     /* addresses of 48 bits, of which the lowest three are 0 */
    PYTHON_ENTRY = 0x40000,
    PYTHON_NO_INSTRUCTION = 0x3ffff,  /* it has not begun, or lies too far to be told */
};

/* How far the Python walker has come. */
struct python_walk {
    u64 frame;
    u64 joint;                 /* where the innermost run has to lead to */
    u64 has_joint;
    u64 state;                 /* of the thread in the interpreter whose code it runs; 0 when there is no other outwards */
    u64 thread;
    u64 runner;                /* the innermost frame that runs a step of a task; 0 while none is seen */
    u64 identity[PYTHON_IDENTITY / 8];
    u64 block[PYTHON_BLOCK / 8];
};

/* One row of the counts: who ran, and where. */
struct count_key {
    u64 stack;                 /* hash of the frames and of the address space: the id of a stack */
    u64 start;                 /* start of the process, ns since boot */
    u64 cgroup;                /* id of its cgroup's folder */
    u32 pid;
    u32 tid;
    u32 epoch;
    u32 part;                  /* of a wait: enum wait_part, and above that bit the place where it waits */
    char comm[COMM_LENGTH];
};

/* A stack, sent once. Frames lie leaf first, the kernel's, the user's, then Python's; no more are sent than there are. */
struct stack_event {
    u64 stack;
    u64 start;
    u64 space;                 /* id of the address space: changes with exec */
    u64 image;                 /* id of the program in it: a fork's child has its parent's */
    u64 python_identity;       /* hash over what tells the frames' code objects from others in their place */
    u64 task[PYTHON_TASK / 8]; /* what the running task of asyncio is called; zeros for no name, or one that it was not given */
    u32 pid;
    u32 tid;
    u16 kernel_frames;
    u16 user_frames;
    u8 end;                    /* enum walk_end */
    u8 first;                  /* whether it is the first stack of its address space */
    u16 python_frames;
    u8 python_end;             /* enum python_end */
    u8 unused[7];
    u64 frames[FRAMES];
};

/* What one program leaves to the next in the chain. */
struct scratch {
    struct count_key key;
    struct walk walk;
    struct python_walk python;
    u64 wait_since;            /* of a thread that leaves its CPU: struct wait has the same */
    u32 wait_weight;
    u32 wait_preempted;
    u32 wait_place;            /* the file descriptor it waits for and one more, 0 where there is none */
    u32 wait_on_futex;
    u32 wait_holder;
    u32 wait_credit;
    u32 woken;                 /* 0, or whose waker's stack this is */
    u32 unused;
    struct stack_event event;
};

/* What a thread waits for: something to happen, or a CPU; or that it had one: what it ran is counted along, whatever
 * its stacks. */
enum wait_part { PART_BLOCKED, PART_RUN_QUEUE, PART_RAN, PART_PLACE_SHIFT = 2 };

/* One row of what threads waited: who, where, and where that is known, who held what it waited for, and who woke it. */
struct wait_key {
    struct count_key who;
    u64 waker_stack;           /* id of the stack in which it was woken; 0 where that is not known */
    u32 waker_pid;
    u32 waker_tid;
    u32 holder;                /* of a mutex: the thread that held it, as its own PID namespace numbers it */
    u32 unused;
};

/* A thread off its CPU. */
struct wait {
    struct wait_key key;
    u64 since;                 /* ns */
    u64 woken;                 /* when it could run again; 0 when it has not been woken */
    u64 ran;                   /* ns on a CPU in all its life, when it left */
    u32 weight;                /* how many waits this one stands for */
    u32 preempted;             /* whether it could have run on */
    u32 on_futex;
    u32 credit;                /* that its thread has left */
};

/* A thread's seat, by where its task lies: one word, so that it is read and set at once. It holds for one
 * generation of the target. A stranger is not of it. A thread that waited long has credit: its next switches are followed. */
enum seat { SEAT_WAITS = 1, SEAT_STRANGER = 2, SEAT_SHIFT = 32, SEAT_CREDIT = 40, SEAT_GENERATION = 48 };

/* What threads waited in one stack. */
struct waited {
    u64 nanoseconds;
    u64 times;
};

/* Switches, and what became of them. */
enum wait_counter {
    WAITS_SEEN,                /* threads that left a CPU, wanted or not */
    WAITS_LEFT_OUT,            /* switches not followed; others stand for them */
    WAITS_LOST_FULL,           /* a map had no room */
    WAITS_LOST_RING,           /* the stack was new and could not be sent */
    WAITS_UNTOLD,              /* threads that left a CPU without word that they had got one */
    WAIT_COUNTERS,
};

/* A thread on its CPU, since a wait of its that was followed; `task` is 0 when there is none. */
struct turn {
    u64 task;
    struct count_key who;
    u64 since;                 /* ns */
    u32 weight;                /* how many turns this one stands for */
    u32 generation;            /* of the target */
};

/* How often a CPU switches between threads that wait shortly, to follow no more of them than may be. */
struct pace {
    struct turn turn;
    u64 counters[8];           /* enum wait_counter */
    u64 window;                /* when the window began, ns */
    u64 jiffies;               /* the kernel's clock when that was last looked at */
    u64 random;
    u32 short_waits;           /* switches in it */
    u32 walks;                 /* stacks followed of threads that wait long, and of those that wake them */
    u32 steps;                 /* one in 2^steps is followed */
    u32 unused;
};

/* Block requests that are done, and how long they took together. */
struct requests {
    u64 number;
    u64 nanoseconds;
};

/* A sample that user space must finish: where the walker stood, the frames so far, and the stack from there on, of
 * which only `stack_bytes` are sent. */
struct snapshot {
    struct count_key key;
    u64 pc;
    u64 sp;
    u64 bp;
    u64 space;                 /* id of the address space, as in struct stack_event */
    u64 image;
    u64 python_identity;
    u64 task[PYTHON_TASK / 8];
    u64 registers[16];
    u32 depth;                 /* user frames before the one at pc; they lie behind the kernel's in `frames` */
    u32 is_return_address;
    u32 stack_bytes;
    u16 kernel_frames;
    u16 python_start;          /* where Python's frames begin in `frames` */
    u16 python_frames;
    u8 end;                    /* why: enum walk_end */
    u8 python_end;
    u8 unused[4];
    u64 frames[SNAPSHOT_FRAMES];
    u8 stack[SNAPSHOT_STACK];
};

/* Ticks, and what became of them: ticks = taken + the sum of the lost. */
enum counter {
    COUNT_TICKS,
    COUNT_TAKEN,
    LOST_RING_FULL,            /* the stack was new and could not be sent */
    LOST_COUNTS_FULL,          /* the counts had no room for another row */
    LOST_CHAIN_BROKEN,         /* the emit program was not there */
    COUNT_SNAPSHOTS,           /* of the taken, those that user space finishes */
    COUNTERS,
};

enum program { WALK_NATIVE, WALK_FRAMES, WALK_PYTHON, FINISH_LATER, EMIT, PROGRAMS };
