#!/usr/bin/env bash
# The demonstration: a product service (Flask, psycopg2) that searches 200,000 rows of PostgreSQL without an index.
#     run.sh COMMAND [ARG...]
# COMMAND runs beside it, all of it in namespaces of its own: mounts, processes, network, and the host name web-3. Where go,
# node and gcc are installed an indexer, a storefront and a thumbnailer are neighbours of the service, unless ALONE=1.
# /srv/shop is the shop's folder: requests are logged in requests.log, PostgreSQL's socket is in postgres/. Needs root.
set -eu
demo=$(cd "$(dirname "$0")" && pwd)

if [ "${INSIDE:-}" != 1 ]; then
  [ "$(id -u)" = 0 ] || { echo 'icetop demo: needs root' >&2; exit 1; }
  parts=$("$demo/prepare.sh")
  exec 8> "$parts/running" # one shop at a time: its control groups have fixed names
  flock -n 8 || { echo 'icetop demo: waits for another one that runs here' >&2; flock 8; }
  groups=/sys/fs/cgroup/memory
  [ -d "$groups" ] || groups=/sys/fs/cgroup
  shop="$groups/shop.slice"
  remove() { until [ ! -d "$shop" ] || find "$shop" -depth -type d -exec rmdir {} + 2> /dev/null; do sleep 0.1; done; }
  trap remove EXIT
  for service in product postgresql indexer storefront thumbnails; do mkdir -p "$shop/$service.service"; done
  INSIDE=1 PARTS="$parts" SHOP="$shop" unshare --uts --mount --pid --net --fork --kill-child --mount-proc "$0" "$@"
  exit
fi

here=$PWD
say() { echo "icetop demo: $*" >&2; }
hostname web-3
ip link set lo up
mount -t tmpfs tmpfs /srv
mkdir -p /srv/shop/{bin,product,postgres,postgresql,venv}
mount --bind "$(realpath "$PARTS/postgresql")" /srv/shop/postgresql
mount --bind "$PARTS/venv" /srv/shop/venv
cd "$demo"
cp server.py views.py /srv/shop/product
cp shoppers.py render.js /srv/shop
cd /srv/shop
chown nobody postgres

# run SERVICE COMMAND [ARG...]: in the service's control group.
run() {
  service=$1
  shift
  (echo "$BASHPID" > "$SHOP/$service.service/cgroup.procs" && exec "$@") &
}
as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups)

say 'setting up a shop: a database of 200,000 products, a service that searches it, its visitors'
"${as_nobody[@]}" postgresql/bin/initdb --pgdata=postgres/data --username=postgres --auth=trust --no-sync --no-locale --encoding=UTF8 > /dev/null
grep -v '^--' "$demo/products.sql" | tr '\n' ' ' | sed 's/; /;\n/g' |
  "${as_nobody[@]}" postgresql/bin/postgres --single -D postgres/data -c log_min_messages=fatal postgres > /dev/null
# As if on another machine: what the service does beside its searches does not wait for the CPUs that they take.
run postgresql nice -n 10 "${as_nobody[@]}" postgresql/bin/postgres -D postgres/data \
  -c unix_socket_directories=/srv/shop/postgres -c listen_addresses= -c fsync=off -c max_parallel_workers_per_gather=0 \
  -c shared_buffers=256MB -c maintenance_work_mem=256MB -c autovacuum=off -c log_min_messages=fatal
until [ -S postgres/.s.PGSQL.5432 ]; do sleep 0.1; done
run product venv/bin/python product/server.py 'host=/srv/shop/postgres user=postgres dbname=postgres'
until (: < /dev/tcp/127.0.0.1/8000) 2> /dev/null; do sleep 0.1; done
venv/bin/python shoppers.py requests.log &
if [ "${ALONE:-}" != 1 ]; then
  if command -v go > /dev/null; then go build -trimpath -o bin/ "$demo/indexer.go" && run indexer bin/indexer; fi
  if command -v node > /dev/null; then run storefront node render.js; fi
  if command -v gcc > /dev/null; then gcc -O2 -fno-omit-frame-pointer -o bin/thumbnails "$demo/thumbnails.c" && run thumbnails bin/thumbnails; fi
fi
sleep 3
cd "$here"
"$@"
