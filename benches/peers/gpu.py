"""PyTorch on the cases of the bench `gpu`: the same network, the same rows, lines of JSON of the same form.

    pip install torch transformers
    python benches/peers/gpu.py --out theirs.jsonl [--minutes 2] [--only forward-8x128] [--device cuda]
    cargo bench -p dnabert-benches --bench report -- ../runs/gpu.jsonl ../theirs.jsonl

Attention is PyTorch's own (sdpa). Each case runs in f32, with TF32 off and on, and in bf16; `--compile` runs it by `torch.compile`, too.
Mutagenesis and variants are batches of 64 rows of equal length, as here.
"""

import argparse
import json
import statistics
import time

import torch
import transformers

WIDTH = 101
HIDDEN, WIDE, LAYERS = 768, 3072, 12


def cases():
    """Work, rows and length, in the order of the bench."""
    first = [
        ("forward", 64, 512),
        ("training", 64, 128),
        ("forward", 8, 128),
        ("classes", 64, 128),
        ("attention", 64, 128),
        ("mutagenesis", 1, WIDTH),
        ("variants", 64, WIDTH),
    ]
    rest = [
        (work, rows, length)
        for work in ("forward", "training", "classes", "attention")
        for rows, length in ((64, 128), (512, 128), (8, 512), (64, 512), (512, 512), (8, 128))
        if not (rows * length > 1 << 16 and work in ("training", "attention"))
    ]
    return first + [case for case in rest if case not in first]


def batches(work, rows, length):
    """The rows of ids that one go reads, 64 at most in a batch where the bench has such batches."""
    if work == "mutagenesis":
        rows, length = 3 * WIDTH + 1, WIDTH - 3
    elif work == "variants":
        rows, length = 2 * rows, WIDTH - 3
    row, place = torch.meshgrid(torch.arange(rows), torch.arange(length), indexing="ij")
    ids = 5 + (row * 7919 + place * 104729) % 4096
    return list(ids.split(64)) if work in ("mutagenesis", "variants", "classes") else [ids]


class Side:
    def __init__(self, device, dtype, compiled):
        self.device, self.dtype = device, dtype
        config = transformers.BertConfig(
            vocab_size=4101, hidden_size=HIDDEN, num_hidden_layers=LAYERS, num_attention_heads=12, intermediate_size=WIDE
        )
        self.model = transformers.BertForSequenceClassification._from_config(config, attn_implementation="sdpa")
        weights = torch.bfloat16 if dtype == "bf16" else torch.float32
        self.model = self.model.to(device, weights).eval()
        self.run = torch.compile(self.model) if compiled else self.model
        self.encode = torch.compile(self.model.bert) if compiled else self.model.bert

    def wait(self):
        if self.device == "cuda":
            torch.cuda.synchronize()

    def train(self, ids):
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4)
        labels = torch.arange(len(ids), device=self.device) % 2
        times = []
        self.model.train()
        # The first step does not count, as in the bench.
        for _ in range(2):
            self.wait()
            start = time.perf_counter()
            optimizer.zero_grad()
            self.run(ids, labels=labels).loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            optimizer.step()
            self.wait()
            times.append(time.perf_counter() - start)
        self.model.eval()
        return times[-1]

    def with_attention(self, ids):
        """Last states, and the attention of [CLS] in the last layer: sdpa gives no weights, so the last layer computes them."""
        states = {}
        layer = self.model.bert.encoder.layer[-1]
        hook = layer.register_forward_pre_hook(lambda _, inputs: states.update(before=inputs[0]))
        self.encode(ids)
        hook.remove()
        attention = layer.attention.self
        before = states["before"]

        def heads(rows):
            return rows.reshape(*rows.shape[:2], 12, HIDDEN // 12).transpose(1, 2)

        query, key = heads(attention.query(before[:, :1])), heads(attention.key(before))
        return (query @ key.transpose(2, 3) / (HIDDEN // 12) ** 0.5).softmax(-1).float().cpu()

    def go(self, work, rows, length):
        parts = batches(work, rows, length)
        if work == "training":
            return self.train(parts[0].to(self.device))
        with torch.inference_mode():
            start = time.perf_counter()
            for ids in parts:
                ids = ids.to(self.device)
                if work == "forward":
                    self.encode(ids)
                elif work == "attention":
                    self.with_attention(ids)
                else:
                    self.run(ids).logits.float().softmax(1).cpu()
            self.wait()
            return time.perf_counter() - start


def operations(work, rows, length):
    tokens = sum(part.numel() for part in batches(work, rows, length))
    length = WIDTH - 3 if work in ("mutagenesis", "variants") else length
    forward = tokens * LAYERS * 2 * (4 * HIDDEN**2 + 2 * HIDDEN * WIDE + 2 * length * HIDDEN)
    return tokens, 3 * forward if work == "training" else forward


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", default="theirs.jsonl")
    options.add_argument("--minutes", type=float, default=2.0, help="for each number format")
    options.add_argument("--only", default="", help="cases whose names begin so")
    options.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options.add_argument("--compile", action="store_true")
    given = options.parse_args()
    name = torch.cuda.get_device_name() if given.device == "cuda" else "the CPU"
    for dtype in ("f32", "tf32", "bf16"):
        torch.backends.cuda.matmul.allow_tf32 = dtype == "tf32"
        torch.backends.cudnn.allow_tf32 = dtype == "tf32"
        if dtype == "tf32" and given.device != "cuda":
            continue
        for compiled in (False, True) if given.compile else (False,):
            side = Side(given.device, dtype, compiled)
            end = time.perf_counter() + 60 * given.minutes
            wanted = [case for case in cases() if "{}-{}x{}".format(*case).startswith(given.only)]
            wanted = [case for case in wanted if dtype != "bf16" or case[0] != "training"]
            for at, case in enumerate(wanted):
                left = end - time.perf_counter()
                if left <= 0:
                    print(f"{len(wanted) - at} cases are left out: the time is over")
                    break
                try:
                    start = time.perf_counter()
                    side.go(*case)
                    first = time.perf_counter() - start
                    times, budget = [side.go(*case)], min(left / (len(wanted) - at), 10.0)
                    while sum(times) < budget / 2 and len(times) < 100:
                        times.append(side.go(*case))
                except torch.cuda.OutOfMemoryError:
                    print(f"{case}: the memory is too small")
                    continue
                tokens, count = operations(*case)
                seconds = statistics.median(times)
                line = {
                    "device": f"{name}, PyTorch {torch.__version__}{', compiled' if compiled else ''}",
                    "driver": torch.version.cuda,
                    "backend": "pytorch",
                    "dtype": dtype,
                    "work": case[0],
                    "rows": case[1],
                    "length": case[2],
                    "seconds": seconds,
                    "first_seconds": first,
                    "goes": len(times),
                    "tokens_per_second": tokens / seconds,
                    "tflops": count / seconds / 1e12,
                    "memory_mb": torch.cuda.max_memory_reserved() >> 20 if given.device == "cuda" else None,
                }
                print(json.dumps(line), flush=True)
                with open(given.out, "a") as file:
                    file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
