"""Golden numbers for layers, losses and optimisers, made with PyTorch.

Run:  python test/learn/golden/networks.py > test/learn/golden/networks.json     (pip install torch numpy; versions are written into the file)
Weights are given in our layout: dense and recurrent weights as [in, out], PyTorch's transposed; a recurrent layer's two biases apart.
"""
import json
import numpy
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(20261)
torch.set_default_dtype(torch.float64)  # the truth, to be met in float32


def plain(t):
    t = t.detach()
    return {"shape": list(t.shape), "data": [round(float(v), 9) for v in t.flatten()]}


cases = {}


def layer(name, module, x, weights, forward=None, axes=None):
    """Output, and gradients of sum(output * w) by the input and every weight (after `axes`, our layout)."""
    module.train()
    x = x.clone().requires_grad_(x.is_floating_point())
    y = forward(module, x) if forward else module(x)
    w = torch.randn_like(y)
    (y * w).sum().backward()
    ours = {}
    gradients = {}
    for our, (theirs, turn) in weights.items():
        p = dict(module.named_parameters())[theirs]
        ours[our] = plain(p.T if turn else p)
        gradients[our] = plain(p.grad.T if turn else p.grad)
    cases[name] = {
        "x": plain(x),
        "isInteger": not x.is_floating_point(),
        "weights": ours,
        "output": plain(y),
        "w": plain(w),
        "gradients": gradients,
        **({"dx": plain(x.grad)} if x.grad is not None else {}),
        **({"running": {"mean": plain(module.running_mean), "variance": plain(module.running_var)}} if isinstance(module, nn.BatchNorm2d) else {}),
    }


layer("dense", nn.Linear(5, 4), torch.randn(3, 5), {"dense/weight": ("weight", True), "dense/bias": ("bias", False)})
layer("embedding", nn.Embedding(7, 3), torch.tensor([[1, 2, 1], [6, 0, 2]]), {"embedding/weight": ("weight", False)})
layer("conv2d", nn.Conv2d(2, 4, 3, stride=2, padding=1), torch.randn(2, 2, 6, 5), {"conv/weight": ("weight", False), "conv/bias": ("bias", False)})
layer("conv2d in groups, dilated", nn.Conv2d(4, 4, (2, 3), groups=2, dilation=(2, 1)), torch.randn(2, 4, 6, 5), {"conv/weight": ("weight", False), "conv/bias": ("bias", False)})
layer("conv1d", nn.Conv1d(2, 3, 3, padding=2, dilation=2), torch.randn(2, 2, 8), {"conv/weight": ("weight", False), "conv/bias": ("bias", False)})
layer("layerNorm", nn.LayerNorm(6), torch.randn(3, 2, 6), {"norm/scale": ("weight", False), "norm/shift": ("bias", False)})
layer("rmsNorm", nn.RMSNorm(6, eps=1e-5), torch.randn(3, 2, 6), {"norm/scale": ("weight", False)})
layer("groupNorm", nn.GroupNorm(2, 4), torch.randn(2, 4, 3, 3), {"norm/scale": ("weight", False), "norm/shift": ("bias", False)})
layer("batchNorm", nn.BatchNorm2d(3), torch.randn(4, 3, 2, 2), {"norm/scale": ("weight", False), "norm/shift": ("bias", False)})
recurrent = lambda name: {f"{name}/input": ("weight_ih_l0", True), f"{name}/inputBias": ("bias_ih_l0", False), f"{name}/past": ("weight_hh_l0", True), f"{name}/pastBias": ("bias_hh_l0", False)}
layer("lstm", nn.LSTM(3, 4, batch_first=True), torch.randn(2, 5, 3), recurrent("lstm"), lambda m, x: m(x)[0])
layer("gru", nn.GRU(3, 4, batch_first=True), torch.randn(2, 5, 3), recurrent("gru"), lambda m, x: m(x)[0])
causal = torch.triu(torch.full((4, 4), float("-inf")), 1)
layer(
    "selfAttention",
    nn.MultiheadAttention(8, 2, batch_first=True),
    torch.randn(2, 4, 8),
    {"attention/qkv/weight": ("in_proj_weight", True), "attention/qkv/bias": ("in_proj_bias", False), "attention/out/weight": ("out_proj.weight", True), "attention/out/bias": ("out_proj.bias", False)},
    lambda m, x: m(x, x, x, attn_mask=causal, need_weights=False)[0],
)
for name, f in {
    "maxPool": lambda x: F.max_pool2d(x, 2),
    "averagePool": lambda x: F.avg_pool2d(x, 3, stride=2, padding=1),
    "gelu": F.gelu,
    "geluTanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "softmax": lambda x: F.softmax(x, -1),
    "logSoftmax": lambda x: F.log_softmax(x, -1),
    "softplus": F.softplus,
    "elu": F.elu,
    "hardSwish": F.hardswish,
}.items():
    layer(name, nn.Identity(), torch.randn(2, 3, 4, 4) * 2, {}, lambda m, x, f=f: f(x))

