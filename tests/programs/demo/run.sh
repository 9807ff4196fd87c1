#!/usr/bin/env bash
# The demonstration: a product service that searches without an index, until one is made after INDEX_AFTER seconds; and
# around it an indexer (Go), a storefront (node) and a thumbnailer (C).      run.sh COMMAND [ARG...]
# COMMAND runs beside them, all of it in namespaces of its own: mounts, processes, network, and the host name web-3.
# Needs root, PostgreSQL with pg_trgm, python3-psycopg2, go, node and gcc.
set -eu
demo=$(cd "$(dirname "$0")" && pwd)

if [ "${INSIDE:-}" != 1 ]; then
  groups=/sys/fs/cgroup/memory
  [ -d "$groups" ] || groups=/sys/fs/cgroup
  shop="$groups/shop.slice"
  remove() { until find "$shop" -depth -type d -exec rmdir {} + 2> /dev/null; do sleep 0.1; done; }
  trap remove EXIT
  for service in product postgresql indexer storefront thumbnails shoppers; do mkdir -p "$shop/$service.service"; done
  INSIDE=1 SHOP="$shop" unshare --uts --mount --pid --net --fork --kill-child --mount-proc "$0" "$@"
  exit
fi

here=$PWD
hostname web-3
ip link set lo up
mount -t tmpfs tmpfs /srv
mkdir -p /srv/shop/bin /srv/shop/product /srv/shop/postgres
cd "$demo"
cp server.py views.py /srv/shop/product
cp render.js /srv/shop
go build -trimpath -o /srv/shop/bin/ indexer.go
go build -trimpath -o /srv/shop/bin/ shoppers.go
gcc -O2 -fno-omit-frame-pointer -o /srv/shop/bin/thumbnails thumbnails.c
cd /srv/shop
chown postgres postgres
PATH=$(echo /usr/lib/postgresql/*/bin | tr ' ' :):$PATH

# run SERVICE COMMAND [ARG...]: in the service's control group.
run() {
  service=$1
  shift
  (echo "$BASHPID" > "$SHOP/$service.service/cgroup.procs" && exec "$@") &
}
as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
sql() { as_postgres psql --quiet --host=/srv/shop/postgres --dbname=postgres "$@" > /dev/null; }

as_postgres initdb --pgdata=postgres/data --auth=trust --no-sync > /dev/null
run postgresql setpriv --reuid=postgres --regid=postgres --clear-groups postgres -D postgres/data \
  -c unix_socket_directories=/srv/shop/postgres -c listen_addresses= -c fsync=off -c max_parallel_workers_per_gather=0 \
  -c log_min_messages=fatal
until sql --command='SELECT 1' 2> /dev/null; do sleep 0.2; done
sql --file=- < "$demo/products.sql"
run product /usr/bin/python3 product/server.py 'host=/srv/shop/postgres user=postgres'
run indexer bin/indexer
run storefront node render.js
run thumbnails bin/thumbnails
run shoppers bin/shoppers
sleep 5
(sleep "${INDEX_AFTER:-22}" && sql --command='CREATE INDEX ON products USING gin (description gin_trgm_ops)') &
cd "$here"
"$@"
