/* Three functions that burn 70, 20 and 10 % of its CPU time until as many seconds have gone by as the first argument says,
 * then 20, 20 and 60 %; it ends after the second argument's. Build as shares.c. */
#include <stdlib.h>
#include <time.h>

#include "burn.h"

BURN(burn_falling)
BURN(burn_same)
BURN(burn_rising)

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    double begin = now(), change = atof(argv[1]), end = atof(argv[2]), gone;
    (void)argc;
    while ((gone = now() - begin) < end) {
        int before = gone < change;
        burn_falling((before ? 7 : 2) * 20000);
        burn_same(2 * 20000);
        burn_rising((before ? 1 : 6) * 20000);
    }
    return 0;
}
