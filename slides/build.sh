#!/usr/bin/env bash
# Makes slides/deck.html (one file, pictures inside) and slides/deck.pdf from slides/deck.md.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: slides/build.sh [--html] [--deck FILE]

Makes deck.html and deck.pdf beside deck.md, then looks at every slide at
1280 x 720 (pictures in slides/seen/) and fails if anything is cut off.

  --html        the HTML alone: needs Node, but no Chromium
  --deck FILE   another deck in the same folder (default: deck.md)
  --help        this text

Needs Node 18 or later and Chromium. As root on Debian or Ubuntu a missing
one is installed with apt-get. CHROME_PATH names a browser of your choice.
In the HTML, press p for the presenter's view with notes and a clock.
TEXT
}

cd "$(dirname "${BASH_SOURCE[0]}")"
deck=deck.md
pdf=yes
while [ $# -gt 0 ]; do
  case $1 in
    --html) pdf=no ;;
    --deck)
      [ $# -ge 2 ] || { echo "error: --deck needs a file; try --help" >&2; exit 2; }
      deck=$2
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    *) echo "error: unknown argument '$1'; try --help" >&2; exit 2 ;;
  esac
  shift
done
[ -f "$deck" ] || { echo "error: no deck slides/$deck" >&2; exit 2; }

# need COMMAND PACKAGES...: installs them with apt-get where that is possible.
need() {
  local command=$1
  shift
  command -v "$command" >/dev/null && return
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "installing $*"
    timeout 300 apt-get update -qq
    DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  else
    echo "error: $command is missing; install $* (or, on a cluster, load its module)" >&2
    exit 2
  fi
}

find_browser() {
  local name
  for name in "${CHROME_PATH:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$name" ] && command -v "$name"; then return 0; fi
  done
  return 1
}

need node nodejs npm
need npm npm
if [ ! -x node_modules/.bin/marp ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "installing Marp (package-lock.json pins every version)"
  timeout 300 npm ci --no-audit --no-fund --loglevel=error
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
name=${deck%.md}

marp() {
  timeout 100 node_modules/.bin/marp --no-stdin --no-config-file --allow-local-files \
    --theme theme.css "$@" "$deck" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
}

marp --html --output "$name.html"
node inline.mjs "$name.html"
echo "slides/$name.html"
[ "$pdf" = yes ] || exit 0

find_browser >/dev/null || need chromium chromium fonts-liberation fonts-dejavu-core
# root has no sandbox, and a server has no screen
cat >"$work/browser" <<TEXT
#!/bin/sh
exec "$(find_browser)" --headless --no-sandbox --disable-dev-shm-usage "\$@"
TEXT
chmod +x "$work/browser"

marp --pdf --pdf-outlines --browser-path "$work/browser" --output "$name.pdf"
echo "slides/$name.pdf"

marp --html --template bare --output "seen-$name.html"
trap 'rm -rf "$work" "seen-$name.html"' EXIT
timeout 100 node look.mjs "$work/browser" "seen-$name.html" seen
