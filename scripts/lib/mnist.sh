# The four files of MNIST: what they are called and whether they are right.
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the other parts

# Checksums and names; the program reads the same file.
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
