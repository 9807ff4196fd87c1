/* A thread that waits 60, 30 and 10 % of its time in nanosleep, in a pipe and in a futex, over and over. The pipe is
 * fed by a child process. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <signal.h>

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

int main(void)
{
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
    for (;;) {
        wait_in_sleep();
        wait_in_pipe();
        wait_in_futex();
    }
}
