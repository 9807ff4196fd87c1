/* Threads that left their CPU, from when and in which stack, and what they have waited when they come back. */
#pragma once
#include "counting.h"
#include "task.h"

#define PACE_WINDOW 10000000  /* ns over which the rate of switches is looked at */
#define PACE_STEPS 16         /* at most one in 2^16 switches of threads that wait shortly is followed */
#define LONG_WALKS 4          /* stacks of threads that wait long, and of wakers, for each of one that waits shortly */
#define SEATS 65536           /* as many as 16 bits tell apart; of two threads that share a seat the later one has it */
#define SEATED_FOR 64         /* switches, on the average, for which a stranger is believed to be one */
#define CREDIT 32             /* switches that are followed after a long wait, and of a thread not seen before */
#define TASK_DEAD 0x80        /* include/linux/sched.h */
#define SLEEPER 0x80000000    /* above the number of a thread that slept before it could be followed */
#define SHORTEST_RUN_QUEUE 10000  /* ns; a shorter time until the thread got a CPU counts as part of its wait */

BPF_ARRAY(seats, u64, SEATS);                                         /* what is known of threads: enum seat above the task's name */
BPF_HASH(waits, u32, struct wait, 1024);                              /* by the kernel's thread id, or SLEEPER and the one that icetop sees: threads that wait and are followed */
BPF_HASH(waited, struct wait_key, struct waited, 1024);               /* what threads waited, by stack */
BPF_PERCPU_ARRAY(wait_pace, struct pace, 1);                          /* how often this CPU switches */
BPF_PROG_ARRAY(wait_chain, 8);                                        /* enum program, for the walkers at a switch */

static inline struct pace *pace_here(void)
{
    u32 zero = 0;
    return wait_pace.lookup(&zero);
}

static inline void count_wait(u32 counter, u64 number)
{
    struct pace *pace = pace_here();
    if (pace && counter < WAIT_COUNTERS)
        pace->counters[counter] += number;
}

/* Tells tasks apart: they lie in cache lines of their own. */
static inline u32 name_of(void *task)
{
    return (u64)task >> 6;
}

static inline u64 *seat_of(void *task)
{
    u32 place = (name_of(task) * 0x9e3779b1u) >> 16;
    return seats.lookup(&place);
}

static inline u64 seated(void *task, u64 state, struct settings *settings)
{
    return name_of(task) | state << SEAT_SHIFT | (u64)settings->wait_generation << SEAT_GENERATION;
}

/* Whether a thread has been seen since the target is what it is. */
static inline bool is_known(void *task, u64 seat, struct settings *settings)
{
    return (u32)seat == name_of(task) && seat >> SEAT_GENERATION == settings->wait_generation;
}

/* How many switches of a thread are to be followed for what it was seen to wait before. */
static inline u32 credit_of(u64 seat, void *task, struct settings *settings)
{
    return is_known(task, seat, settings) && !(seat >> SEAT_SHIFT & 0xff) ? seat >> SEAT_CREDIT & 0xff : CREDIT;
}

/* Notes that a thread is none to follow, where only its number says so; one in SEATED_FOR switches is looked at again,
 * as another thread may get the number. Others, who may come to belong to the target, have at least been seen. */
static inline void seat_stranger(u64 *seat, void *task, bool for_good, struct settings *settings)
{
    bool told_by_number = for_good || settings->filters == FILTER_PIDS;
    *seat = seated(task, told_by_number ? SEAT_STRANGER : 0, settings);
}

/* The key in `waits` of a thread that is followed there; 0 for any other. A seat spares the look, as a rule. */
static inline u32 waits_under(void *task, u64 seat, struct settings *settings)
{
    bool waits_here = seat == seated(task, SEAT_WAITS, settings);
    if (!waits_here && is_known(task, seat, settings))
        return 0;
    u32 key = read_word(task, settings->task_pid);
    if (waits_here || (key && waits.lookup(&key)))
        return key;
    if (!key || !settings->wait_sleepers)
        return 0;
    key = visible_pid(task, settings, namespace_level(task, settings)) | SLEEPER;
    return waits.lookup(&key) ? key : 0;
}

