"""This project beside PyTorch, ONNX Runtime and Hugging Face's tokenizers, on the same inputs, in turns.

    pip install -r benches/peers/requirements.txt
    cargo bench -p dnabert-benches --bench peer --no-run      # prints the program's path
    python benches/peers/compare.py PATH/OF/THE/PROGRAM [--rounds 5] [--only hidden-8x128,hidden-8x128@int8,...] [--write docs/benchmarks.md]

Every round runs each side once, one after the other, while the others sleep; what comes out is compared before.
The table has medians over the rounds, and the median of the rounds' ratios (theirs over ours: above 1 we are faster).
Differences are the largest from what PyTorch gives in f32. A name ends in the precision (`@bf16`, `@int8`), or has none for f32.
"""

import argparse
import contextlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import numpy
import onnxruntime
import onnxruntime.quantization
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


def parts(work):
    """The kind, the sizes and the precision of a work's name."""
    name, _, precision = work.partition("@")
    kind, _, shape = name.partition("-")
    return kind, [int(size) for size in shape.split("x")], precision or "f32"


def products(count, inner, columns, dtype):
    """A product of matrices, again and again for a third of a second: the shortest time."""
    left = (torch.arange(count * inner) % 7 - 3).reshape(count, inner).to(dtype)
    right = (torch.arange(inner * columns) % 5 - 2).reshape(inner, columns).to(dtype)
    times = []
    while sum(times) < 0.3:
        times.append(timed(lambda: left @ right)[0])
    return min(times), numpy.zeros(0)


class Torch:
    """PyTorch and transformers, attention by sdpa."""

    name = "PyTorch"

    def __init__(self, folder):
        self.model = transformers.BertForSequenceClassification.from_pretrained(
            folder, attn_implementation="sdpa"
        ).eval()

    def run(self, work):
        kind, sizes, precision = parts(work)
        return self.of_kind(kind, sizes) if precision == "f32" else None

    def of_kind(self, kind, sizes):
        if kind == "products":
            return products(*sizes, torch.float32)
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

    def training_precision(self):
        return contextlib.nullcontext()

    def training(self, count, length):
        """Forward, backward and AdamW; the median of three steps behind a first one."""
        with torch.enable_grad(), self.training_precision():
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


class TorchAutocast(Torch):
    """PyTorch that chooses bf16 for the operations that it deems fit."""

    name = "PyTorch, bf16 by autocast"

    def training_precision(self):
        return torch.autocast("cpu", torch.bfloat16)

    def run(self, work):
        kind, sizes, precision = parts(work)
        if kind == "training":
            return self.training(*sizes)
        if kind == "hidden" and precision == "bf16":
            ids = rows(*sizes)
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                return timed(lambda: self.model.bert(ids).last_hidden_state.float().numpy())
        return None


class TorchBf16(Torch):
    """PyTorch with all weights and states in bf16."""

    name = "PyTorch, all bf16"

    def __init__(self, folder):
        super().__init__(folder)
        self.model = self.model.bfloat16()

    def run(self, work):
        kind, sizes, precision = parts(work)
        if kind == "products" and precision == "bf16":
            return products(*sizes, torch.bfloat16)
        if kind == "hidden" and precision == "bf16":
            ids = rows(*sizes)
            with torch.inference_mode():
                return timed(lambda: self.model.bert(ids).last_hidden_state.float().numpy())
        return None


