"""Six clients of the product service, who mostly look at products and now and then search: shoppers.py LOG

Writes a line for each answer: unix time, seconds that it took, what was asked for."""

from __future__ import annotations

import sys
import threading
import time
from http.client import HTTPConnection
from random import Random

SHOPPERS, LOOKS = 6, 5
MOST = 199_000


def visit(connection: HTTPConnection, page: str) -> None:
    begin = time.time()
    connection.request("GET", page)
    answer = connection.getresponse()
    answer.read()
    end = time.time()
    if answer.status != 200:
        raise SystemExit(f"{page}: {answer.status}")
    log.write(f"{end:.6f} {end - begin:.6f} {page.split('?')[0].rsplit('/', 1)[0 if page[-1].isdigit() else 1]}\n")


def shop(seed: int) -> None:
    choose, connection = Random(seed), HTTPConnection("127.0.0.1", 8000)
    while True:
        for look in range(LOOKS):
            visit(connection, f"/{'shelves' if look % 4 == 3 else 'products'}/{choose.randrange(1, MOST)}")
            time.sleep(choose.uniform(0, 0.05))
        visit(connection, "/products/search?q=wireless")


with open(sys.argv[1], "w", buffering=1) as log:
    shoppers = [threading.Thread(target=shop, args=(seed,)) for seed in range(SHOPPERS)]
    for shopper in shoppers:
        shopper.start()
    for shopper in shoppers:
        shopper.join()
