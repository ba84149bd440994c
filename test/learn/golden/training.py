"""Golden numbers for what happens around layers while they are trained, and for more layers, made with PyTorch: dropout, adapters, masked losses,
optimisers with all their options, accumulation, clipping, schedules, and a whole GPT for ten steps.

Run:  python test/learn/golden/training.py > test/learn/golden/training.json     (pip install torch numpy; versions are written into the file)
Weights are given in our layout: dense weights as [in, out], PyTorch's transposed.
"""
import json
import math
import numpy
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(20262)
torch.set_default_dtype(torch.float64)  # the truth, to be met in float32


def plain(t):
    t = t.detach()
    return {"shape": list(t.shape), "data": [round(float(v), 9) for v in t.flatten()]}


layers = {}


def layer(name, x, weights, forward, feeds=None):
    """Output, and gradients of sum(output * w) by every input in x and every weight; all are leaves given by name."""
    x = {key: value.clone().requires_grad_(value.is_floating_point()) for key, value in x.items()}
    weights = {key: value.detach().clone().requires_grad_() for key, value in weights.items()}
    y = forward(*x.values(), *weights.values())
    w = torch.randn_like(y)
    (y * w).sum().backward()
    leaves = {**{k: v for k, v in x.items() if v.is_floating_point()}, **weights}
    layers[name] = {
        "x": {k: {**plain(v), "isInteger": not v.is_floating_point()} for k, v in x.items()},
        "weights": {k: plain(v) for k, v in {**weights, **(feeds or {})}.items()},
        "output": plain(y),
        "w": plain(w),
        "gradients": {k: plain(v.grad) for k, v in leaves.items()},
    }


r = torch.randn
layer("convTranspose", {"x": r(2, 4, 3, 5), "weight": r(4, 3, 3, 2)}, {}, lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1))
layer("convTranspose in groups", {"x": r(2, 4, 6), "weight": r(4, 2, 3)}, {}, lambda x, w: F.conv_transpose1d(x, w, stride=2, groups=2))
layer("conv of one channel at a time", {"x": r(2, 4, 7, 7), "weight": r(8, 1, 3, 3)}, {}, lambda x, w: F.conv2d(x, w, stride=2, padding=1, groups=4))
layer("maxPool, overlapping and padded", {"x": r(2, 3, 7, 6)}, {}, lambda x: F.max_pool2d(x, 3, stride=2, padding=1))
layer("maxPool of signals", {"x": r(2, 3, 9)}, {}, lambda x: F.max_pool1d(x, 2))
layer("averagePool of signals", {"x": r(2, 3, 9)}, {}, lambda x: F.avg_pool1d(x, 3, stride=1))
layer("globalAveragePool", {"x": r(2, 3, 4, 5)}, {}, lambda x: F.adaptive_avg_pool2d(x, 1)[:, :, 0, 0])
layer("upsample", {"x": r(2, 3, 2, 3)}, {}, lambda x: F.interpolate(x, scale_factor=2, mode="nearest"))
layer("attend", {"q": r(2, 3, 5, 4), "k": r(2, 3, 5, 4), "v": r(2, 3, 5, 4)}, {}, F.scaled_dot_product_attention)
layer("attend, causal", {"q": r(2, 3, 5, 4), "k": r(2, 3, 5, 4), "v": r(2, 3, 5, 4)}, {}, lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True))


