/* What tests/unwinding/arm64_stops.json.gz was recorded from, single step by single step, on an emulated arm64 machine:
 * gcc 12 -O2 -mbranch-protection=standard -fno-ipa-cp. The calls of each stop were counted by the instructions run. */
#include <alloca.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
volatile unsigned long sink;
#define NOINLINE __attribute__((noinline, noclone))
NOINLINE unsigned long leaf(unsigned long n) { for (int i = 0; i < 2; i++) n = n * 6364136223846793005ul + 1; return n; }
NOINLINE unsigned long deep(int n, unsigned long x) { unsigned long r = n ? deep(n - 1, x + 1) + n : leaf(x); sink += r; return r * 3 + 1; }
NOINLINE unsigned long fib(unsigned long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
NOINLINE unsigned long room(unsigned long n) { char *a = alloca(n); a[n / 2] = n; sink += leaf((unsigned long)a[n / 2]); return a[n / 2] + n; }
NOINLINE unsigned long big(unsigned long n) { volatile char a[70000]; a[n] = 1; sink += leaf(n); return a[n] + 1; }
NOINLINE unsigned long many(int n, ...) { va_list v; unsigned long r = 0; va_start(v, n); while (n--) r += leaf(va_arg(v, unsigned long)); va_end(v); return r + 1; }
NOINLINE __attribute__((optimize("omit-frame-pointer"))) unsigned long bare(unsigned long n) { return deep(2, n) + 1; }
NOINLINE unsigned long around_bare(unsigned long n) { return bare(n) + 1; }
NOINLINE int compare(const void *a, const void *b) { return *(int *)a - *(int *)b + (int)(leaf(1) & 0); }
NOINLINE unsigned long sorts(void) { int a[] = {3, 1, 2}; qsort(a, 3, sizeof *a, compare); return a[0]; }
static char from[4096], to[4096];
NOINLINE unsigned long copies(int n) { memcpy(to, from, n); return to[1] + 1; }
int main(void)
{
    raise(SIGSTOP);
    sink += deep(3, 1); sink += fib(4); sink += room(100); sink += big(5); sink += many(3, 1ul, 2ul, 3ul); sink += around_bare(1);
    sink += sorts(); sink += copies(300); sink += time(0);
    return 0;
}
