/* Python frames of the running thread, from the interpreter's own linked list of them. What lies where comes with the
 * process's entry in `python_processes`; see icetop's symbols/cpython, which finds it. */
#pragma once
#include "counting.h"
#include "user_registers.h"

#define LINK_MAP 8           /* of the dynamic linker's r_debug: the first of its list, and in that the next */
#define LINK_NEXT 24
#define PYTHON_TYPE 8        /* of an object: where its type is */
#define PYTHON_TYPE_FLAGS 168  /* of a type, and among them the one of strings */
#define PYTHON_IS_STRING (1 << 28)
#define PYTHON_STRING_LENGTH 16  /* of a string, as the following three */
#define PYTHON_STRING_HASH 24
#define PYTHON_STRING_STATE 32
#define PYTHON_STRING_PLAIN 0x60  /* in its state: compact and ASCII */
#define PYTHON_DEFAULT_TASK 0x2d6b736154  /* `Task-` */
#define PYTHON_TYPE_NAME 24  /* of a type */
#define PYTHON_HANDLE_CALLBACK 24  /* of asyncio's Handle, whose method runs it; which is one that has the task: */
#define PYTHON_WRAPPED_TASK 16  /* of a TaskStepMethWrapper or TaskWakeupMethWrapper */
#define PYTHON_METHOD_SELF 24  /* of a method in C */
#define TEXT_TASK 0x6b736154ULL  /* `Task`, as numbers have it; */
#define TEXT_TASK_STEP 0x706574536b736154ULL
#define TEXT_TASK_WAKEUP 0x656b61576b736154ULL
#define TEXT_ASYNCIO 0x6f69636e7973615fULL  /* `_asyncio`, and */
#define TEXT_BUILTIN 0x5f6e69746c697562ULL  /* `builtin_` */
#define PYTHON_INTERPRETER 16  /* of a thread's state: where its interpreter is */
#define PYTHON_FIRST_INTERPRETER 8  /* behind the newest interpreter: the one that the program began with */

static inline u64 read_user_pointer(u64 address)
{
    u64 value = 0;
    bpf_probe_read_user(&value, sizeof(value), (void *)address);
    return value;
}

static inline bool is_state_of(u64 state, u64 thread, struct python_process *process)
{
    return state && is_thread_id(read_user_pointer(state + process->thread_id), thread);
}

/* The state of the thread with this id among the first of an interpreter's; 0 when it is not there. */
static inline u64 state_in(u64 interpreter, u64 thread, struct python_process *process)
{
    u64 state = interpreter ? read_user_pointer(interpreter + process->threads_head) : 0;
#pragma clang loop unroll(disable)
    for (int listed = 0; listed < PYTHON_LISTED && state; listed++) {
        if (read_user_pointer(state + PYTHON_INTERPRETER) != interpreter)
            return 0;
        if (is_state_of(state, thread, process))
            return state;
        state = read_user_pointer(state + process->thread_next);
    }
    return 0;
}

/* The state that a thread has in the first interpreter while it runs code of another, which it called; 0 for none. */
static inline u64 outer_state(u64 state, u64 thread, struct python_process *process)
{
    u64 first = read_user_pointer(process->runtime + process->interpreters_head + PYTHON_FIRST_INTERPRETER);
    if (read_user_pointer(state + PYTHON_INTERPRETER) == first)
        return 0;
    return state_in(first, thread, process);
}

/* The interpreter's state of the running thread: the one that runs Python now where that is told, else the one that
 * the thread's own storage points to. 0 when it has none. */
static inline u64 thread_state(u64 thread, struct python_process *process)
{
    if (process->current_thread) {
        u64 state = read_user_pointer(process->runtime + process->current_thread);
        if (is_state_of(state, thread, process))
            return state;
    }
    if (process->thread_slot) {
        u64 state = read_user_pointer(thread + process->thread_slot);
        if (is_state_of(state, thread, process))
            return state;
        if (process->slot_is_certain)
            return 0;
    }
    return state_in(read_user_pointer(process->runtime + process->interpreters_head), thread, process);
}

/* A program's file as `python_expected` has it: by the numbers that /proc/PID/maps shows. */
static inline u64 program_file(void *mm, struct settings *settings)
{
    void *file = (void *)read_pointer(mm, settings->mm_exe_file);
    void *inode = (void *)read_pointer(file, settings->file_inode);
    void *super = (void *)read_pointer(inode, settings->inode_super);
    return mix(read_pointer(inode, settings->inode_number), read_word(super, settings->super_device)) | 1ULL << 63;
}

