"""Runs for ever in functions whose calls are listed in known_calls.txt, as `caller callee`."""

import json
import re


def even(number):
    return True if number == 0 else odd(number - 1)


def odd(number):
    return False if number == 0 else even(number - 1)


def numbers(count):
    for number in range(count):
        yield squared(number)


def squared(number):
    return number * number


def hook(found):
    return squared(3) and found


def replacement(match):
    return str(squared(2))


class Thing:
    def __init__(self, number):
        self.number = squared(number)

    def __lt__(self, other):
        return key(self) < key(other)


def key(thing):
    return thing.number


def turn():
    even(40)
    total(numbers(10))
    json.loads('{"a": {"b": 1}}', object_hook=hook)
    re.sub("b+", replacement, "abbc")
    sorted([Thing(2), Thing(1), Thing(3)])
    sorted([Thing(2), Thing(1), Thing(3)], key=key)


def total(values):
    result = 0
    for value in values:
        result += value
    return result


def main():
    turn()  # compiles what json and re keep
    print("running", flush=True)
    while True:
        turn()


main()
