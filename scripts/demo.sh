#!/usr/bin/env bash
# demo.sh [--level N]... [--quick]    Set up, then build and run every level, with a summary at the end.
#
#   scripts/demo.sh --level 1 --quick    only level 1, with smaller problems

. "$(dirname "$0")/setup/begin.sh"
case ${1:-} in -h | --help) usage; exit ;; esac
cd "$repo"
scripts/setup.sh || step "Going on with what there is"
have cargo || die "there is no cargo here: install Rust (https://rustup.rs), then type this command again"
. scripts/setup/begin.sh # with what setup.sh has just installed
exec cargo workshop demo "$@"
