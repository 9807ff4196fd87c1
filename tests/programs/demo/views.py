"""The product service's pages: one of them searches without an index, and nobody has noticed yet."""

from __future__ import annotations

import json
from typing import Any

import psycopg2

SEARCH = "SELECT id, name, price FROM products WHERE description LIKE %s ORDER BY rating DESC LIMIT 20"
PRODUCT = "SELECT id, name, price, description FROM products WHERE id = %s"


class Shop:
    """One connection to the database, and the pages made from it."""

    def __init__(self, database: str) -> None:
        self.connection = psycopg2.connect(database)
        self.connection.autocommit = True

    def search_products_unindexed(self, term: str) -> list[dict[str, Any]]:
        with self.connection.cursor() as cursor:
            cursor.execute(SEARCH, (f"%{term}%",))
            return [{"id": row[0], "name": row[1], "price": float(row[2])} for row in cursor]

    def product(self, number: int) -> dict[str, Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(PRODUCT, (number,))
            row = cursor.fetchone()
        return {"id": row[0], "name": row[1], "price": float(row[2]), "words": count_words(row[3])}


def count_words(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return counts


def render(page: Any) -> bytes:
    return json.dumps(page, indent=1).encode()
