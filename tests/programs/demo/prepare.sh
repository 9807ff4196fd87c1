#!/usr/bin/env bash
# Brings together what the demonstration needs and tells what it installs.      prepare.sh
# Prints the folder that holds it: venv/ (Flask, psycopg2) and postgresql/ (a server whose functions have names, pg_trgm).
# PostgreSQL is built from the distribution's source, once: in packaged servers static functions such as ExecSeqScan have no
# names, and call what they end with by a jump, which leaves them out of every stack.
set -eEu
cache=${XDG_CACHE_HOME:-$HOME/.cache}/icetop-demo
mkdir -p "$cache"
exec 9> "$cache/lock"
flock 9
say() { echo "icetop demo: $*" >&2; }
packages() {
  missing=
  for package in "$@"; do dpkg -s "$package" > /dev/null 2>&1 || missing="$missing $package"; done
  [ -z "$missing" ] && return
  say "installing$missing"
  # shellcheck disable=SC2086
  apt-get -qq update >&2 && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends $missing < /dev/null >&2
}

if [ ! -e "$cache/venv/ready" ]; then
  packages python3-venv
  say "installing Flask and psycopg2 into $cache/venv"
  /usr/bin/python3 -m venv --clear "$cache/venv"
  "$cache/venv/bin/python" -m pip --disable-pip-version-check --quiet install 'flask>=3' 'psycopg2-binary>=2.9' >&2
  touch "$cache/venv/ready"
fi

# The source package that is to be had: the newest that the package sources list and still keep.
fetch_source() {
  lists=$cache/lists
  mkdir -p "$lists/partial"
  cat /etc/apt/sources.list.d/debian.sources 2> /dev/null | sed 's/^Types:.*/Types: deb-src/' > "$cache/source.sources"
  apt() { "apt-$1" -qq -o Dir::Etc::SourceList="$cache/source.sources" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$lists" -o APT::Sandbox::User=root "${@:2}"; }
  apt get update >&2
  for version in $(apt cache showsrc "$1" | sed -n 's/^Version: //p' | sort -Vru); do
    apt get source --download-only "$1=$version" >&2 && return
  done
  return 1
}

build() {
  packages gcc make libc6-dev bzip2
  say 'building PostgreSQL from source, which takes some minutes, once'
  work=$cache/build
  rm -rf "$work" "$cache/postgresql"
  mkdir "$work"
  cd "$work"
  fetch_source "$(apt-cache depends postgresql | sed -n 's/.*Depends: \(postgresql-[0-9]*\)$/\1/p')"
  tar xf ./*.orig.tar.*
  cd ./*/
  ./configure --quiet --prefix="$cache/postgresql" --without-readline --without-zlib --without-icu \
    CFLAGS='-O2 -pipe -fno-optimize-sibling-calls' > ../log 2>&1
  make -s -C src/backend generated-headers > ../log 2>&1
  make -s -j "$(nproc)" -C src/backend > ../log 2>&1
  for part in src/{include,common,port,timezone,backend,backend/snowball,backend/utils/mb/conversion_procs} \
    src/{interfaces/libpq,bin/initdb,pl/plpgsql} contrib/pg_trgm; do
    make -s -j "$(nproc)" -C "$part" install > ../log 2>&1
  done
  cd "$cache"
  rm -rf "$work"
  touch postgresql/ready
}

trap 'say "PostgreSQL could not be built; $cache/build/log tells more"' ERR
[ -e "$cache/postgresql/ready" ] || build
echo "$cache"
