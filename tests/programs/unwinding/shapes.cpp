// Calls of every shape that an unwinder meets, for ever: each stop of this program finds it in one of them.
#include <alloca.h>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <immintrin.h>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <sys/time.h>
#include <time.h>
#include <vector>

#define NEVER_INLINE __attribute__((noinline, noclone))

static volatile unsigned long sink;

NEVER_INLINE void burn(unsigned long rounds)
{
    unsigned long value = sink;
    for (unsigned long i = 0; i < rounds; i++)
        value = value * 6364136223846793005ul + i;
    sink = value;
}

NEVER_INLINE int recurse(int depth)
{
    if (depth == 0) {
        burn(2000);
        return 1;
    }
    int below = recurse(depth - 1) + (int)(sink & 1);
    return below * 3;
}

NEVER_INLINE void with_alloca(int depth)
{
    char *room = (char *)alloca(100 + (sink & 1023));
    memset(room, depth, 64);
    burn(500);
    if (depth)
        with_alloca(depth - 1);
    sink += room[13];
}

NEVER_INLINE void with_large_frame(int depth)
{
    volatile char room[300 * 1024];
    room[7] = (char)sink;
    room[sizeof(room) - 3] = 1;
    burn(500);
    if (depth)
        with_large_frame(depth - 1);
    sink += room[7] + room[sizeof(room) - 3];
}

NEVER_INLINE __attribute__((force_align_arg_pointer)) void realigned(int depth)
{
    alignas(64) volatile char lines[256];
    char *room = (char *)alloca(32 + (sink & 255));
    room[3] = lines[5] = (char)depth;
    burn(500);
    if (depth)
        realigned(depth - 1);
    sink += lines[5] + room[3];
}

#ifdef __x86_64__
__attribute__((target("avx"))) NEVER_INLINE double wide(int depth)
{
    alignas(32) volatile double lanes[8] = {1, 2, 3, 4};
    __m256d sum = _mm256_set1_pd(depth);
    for (int i = 0; i < 200; i++) {
        sum = _mm256_add_pd(sum, _mm256_set1_pd(lanes[i & 3]));
        lanes[i & 7] = ((double *)&sum)[0];
    }
    return depth ? wide(depth - 1) + lanes[2] : lanes[1];
}
#endif

NEVER_INLINE void thrower(int depth)
{
    std::string held(20 + depth, 'x');
    if (depth == 0)
        throw std::runtime_error(held);
    thrower(depth - 1);
    sink += held.size();
}

NEVER_INLINE void exceptions()
{
    for (int i = 0; i < 2; i++)
        try {
            thrower(i + 5);
        } catch (std::exception &error) {
            sink += strlen(error.what());
        }
}

static int compare(const void *left, const void *right)
{
    burn(3);
    return *(const int *)left - *(const int *)right;
}

NEVER_INLINE void sorting()
{
    std::vector<int> numbers(300);
    for (auto &number : numbers)
        number = (int)(sink = sink * 6364136223846793005ul + 1442695040888963407ul) >> 3;
    qsort(numbers.data(), numbers.size(), sizeof(int), compare);
}

NEVER_INLINE void through_function(const std::function<void(int)> &call, int depth)
{
    if (depth)
        through_function([&](int value) { call(value + 1); }, depth - 1);
    else
        call(0);
}

NEVER_INLINE void libraries()
{
    double value = 1;
    for (int i = 0; i < 300; i++)
        value += sin(value) + exp(-value) + (double)rand() / RAND_MAX;
    char text[200];
    for (int i = 0; i < 20; i++)
        sink += (unsigned long)snprintf(text, sizeof(text), "%g %s %d", value, "text", i);
    timespec now;
    for (int i = 0; i < 100; i++)
        clock_gettime(CLOCK_MONOTONIC, &now);
}

static void on_signal(int)
{
    int kept = 0;
    kept += recurse(3);
    burn(3000);
    sink += kept;
}

static void *work(void *)
{
    stack_t other = {};
    other.ss_sp = malloc(1 << 16);
    other.ss_size = 1 << 16;
    sigaltstack(&other, nullptr);
    for (;;) {
        recurse((int)(sink & 31) + 1);
        with_alloca(5);
        with_large_frame(3);
        realigned(4);
#ifdef __x86_64__
        if (__builtin_cpu_supports("avx"))
            sink += (unsigned long)wide(5);
#endif
        exceptions();
        sorting();
        through_function([](int value) { burn(500 + value); }, 6);
        libraries();
    }
    return nullptr;
}

int main(int count, char **)
{
    struct sigaction action = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART | (count > 1 ? SA_ONSTACK : 0);
    sigaction(SIGPROF, &action, nullptr);
    itimerval every = {{0, 3000}, {0, 3000}};
    setitimer(ITIMER_PROF, &every, nullptr);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 8 << 20);
    pthread_t thread;
    pthread_create(&thread, &attributes, work, nullptr);
    puts("running");
    fflush(stdout);
    work(nullptr);
}
