#!/usr/bin/env bash
# get-mnist.sh [DIR]    Download the four files of MNIST, 11 MB, and check them.
#
#   scripts/get-mnist.sh             into data/mnist, where level 3 looks
#   scripts/get-mnist.sh /scratch    into another folder: then set MNIST_DIR, or use --data
#
# Run it on a login node: compute nodes often have no network. A download that was cut off goes on
# where it stopped; what is there and right is left alone; a file gets its name only when its
# checksum is right. MNIST_MIRRORS, addresses separated by blanks, replaces the two mirrors.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mirrors=${MNIST_MIRRORS:-https://ossci-datasets.s3.amazonaws.com/mnist https://storage.googleapis.com/cvdf-datasets/mnist}

# The files and the SHA-256 of their uncompressed bytes.
files="
train-images-idx3-ubyte ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
train-labels-idx1-ubyte 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
t10k-images-idx3-ubyte 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
t10k-labels-idx1-ubyte ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2
"

# is_right FILE SHA256: whether FILE is there and holds what it should once uncompressed.
is_right() {
  [ -e "$1" ] || return 1
  local found
  case $1 in
    *-ubyte) found=$(sha256sum <"$1") ;;
    *) found=$(gzip -dc <"$1" 2>/dev/null | sha256sum) || return 1 ;;
  esac
  [ "${found%% *}" = "$2" ]
}

# download ADDRESS FILE: goes on where an earlier try stopped.
download() {
  if have curl; then
    local get=(curl --fail --silent --show-error --location --connect-timeout 10 --max-time 300)
    "${get[@]}" --continue-at - --output "$2" "$1" && return
    # 22 and 33: this server cannot go on in the middle, or the part is longer than the file.
    case $? in 22 | 33) "${get[@]}" --output "$2" "$1" ;; *) return 1 ;; esac
  elif have wget; then
    wget --quiet --continue --timeout=20 --tries=1 --output-document="$2" "$1"
  else
    die "there is neither curl nor wget to download with; install one"
  fi
}

# get NAME SHA256: from the first mirror that has it right.
get() {
  local name=$1 sha256=$2 mirror part=$folder/.$1.gz.part
  if is_right "$folder/$name" "$sha256" || is_right "$folder/$name.gz" "$sha256"; then
    echo "$name: there already, checksum right"
    return
  fi
  if [ -e "$folder/$name" ]; then die "$folder/$name is damaged or something else; delete it and try again"; fi
  for mirror in $mirrors; do
    if ! download "$mirror/$name.gz" "$part"; then
      echo "$name: $mirror did not deliver it" >&2
    elif is_right "$part" "$sha256"; then
      mv "$part" "$folder/$name.gz"
      echo "$name: downloaded, checksum right"
      return
    else
      echo "$name: $mirror delivered something else" >&2
      rm -f "$part"
    fi
  done
  die "no mirror delivered $name; is there a network here? On a compute node there often is none. \
Without the files: level3_mnist --synthetic" 1
}

case ${1:-} in
  -h | --help) usage; exit ;;
  -*) die "get-mnist.sh takes a folder, not '$1'; try --help" ;;
esac
folder=${1:-$repo/data/mnist}
mkdir -p "$folder" || die "cannot make the folder $folder"
while read -r name sha256; do
  [ -z "$name" ] || get "$name" "$sha256"
done <<<"$files"
echo "MNIST is in $folder"
if [ "$folder" != "$repo/data/mnist" ]; then echo "Tell level 3: export MNIST_DIR=$folder"; fi