losses = {}


def loss(name, f, prediction, truth):
    p = prediction.clone().requires_grad_()
    value = f(p, truth)
    value.backward()
    losses[name] = {"prediction": plain(p), "truth": plain(truth), "isInteger": not truth.is_floating_point(), "loss": float(value), "gradient": plain(p.grad)}


loss("crossEntropy", F.cross_entropy, torch.randn(4, 5) * 3, torch.tensor([0, 4, 2, 2]))
loss("binaryCrossEntropy", F.binary_cross_entropy_with_logits, torch.randn(6) * 4, torch.tensor([0.0, 1, 1, 0, 1, 0]))
loss("squaredError", F.mse_loss, torch.randn(6), torch.randn(6))
loss("absoluteError", F.l1_loss, torch.randn(6), torch.randn(6))
loss("huber", F.huber_loss, torch.randn(6) * 2, torch.randn(6))

x, y = torch.randn(8, 3), torch.randn(8, 2)
start_w, start_b = torch.randn(3, 2), torch.randn(2)


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, algorithm 2; not part of PyTorch."""

    def __init__(self, params, lr, betas, weight_decay):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"]).sub_(group["lr"] * (b1 * m + (1 - b1) * p.grad).sign())
                m.mul_(b2).add_((1 - b2) * p.grad)


optimisers = {}
for name, make, clip in [
    ("sgd", lambda p: torch.optim.SGD(p, lr=0.1), None),
    ("sgd, momentum and decay", lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01), None),
    ("sgd, Nesterov", lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True), None),
    ("adamW", lambda p: torch.optim.AdamW(p, lr=0.05, betas=(0.9, 0.99), weight_decay=0.1), None),
    ("adamW, clipped", lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0), 0.3),
    ("sgd, clipped", lambda p: torch.optim.SGD(p, lr=0.1), 0.3),
    ("lion", lambda p: Lion(p, 0.02, (0.9, 0.99), 0.1), None),
]:
    w, b = nn.Parameter(start_w.clone()), nn.Parameter(start_b.clone())
    optimiser = make([w, b])
    seen = []
    for _ in range(10):
        optimiser.zero_grad()
        value = F.mse_loss(x @ w + b, y)
        value.backward()
        if clip:
            nn.utils.clip_grad_norm_([w, b], clip)
        optimiser.step()
        seen.append(float(value))
    optimisers[name] = {"losses": seen, "weight": plain(w), "bias": plain(b)}

problem = {"x": plain(x), "y": plain(y), "weight": plain(start_w), "bias": plain(start_b)}
made_with = {"torch": torch.__version__, "numpy": numpy.__version__, "seed": 20261, "dtype": "float64"}
print(json.dumps({"madeWith": made_with, "layers": cases, "losses": losses, "problem": problem, "optimisers": optimisers}, separators=(",", ":")))
