"""A parent that forks eight workers, as servers of requests do: `python prefork.py SECONDS`.

Each worker works for so many seconds of CPU, in `serve` and `handle`, and ends.
"""

import os
import sys
import time

WORKERS = 8


def handle(n):
    return sum(number * number for number in range(n))


def serve(seconds):
    while time.process_time() < seconds:
        handle(2000)


def main():
    workers = []
    for _ in range(WORKERS):
        worker = os.fork()
        if not worker:
            serve(float(sys.argv[1]))
            os._exit(0)
        workers.append(worker)
    for worker in workers:
        os.waitpid(worker, 0)


main()
