/* What processes do to their code while they run: life HOW [ARG...]. Every way burns CPU time for ever in functions
 * whose frames differ in size. Build with -O2 -pthread -ldl; with -DPLUGIN=NAME -shared -fPIC for what it loads. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

static volatile unsigned long sink;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

#ifdef PLUGIN
#ifndef FRAME
#define FRAME 16
#endif
#define PASTE(a, b) a##b
#define NAMED(a, b) PASTE(a, b)

NOINLINE void NAMED(inner_, PLUGIN)(void)
{
    volatile char local[FRAME];
    for (int i = 0; i < 20000; i++)
        local[i % FRAME] = i;
}

void work(double until)
{
    volatile char local[2 * FRAME];
    while (now() < until) {
        NAMED(inner_, PLUGIN)();
        local[0] = 1;
    }
}
#else
NOINLINE void burn(double until)
{
    while (now() < until)
        for (int i = 0; i < 20000; i++)
            sink += i;
}

/* One library after the other at one and the same address. */
static void replace_libraries(char **paths)
{
    void *place = NULL;
    for (int turn = 0;; turn ^= 1) {
        void *library = dlopen(paths[turn], RTLD_NOW);
        void *function = library ? dlsym(library, "work") : NULL;
        Dl_info found;
        if (!function || !dladdr(function, &found) || (place && place != found.dli_fbase))
            abort();
        place = found.dli_fbase;
        ((void (*)(double))function)(now() + 0.7);
        dlclose(library);
    }
}

/* Code mapped and unmapped all the time beside what runs. */
static void *churn(void *file)
{
    for (int pages = 1;; pages = pages % 7 + 1) {
        void *code = mmap(NULL, pages * 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(file), 0);
        usleep(500);
        munmap(code, pages * 4096);
    }
    return NULL;
}

static void *spin(void *unused)
{
    burn(1e18);
    return unused;
}

/* One of very many threads: a little work now and then. */
static void *blink(void *unused)
{
    for (;;) {
        burn(now() + 0.001);
        usleep(400000);
    }
    return unused;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "burn";
    pthread_t thread;
    if (!strcmp(how, "libraries"))
        replace_libraries(argv + 2);
    if (!strcmp(how, "churn"))
        pthread_create(&thread, NULL, churn, fopen(argv[0], "r"));
    if (!strcmp(how, "threads"))
        for (int i = 0; i < 300; i++)
            pthread_create(&thread, NULL, blink, NULL);
    if (!strcmp(how, "fork"))
        for (int i = 0; i < 3; i++)
            if (!fork())
                spin(NULL);
    if (!strcmp(how, "exec")) {
        burn(now() + 0.3);
        execv(argv[2], argv + 2);
        abort();
    }
    if (strcmp(how, "threads"))
        spin(NULL);
    blink(NULL);
}
#endif
