// Calls through a C library that has no unwind information, for ever: sorting, printing, threads, signals.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static volatile unsigned long sink;

__attribute__((noinline)) static void burn(int rounds)
{
    unsigned long value = sink;
    for (int i = 0; i < rounds; i++)
        value = value * 31 + i;
    sink = value;
}

static int compare(const void *left, const void *right)
{
    burn(5);
    return *(const int *)left - *(const int *)right;
}

static void on_signal(int number)
{
    burn(3000 + number);
}

__attribute__((noinline)) static int recurse(int depth)
{
    if (!depth) {
        burn(500);
        return 1;
    }
    return recurse(depth - 1) * 3 + (int)(sink & 1);
}

static void *work(void *unused)
{
    for (;;) {
        int numbers[300];
        for (int i = 0; i < 300; i++)
            numbers[i] = rand();
        qsort(numbers, 300, sizeof(int), compare);
        recurse(20);
        char text[300];
        for (int i = 0; i < 50; i++) {
            snprintf(text, sizeof(text), "%g %s %d", i * 1.5, "text", i);
            sink += strlen(text);
            memset(text, i, sizeof(text));
        }
        for (int i = 0; i < 50; i++)
            free(malloc(i * 100 + 10));
    }
    return unused;
}

int main(void)
{
    signal(SIGPROF, on_signal);
    struct itimerval every = {{0, 3000}, {0, 3000}};
    setitimer(ITIMER_PROF, &every, NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    puts("running");
    fflush(stdout);
    work(NULL);
}
