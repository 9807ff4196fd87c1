/* Three functions, called by one, that burn 60, 30 and 10 % of its CPU time: known shares to measure against.
 * Build: gcc -O1 -fno-omit-frame-pointer -fno-inline. Ends when it has used as many seconds of CPU time as its argument
 * says; without one it runs until it is killed. */
#include <stdlib.h>
#include <time.h>

#include "burn.h"

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
