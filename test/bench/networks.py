"""PyTorch on the CPU for `npm run bench -- networks`: the same networks, batches and threads. Prints one JSON object."""
import json
import sys
import time

import torch
from torch import nn
import torch.nn.functional as F

threads = int(sys.argv[1])
torch.set_num_threads(threads)
torch.manual_seed(0)


def timed(step, count, warmup=2):
    for _ in range(warmup):
        step()
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        step()
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)[len(taken) // 2]


def mlp():
    torch.set_num_threads(1)
    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3)
    x, y = torch.randn(20000, 20), (torch.rand(20000, 1) > 0.5).float()

    def epoch():
        order = torch.randperm(20000)
        for i in range(0, 19968, 256):
            rows = order[i : i + 256]
            optimiser.zero_grad()
            F.binary_cross_entropy_with_logits(net(x[rows]), y[rows]).backward()
            optimiser.step()

    median = timed(epoch, 5)
    torch.set_num_threads(threads)
    return median


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(self.n1(x)).view(b, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, c))
        return x + self.down(F.gelu(self.up(self.n2(x))))


def gpt(layers, width, heads, vocabulary=256, batch=8, time=128, count=10):
    token, place = nn.Embedding(vocabulary, width), nn.Embedding(time, width)
    blocks = nn.Sequential(*[Block(width, heads) for _ in range(layers)])
    norm = nn.LayerNorm(width)
    parameters = [p for m in (token, place, blocks, norm) for p in m.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3)
    x = torch.randint(0, vocabulary, (batch, time))

    def step():
        optimiser.zero_grad()
        h = norm(blocks(token(x) + place(torch.arange(time))))
        F.cross_entropy((h @ token.weight.T).view(-1, vocabulary), x.view(-1)).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()

    return timed(step, count)


def convolution():
    net = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 49, 10))
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3)
    x, y = torch.rand(64, 1, 28, 28), torch.randint(0, 10, (64,))

    def step():
        optimiser.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimiser.step()

    return timed(step, 20)


what = {"mlp": mlp, "gpt1": lambda: gpt(4, 128, 4), "gpt10": lambda: gpt(6, 384, 6, count=5), "conv": convolution}
print(json.dumps({"version": torch.__version__, "ms": what[sys.argv[2]]()}))
