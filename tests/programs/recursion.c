/* Recursion of a known depth, its argument, with all the time spent at the bottom. Build with -O2
 * -fno-optimize-sibling-calls. */
#include <stdlib.h>

static volatile unsigned long sink;

__attribute__((noinline)) unsigned long burn(void)
{
    for (int i = 0; i < 300000; i++)
        sink += i;
    return sink;
}

__attribute__((noinline)) unsigned long recurse(int depth)
{
    unsigned long below = depth ? recurse(depth - 1) : burn();
    return below + sink;
}

int main(int argc, char **argv)
{
    for (;;)
        recurse(argc > 1 ? atoi(argv[1]) : 10);
}
