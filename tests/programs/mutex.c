/* mutex: two threads that fight for a mutex, `keeper` holding it 15 ms at a time and `visitor` for a moment only.
 * Build with -O2 -pthread. */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void rest(long milliseconds)
{
    struct timespec time = {0, milliseconds * 1000000};
    nanosleep(&time, NULL);
}

__attribute__((noinline)) void let_go(void)
{
    pthread_mutex_unlock(&mutex);
    __asm__ volatile("");
}

__attribute__((noinline)) void keep_it(void)
{
    pthread_mutex_lock(&mutex);
    rest(15);
    let_go();
    __asm__ volatile("");
}

__attribute__((noinline)) void ask_for_it(void)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    __asm__ volatile("");
}

static void *visit(void *unused)
{
    pthread_setname_np(pthread_self(), "visitor");
    for (;;) {
        ask_for_it();
        rest(1);
    }
    return unused;
}

int main(void)
{
    pthread_t visitor;
    pthread_create(&visitor, NULL, visit, NULL);
    pthread_setname_np(pthread_self(), "keeper");
    for (;;) {
        keep_it();
        rest(1);
    }
}
