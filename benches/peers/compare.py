"""This project beside PyTorch, ONNX Runtime and Hugging Face's tokenizers, on the same inputs, in turns.

    pip install -r benches/peers/requirements.txt
    cargo bench -p dnabert-benches --bench peer --no-run      # prints the program's path
    python benches/peers/compare.py PATH/OF/THE/PROGRAM [--rounds 5] [--only hidden-8x128,...] [--write docs/benchmarks.md]

Every round runs each side once, one after the other, while the others sleep; what comes out is compared before.
The table has medians over the rounds, and the median of the rounds' ratios (theirs over ours: above 1 we are faster).
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import onnxruntime
import tokenizers
import torch
import transformers

THREADS = 2
LETTERS = "ACGT"
BEGIN, END = "<!-- beside others: written by compare.py -->", "<!-- end -->"
torch.set_num_threads(THREADS)
torch.set_grad_enabled(False)


def rows(count, length):
    row, place = numpy.meshgrid(numpy.arange(count), numpy.arange(length), indexing="ij")
    return torch.tensor(5 + (row * 7919 + place * 104729) % 4096)


def ragged_lengths(count):
    return [60 + row * 7919 % 451 - 5 + 2 for row in range(count)]


def sequence(state, length):
    letters = []
    for _ in range(length):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        letters.append(LETTERS[state >> 62])
    return "".join(letters)


def k_mer_ids(text, k=6):
    """Ids in the order of DNABERT's vocabulary: A, T, C, G."""
    digits = numpy.array([{"A": 0, "T": 1, "C": 2, "G": 3}[letter] for letter in text])
    ids = numpy.zeros(len(text) - k + 1, dtype=numpy.int64)
    for place in range(k):
        ids = ids * 4 + digits[place : place + len(ids)]
    return ids + 5


def timed(function):
    start = time.perf_counter()
    found = function()
    return time.perf_counter() - start, found


class Torch:
    """PyTorch and transformers, attention by sdpa."""

    name = "PyTorch"

    def __init__(self, folder):
        self.model = transformers.BertForSequenceClassification.from_pretrained(
            folder, attn_implementation="sdpa"
        ).eval()

    def run(self, work):
        kind, _, shape = work.partition("-")
        sizes = [int(size) for size in shape.split("x")]
        if kind in ("hidden", "attention"):
            ids = rows(*sizes)
            if kind == "attention":
                return None
            with torch.inference_mode():
                return timed(lambda: self.model.bert(ids).last_hidden_state.numpy())
        if kind == "classes":
            ids = rows(*sizes)
            with torch.inference_mode():
                return timed(lambda: self.model(ids).logits.softmax(1).numpy())
        if kind == "ragged":
            lengths = ragged_lengths(*sizes)
            ids = rows(sizes[0], 512)

            def all_rows(batch=8):
                found = []
                # As a data loader has them: in their order, padded to the longest of the batch.
                for first in range(0, len(lengths), batch):
                    some = lengths[first : first + batch]
                    longest = max(some)
                    mask = torch.arange(longest)[None] < torch.tensor(some)[:, None]
                    padded = torch.where(mask, ids[first : first + batch, :longest], 0)
                    found.append(self.model(padded, attention_mask=mask.long()).logits.softmax(1))
                return torch.cat(found).numpy()

            with torch.inference_mode():
                return timed(all_rows)
        if kind == "training":
            return self.training(*sizes)
        if kind == "mutagenesis":
            text = sequence(1, sizes[0])

            def odds(mutant):
                logits = self.model(torch.tensor([[2, *k_mer_ids(mutant), 3]])).logits[0]
                return float(logits[1] - logits[0])

            def one_by_one():
                reference = odds(text)
                effects = numpy.zeros((len(text), 4))
                for at, own in enumerate(text):
                    for column, letter in enumerate(LETTERS):
                        if letter != own:
                            effects[at, column] = odds(text[:at] + letter + text[at + 1 :]) - reference
                return effects

            with torch.inference_mode():
                return timed(one_by_one)
        return None

    def training(self, count, length):
        """Forward, backward and AdamW; the median of three steps behind a first one."""
        with torch.enable_grad():
            model = transformers.BertForSequenceClassification(self.model.config)
            model.load_state_dict(self.model.state_dict())
            model.train()
            optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
            times = []
            for step in range(4):
                ids = rows(count * (step + 1), length)[-count:]
                labels = torch.arange(count) % 2
                start = time.perf_counter()
                loss = model(ids, labels=labels).loss
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
                times.append(time.perf_counter() - start)
        return statistics.median(times[1:]), numpy.zeros(0)