static inline u64 drawn(struct pace *pace)
{
    pace->random = pace->random * 6364136223846793005ULL + 1442695040888963407ULL;
    return pace->random >> 33;
}

static inline void add_waited(struct wait_key *key, u64 nanoseconds, u64 times)
{
    struct waited nothing = {};
    struct waited *sum = waited.lookup_or_try_init(key, &nothing);
    if (!sum) {
        count_wait(WAITS_LOST_FULL, times);
        return;
    }
    __sync_fetch_and_add(&sum->nanoseconds, nanoseconds);
    /* Compilers make "or" of adding a constant nothing, and kernels before 5.12 know no atomic operation but adding. */
    if (times)
        __sync_fetch_and_add(&sum->times, times);
}

static inline void add_part(struct wait *wait, u32 epoch, u32 part, u64 nanoseconds, u64 times)
{
    struct wait_key key = wait->key;
    key.who.epoch = epoch;
    key.who.part |= part;
    if (part == PART_RUN_QUEUE) {
        key.waker_stack = 0;
        key.waker_pid = key.waker_tid = key.holder = 0;
    }
    add_waited(&key, nanoseconds * wait->weight, times * wait->weight);
}

/* Counts a wait that is over. What lies before `wait_accounted` has been counted by the collector. */
static inline void count_ended(struct wait *wait, u64 now, struct settings *settings)
{
    u64 since = wait->since;
    u64 from = since < settings->wait_accounted ? settings->wait_accounted : since;
    if (now <= from)
        return;
    u64 woken = wait->preempted ? from : wait->woken;
    if (woken < from)
        woken = wait->woken >= since ? from : now;
    if (woken > now || now - woken < SHORTEST_RUN_QUEUE)
        woken = now;
    if (woken > from)
        add_part(wait, settings->epoch, PART_BLOCKED, woken - from, 1);
    if (now > woken)
        add_part(wait, settings->epoch, PART_RUN_QUEUE, now - woken, woken > from ? 0 : 1);
}

/* A thread runs on this CPU from now on. */
static inline void begin_turn(struct pace *pace, void *task, struct count_key *who, u32 weight, u64 now,
                              struct settings *settings)
{
    pace->turn.who = *who;
    pace->turn.who.stack = 0;
    pace->turn.who.part = 0;
    pace->turn.since = now;
    pace->turn.weight = weight;
    pace->turn.generation = settings->wait_generation;
    pace->turn.task = (u64)task;
}

/* The thread that had the turn leaves. */
static inline void end_turn(struct pace *pace, u64 now, struct settings *settings)
{
    struct wait_key key = {};
    struct turn *turn = &pace->turn;
    u64 from = turn->since < settings->wait_accounted ? settings->wait_accounted : turn->since;
    turn->task = 0;
    if (now <= from || turn->generation != settings->wait_generation)
        return;
    key.who = turn->who;
    key.who.epoch = settings->epoch;
    key.who.part = PART_RAN;
    set_busy(1);
    add_waited(&key, (now - from) * turn->weight, 0);
    set_busy(0);
}

/* A thread that is followed got a CPU again, at `came`. */
static inline void end_wait(struct pace *pace, void *task, u32 key, u64 *seat, u64 came, struct settings *settings)
{
    u64 credit = 0;
    struct wait *wait = waits.lookup(&key);
    if (wait) {
        credit = came - wait->since >= settings->wait_long ? CREDIT : wait->credit;
        set_busy(1);
        count_ended(wait, came, settings);
        begin_turn(pace, task, &wait->key.who, wait->weight, came, settings);
        set_busy(0);
    }
    *seat = seated(task, 0, settings) | credit << SEAT_CREDIT;
    waits.delete(&key);
}