/* Where the library at this place of a program's list lies; 0 while it is being loaded. */
static inline u64 library_base(u64 list, u32 place)
{
    u64 loaded = read_user_pointer(list);
    loaded = loaded ? read_user_pointer(loaded + LINK_MAP) : 0;
#pragma clang loop unroll(disable)
    for (u32 passed = 0; passed < PYTHON_LIBRARIES && loaded; passed++) {
        if (passed == place)
            return read_user_pointer(loaded);
        loaded = read_user_pointer(loaded + LINK_NEXT);
    }
    return 0;
}

/* The interpreter of a program that was not seen before, by what is known of its file or was looked up of its process. */
static inline struct python_process *expected_process(u64 image, u32 pid, struct settings *settings)
{
    void *mm = (void *)read_pointer((void *)bpf_get_current_task(), settings->task_mm);
    u64 key = program_file(mm, settings);
    struct python_process *expected = python_expected.lookup(&key);
    if (!expected) {
        key = pid;
        expected = python_expected.lookup(&key);
    }
    if (!expected || !mm)
        return NULL;
    struct python_process found = *expected;
    u64 base = read_pointer(mm, settings->mm_start_code);
    if (found.linked)
        base = library_base(base + found.linked, found.library);
    if (!base)
        return NULL;
    found.runtime += base;
    if (found.code_type)
        found.code_type += base;
    python_processes.update(&image, &found);
    return python_processes.lookup(&image);
}

/* The first characters of the name of an object's type, without `_asyncio.` before it. */
static inline u64 type_text(u64 object)
{
    u64 type = object ? read_user_pointer(object + PYTHON_TYPE) : 0;
    u64 name = type ? read_user_pointer(type + PYTHON_TYPE_NAME) : 0;
    u64 text = name ? read_user_pointer(name) : 0;
    return text == TEXT_ASYNCIO ? read_user_pointer(name + sizeof("_asyncio")) : text;
}

/* The task whose step a frame of Handle._run runs; 0 where it runs something else. */
static inline u64 task_of_frame(u64 frame, struct python_process *process)
{
    u64 handle = read_user_pointer(frame + process->frame_locals);
    u64 callback = handle ? read_user_pointer(handle + PYTHON_HANDLE_CALLBACK) : 0;
    u64 text = type_text(callback);
    if (text == TEXT_TASK_STEP || text == TEXT_TASK_WAKEUP)
        return read_user_pointer(callback + PYTHON_WRAPPED_TASK);
    u64 task = text == TEXT_BUILTIN ? read_user_pointer(callback + PYTHON_METHOD_SELF) : 0;
    return (type_text(task) & 0xffffffffff) == TEXT_TASK ? task : 0;
}

/* The name that a task was given, if it is plain ASCII. Who gives none has `Task-1` and so on, as a number or, once it
 * was asked for, as text: a name of its own for every task says nothing of any. */
static inline void read_task_name(u64 task, struct python_process *process, struct stack_event *event)
{
    u64 name = task ? read_user_pointer(task + process->task_name) : 0;
    u64 type = name ? read_user_pointer(name + PYTHON_TYPE) : 0;
    if (!type || !(read_user_pointer(type + PYTHON_TYPE_FLAGS) & PYTHON_IS_STRING))
        return;
    u64 length = read_user_pointer(name + PYTHON_STRING_LENGTH);
    u64 kind = read_user_pointer(name + PYTHON_STRING_STATE) & PYTHON_STRING_PLAIN;
    if (!length || kind != PYTHON_STRING_PLAIN)
        return;
    if (length > PYTHON_TASK)
        length = PYTHON_TASK;
    __builtin_memset(event->task, 0, sizeof(event->task));
    if (bpf_probe_read_user(event->task, length, (void *)(name + process->string_text)) ||
        (event->task[0] & 0xffffffffff) == PYTHON_DEFAULT_TASK)
        event->task[0] = 0;
}

static inline bool is_code(u64 code, struct python_process *process)
{
    return !process->code_type || read_user_pointer(code + PYTHON_TYPE) == process->code_type;
}

static inline u64 code_of(u64 frame, struct python_process *process)
{
    return read_user_pointer(frame + process->code) & ~(u64)process->code_mask;
}

/* The innermost frame. While C enters the interpreter, 3.11 and 3.12 have a place for it that is not yet filled: what
 * is there must be a frame, and its run must lead to the frame of the place before. */
