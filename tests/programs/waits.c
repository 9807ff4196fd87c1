/* waits [ROUNDS FILE]: a thread that waits some 60, 30 and 10 % of its time in nanosleep, in a pipe and in a futex. The
 * pipe is fed by a child process. After so many rounds it writes into the file how many ns each call took,
 * and when it ended, by the monotonic clock. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <signal.h>
#include <stdio.h>

static int asked[2], given[2], word;

static void rest(long milliseconds)
{
    struct timespec time = {0, milliseconds * 1000000};
    nanosleep(&time, NULL);
}

__attribute__((noinline)) void wait_in_sleep(void)
{
    rest(60);
    __asm__ volatile("");
}

__attribute__((noinline)) void wait_in_pipe(void)
{
    char byte = 0;
    if (write(asked[1], &byte, 1) != 1 || read(given[0], &byte, 1) != 1)
        abort();
    __asm__ volatile("");
}

__attribute__((noinline)) void wait_in_futex(void)
{
    struct timespec time = {0, 10000000};
    syscall(SYS_futex, &word, FUTEX_WAIT, 0, &time, NULL, 0);
    __asm__ volatile("");
}

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int count, char **words)
{
    long rounds = count > 1 ? atol(words[1]) : -1;
    long long took[3] = {0};
    if (pipe(asked) || pipe(given))
        return 1;
    if (!fork()) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (char byte;;) {
            if (read(asked[0], &byte, 1) != 1)
                return 1;
            rest(30);
            if (write(given[1], &byte, 1) != 1)
                return 1;
        }
    }
    while (rounds--) {
        long long start = now(), slept, read;
        wait_in_sleep();
        slept = now();
        wait_in_pipe();
        read = now();
        wait_in_futex();
        took[0] += slept - start;
        took[1] += read - slept;
        took[2] += now() - read;
    }
    FILE *file = fopen(words[2], "w");
    fprintf(file, "wait_in_sleep %lld wait_in_pipe %lld wait_in_futex %lld ended %lld", took[0], took[1], took[2], now());
    return fclose(file);
}
