/* Threads that left their CPU, from when and in which stack, and what they have waited when they come back. */
#pragma once
#include "counting.h"
#include "task.h"

#define PACE_WINDOW 10000000  /* ns over which the rate of switches is looked at */
#define PACE_STEPS 16         /* at most one in 2^16 switches of threads that wait shortly is followed */
#define TASK_DEAD 0x80        /* include/linux/sched.h */
#define SHORTEST_RUN_QUEUE 10000  /* ns; a shorter time until the thread got a CPU counts as part of its wait */

BPF_HASH(waits, u32, struct wait, 1024);                              /* by the kernel's thread id: threads seen leaving a CPU */
BPF_HASH(waited, struct count_key, struct waited, 1024);              /* what threads waited, by stack */
BPF_PERCPU_ARRAY(wait_pace, struct pace, 1);                          /* how often this CPU switches */
BPF_PERCPU_ARRAY(wait_counters, u64, 8);                              /* enum wait_counter */
BPF_PROG_ARRAY(wait_chain, 8);                                        /* enum program, for the walkers at a switch */

static inline void count_wait(u32 counter, u64 number)
{
    u64 *value = wait_counters.lookup(&counter);
    if (value)
        *value += number;
}

static inline void add_waited(struct wait *wait, u32 epoch, u32 part, u64 nanoseconds, u64 times)
{
    struct count_key key = wait->key;
    struct waited nothing = {};
    key.epoch = epoch;
    key.part |= part;
    struct waited *sum = waited.lookup_or_try_init(&key, &nothing);
    if (!sum) {
        count_wait(WAITS_LOST_FULL, times * wait->weight);
        return;
    }
    __sync_fetch_and_add(&sum->nanoseconds, nanoseconds * wait->weight);
    __sync_fetch_and_add(&sum->times, times * wait->weight);
}

/* A thread gets a CPU again. What lies before `wait_accounted` has been counted by the collector. */
static inline void end_wait(u32 tid, u64 now, struct settings *settings)
{
    struct wait *wait = waits.lookup(&tid);
    if (!wait || !wait->since)
        return;
    u64 since = wait->since;
    wait->since = 0;
    wait->last = now - since;
    if (now - since < settings->wait_minimum) {
        count_wait(WAITS_SHORT, wait->weight);
        count_wait(WAITS_SHORT_TIME, (now - since) * wait->weight);
        return;
    }
    u64 from = since < settings->wait_accounted ? settings->wait_accounted : since;
    if (now <= from)
        return;
    u64 woken = wait->preempted ? from : wait->woken;
    if (woken < from)
        woken = wait->woken >= since ? from : now;
    if (woken > now || now - woken < SHORTEST_RUN_QUEUE)
        woken = now;
    if (woken > from)
        add_waited(wait, settings->epoch, PART_BLOCKED, woken - from, 1);
    if (now > woken)
        add_waited(wait, settings->epoch, PART_RUN_QUEUE, now - woken, woken > from ? 0 : 1);
}

/* Whether to follow this switch, and for how many it stands: threads that wait long always, of the others so many that
 * a CPU walks no more stacks in a window than it may. */
static inline u32 weight_of(struct wait *known, u64 now, struct settings *settings)
{
    u32 zero = 0;
    struct pace *pace = wait_pace.lookup(&zero);
    if (!pace)
        return 0;
    if (now - pace->window > PACE_WINDOW) {
        u64 most = settings->wait_walks;
        if ((pace->short_waits >> pace->steps) > most && pace->steps < PACE_STEPS)
            pace->steps++;
        else if (pace->steps && (pace->short_waits >> pace->steps) * 4 < most)
            pace->steps--;
        pace->window = now;
        pace->short_waits = 0;
        pace->walks = 0;
    }
    if (known && known->last >= settings->wait_minimum && pace->walks < 4 * settings->wait_walks) {
        pace->walks++;
        return 1;
    }
    pace->short_waits++;
    u32 steps = pace->steps & (2 * PACE_STEPS - 1);
    if (bpf_get_prandom_u32() & ((1 << steps) - 1))
        return 0;
    return 1 << steps;
}

/* The stack is known: from here on the thread waits. */
static inline void begin_wait(struct scratch *scratch, u64 stack)
{
    u32 tid = (u32)bpf_get_current_pid_tgid();
    struct wait wait = {};
    wait.key = scratch->key;
    wait.key.stack = stack;
    wait.key.part = scratch->wait_place << PART_PLACE_SHIFT;
    wait.since = scratch->wait_since;
    wait.weight = scratch->wait_weight;
    wait.preempted = scratch->wait_preempted;
    if (waits.update(&tid, &wait))
        count_wait(WAITS_LOST_FULL, wait.weight);
}