static inline void begin_at(struct python_walk *walk, u64 state, struct python_process *process)
{
    walk->frame = read_user_pointer(state + process->thread_frame);
    walk->has_joint = 0;
    if (!process->has_cframe)
        return;
    u64 outer = read_user_pointer(walk->frame + process->previous_cframe);
    walk->frame = read_user_pointer(walk->frame + process->frame_of_cframe);
    if (!outer)
        return;
    walk->joint = read_user_pointer(outer + process->frame_of_cframe);
    walk->has_joint = 1;
    if (!walk->frame || !is_code(code_of(walk->frame, process), process))
        walk->frame = walk->joint;
    if (walk->frame == walk->joint)
        walk->has_joint = 0;
}

static inline u64 field(struct python_walk *walk, u32 offset)
{
    return *(u64 *)((void *)walk->block + (offset & (PYTHON_BLOCK - 8)));
}

static inline u8 byte_field(struct python_walk *walk, u32 offset)
{
    return *((u8 *)walk->block + (offset & (PYTHON_BLOCK - 1)));
}

/* How many units of two bytes a frame's instruction lies behind the first of its code. */
static inline u64 instruction_index(struct python_walk *walk, struct python_process *process, u64 code)
{
    u64 index = field(walk, process->instruction);
    if (process->bytecode)
        index = (index - code - process->bytecode) >> 1;
    else
        index = (index & 0xffffffff) * process->instruction_bytes >> 1;
    return index < PYTHON_NO_INSTRUCTION ? index : PYTHON_NO_INSTRUCTION;
}

static inline void push_python_frame(struct stack_event *event, u64 frame)
{
    u32 index = event->kernel_frames + event->user_frames + event->python_frames;
    event->frames[index & (FRAMES - 1)] = frame;
    event->python_frames++;
}

/* What lies outwards of the last frame is C. A shim without frames stands for a run of none at the innermost end. */
static inline void end_run(struct stack_event *event)
{
    u32 index = event->kernel_frames + event->user_frames + event->python_frames;
    if (event->python_frames)
        event->frames[(index - 1) & (FRAMES - 1)] |= PYTHON_ENTRY;
    else
        push_python_frame(event, PYTHON_ENTRY);
}

/* After the outermost frame of a run: the first one has to join the frame that was innermost before it. */
static inline void leave_run(struct python_walk *walk, struct stack_event *event)
{
    if (walk->has_joint && walk->frame != walk->joint) {
        event->python_frames = 0;
        event->python_identity = 0;
        walk->frame = walk->joint;
    }
    walk->has_joint = 0;
}

/* What tells a code object from another that takes its place: where its names and lines are, and its number (from 3.12
 * on) or the hash of its name, a look at memory more; the same sum as in icetop's sampler/code_identity.py. */
static inline bool identify_code(struct python_walk *walk, struct python_process *process, struct stack_event *event,
                                 u64 code)
{
    u64 *words = walk->identity;
    u64 name = 0;
    if (bpf_probe_read_user(words, sizeof(walk->identity), (void *)(code + process->identity)))
        return false;
    if (!process->numbered)
        name = read_user_pointer(words[5] + PYTHON_STRING_HASH);
    u64 sum = words[0] + 2 * words[3] + 3 * words[4] + 5 * words[5] + 7 * words[6] + 11 * name;
    event->python_identity = mix(event->python_identity, sum);
    return true;
}

/* Takes the frame at `walk`, and goes on to the one that called it. */
static inline bool take_python_frame(struct python_walk *walk, struct python_process *process, struct stack_event *event)
{
    u32 bytes = process->frame_bytes;
    if (bytes > sizeof(walk->block))
        bytes = sizeof(walk->block);
    if (bpf_probe_read_user(walk->block, bytes, (void *)walk->frame))
        return false;
    u8 owner = byte_field(walk, process->owner);
    u64 here = walk->frame;
    walk->frame = field(walk, process->previous);
    if (process->entries == ENTRIES_SHIM && owner >= process->shim_owner) {
        end_run(event);
        leave_run(walk, event);
        return true;
    }
    u64 code = field(walk, process->code) & ~(u64)process->code_mask;
    if (!identify_code(walk, process, event, code))
        return false;
    if (code == process->task_runner && !walk->runner)
        walk->runner = here;
    u64 frame = (code >> 3 << PYTHON_CODE_SHIFT) | instruction_index(walk, process, code);
    bool entry = process->entries == ENTRIES_ALL || (process->entries == ENTRIES_MARKED && owner);
    push_python_frame(event, entry ? frame | PYTHON_ENTRY : frame);
    if (entry)
        leave_run(walk, event);
    return true;
}