def attention(x, qkv, out):
    b, t, c = x.shape
    q, k, v = [one.view(b, t, 2, c // 2).transpose(1, 2) for one in (x @ qkv).split(c, 2)]
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, c) @ out


layer("selfAttention without bias or mask", {"x": r(2, 5, 8)}, {"attention/qkv/weight": r(8, 24) / 3, "attention/out/weight": r(8, 8)}, attention)
layer(
    "dense with an adapter",
    {"x": r(3, 5)},
    {"dense/weight": r(5, 4), "dense/bias": r(4), "dense/adapterIn": r(5, 2), "dense/adapterOut": r(2, 4)},
    lambda x, w, b, down, up: F.linear(x, (w + 2 * down @ up).T, b),
)
running = {"norm/mean": r(3), "norm/variance": r(3).abs() + 0.5}
layer(
    "batchNorm that predicts",
    {"x": r(4, 3, 2, 2)},
    {"norm/scale": r(3), "norm/shift": r(3)},
    lambda x, scale, shift: F.batch_norm(x, running["norm/mean"], running["norm/variance"], scale, shift, False),
    running,
)
torch.manual_seed(7)
seen = F.dropout(torch.ones(4, 6), 0.4)
layer("dropout", {"x": r(4, 6)}, {}, lambda x: x * seen, {"dropout/mask": seen})
for name, f in {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "erf": torch.erf, "leakyRelu": lambda x: F.leaky_relu(x, 0.1), "softsign": F.softsign, "relu": F.relu, "hardSigmoid": F.hardsigmoid}.items():
    layer(name, {"x": r(3, 7) * 2}, {}, f)
layer("lstm, its last state", {"x": r(2, 4, 3)}, {"lstm/input": r(3, 16) / 2, "lstm/inputBias": r(16), "lstm/past": r(4, 16) / 2, "lstm/pastBias": r(16)}, lambda x, wi, bi, wh, bh: torch._VF.lstm(x, [torch.zeros(1, 2, 4), torch.zeros(1, 2, 4)], [wi.T.contiguous(), wh.T.contiguous(), bi, bh], True, 1, 0.0, True, False, True)[1][0])

losses = {}


def loss(name, f, prediction, truth, mask=None):
    p = prediction.clone().requires_grad_()
    value = f(p, truth)
    value.backward()
    losses[name] = {"prediction": plain(p), "truth": {**plain(truth), "isInteger": not truth.is_floating_point()}, "loss": value.item(), "gradient": plain(p.grad), **({"mask": plain(mask)} if mask is not None else {})}


words = torch.randint(0, 5, (3, 4))
loss("crossEntropy of sequences", lambda p, t: F.cross_entropy(p.transpose(1, 2), t), r(3, 4, 5) * 2, words)
keep = (torch.rand(3, 4) > 0.4).double()
loss("crossEntropy with a mask", lambda p, t: F.cross_entropy(p.transpose(1, 2), t.masked_fill(keep == 0, -100), ignore_index=-100), r(3, 4, 5) * 2, words, keep)
loss("crossEntropy of great logits", F.cross_entropy, r(4, 5) * 80, torch.tensor([0, 4, 2, 2]))
loss("binaryCrossEntropy of great logits", F.binary_cross_entropy_with_logits, r(6) * 80, torch.tensor([0.0, 1, 1, 0, 1, 0]))
loss("huber at a half", lambda p, t: F.huber_loss(p, t, delta=0.5), r(8), r(8))
loss("pinball", lambda p, t: torch.maximum(0.9 * (t - p), -0.1 * (t - p)).mean(), r(8), r(8))

x, y = r(12, 3), r(12, 2)
start_w, start_b = r(3, 2), r(2)


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, algorithm 2; not part of PyTorch."""

    def __init__(self, params, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"]).sub_(group["lr"] * (b1 * m + (1 - b1) * p.grad).sign())
                m.mul_(b2).add_((1 - b2) * p.grad)


def nano(step, rate, steps, warmup, floor):
    """The schedule of nanoGPT's train.py."""
    if step < warmup:
        return rate * (step + 1) / (warmup + 1)
    if step > steps:
        return floor
    return floor + 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) * (rate - floor)


optimisers = {}
for name, make, clip, parts, schedule in [
    ("sgd, Nesterov with decay", lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.02), None, 1, None),
    ("adamW as it comes", lambda p: torch.optim.AdamW(p), None, 1, None),
    ("adamW, other numbers", lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3), None, 1, None),
    ("adamW that decays matrices only", lambda p: torch.optim.AdamW([{"params": p[:1], "weight_decay": 0.3}, {"params": p[1:], "weight_decay": 0.0}], lr=0.05), None, 1, None),
    ("adamW over three batches a step", lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.0), None, 3, None),
    ("sgd, clipped over three batches a step", lambda p: torch.optim.SGD(p, lr=0.1), 0.3, 3, None),
    ("adamW on a cosine", lambda p: torch.optim.AdamW(p, lr=1.0, weight_decay=0.1), 1.0, 1, lambda step: nano(step, 0.1, 8, 3, 0.01)),
    ("lion, clipped", lambda p: Lion(p, 0.02, weight_decay=0.1), 0.3, 1, None),
]:
    w, b = nn.Parameter(start_w.clone()), nn.Parameter(start_b.clone())
    optimiser = make([w, b])
    seen_losses, norms = [], []
    for step in range(10):
        optimiser.zero_grad()
        total = 0.0
        for px, py in zip(x.chunk(parts), y.chunk(parts)):
            value = F.mse_loss(px @ w + b, py) / parts
            value.backward()
            total += value.item()
        norms.append(nn.utils.clip_grad_norm_([w, b], clip or 1e30).item())
        if schedule:
            for group in optimiser.param_groups:
                group["lr"] = schedule(step)
        optimiser.step()
        seen_losses.append(total)
    optimisers[name] = {"losses": seen_losses, "norms": norms, "weight": plain(w), "bias": plain(b)}


