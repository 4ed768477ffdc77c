#!/usr/bin/env bash
# cuda-wheels.sh FOLDER [VERSION]    CUDA's run-time compiler and headers from PyPI, without root.
#
# Makes a virtual environment in FOLDER and writes FOLDER/env.sh, which sets CUDA_PATH and LD_LIBRARY_PATH.
# VERSION (such as 12.4) is by default the newest CUDA that the driver knows: it refuses what a newer compiler makes.

# shellcheck disable=SC2016 # variables of the file that is written
. "$(dirname "$0")/begin.sh"
case ${1:-} in '' | -h | --help) usage; exit ;; esac
folder=$1 version=${2:-$(nvidia-smi 2>/dev/null | grep -o 'CUDA Version: *[0-9.]*' || :)}
version=${version##* }
case $version in 12*) ;; *) version=12 ;; esac # a newer driver takes it, too
set --
for part in nvrtc runtime nvcc cccl; do set -- "$@" "nvidia-cuda-$part-cu12==$version.*"; done
step "From PyPI into $folder: $*"
python3 -m venv --clear "$folder"
"$folder/bin/python" -m pip install -q --disable-pip-version-check "$@"

nvidia=$(cd "$folder" && echo "$PWD"/lib/python*/site-packages/nvidia)
cp -r "$nvidia/cuda_nvcc/include/." "$nvidia/cuda_runtime/include" # mma.h needs crt/mma.h
ln -sfn "$nvidia/cuda_cccl/include" "$nvidia/cuda_runtime/include/cccl"
{
  echo "# Written by cuda-wheels.sh, read by the other scripts. In your own shell: source this file"
  printf 'export CUDA_PATH=%q\nexport LD_LIBRARY_PATH=%q' "$nvidia/cuda_runtime" "$nvidia/cuda_nvrtc/lib"
  echo '${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}'
} >"$folder/env.sh"