class TorchInt8(Torch):
    """PyTorch with the linear layers quantized dynamically."""

    name = "PyTorch, int8"

    def __init__(self, folder):
        super().__init__(folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model = torch.ao.quantization.quantize_dynamic(self.model, {torch.nn.Linear})

    def run(self, work):
        kind, sizes, precision = parts(work)
        return self.of_kind(kind, sizes) if kind == "hidden" and precision == "int8" else None


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
        self.session = self.open(path)

    @staticmethod
    def open(path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        # Threads that wait spin, which would slow the other side's turn.
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(self, work):
        kind, sizes, precision = parts(work)
        return self.hidden(sizes) if (kind, precision) == ("hidden", "f32") else None

    def hidden(self, sizes):
        ids = rows(*sizes).numpy()
        return timed(lambda: self.session.run(None, {"input_ids": ids})[0])


class OnnxInt8(Onnx):
    """ONNX Runtime, quantized dynamically; of the exported file of `Onnx`, which is made before."""

    name = "ONNX Runtime, int8"

    def __init__(self, folder):
        path = os.path.join(folder, "model.onnx")
        quantized = os.path.join(folder, "int8.onnx")
        onnxruntime.quantization.quantize_dynamic(path, quantized)
        self.session = self.open(quantized)

    def run(self, work):
        kind, sizes, precision = parts(work)
        return self.hidden(sizes) if (kind, precision) == ("hidden", "int8") else None


class Tokens:
    """Hugging Face's tokenizers: words of a text of k-mers, which is not counted."""

    name = "HF tokenizers"

    def __init__(self, folder):
        words = [line.strip() for line in open(os.path.join(folder, "vocab.txt"))]
        table = {word: number for number, word in enumerate(words)}
        self.tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(table, unk_token="[UNK]"))
        self.tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()

    def run(self, work):
        kind, sizes, _ = parts(work)
        if kind != "ids":
            return None
        text = sequence(1, *sizes)
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
        kind, sizes, _ = parts(work)
        if kind != "ids":
            return None
        text = sequence(1, *sizes)

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


SHAPES = {"8x100": "8 × 100", "8x128": "8 × 128", "4x512": "4 × 512", "1x512": "1 × 512"}
PRODUCTS = "1024x768x3072"
WORKS = {
    **{f"hidden-{name}": f"all last states, {shape} tokens" for name, shape in SHAPES.items()},
    **{
        f"hidden-{name}@{precision}": f"all last states, {SHAPES[name]} tokens, {precision}"
        for precision in ("bf16", "int8")
        for name in ("8x128", "4x512")
    },
    "classes-8x100": "classes by [CLS], 8 × 100 tokens",
    "classes-8x128": "classes by [CLS], 8 × 128 tokens",
    "ragged-64": "classes of 64 rows of 60 to 510 bases",
    "attention-8x128": "last states and [CLS] attention, 8 × 128",
    "training-8x128": "a training step, 8 × 128 tokens",
    "mutagenesis-101": "all substitutions of 101 bases",
    "mutagenesis-101@int8": "all substitutions of 101 bases, int8",
    "ids-1000000": "ids of 1 M k-mers, k = 6, one core",
    **{
        f"products-{PRODUCTS}{suffix}": f"a product of 1024 × 768 and 768 × 3072, {name}"
        for suffix, name in (("", "f32"), ("@bf16", "bf16"), ("@int8", "int8"))
    },
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
    reference = others[0].run(work.partition("@")[0])
    sides, outputs = [], []
    for other in others:
        found = other.run(work)
        if found is not None:
            sides.append(other)
            outputs.append(numpy.asarray(found[1], dtype=numpy.float32).ravel())
    if reference is None:
        reference = (None, outputs[0]) if outputs else None

    def difference(found):
        if reference is None or len(reference[1]) == 0 or len(found) == 0:
            return "–"
        expected = numpy.asarray(reference[1], dtype=numpy.float32).ravel()
        assert len(found) == len(expected), (work, len(found), len(expected))
        return f"{numpy.abs(found - expected).max():.1e}"

    times = {side.name: [] for side in [ours, *sides]}
    for _ in range(rounds):
        for side in [ours, *sides]:
            time.sleep(0.3)  # threads of the last side stop spinning
            times[side.name].append(side.run(work)[0])
    mine = times[ours.name]
    here = f"| {WORKS[work]} | {statistics.median(mine) * 1e3:.1f} | {difference(own)} |"
    lines = []
    for side, output in zip(sides, outputs):
        theirs = times[side.name]
        ratio = statistics.median(a / b for a, b in zip(theirs, mine))
        lines.append(
            f"{here} {side.name} | {statistics.median(theirs) * 1e3:.1f} | {difference(output)} | {ratio:.2f} |"
        )
    return lines or [f"{here} | | | |"]


def processor():
    """Its name, its generation where that is known, and the vector instructions that matter here."""
    facts = {}
    for line in open("/proc/cpuinfo"):
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    family, model = int(facts.get("cpu family", 0)), int(facts.get("model", 0))
    generation = ""
    if facts.get("vendor_id") == "AuthenticAMD":
        is_zen_4 = 0x10 <= model <= 0x1F or 0x60 <= model <= 0x7F or 0xA0 <= model <= 0xAF
        generation = {25: "Zen 4" if is_zen_4 else "Zen 3", 26: "Zen 5"}.get(family, "")
    wanted = ["avx2", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8"]
    flags = [flag for flag in wanted if flag in facts.get("flags", "").split()]
    name = facts.get("model name", platform.processor())
    return f"{name} (family {family}, model {model}{', ' + generation if generation else ''}; {', '.join(flags)})"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(WORKS))
    parser.add_argument("--write", help="a page whose lines between two marks become the table")
    arguments = parser.parse_args()
    works = arguments.only.split(",")
    unknown = [work for work in works if work not in WORKS]
    if unknown:
        parser.error(f"no work is called {', '.join(unknown)}; choose of {', '.join(WORKS)}")
    lines = []

    def tell(line):
        print(line)
        sys.stdout.flush()
        lines.append(line)

    with tempfile.TemporaryDirectory() as folder:
        make_model(folder)
        ours = Ours(arguments.program, folder)
        sides = (Torch, TorchAutocast, TorchBf16, TorchInt8, Onnx, OnnxInt8, Tokens, Python)
        others = [side(folder) for side in sides]
        tell(
            f"{processor()}, {THREADS} threads, {arguments.rounds} rounds, {ours.device.removeprefix('ready on ')}; torch "
            f"{torch.__version__} (sdpa), transformers {transformers.__version__}, onnxruntime {onnxruntime.__version__}, "
            f"tokenizers {tokenizers.__version__}, Python {platform.python_version()}."
        )
        tell("\n| work | here, ms | our difference | beside it | its ms | its difference | its time over ours |")
        tell("| --- | --- | --- | --- | --- | --- | --- |")
        for work in works:
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
