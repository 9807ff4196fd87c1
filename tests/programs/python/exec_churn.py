"""Makes and drops functions for ever: made_N is in the file <gen N % 11>, and runs in its line 2 + N % 7."""


def work(count):
    return sum(number * number for number in range(count))


def make(number):
    gap = "\n" * (number % 7)
    source = f"def made_{number}(count):\n{gap}    return work(count)\nmade_{number}(3000)"
    exec(compile(source, f"<gen {number % 11}>", "exec"), {"work": work})


print("running", flush=True)
number = 0
while True:
    make(number)
    number += 1