class Onnx:
    """ONNX Runtime, fp32, all graph optimisations."""

    name = "ONNX Runtime"

    def __init__(self, folder):
        model = transformers.BertForSequenceClassification.from_pretrained(
            folder, attn_implementation="eager"
        ).eval()
        model.config.use_cache = False
        path = os.path.join(folder, "model.onnx")
        inputs = torch.full((2, 16), 7)
        dynamic = {0: torch.export.Dim("batch", max=64), 1: torch.export.Dim("length", max=512)}

        class Hidden(torch.nn.Module):
            def __init__(self, bert):
                super().__init__()
                self.bert = bert

            def forward(self, input_ids):
                return self.bert(input_ids=input_ids).last_hidden_state

        torch.onnx.export(
            Hidden(model.bert), (inputs,), path, dynamo=True,
            dynamic_shapes=({0: dynamic[0], 1: dynamic[1]},), input_names=["input_ids"],
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        # Threads that wait spin, which would slow the other side's turn.
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(self, work):
        kind, _, shape = work.partition("-")
        if kind != "hidden":
            return None
        ids = rows(*[int(size) for size in shape.split("x")]).numpy()
        return timed(lambda: self.session.run(None, {"input_ids": ids})[0])


class Tokens:
    """Hugging Face's tokenizers: words of a text of k-mers, which is not counted."""

    name = "HF tokenizers"

    def __init__(self, folder):
        words = [line.strip() for line in open(os.path.join(folder, "vocab.txt"))]
        table = {word: number for number, word in enumerate(words)}
        self.tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(table, unk_token="[UNK]"))
        self.tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()

    def run(self, work):
        kind, _, shape = work.partition("-")
        if kind != "ids":
            return None
        text = sequence(1, int(shape))
        words = " ".join(text[at : at + 6] for at in range(len(text) - 5))
        self.tokenizer.encode(words)
        return timed(lambda: numpy.array(self.tokenizer.encode(words).ids, dtype=numpy.float32))


class Python:
    """The way of DNABERT's code: words by slices, then ids by a dictionary."""

    name = "plain Python"

    def __init__(self, folder):
        words = [line.strip() for line in open(os.path.join(folder, "vocab.txt"))]
        self.table = {word: number for number, word in enumerate(words)}

    def run(self, work):
        kind, _, shape = work.partition("-")
        if kind != "ids":
            return None
        text = sequence(1, int(shape))

        def ids():
            words = " ".join(text[at : at + 6] for at in range(len(text) - 5))
            return [self.table[word] for word in words.split()]

        ids()
        seconds, found = timed(ids)
        return seconds, numpy.array(found, dtype=numpy.float32)


