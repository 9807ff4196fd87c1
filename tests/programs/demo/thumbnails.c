/* The thumbnailer: shrinks and sharpens pictures, then rests. */
#include <stdlib.h>
#include <time.h>

enum { WIDTH = 1600, HEIGHT = 1000, STEP = 5 };

__attribute__((noinline)) static void decode_picture(unsigned char *picture, unsigned seed)
{
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        seed = seed * 1664525 + 1013904223;
        picture[i] = seed >> 24;
    }
}

__attribute__((noinline)) static void shrink(const unsigned char *picture, unsigned char *thumbnail)
{
    for (int y = 0; y < HEIGHT / STEP; y++)
        for (int x = 0; x < WIDTH / STEP; x++) {
            unsigned sum = 0;
            for (int dy = 0; dy < STEP; dy++)
                for (int dx = 0; dx < STEP; dx++)
                    sum += picture[(y * STEP + dy) * WIDTH + x * STEP + dx];
            thumbnail[y * (WIDTH / STEP) + x] = sum / (STEP * STEP);
        }
}

__attribute__((noinline)) static void sharpen(unsigned char *thumbnail)
{
    for (int round = 0; round < 8; round++)
        for (int i = 1; i < WIDTH / STEP * (HEIGHT / STEP) - 1; i++) {
            int sharp = 2 * thumbnail[i] - (thumbnail[i - 1] + thumbnail[i + 1]) / 2;
            thumbnail[i] = sharp < 0 ? 0 : sharp > 255 ? 255 : sharp;
        }
}

__attribute__((noinline)) static void make_thumbnail(unsigned char *picture, unsigned char *thumbnail, unsigned number)
{
    decode_picture(picture, number);
    shrink(picture, thumbnail);
    sharpen(thumbnail);
}

int main(void)
{
    unsigned char *picture = malloc(WIDTH * HEIGHT), *thumbnail = malloc(WIDTH / STEP * (HEIGHT / STEP));
    struct timespec rest = {0, 40000000};
    for (unsigned number = 0;; number++) {
        make_thumbnail(picture, thumbnail, number);
        nanosleep(&rest, NULL);
    }
}
