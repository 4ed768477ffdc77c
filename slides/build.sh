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
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/../scripts/lib/prologue.sh"
cd "$repo/slides"

deck=deck.md
pdf=yes
while [ $# -gt 0 ]; do
  case $1 in
    --html) pdf=no ;;
    --deck)
      [ $# -ge 2 ] || die "--deck needs a file; try --help"
      deck=$2
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    *) die "build.sh does not know '$1'; try --help" ;;
  esac
  shift
done
[ -f "$deck" ] || die "there is no deck slides/$deck"

# need COMMAND PACKAGES...: installs them with apt-get where that is possible.
need() {
  local command=$1
  shift
  ! have "$command" || return 0
  if [ "$(id -u)" = 0 ] && have apt-get; then
    step "Installing $*"
    timeout 300 apt-get update -qq
    DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  else
    die "there is no $command here: install $*, or load your site's module"
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
  step "Installing Marp (package-lock.json pins every version)"
  timeout 300 npm ci --no-audit --no-fund --loglevel=error
fi

work=$(mktemp -d)
name=${deck%.md}
# Marp looks for pictures beside the file that it reads.
trap 'rm -rf "$work" "seen-$name".* "$name"-talk.md "$name"-handout.md' EXIT
node parts.mjs "$deck" talk >"$name-talk.md"
node parts.mjs "$deck" handout >"$name-handout.md"

# marp FILE OPTIONS...
marp() {
  timeout 100 node_modules/.bin/marp --no-stdin --no-config-file --allow-local-files \
    --theme theme.css "${@:2}" "$1" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
}

marp "$name-talk.md" --html --output "$name.html"
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

for part in talk handout; do
  pdf=$name.pdf
  if [ "$part" = handout ]; then
    grep -q '_class:' "$name-handout.md" || continue # a deck without one
    pdf=$name.handout.pdf
  fi
  marp "$name-$part.md" --pdf --pdf-outlines --browser-path "$work/browser" --output "$pdf"
  echo "slides/$pdf"
done

# The whole deck, so that every slide of both is looked at.
marp "$deck" --html --template bare --output "seen-$name.html"
timeout 100 node look.mjs "$work/browser" "seen-$name.html" seen