class Ours:
    """The Rust program, asked line by line."""

    name = "this project"

    def __init__(self, program, folder):
        environment = {**os.environ, "RAYON_NUM_THREADS": str(THREADS)}
        self.process = subprocess.Popen(
            [program, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.device = self.process.stdout.readline().strip()

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def run(self, work, file=None):
        if file is None:
            return self.ask(work), None
        seconds = self.ask(f"{work} {file}")
        return seconds, numpy.fromfile(file, dtype="<f4")


WORKS = {
    "hidden-8x100": "all last states, 8 × 100 tokens",
    "hidden-8x128": "all last states, 8 × 128 tokens",
    "hidden-4x512": "all last states, 4 × 512 tokens",
    "hidden-1x512": "all last states, 1 × 512 tokens",
    "classes-8x100": "classes by [CLS], 8 × 100 tokens",
    "classes-8x128": "classes by [CLS], 8 × 128 tokens",
    "ragged-64": "classes of 64 rows of 60 to 510 bases",
    "attention-8x128": "last states and [CLS] attention, 8 × 128",
    "training-8x128": "a training step, 8 × 128 tokens",
    "mutagenesis-101": "all substitutions of 101 bases",
    "ids-1000000": "ids of 1 M k-mers, k = 6, one core",
}


def make_model(folder):
    torch.manual_seed(7)
    config = transformers.BertConfig(vocab_size=4101, num_labels=2)
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [""]
    for _ in range(6):
        words = [word + letter for word in words for letter in "ATCG"]
    with open(os.path.join(folder, "vocab.txt"), "w") as file:
        file.write("\n".join(special + words) + "\n")


def compare(work, ours, others, rounds, folder):
    """Lines of the table."""
    _, own = ours.run(work, os.path.join(folder, "output.bin"))
    sides, agreement = [], []
    for other in others:
        found = other.run(work)
        if found is None:
            continue
        sides.append(other)
        theirs = numpy.asarray(found[1], dtype=numpy.float32).ravel()
        if len(theirs):
            assert len(theirs) == len(own), (other.name, len(theirs), len(own))
            agreement.append(f"{numpy.abs(theirs - own).max():.1e}")
        else:
            agreement.append("–")
    times = {side.name: [] for side in [ours, *sides]}
    for _ in range(rounds):
        for side in [ours, *sides]:
            time.sleep(0.3)  # threads of the last side stop spinning
            times[side.name].append(side.run(work)[0])
    own = times[ours.name]
    lines = []
    for side, difference in zip(sides, agreement):
        theirs = times[side.name]
        ratio = statistics.median(a / b for a, b in zip(theirs, own))
        lines.append(
            f"| {WORKS[work]} | {statistics.median(own) * 1e3:.1f} | {side.name} | "
            f"{statistics.median(theirs) * 1e3:.1f} | {ratio:.2f} | {difference} |"
        )
    if not sides:
        lines.append(f"| {WORKS[work]} | {statistics.median(own) * 1e3:.1f} | | | | |")
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(WORKS))
    parser.add_argument("--write", help="a page whose lines between two marks become the table")
    arguments = parser.parse_args()
    lines = []

    def tell(line):
        print(line)
        sys.stdout.flush()
        lines.append(line)

    with tempfile.TemporaryDirectory() as folder:
        make_model(folder)
        ours = Ours(arguments.program, folder)
        others = [side(folder) for side in (Torch, Onnx, Tokens, Python)]
        processor = next(
            (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
            platform.processor(),
        )
        tell(
            f"{processor}, {THREADS} threads, {arguments.rounds} rounds, {ours.device.removeprefix('ready on ')}; torch "
            f"{torch.__version__} (sdpa), transformers {transformers.__version__}, onnxruntime {onnxruntime.__version__}, "
            f"tokenizers {tokenizers.__version__}, Python {platform.python_version()}."
        )
        tell("\n| work | here, ms | beside it | its ms | its time over ours | largest difference |")
        tell("| --- | --- | --- | --- | --- | --- |")
        for work in arguments.only.split(","):
            for line in compare(work, ours, others, arguments.rounds, folder):
                tell(line)
    if arguments.write:
        write(arguments.write, "\n".join(lines))


def write(path, table):
    """Puts the table between the marks of a page, by way of a file beside it."""
    page = open(path, encoding="utf-8").read()
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        sys.exit(f"{path}: no lines {BEGIN} and {END}")
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n{table}\n{end}{after}")
    os.replace(path + ".new", path)


main()