def rates(make, count):
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.3)
    scheduler = make(optimiser)
    found = []
    for _ in range(count):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return found


schedules = {
    "cosine": rates(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 20, 0.03), 21),
    "straight": rates(lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.1, 20), 25),
    "cosine after a warmup": [nano(step, 0.3, 20, 5, 0.03) for step in range(25)],
}

# ---- a whole GPT: nanoGPT's, two layers, tied tables, trained ten steps
V, T, C, H = 11, 8, 8, 2
torch.manual_seed(3)
shapes = {"characters": (V, C), "places": (T, C)}
for i in ("", "_2"):
    shapes |= {f"attention{i}/qkv/weight": (C, 3 * C), f"attention{i}/out/weight": (C, C)}
for i, shape in enumerate([(C, 4 * C), (4 * C, C)] * 2):
    shapes[f"dense{'' if i == 0 else f'_{i + 1}'}/weight"] = shape
for i in range(5):
    shapes |= {f"norm{'' if i == 0 else f'_{i + 1}'}/scale": (C,), f"norm{'' if i == 0 else f'_{i + 1}'}/shift": (C,)}
start = {name: (r(*shape) * 0.3 + (1.0 if name.endswith("scale") else 0.0)) for name, shape in shapes.items()}
p = {name: nn.Parameter(value.clone()) for name, value in start.items()}
text = torch.randint(0, V, (40,))


def forward(ids):
    def norm(h, i):
        suffix = "" if i == 0 else f"_{i + 1}"
        return F.layer_norm(h, (C,), p[f"norm{suffix}/scale"], p[f"norm{suffix}/shift"])

    h = p["characters"][ids] + p["places"]
    for i in range(2):
        a = f"attention{'' if i == 0 else '_2'}"
        d = ["dense/weight", "dense_2/weight"] if i == 0 else ["dense_3/weight", "dense_4/weight"]
        b, t, _ = h.shape
        q, k, v = [one.view(b, t, H, C // H).transpose(1, 2) for one in (norm(h, 2 * i) @ p[f"{a}/qkv/weight"]).split(C, 2)]
        h = h + F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, C) @ p[f"{a}/out/weight"]
        h = h + F.gelu(norm(h, 2 * i + 1) @ p[d[0]]) @ p[d[1]]
    return norm(h, 4) @ p["characters"].T


matrices = [one for one in p.values() if one.dim() >= 2]
vectors = [one for one in p.values() if one.dim() < 2]
optimiser = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}], lr=1e-2, betas=(0.9, 0.99))
ids = torch.stack([text[i : i + T] for i in (0, 9, 20)])
targets = torch.stack([text[i + 1 : i + T + 1] for i in (0, 9, 20)])
gpt_losses, gpt_norms = [], []
logits = plain(forward(ids))
for _ in range(10):
    optimiser.zero_grad()
    value = F.cross_entropy(forward(ids).view(-1, V), targets.view(-1))
    value.backward()
    gpt_norms.append(nn.utils.clip_grad_norm_(p.values(), 1.0).item())
    optimiser.step()
    gpt_losses.append(value.item())
gpt = {
    "shape": {"vocabulary": V, "context": T, "layers": 2, "heads": H, "width": C, "dropout": 0, "rank": 0},
    "x": plain(ids), "y": plain(targets), "start": {k: plain(v) for k, v in start.items()},
    "logits": logits, "losses": gpt_losses, "norms": gpt_norms, "end": {k: plain(v) for k, v in p.items()},
}

problem = {"x": plain(x), "y": plain(y), "weight": plain(start_w), "bias": plain(start_b)}
made_with = {"torch": torch.__version__, "numpy": numpy.__version__, "seed": 20262, "dtype": "float64"}
print(json.dumps({"madeWith": made_with, "layers": layers, "losses": losses, "problem": problem, "optimisers": optimisers, "schedules": schedules, "gpt": gpt}, separators=(",", ":")))
