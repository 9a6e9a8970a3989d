"""One motif against a collection by memelite: the first of a JASPAR file against all of it, in milliseconds.

    pip install memelite==0.5.0
    python benches/peers/tomtom.py all.jaspar

Beside it: DNABERT_MOTIFS=all.jaspar cargo bench -p dnabert-benches --bench motif -- comparison
"""

import statistics
import sys
import time

import numpy
from memelite import tomtom


def read_jaspar(path):
    """The shares of each motif, 4 x width."""
    lines = [line for line in open(path) if line.strip()]
    motifs = []
    for start in range(0, len(lines), 5):
        rows = [line.replace("[", " ").replace("]", " ").split()[1:] for line in lines[start + 1 : start + 5]]
        counts = numpy.array(rows, dtype=float)
        motifs.append(counts / counts.sum(axis=0, keepdims=True))
    return motifs


motifs = read_jaspar(sys.argv[1])
for name, bins in [("every column kept", None), ("columns binned, its default", 100)]:
    tomtom(motifs[:1], motifs, n_target_bins=bins)  # compiles
    times = []
    for _ in range(30):
        start = time.perf_counter()
        tomtom(motifs[:1], motifs, n_target_bins=bins)
        times.append(1000 * (time.perf_counter() - start))
    print(f"1 against {len(motifs)}, {name}: median {statistics.median(times):.1f} ms")
