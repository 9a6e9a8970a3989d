#!/usr/bin/env bash
# What bf16 and int8 change on the CPU: the shipped classifiers on their test rows.
# Prints a Markdown table; times of less than a second are not compared. Needs `cargo build --release --workspace --bin dnabert` before.
set -euo pipefail
cd "$(dirname "$0")/.."
program=target/release/dnabert
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

# The largest difference between the probabilities of two tables of `predict`.
difference() {
    awk -F '\t' '
        FNR == 1 { next }
        NR == FNR { for (i = 3; i <= NF; i++) expected[FNR, i] = $i; next }
        { for (i = 3; i <= NF; i++) { d = $i - expected[FNR, i]; if (d < 0) d = -d; if (d > most) most = d } }
        END { printf "%.4f", most }' "$1" "$2"
}

# A number of the JSON of `evaluate`.
value() {
    sed -n "s/^ *\"$2\": *\([-0-9.]*\).*/\1/p" "$1" | head -1
}

echo "| model | precision | AUROC | MCC | largest difference of a probability | seconds | times as fast |"
echo "| --- | --- | --- | --- | --- | --- | --- |"
while read -r model strands table; do
    for precision in f32 bf16 int8; do
        options=(--model "datasets/models/$model" --strands "$strands" --precision "$precision")
        out=$folder/$precision.tsv
        # The shortest of three.
        seconds=$(for _ in 1 2 3; do
            "$program" predict "${options[@]}" --out "$out" "datasets/$table" 2>&1 |
                sed -n 's/.* sequences in \([0-9.]*\) s.*/\1/p'
        done | sort -n | head -1)
        "$program" --quiet evaluate "${options[@]}" --json "datasets/$table" > "$folder/report.json"
        if [ "$precision" = f32 ]; then first=$seconds; fi
        awk -v first="$first" -v seconds="$seconds" -v auroc="$(value "$folder/report.json" auroc)" \
            -v mcc="$(value "$folder/report.json" mcc)" -v lost="$(difference "$folder/f32.tsv" "$out")" \
            -v name="$model" -v precision="$precision" 'BEGIN {
                printf "| `%s` | %s | %.4f | %.4f | %s | %s | %s |\n", name, precision, auroc, mcc,
                    precision == "f32" ? "–" : lost, seconds, first < 1 ? "–" : sprintf("%.2f", first / seconds)
            }'
    done
done <<'MODELS'
splice-fly one fly_splice/splice200_test.tsv.gz
splice-fly-60 one uci_splice/group_test.tsv.gz
promoter-fly one fly_promoters/prom300_test.tsv.gz
ctcf-gm12878 one ctcf_gm12878/test.tsv.gz
ctcf-gm12878-convolutional both ctcf_gm12878/test.tsv.gz
tap73alpha-convolutional both tap73alpha/test.tsv.gz
MODELS
