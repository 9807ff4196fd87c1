/* One of many programs that differ in their frames: many BUSY_MS PERIOD_MS [BITS [spin]]. It works for so long of each
 * period, in its own code and the C library's, in one of 2^BITS ways down; with `spin` in one loop alone. Build with -O2
 * -DNUMBER=0, 1, ... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef NUMBER
#define NUMBER 0
#endif
#define NOINLINE __attribute__((noinline, noclone))

static volatile unsigned long sink;
static int spins;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static int compare(const void *one, const void *other)
{
    return *(const int *)one - *(const int *)other + (int)(sink & 0) * NUMBER;
}

NOINLINE static void work(void)
{
    int numbers[400];
    char text[200];
    for (int i = 0; i < 100000 * spins; i++)
        sink += i;
    for (int i = 0; i < 400 * !spins; i++)
        numbers[i] = rand();
    qsort(numbers, 400 * !spins, sizeof(int), compare);
    for (int i = 0; i < 20 * !spins; i++) {
        snprintf(text, sizeof(text), "%g %s %d", i * 1.5, "x", i);
        sink += strlen(text);
        free(malloc(i * 99 + NUMBER));
    }
}

static int left(int way, int depth);

#define SIDE(name, bytes)                        \
    NOINLINE static int name(int way, int depth) \
    {                                            \
        volatile char room[bytes + NUMBER];      \
        room[depth] = way;                       \
        if (!depth)                              \
            work();                              \
        else if (way & 1)                        \
            right(way >> 1, depth - 1);          \
        else                                     \
            left(way >> 1, depth - 1);           \
        return room[depth];                      \
    }

SIDE(right, 16)
SIDE(left, 32)

int main(int argc, char **argv)
{
    double busy = argc > 1 ? atof(argv[1]) : 1, period = argc > 2 ? atof(argv[2]) : 1;
    int ways = 1 << (argc > 3 ? atoi(argv[3]) : 2);
    spins = argc > 4;
    srand(NUMBER + getpid());
    usleep((rand() % 1000) * period);
    for (;;) {
        double until = now() + busy;
        do
            sink += left(rand() % ways, 14);
        while (now() < until);
        if (busy < period)
            usleep((period - busy) * 1000);
    }
}
