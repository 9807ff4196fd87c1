#!/usr/bin/env bash
# A PostgreSQL of one's own in FOLDER, which must not be there yet: data, socket, and PORT on 127.0.0.1.     postgres.sh FOLDER [PORT]
# Goes on as the server; as root it runs as the user postgres. Ready when psql --host=FOLDER can connect.
set -eu
folder=$1
PATH=$(echo /usr/lib/postgresql/*/bin | tr ' ' :):$PATH
as=
mkdir -m 0755 "$folder"
if [ "$(id -u)" = 0 ]; then
  chown postgres "$folder"
  as="setpriv --reuid=postgres --regid=postgres --clear-groups --pdeathsig=SIGINT"
fi
cd "$folder"
$as initdb --pgdata="$folder/data" --username=postgres --auth=trust --no-sync > /dev/null
exec $as postgres -D "$folder/data" -c unix_socket_directories="$folder" -c listen_addresses=127.0.0.1 -c port="${2:-5432}" \
  -c fsync=off -c max_parallel_workers_per_gather=0 -c log_min_messages=fatal
