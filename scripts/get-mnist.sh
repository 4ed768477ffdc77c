#!/usr/bin/env bash
# get-mnist.sh [FOLDER]    Download the four files of MNIST, 11 MB, and check them.
#
#   scripts/get-mnist.sh             into data/mnist, where level 3 looks
#   scripts/get-mnist.sh /scratch    into another folder: then set MNIST_DIR, or use --data
#
# Run it on a login node: compute nodes often have no network. A download that was cut off goes on
# where it stopped; what is there and right is left alone; a file gets its name only when its
# checksum is right. A mirror that sends nothing for 20 seconds is given up, and the next one is asked.
# MNIST_MIRRORS, addresses separated by blanks, replaces the two mirrors.

. "$(dirname "$0")/setup/begin.sh"
case $#${1:-} in 0 | 1[!-]*) ;; *) usage; exit ;; esac
mkdir -p "${1:-$repo/data/mnist}"
folder=$(cd "${1:-$repo/data/mnist}" && pwd)
mirrors=${MNIST_MIRRORS:-https://ossci-datasets.s3.amazonaws.com/mnist
  https://storage.googleapis.com/cvdf-datasets/mnist}

# is_right FILE SHA256: whether it holds what it should; the sum is that of the uncompressed file.
is_right() {
  local unpack=cat sum='sha256sum'
  case $1 in *.gz | *.part) unpack='gzip -dc' ;; esac
  have sha256sum || sum='shasum -a 256' # macOS
  [ "$( ($unpack <"$1" 2>/dev/null || :) | $sum | cut -d ' ' -f 1)" = "$2" ]
}

# download ADDRESS FILE: goes on where an earlier try stopped. What went wrong, the tool itself says. The -q:
# a ~/.curlrc may hold anything.
download() {
  if have curl; then
    curl -q -fsSL --connect-timeout 10 --speed-limit 1 --speed-time 20 --continue-at - --output "$2" "$1"
  elif have wget; then
    wget --no-verbose --continue --timeout=20 --tries=1 --output-document="$2" "$1"
  else
    die "there is neither curl nor wget to download with; install one"
  fi
}

# get SHA256 NAME: from the first mirror that has it right.
get() {
  local name=$2 part=$folder/.$2.gz.part file mirror status resumed
  # One site ships the files with a dot in their names.
  for file in "$folder/$name" "$folder/$name.gz" "$folder/${name/-idx/.idx}" "$folder/${name/-idx/.idx}.gz"; do
    [ -e "$file" ] || continue
    is_right "$file" "$1" || die "$file is damaged, or something else; move it away and type this command again" 1
    echo "$name: there already, checksum right"
    return
  done
  for mirror in $mirrors; do
    echo "$name: asking $mirror"
    resumed=yes
    while [ $resumed = yes ]; do
      [ -s "$part" ] || resumed=no
      status=0
      download "$mirror/$name.gz" "$part" || status=$?
      if [ -e "$part" ] && is_right "$part" "$1"; then
        mv -f "$part" "$folder/$name.gz"
        echo "$name: downloaded, checksum right"
        return
      fi
      case $status in
        # It delivered something else, or cannot go on there: if it was a part, once more from the beginning.
        0 | 8 | 22 | 33 | 36) echo "$name: $mirror did not deliver it" >&2; rm -f "$part" ;;
        3 | 23) die "cannot write in $folder, see above; another folder: scripts/get-mnist.sh FOLDER" 1 ;;
        *) break ;;
      esac
    done
  done
  die "no mirror delivered $name. Compute nodes often have no network: try a login node, or level3_mnist --synthetic" 1
}

while read -r sha256 name; do get "$sha256" "$name"; done <"$repo/crates/level3-gpu/mnist.sha256"
echo "MNIST is in $folder"
if [ $# = 1 ]; then printf 'Tell level 3: export MNIST_DIR=%q\n' "$folder"; fi
