/* A few C functions in known places; prints where, and waits until its input ends. */
#include <stdio.h>

__attribute__((noinline)) int first_function(int value) { return value * 3 + 1; }

static __attribute__((noinline)) int hidden_function(int value) { return first_function(value) ^ value; }

static inline int inlined_function(int value) {
  int total = 0;
  for (int turn = 0; turn < value; turn++) total += hidden_function(turn);
  return total;
}

__attribute__((noinline, visibility("default"))) int outer_function(int value) {
  return inlined_function(value) + 2;
}

/* Assembly without sizes, as old libraries have it, and a gap that belongs to nobody. */
__asm__(
    ".text\n"
    ".globl sized_function\n.type sized_function, @function\n"
    "sized_function:\n  nop\n  nop\n  ret\n.size sized_function, .-sized_function\n"
    ".skip 64, 0xcc\n"
    ".globl label_without_size\n.type label_without_size, @function\n"
    "label_without_size:\n  nop\n  ret\n  .skip 29, 0xcc\n"
    ".globl after_the_label\n.type after_the_label, @function\n"
    "after_the_label:\n  ret\n.size after_the_label, .-after_the_label\n");

int main(int count, char **arguments) {
  (void)arguments;
  printf("ready %d\n", outer_function(count));
  fflush(stdout);
  while (getchar() != EOF) {
  }
}
