#!/usr/bin/env bash
# Puts LLVM in place for the Cargo feature `cuda`, where GitHub cannot be reached: burn's build script
# downloads it from there unless it finds it. The same LLVM, built by others, is on PyPI (Linux on
# x86-64; 92 MB to download, 400 MB unpacked; LLVM's own licence, Apache 2.0 with exceptions). Needs
# Python 3.10 or newer with pip, which the build also needs: LLVM's `llvm-config` of PyPI is a Python
# program. Run it from any folder, once.
set -euo pipefail
cd "$(dirname "$0")/.."
packages=(mlc-llvm-static==23.1.1.post0 mlc-llvm-static-extra-targets==23.1.1.post0)

version=$(grep -A1 '^name = "tracel-llvm-bundler"$' Cargo.lock | sed -n 's/^version = "\(.*\)"$/\1/p')
case "$version" in
    23.1.*) ;;
    *)
        echo "burn needs LLVM $version now, and this script has 23.1: change \`packages\`" >&2
        exit 1
        ;;
esac
tracel=${XDG_DATA_HOME:-$HOME/.local/share}/tracel
folder=$tracel/tracel-llvm-$version
if [ -e "$folder/.tracel-llvm-installed" ]; then
    echo "LLVM is in $folder"
    exit 0
fi
mkdir -p "$tracel"
# Beside its place, and renamed when it is whole.
unpacked=$(mktemp -d "$tracel/unpacked.XXXXXX")
trap 'rm -rf "$unpacked"' EXIT
python3 -m pip install --quiet --no-deps --target "$unpacked" "${packages[@]}"
llvm=$unpacked/mlc_llvm_static/static
"$llvm/bin/llvm-config" --version
if ! "$llvm/bin/llvm-config" --targets-built | grep -q NVPTX; then
    echo "this LLVM cannot make code for NVIDIA GPUs" >&2
    exit 1
fi
touch "$llvm/.tracel-llvm-installed"
rm -rf "$folder"
mv "$llvm" "$folder"
echo "LLVM is in $folder"
