"""PyTorch on the CPU for `npm run bench -- llm`: a LoRA step of a network with SmolLM2-135M's sizes. Prints one JSON object."""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F
from transformers import LlamaConfig, LlamaForCausalLM

threads, count, length = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(0)
config = LlamaConfig(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
                     max_position_embeddings=8192, rope_theta=100000.0, tie_word_embeddings=True, use_cache=False)
model = LlamaForCausalLM(config).float()
for one in model.parameters():
    one.requires_grad_(False)


class Adapted(nn.Module):
    def __init__(self, base, rank=8, alpha=16):
        super().__init__()
        self.base, self.scale = base, alpha / rank
        self.a = nn.Parameter(torch.randn(rank, base.in_features) / rank)
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + self.scale * ((x @ self.a.T) @ self.b.T)


for layer in model.model.layers:
    layer.self_attn.q_proj = Adapted(layer.self_attn.q_proj)
    layer.self_attn.v_proj = Adapted(layer.self_attn.v_proj)
moving = [one for one in model.parameters() if one.requires_grad]
optimiser = torch.optim.AdamW(moving, lr=1e-4, weight_decay=0.0)
tokens = torch.randint(0, 49152, (count, length + 1))
taken = []
for i in range(6):
    started = time.perf_counter()
    logits = model(input_ids=tokens[:, :-1]).logits
    loss = F.cross_entropy(logits.reshape(-1, 49152), tokens[:, 1:].reshape(-1))
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(moving, 1.0)
    optimiser.step()
    if i >= 2:
        taken.append((time.perf_counter() - started) * 1000)
print(json.dumps({"version": torch.__version__, "ms": sorted(taken)[len(taken) // 2]}))
