/* Three functions, called by one, that burn 60, 30 and 10 % of its CPU time: known shares to measure against.
 * Build: gcc -O1 -fno-omit-frame-pointer -fno-inline. GCC leaves the frame out of leaf functions even so; asking for
 * the frame's address makes it keep it. Ends when it has used as many seconds of CPU time as its argument says; without one it runs until it is killed. */
#include <stdlib.h>
#include <time.h>

static volatile unsigned long sink;

#define BURN(name)                                                                                                     \
    __attribute__((noinline)) void name(long rounds)                                                                   \
    {                                                                                                                  \
        volatile void *frame = __builtin_frame_address(0);                                                             \
        (void)frame;                                                                                                   \
        for (long i = 0; i < rounds; i++)                                                                              \
            sink += i * i;                                                                                             \
    }

BURN(burn_sixty)
BURN(burn_thirty)
BURN(burn_ten)

__attribute__((noinline)) void burn_all(long unit)
{
    burn_sixty(6 * unit);
    burn_thirty(3 * unit);
    burn_ten(unit);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 1e9;
    struct timespec begin, now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    do {
        burn_all(20000);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    } while ((now.tv_sec - begin.tv_sec) + (now.tv_nsec - begin.tv_nsec) / 1e9 < seconds);
    return 0;
}
