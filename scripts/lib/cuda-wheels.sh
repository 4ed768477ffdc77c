#!/usr/bin/env bash
# cuda-wheels.sh FOLDER VERSION    CUDA's run-time compiler and headers from PyPI, without root.
#
# Makes a virtual environment in FOLDER and writes FOLDER/env.sh, which sets CUDA_PATH and
# LD_LIBRARY_PATH. VERSION is the newest CUDA that the driver knows, such as 12.4: a driver refuses
# what a newer compiler makes. Where it is not known, 12.
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/prologue.sh"
# shellcheck source=scripts/lib/venv.sh
source "$repo/scripts/lib/venv.sh"

case ${1:-} in
  -h | --help) usage; exit ;;
  '') die "which folder? try --help" ;;
esac
folder=$1 version=${2:-12}
if [ "${version%%.*}" -ge 13 ]; then
  names=(nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cuda-crt nvidia-cuda-cccl)
else
  names=(nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime-cu12 nvidia-cuda-nvcc-cu12 nvidia-cuda-cccl-cu12)
fi
wheels=("${names[@]/%/==$version.*}")
if ! make_venv "$folder" "${wheels[@]}"; then
  rm -rf -- "$folder"
  die "CUDA's wheels were not installed: that needs python3 with venv, and a network" 1
fi

site=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/nvidia
if [ -d "$site/cu13" ]; then
  home=$site/cu13 libraries=$site/cu13/lib
else
  home=$site/cuda_runtime libraries=$site/cuda_nvrtc/lib
  cp -rn "$site/cuda_nvcc/include/." "$home/include" # mma.h needs crt/mma.h
  ln -sfn "$site/cuda_cccl/include" "$home/include/cccl"
fi
{
  echo "# Written by $(basename "$0"), read by the other scripts. In your own shell: source this file"
  echo "export CUDA_PATH=$(quoted "$home")"
  echo "export LD_LIBRARY_PATH=$(quoted "$libraries")\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
} >"$folder/env.sh"
