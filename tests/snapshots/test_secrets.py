"""What is masked as a secret, and what is not."""

from __future__ import annotations

import pytest
from icetop.snapshots.secrets import LONGEST, MASK, masked


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("app --password=hunter2 --port 80", "hunter2"),
        ("app --db-password hunter2 --port 80", "hunter2"),
        ('app --token="two words" x', "two words"),
        ("MYSQL_PWD=hunter2 mysqld", "hunter2"),
        ("env AWS_SECRET_ACCESS_KEY=abc/def run", "abc/def"),
        ("curl -H 'Authorization: Bearer abc.def-123'", "abc.def-123"),
        ("postgres://bob:hunter2@db:5432/shop", "hunter2"),
        ("psql https://:tok3n@host/", "tok3n"),
        ("x AKIAIOSFODNN7EXAMPLE y", "AKIAIOSFODNN7EXAMPLE"),
        ("git ghp_0123456789abcdefghij0123456789abcdef", "ghp_0123456789"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "eyJzdWIi"),
        ("run 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c", "9f86d081884c7d65"),
        ("--api-key 'a b'", "a b"),
        ("--client_secret=s3", "s3"),
    ],
)
def test_secrets(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in masked(text)
    assert MASK in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "gunicorn shop.wsgi:application", "postgres: shop shop [local] SELECT", "python app.py runserver 0.0.0.0:80",
        "java -jar /opt/app/inventory-service-2.31.0-SNAPSHOT.jar", "/usr/lib/systemd/systemd --user", "nginx: worker",
        "node /srv/app/server.js", "docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope",
        "make -j8 passwords", "", "a" * 60, "https://example.org/path?x=1", "sshd: root@pts/0",
        "celery -A proj.tokens worker --concurrency=4",
    ],
)  # fmt: skip
def test_what_is_none_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("part", ["password", "a1-", "x://", "token=", "eyJ", "--pwd ", "-", "x://a:", " "])
def test_hostile_text_does_not_hold_it_up(part: str) -> None:
    assert len(masked(part * 100_000)) <= 4 * LONGEST
