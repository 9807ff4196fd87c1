// A program whose call graph is known, built without frame pointers: recursion of known depth, templates, exceptions,
// a sort with a comparator, std::function, frames of 300 KB, two threads, or one with an argument. `outer` is called by
// the threads' main functions alone.
#include <algorithm>
#include <functional>
#include <string>
#include <thread>
#include <vector>

static volatile unsigned long sink;

#define NOINLINE __attribute__((noinline, noclone))

NOINLINE unsigned long burn(unsigned long rounds)
{
    unsigned long sum = 0;
    for (unsigned long i = 0; i < rounds; i++)
        sum += i * sink;
    sink = sum;
    return sum;
}

template <int Depth> NOINLINE unsigned long down() { return down<Depth - 1>() + sink; }
template <> NOINLINE unsigned long down<0>() { return burn(20000) + sink; }

NOINLINE unsigned long recurse(int depth)
{
    volatile char local[48];
    local[depth % 48] = depth;
    return (depth ? recurse(depth - 1) : burn(20000)) + local[depth % 48];
}

NOINLINE unsigned long huge_frame()
{
    volatile char local[300000];
    local[0] = local[299999] = 1;
    return burn(20000) + local[299999];
}

NOINLINE bool less_than(int a, int b) { return a + (sink & 0) < b; }

NOINLINE void sort_numbers()
{
    std::vector<int> numbers(3000);
    for (auto &number : numbers)
        number = sink = sink * 6364136223846793005ul + 1442695040888963407ul;
    std::sort(numbers.begin(), numbers.end(), less_than);
}

NOINLINE void throw_deep(int depth)
{
    if (!depth)
        throw std::string("thrown");
    throw_deep(depth - 1);
    sink++;
}

NOINLINE void catch_it()
{
    try {
        throw_deep(10);
    } catch (std::string &) {
        burn(1000);
    }
}

NOINLINE void by_function(const std::function<unsigned long()> &call) { sink += call(); }

NOINLINE void outer()
{
    down<20>();
    recurse(50);
    huge_frame();
    sort_numbers();
    catch_it();
    by_function([] { return burn(10000); });
}

int main(int count, char **)
{
    std::thread other;
    if (count == 1)
        other = std::thread([] {
            for (;;)
                outer();
        });
    for (;;)
        outer();
}
