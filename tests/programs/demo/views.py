"""The product service's pages: one of them searches without an index, and nobody has noticed yet."""

from __future__ import annotations

import json
import threading
from typing import Any

import psycopg2
from flask import Flask, Response, render_template_string, request

SEARCH = "SELECT * FROM products WHERE description LIKE %s"
PRODUCT = "SELECT * FROM products WHERE id = %s"
SHELF = "SELECT * FROM products WHERE id BETWEEN %s AND %s + 30 ORDER BY rating DESC"
PAGE = "<ul>{% for row in rows %}<li id='p{{ row[0] }}'><b>{{ row[1] }}</b> <i>{{ row[3] }}</i></li>{% endfor %}</ul>"

app = Flask(__name__)
here = threading.local()


def fetch(query: str, *values: Any) -> list[tuple[Any, ...]]:
    if not hasattr(here, "connection"):
        here.connection = psycopg2.connect(app.config["DATABASE"])
        here.connection.autocommit = True
    with here.connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def search_products_unindexed(term: str) -> list[dict[str, Any]]:
    return [as_product(row) for row in fetch(SEARCH, f"%{term}%")]


def as_product(row: tuple[Any, ...]) -> dict[str, Any]:
    return {"id": row[0], "name": row[1], "words": count_words(row[2]), "price": float(row[3])}


def count_words(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return counts


@app.route("/products/search")
def search_page() -> Response:
    return as_json(search_products_unindexed(request.args["q"]))


@app.route("/products/<int:number>")
def product_page(number: int) -> Response:
    return as_json(as_product(fetch(PRODUCT, number)[0]))


@app.route("/shelves/<int:number>")
def shelf_page(number: int) -> str:
    return render_template_string(PAGE, rows=fetch(SHELF, number, number))


def as_json(page: Any) -> Response:
    return Response(json.dumps(page), content_type="application/json")
