#!/usr/bin/env bash
# get-mnist.sh [DIR]    Download the four files of MNIST, 11 MB, and check them.
#
#   scripts/get-mnist.sh             into data/mnist, where level 3 looks
#   scripts/get-mnist.sh /scratch    into another folder: then set MNIST_DIR, or use --data
#
# Run it on a login node: compute nodes often have no network. A download that was cut off goes on
# where it stopped; what is there and right is left alone; a file gets its name only when its
# checksum is right. A mirror that sends nothing for 20 seconds is given up, and the next one is asked.
# MNIST_MIRRORS, addresses separated by blanks, replaces the two mirrors.
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib/prologue.sh"

# Checksums and names; level 3 reads the same file.
mnist_sums=$repo/crates/level3-gpu/mnist.sha256

# mnist_file FOLDER NAME: the file that holds NAME there: as it is, or compressed, also with the dot
# with which one site ships it (train-images.idx3-ubyte). Nothing if there is none.
mnist_file() {
  local name
  for name in "$2" "$2.gz" "${2/-idx/.idx}" "${2/-idx/.idx}.gz"; do
    if [ -e "$1/$name" ] || [ -L "$1/$name" ]; then
      printf '%s\n' "$1/$name"
      return
    fi
  done
}

# mnist_fault FILE SHA256: what is wrong with FILE, in a few words; nothing if it is right. It reads no
# more than the largest of the four needs, whatever the file is.
mnist_fault() {
  local found most=47040017
  if [ -d "$1" ]; then
    echo "is a folder"
  elif [ ! -e "$1" ]; then
    echo "is a link to nothing"
  elif [ ! -f "$1" ]; then
    echo "is no ordinary file"
  elif [ ! -r "$1" ]; then
    echo "cannot be read: permission denied"
  else
    # A stream that is cut off at `most` ends gzip with an error: the sum alone decides.
    case $1 in
      *.gz | *.part) found=$( (gzip -dc <"$1" 2>/dev/null || :) | head -c "$most" | sha256sum) ;;
      *) found=$(head -c "$most" -- "$1" | sha256sum) ;;
    esac
    [ "${found%% *}" = "$2" ] || echo "is damaged, or something else"
  fi
}

read -ra mirrors <<<"${MNIST_MIRRORS:-https://ossci-datasets.s3.amazonaws.com/mnist https://storage.googleapis.com/cvdf-datasets/mnist}"

# download ADDRESS FILE: goes on where an earlier try stopped.
download() {
  local status=0
  if have curl; then
    local get=(curl --fail --silent --show-error --location --connect-timeout 10 --speed-limit 1 --speed-time 20)
    "${get[@]}" --continue-at - --output "$2" "$1" || status=$?
    # 22, 33 and 36: this server cannot go on in the middle, or the part is longer than the file.
    case $status in
      22 | 33 | 36) if [ -s "$2" ]; then rm -f -- "$2"; status=0; "${get[@]}" --output "$2" "$1" || status=$?; fi ;;
    esac
    [ $status -ne 23 ] || cannot_write # curl's word for it
  elif have wget; then
    wget --quiet --continue --timeout=20 --tries=1 --output-document="$2" "$1" || status=$?
    [ $status -ne 3 ] || cannot_write # and wget's
  else
    die "there is neither curl nor wget to download with; install one"
  fi
  return $status
}

# cannot_write: ends the script, and says how much room there is.
cannot_write() {
  local room
  room=$(df -Pk -- "$folder" | awk 'NR == 2 { print int($4 / 1024) }') || room=no
  die "cannot write in $(quoted "$folder") ($room MB left there); give another folder, such as: \
$(typed scripts/get-mnist.sh) /scratch/mnist" 1
}

# get NAME SHA256: from the first mirror that has it right.
get() {
  local name=$1 sha256=$2 mirror part=$folder/.$1.gz.part file fault resumed
  file=$(mnist_file "$folder" "$name")
  if [ -n "$file" ]; then
    fault=$(mnist_fault "$file" "$sha256")
    [ -z "$fault" ] || die "$(quoted "$file") $fault; move it away and type again: $again" 1
    echo "$name: there already, checksum right"
    return
  fi
  [ ! -d "$part" ] || die "$(quoted "$part") is a folder; move it away and type again: $again" 1
  for mirror in "${mirrors[@]}"; do
    echo "$name: asking $mirror"
    for resumed in yes no; do
      [ -s "$part" ] || resumed=no
      if ! download "$mirror/$name.gz" "$part"; then
        echo "$name: $mirror did not deliver it" >&2
        break
      elif [ -z "$(mnist_fault "$part" "$sha256")" ]; then
        mv -T -- "$part" "$folder/$name.gz"
        echo "$name: downloaded, checksum right"
        return
      fi
      rm -f -- "$part"
      # What was there before may have been of another file: once more from the beginning.
      [ $resumed = yes ] || { echo "$name: $mirror delivered something else" >&2; break; }
    done
  done
  die "no mirror delivered $name; is there a network here? On a compute node there often is none: type it \
on a login node: $again. Without the files: level3_mnist --synthetic" 1
}

case ${1:-} in
  -h | --help) usage; exit ;;
  -*) die "get-mnist.sh takes a folder, not '$1'; try --help" ;;
esac
[ $# -le 1 ] || die "get-mnist.sh takes one folder, not $#; try --help"
folder=${1:-$repo/data/mnist}
again="$(typed scripts/get-mnist.sh)${1:+ $(quoted "$1")}"
if ! reason=$(mkdir -p -- "$folder" 2>&1); then
  die "cannot make the folder $(quoted "$folder"): ${reason##*: }; give another: $(typed scripts/get-mnist.sh) FOLDER" 1
fi
folder=$(cd -- "$folder" && pwd) || exit 1
[ -w "$folder" ] || cannot_write
while read -r sha256 name; do
  get "$name" "$sha256"
done <"$mnist_sums"
echo "MNIST is in $folder"
if [ "$folder" != "$repo/data/mnist" ]; then echo "Tell level 3: export MNIST_DIR=$(quoted "$folder")"; fi
