#!/usr/bin/env bash
# build.sh [--html] [--deck FILE]    Make the talk and its hand-out from slides/deck.md.
#
#   slides/build.sh                deck.html (pictures inside), deck.pdf and deck.handout.pdf, then
#                                  a look at every slide at 1280 x 720: the pictures go to
#                                  slides/seen/; anything cut off is an error
#   slides/build.sh --html         the HTML alone: needs Node, but no Chromium
#   slides/build.sh --deck FILE    another deck in this folder (deck.md)
#
# Needs Node 18 or later and Chromium. As root on Debian or Ubuntu a missing one is installed with
# apt-get. CHROME_PATH names a browser of your choice. In the HTML, p opens the presenter's view.
# The hand-out has the slides of the classes `handout` (not shown in the talk) and `key` (shown too).

set -euo pipefail
deck=deck.md pdf=yes
while [ $# -gt 0 ]; do
  case $1 in
    --html) pdf=no ;;
    --deck) deck=${2:?--deck needs a file}; shift ;;
    -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit ;;
    *) echo "error: build.sh does not know '$1'; try --help" >&2; exit 2 ;;
  esac
  shift
done
cd "$(dirname "$0")"
name=${deck%.md}

# need COMMAND PACKAGE...: installs the packages with apt-get where that is possible.
need() {
  if command -v "$1" >/dev/null; then return; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "error: there is no $1 here: install ${*:2}, or load your site's module" >&2
    exit 2
  fi
  printf '\n== Installing %s\n' "${*:2}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${@:2}" >/dev/null
}

need node nodejs npm
need npm npm
if [ ! -x node_modules/.bin/marp ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  printf '\n== Installing Marp (package-lock.json pins every version)\n'
  npm ci --no-audit --no-fund --loglevel=error
fi

# Marp looks for pictures beside the file that it reads.
work=$(mktemp -d)
trap 'rm -rf "$work" "seen-$name".* "$name"-talk.md "$name"-handout.md' EXIT
node parts.mjs "$deck" talk >"$name-talk.md"
node parts.mjs "$deck" handout >"$name-handout.md"

# marp FILE OPTION...
marp() {
  timeout 100 node_modules/.bin/marp --no-stdin --no-config-file --allow-local-files \
    --theme theme.css "${@:2}" "$1" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
}

marp "$name-talk.md" --html --output "$name.html"
node inline.mjs "$name.html"
echo "slides/$name.html"
[ $pdf = yes ] || exit 0

for browser in "${CHROME_PATH:-google-chrome}" chromium-browser chromium; do
  if command -v "$browser" >/dev/null; then break; fi
done
need "$browser" chromium fonts-liberation fonts-dejavu-core
# root has no sandbox, and a server has no screen
printf '#!/bin/sh\nexec %q --headless --no-sandbox --disable-dev-shm-usage "$@"\n' "$browser" >"$work/browser"
chmod +x "$work/browser"

marp "$name-talk.md" --pdf --pdf-outlines --browser-path "$work/browser" --output "$name.pdf"
echo "slides/$name.pdf"
if grep -q '_class:' "$name-handout.md"; then # a deck may have none
  marp "$name-handout.md" --pdf --pdf-outlines --browser-path "$work/browser" --output "$name.handout.pdf"
  echo "slides/$name.handout.pdf"
fi

# The whole deck, so that every slide of both is looked at.
marp "$deck" --html --template bare --output "seen-$name.html"
timeout 100 node look.mjs "$work/browser" "seen-$name.html" seen
