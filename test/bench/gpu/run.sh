#!/usr/bin/env bash
# bash run.sh [seconds] [more options of gpu:check]: what works on this machine's GPU, and how fast. Needs no network.
# Writes gpu-report.md to $OUT, or here. DSGAN_PYTHON names a Python with PyTorch, DSGAN_ORT_CUDA a folder with ONNX Runtime's
# CUDA provider. VK_DRIVER_FILES=…/vk_swiftshader_icd.json tries it without a GPU.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "${OUT:-$PWD}" && pwd)
work=${DSGAN_KIT:-/tmp/dsgan-gpu-kit}
mark="$work/.$(stat -c %s "$here/kit.tar.xz")"
if [ ! -f "$mark" ]; then
  rm -rf "$work" && mkdir -p "$work"
  if command -v xz >/dev/null; then xz -dc "$here/kit.tar.xz" | tar x -C "$work"; else
    python3 -c "import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])" "$here/kit.tar.xz" "$work"
  fi
  touch "$mark"
fi
# the kit's Vulkan loader comes after the machine's own; NVIDIA's driver may lie outside of the usual folders
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$work/lib:/usr/local/nvidia/lib64
if [ -z "${VK_DRIVER_FILES:-}" ]; then
  for file in /usr/share/vulkan/icd.d /etc/vulkan/icd.d /usr/local/nvidia/share/vulkan/icd.d; do
    [ -f "$file/nvidia_icd.json" ] && export VK_DRIVER_FILES=$file/nvidia_icd.json && break
  done
fi
export VK_ICD_FILENAMES=${VK_DRIVER_FILES:-} XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp} DSGAN_DATA=${DSGAN_DATA:-$work/data} CI=1
[ -n "$VK_ICD_FILENAMES" ] || unset VK_ICD_FILENAMES
seconds=${1:-480}
shift || true
cd "$work/dsgan"
exec "$work/bin/node" test/bench/gpu/check.ts --seconds "$seconds" --out "$out/gpu-report.md" "$@"
