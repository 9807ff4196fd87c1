/* Recursion of a known depth that counts its rounds for others to read: steps DEPTH FILE. FILE gets two numbers of 64 bits:
 * rounds done, and the CPU time that they took in nanoseconds. Build with -O2 -fno-optimize-sibling-calls. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static volatile uint64_t *told;
static volatile unsigned long sink;

__attribute__((noinline)) static unsigned long work(void)
{
    struct timespec time;
    for (int round = 0; round < 4; round++)
        for (int i = 0; i < 5000; i++)
            sink += i;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    told[1] = time.tv_sec * 1000000000ull + time.tv_nsec;
    told[0]++;
    return sink;
}

__attribute__((noinline)) static unsigned long recurse(int depth)
{
    unsigned long below = 0;
    if (depth)
        below = recurse(depth - 1);
    else
        for (;;)
            below += work();
    return below + sink;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    int file = open(argv[2], O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, 4096))
        return 1;
    told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return recurse(atoi(argv[1]));
}
