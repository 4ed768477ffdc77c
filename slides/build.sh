#!/usr/bin/env bash
# build.sh [--html] [--deck FILE]    Make the talk, its hand-out, and the slides for questions.
#
#   slides/build.sh                deck.html (fonts, pictures and recordings inside), deck.pdf,
#                                  deck.handout.pdf, and the same of questions.md; then a look at every
#                                  slide at 1280 x 720: the pictures go to slides/seen/; anything cut
#                                  off, too small or too pale is an error
#   slides/build.sh --html         the HTML alone: needs Node, but no Chromium
#   slides/build.sh --deck FILE    only this deck in this folder
#
# Needs Node 18 or later and Chromium. As root on Debian or Ubuntu a missing one is installed with
# apt-get. CHROME_PATH names a browser of your choice. In the HTML, p opens the presenter's view, and
# a click on a command with a small triangle plays its recording; Escape ends it.
# The hand-out has the slides of the classes `handout` (not shown in the talk) and `key` (shown too).

set -euo pipefail
decks='deck.md questions.md' pdf=yes
while [ $# -gt 0 ]; do
  case $1 in
    --html) pdf=no ;;
    --deck) decks=${2:?--deck needs a file}; shift ;;
    -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit ;;
    *) echo "error: build.sh does not know '$1'; try --help" >&2; exit 2 ;;
  esac
  shift
done
cd "$(dirname "$0")"

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

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# marp FILE OPTION...
marp() {
  timeout 100 node_modules/.bin/marp --no-stdin --no-config-file --allow-local-files --html \
    --engine ./engine.mjs "${@:2}" "$1" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
}

if [ $pdf = yes ]; then
  for browser in "${CHROME_PATH:-google-chrome}" chromium-browser chromium; do
    if command -v "$browser" >/dev/null; then break; fi
  done
  need "$browser" chromium
  # root has no sandbox, and a server has no screen
  printf '#!/bin/sh\nexec %q --headless --no-sandbox --disable-dev-shm-usage "$@"\n' "$browser" >"$work/browser"
  chmod +x "$work/browser"
fi

for deck in $decks; do
  name=${deck%.md}
  node parts.mjs "$deck" talk >"$work/talk.md"
  marp "$work/talk.md" --output "$name.html"
  node player.mjs "$name.html"
  echo "slides/$name.html"
  [ $pdf = yes ] || continue

  to_pdf=(--pdf --pdf-outlines --browser-path "$work/browser" --output)
  marp "$work/talk.md" "${to_pdf[@]}" "$name.pdf"
  echo "slides/$name.pdf"
  node parts.mjs "$deck" handout >"$work/handout.md"
  if grep -q '_class:' "$work/handout.md"; then # a deck may have none
    marp "$work/handout.md" "${to_pdf[@]}" "$name.handout.pdf"
    echo "slides/$name.handout.pdf"
  fi

  # The whole deck, so that every slide of both is looked at.
  marp "$deck" --template bare --output "$work/seen.html"
  timeout 600 node look.mjs "$work/browser" "$work/seen.html" "seen/$name"
done
