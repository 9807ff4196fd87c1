/* Functions that burn CPU time in proportion to their rounds. GCC leaves the frame out of leaf functions even with
 * -fno-omit-frame-pointer; asking for the frame's address makes it keep it. */
static volatile unsigned long sink;

#define BURN(name)                                                                                                     \
    __attribute__((noinline)) void name(long rounds)                                                                   \
    {                                                                                                                  \
        volatile void *frame = __builtin_frame_address(0);                                                             \
        (void)frame;                                                                                                   \
        for (long i = 0; i < rounds; i++)                                                                              \
            sink += i * i;                                                                                             \
    }
