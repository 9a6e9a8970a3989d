#!/usr/bin/env bash
# Checks a machine with a GPU, on which nothing is built.
#
#   scripts/gpu_check.sh pack ARCHIVE.tar.xz   builds the programs for CUDA and wgpu here, and packs them with the oracle's
#                                              files and this script (under 60 MB)
#   tar -xJf ARCHIVE.tar.xz && gpu_check/gpu_check.sh run FOLDER
#                                              there: the oracle on both backends, the bench `gpu`, and the same
#                                              cases in PyTorch if it is installed; in under 9 minutes, without a
#                                              network. Everything is written to FOLDER
#
# PROFILE=gpu builds large and slow programs quickly; the default is release. MINUTES=0.2 ONLY=forward-8x128 SIZE=mini
# DNABERT_ORACLE_PART=small make a short run, for Mesa's emulation of a GPU. scripts/llvm.sh comes first where GitHub cannot
# be reached.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

pack() {
    local archive=$1 profile=${PROFILE:-release} folder
    cd "$here/.."
    folder=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$folder'" EXIT
    mkdir "$folder/gpu_check"
    # One command, so that both are built with the same features. The names of the files come from
    # cargo's messages.
    cargo build --profile "$profile" -p dnabert -p dnabert-benches \
        --no-default-features --features wgpu,cuda,dnabert/full \
        --test oracle --bench gpu --message-format json-render-diagnostics |
        sed -n 's/.*"name":"\(oracle\|gpu\)".*"executable":"\([^"]*\)".*/\1 \2/p' |
        while read -r name program; do
            cp "$program" "$folder/gpu_check/$name"
            strip "$folder/gpu_check/$name"
        done
    cp -r crates/dnabert/tests/data/oracle "$folder/gpu_check/data"
    cp scripts/gpu_check.sh benches/peers/gpu.py "$folder/gpu_check/"
    # The programs share most of their code, which a large window finds again.
    tar -C "$folder" -c gpu_check | xz -T1 --x86 --lzma2=preset=4,dict=256MiB >"$archive"
    ls -lh "$archive"
}

# Runs a command for so many seconds at most, and says how it ended; its output goes to a file.
step() {
    local seconds=$1 file=$2 code=0 start=$SECONDS
    shift 2
    timeout "$seconds" "$@" >"$out/$file" 2>&1 || code=$?
    echo "$file: exit code $code after $((SECONDS - start)) s" | tee -a "$out/steps.txt"
}

run() {
    mkdir -p "$1"
    out=$(cd "$1" && pwd)
    cd "$here"
    : >"$out/steps.txt"
    step 10 machine.txt sh -c 'uname -a; nvidia-smi || echo "no nvidia-smi"'
    # The time of the first backend must not be at the cost of the others.
    for device in cuda wgpu; do
        step 70 "oracle-$device.txt" env DNABERT_ORACLE="$here/data" DNABERT_DEVICE=$device ./oracle
    done
    step 40 oracle-cuda-bf16.txt \
        env DNABERT_ORACLE="$here/data" DNABERT_DEVICE=cuda DNABERT_PRECISION=bf16 ./oracle
    local only=() size=(--size "${SIZE:-base}")
    if [ -n "${ONLY:-}" ]; then only=(--only "$ONLY"); fi
    for device in cuda wgpu; do
        step 100 "bench-$device.txt" \
            ./gpu --device $device --minutes "${MINUTES:-0.7}" --out "$out/gpu.jsonl" "${size[@]}" "${only[@]}"
    done
    if python3 -c 'import torch, transformers' 2>/dev/null; then
        step 100 bench-pytorch.txt \
            python3 gpu.py --minutes "${MINUTES:-0.5}" --out "$out/pytorch.jsonl" "${only[@]}"
    fi
    echo "everything is in $out"
}

case "${1:-}" in
    pack) pack "$2" ;;
    run) run "$2" ;;
    *)
        sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//'
        exit 2
        ;;
esac
