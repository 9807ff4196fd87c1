/* ping_pong SECONDS [MICROSECONDS]: two processes that wake each other through pipes, as fast as they can or each after
 * so long a rest; says how often a second. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **words)
{
    int there[2], back[2];
    char byte = 0;
    double seconds = count > 1 ? atof(words[1]) : 1, start, end;
    long rest = count > 2 ? atol(words[2]) : 0, rounds = 0;
    if (pipe(there) || pipe(back))
        return 1;
    if (!fork()) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1 && (!rest || !usleep(rest)) && write(back[1], &byte, 1) == 1)
            ;
        return 0;
    }
    start = now();
    do {
        for (int turn = 0; turn < (rest ? 1 : 100); turn++, rounds++)
            if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1 || (rest && usleep(rest)))
                return 1;
        end = now();
    } while (end - start < seconds);
    printf("%.0f\n", rounds / (end - start));
    return 0;
}
