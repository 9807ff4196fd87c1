/* Which calls of futex(2) wait, and for whom. */
#pragma once

#define FUTEX_COMMANDS 0x7f
#define FUTEX_OWNER 0x3fffffff
#define CONTENDED 2

/* Whether a call waits, and in `holder` who holds the mutex that it is, as far as that can be seen: a mutex with priority
 * inheritance has its owner in the word (futex(2)), one of glibc's two words further on
 * (sysdeps/nptl/bits/struct_mutex.h). Whoever reads it has to look whether such a thread exists. */
static inline bool futex_wait(u64 address, u64 command, u64 expected, u32 *holder)
{
    u32 words[4] = {};
    bpf_probe_read_user(words, sizeof(words), (void *)address);
    switch (command & FUTEX_COMMANDS) {
    case 0: case 9:              /* WAIT, WAIT_BITSET */
        if (words[0] == CONTENDED && (u32)expected == CONTENDED)
            *holder = words[2];
        return true;
    case 6: case 13:             /* LOCK_PI, LOCK_PI2 */
        *holder = words[0] & FUTEX_OWNER;
        return true;
    case 11:                     /* WAIT_REQUEUE_PI */
        return true;
    }
    return false;
}