/* A thread leaves that is believed to wait: the kernel did not tell that it got a CPU, as some do not when a thread of
 * theirs that is hidden leaves one. It got it as long ago as it has run since. */
static inline void end_untold(struct pace *pace, void *task, u32 key, u64 *seat, struct settings *settings)
{
    struct wait *wait = waits.lookup(&key);
    if (!wait)
        return;
    u64 now = bpf_ktime_get_ns(), most = now - wait->since;
    u64 ran = key & SLEEPER ? 0 : read_pointer(task, settings->task_ran) - wait->ran;
    count_wait(WAITS_UNTOLD, wait->weight);
    end_wait(pace, task, key, seat, now - (ran < most ? ran : most), settings);
    end_turn(pace, now, settings);
}

/* Looks at the clock, when the kernel's own has gone on: that one is read for nothing. */
static inline void turn_window(struct pace *pace, struct settings *settings)
{
    u64 jiffies = bpf_jiffies64(), most = settings->wait_walks;
    if (jiffies == pace->jiffies)
        return;
    u64 now = bpf_ktime_get_ns(), passed = (now - pace->window) / PACE_WINDOW;
    pace->jiffies = jiffies;
    if (!passed)
        return;
    if ((pace->short_waits >> pace->steps) > most * passed && pace->steps < PACE_STEPS)
        pace->steps++;
    else if ((pace->short_waits >> pace->steps) * 4 < most * passed)
        pace->steps -= passed < pace->steps ? passed : pace->steps;
    pace->window = now;
    pace->short_waits = 0;
    pace->walks = 0;
}

/* Whether one more stack may be walked for the sake of waits that last. */
static inline bool may_walk(struct pace *pace, struct settings *settings)
{
    if (pace->walks >= LONG_WALKS * settings->wait_walks)
        return false;
    pace->walks++;
    return true;
}

/* Whether to follow this switch, and for how many it stands: threads that waited long lately always, of the others so
 * many that a CPU walks no more stacks in a window than it may. */
static inline u32 weight_of(struct pace *pace, u32 credit, struct settings *settings)
{
    turn_window(pace, settings);
    if (credit && may_walk(pace, settings))
        return 1;
    u32 steps = pace->steps & (2 * PACE_STEPS - 1);
    pace->short_waits++;
    return drawn(pace) & ((1 << steps) - 1) ? 0 : 1 << steps;
}

static inline void keep_wait(void *task, u32 tid, struct wait *wait, struct settings *settings)
{
    u64 *seat = seat_of(task);
    if (!seat || waits.update(&tid, wait))
        count_wait(WAITS_LOST_FULL, wait->weight);
    else
        *seat = seated(task, SEAT_WAITS, settings);
}

/* The stack is known: from here on the thread waits. */
static inline void begin_wait(struct scratch *scratch, u64 stack, struct settings *settings)
{
    struct wait wait = {};
    wait.key.who = scratch->key;
    wait.key.who.stack = stack;
    wait.key.who.part = scratch->wait_place << PART_PLACE_SHIFT;
    wait.key.holder = scratch->wait_holder;
    wait.since = scratch->wait_since;
    wait.ran = read_pointer((void *)bpf_get_current_task(), settings->task_ran);
    wait.weight = scratch->wait_weight;
    wait.preempted = scratch->wait_preempted;
    wait.on_futex = scratch->wait_on_futex;
    wait.credit = scratch->wait_credit ? scratch->wait_credit - 1 : 0;
    keep_wait((void *)bpf_get_current_task(), (u32)bpf_get_current_pid_tgid(), &wait, settings);
}

/* The waker's stack is known; without one it is not told, as it may be anybody whom an interrupt hit. */
static inline void note_waker(struct scratch *scratch, u64 stack)
{
    u32 tid = scratch->woken;
    struct wait *wait = waits.lookup(&tid);
    if (!wait)
        return;
    wait->key.waker_pid = scratch->key.pid;
    wait->key.waker_tid = scratch->key.tid;
    wait->key.waker_stack = stack;
}
