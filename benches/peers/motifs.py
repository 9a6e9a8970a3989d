"""The stages of DNABERT's motif pipeline in Python with the packages that it uses, on the inputs of our bench.

    pip install numpy==2.4.6 scipy==1.18.0 statsmodels==0.15.0 biopython==1.88 pyahocorasick==2.3.1
    DNABERT_MOTIF_INPUT=input.tsv cargo bench -p dnabert-benches --bench motif -- find_motifs
    python benches/peers/motifs.py input.tsv

Written anew from the description of the stages: high regions of positives, words, an automaton that counts the sequences with each
word, hypergeometric tests with Benjamini and Hochberg's correction, words merged by ungapped alignment, windows.
"""

import statistics
import sys
import time

import ahocorasick
import numpy
from Bio import Align
from scipy.stats import hypergeom
from statsmodels.stats.multitest import multipletests

MIN_LENGTH, CUTOFF, WINDOW, MIN_WINDOWS = 5, 0.005, 24, 3


def read(path):
    positives, negatives, scores = [], [], []
    for line in open(path):
        label, sequence, values = line.rstrip("\n").split("\t")
        if label == "1":
            positives.append(sequence)
            scores.append(numpy.array([float(value) for value in values.split(",")]))
        else:
            negatives.append(sequence)
    return positives, negatives, scores


def regions(score):
    high = (score > score.mean()) & (score > 10 * score.min())
    start = None
    for at, is_high in enumerate([*high, False]):
        if is_high and start is None:
            start = at
        elif not is_high and start is not None:
            if at - start >= MIN_LENGTH:
                yield start, at
            start = None


def enriched(words, positives, negatives):
    automaton = ahocorasick.Automaton()
    for number, word in enumerate(words):
        automaton.add_word(word, (number, word))
    automaton.make_automaton()

    def count(sequences):
        counts = numpy.zeros(len(words), dtype=int)
        for sequence in sequences:
            counts[list({number for _, (number, _) in automaton.iter(sequence)})] += 1
        return counts

    x, other = count(positives), count(negatives)
    total, n = len(positives) + len(negatives), x + other
    p = [hypergeom.sf(a - 1, total, len(positives), b) for a, b in zip(x, n)]
    keep = multipletests(p, alpha=CUTOFF, method="fdr_bh")[1] < CUTOFF
    return [word for word, kept in zip(words, keep) if kept]


def merge(kept, instances):
    aligner = Align.PairwiseAligner(mode="global", match_score=1, mismatch_score=0)
    aligner.open_internal_gap_score = aligner.extend_internal_gap_score = -10000
    aligner.end_gap_score = 0
    keys = {}
    for word in sorted(kept, key=len):
        best, best_key, best_alignment = 0, None, None
        for key in keys:
            alignment = aligner.align(word, key)[0]
            needed = max(MIN_LENGTH - 1, 0.5 * min(len(word), len(key)))
            if alignment.score >= needed and alignment.score > best:
                best, best_key, best_alignment = alignment.score, key, alignment
        if best_key is None:
            keys[word] = list(instances[word])
            continue
        (query_start, _), (key_start, _) = (best_alignment.aligned[side][0] for side in (0, 1))
        left = query_start - key_start
        width = len(best_key)
        keys[best_key] += [(row, start + left, start + left + width) for row, start, _ in instances[word]]
    return keys


def windows(keys, positives):
    found = {}
    for key, places in keys.items():
        count = 0
        for row, start, end in places:
            spare = WINDOW - (end - start)
            start, end = start - spare // 2, end + (spare + 1) // 2
            count += start >= 0 and end < len(positives[row])
        if count >= MIN_WINDOWS:
            found[key] = count
    return found


def pipeline(positives, negatives, scores):
    instances = {}
    for row, (sequence, score) in enumerate(zip(positives, scores)):
        for start, end in regions(score):
            instances.setdefault(sequence[start:end], []).append((row, start, end))
    kept = enriched(list(instances), positives, negatives)
    return windows(merge(kept, instances), positives)


inputs = read(sys.argv[1])
times = []
for _ in range(3):
    start = time.perf_counter()
    found = pipeline(*inputs)
    times.append(time.perf_counter() - start)
ours = dict(line.split("\t") for line in open(sys.argv[1] + ".found").read().splitlines())
ours = {word: int(count) for word, count in ours.items()}
same = sum(ours.get(word) == count for word, count in found.items())
print(f"{statistics.median(times) * 1e3:.0f} ms; {len(found)} motifs, {len(ours)} of ours, {same} the same with as many windows")
