"""Numbers of two tiny Llama networks: logits, losses and gradients, with adapters and without. Weights are drawn by mulberry32, as the tests draw
them, so that none need be stored. float32 weights; made with torch 2.15.0, transformers 5.24.0, peft 0.21.2 on the CPU.
python test/learn/golden/llama.py"""
import json
import math
from pathlib import Path
import numpy as np
import torch
import transformers
from torch.nn import functional as F
from transformers import LlamaConfig, LlamaForCausalLM
import peft

here = Path(__file__).parent
torch.set_num_threads(1)


def draw(seed, count):
    with np.errstate(over="ignore"):
        i = np.arange(1, count + 1, dtype=np.uint32)
        s = np.uint32(seed) + i * np.uint32(0x6D2B79F5)
        t = (s ^ (s >> np.uint32(15))) * (s | np.uint32(1))
        t ^= t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))
        return ((t ^ (t >> np.uint32(14))).astype(np.float64)) / 2**32


def fill(named):
    """Weight number i in the order of names: 1 + u/10 for vectors of norms, u·√(3/in) for the rest, u uniform in [−1, 1)."""
    with torch.no_grad():
        for i, (name, one) in enumerate(sorted(named)):
            u = 2 * draw(1000 + i, one.numel()) - 1
            x = 1 + u / 10 if "norm" in name else u * math.sqrt(3 / one.shape[-1])
            one.copy_(torch.from_numpy(x.astype(np.float32)).reshape(one.shape))


configs = {
    "grouped": dict(vocab_size=288, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
                    num_key_value_heads=2, rms_norm_eps=1e-5, max_position_embeddings=256, tie_word_embeddings=True),
    "stretched": dict(vocab_size=96, hidden_size=48, intermediate_size=64, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1,
                      head_dim=32, rms_norm_eps=1e-6, max_position_embeddings=512, tie_word_embeddings=False, attention_bias=True,
                      rope_parameters=dict(rope_type="llama3", rope_theta=500.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                                           original_max_position_embeddings=64)),
}
answer = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}, "configs": {}}


def model_of(name):
    config = LlamaConfig(**configs[name], attn_implementation="eager")
    model = LlamaForCausalLM(config).eval().float()
    fill(dict(model.named_parameters()).items())
    return model, config


def tokens_of(seed, shape, vocabulary):
    return torch.from_numpy((draw(seed, int(np.prod(shape))) * vocabulary).astype(np.int64)).reshape(shape)


def listed(x):
    return [float(f"{v:.9g}") for v in x.detach().double().flatten().tolist()]


def squares(model):
    return {n: float((p.grad.double() ** 2).sum()) for n, p in model.named_parameters() if p.grad is not None}


def logps(model, tokens, mask):
    """Σ log p of the tokens under the mask, each predicted from those before it."""
    logits = model(input_ids=tokens).logits[:, :-1]
    found = torch.gather(logits.log_softmax(-1), 2, tokens[:, 1:, None])[..., 0]
    return (found * mask[:, 1:]).sum(-1)


for name in configs:
    model, config = model_of(name)
    tokens = tokens_of(1, (2, 12), config.vocab_size)
    logits = model(input_ids=tokens).logits
    mask = torch.ones(2, 12)
    mask[0, :4] = 0
    mask[1, :7] = 0
    found = torch.gather(logits[:, :-1].log_softmax(-1), 2, tokens[:, 1:, None])[..., 0]
    loss = -(found * mask[:, 1:]).sum() / mask[:, 1:].sum()
    loss.backward()
    answer["configs"][name] = {"config": config.to_diff_dict(), "tokens": tokens.flatten().tolist(), "mask": mask.flatten().tolist(),
                               "logits": listed(logits[:, [5, 11]]), "loss": loss.item(), "squares": squares(model)}


def adapted(isZero):
    model, config = model_of("grouped")
    lora = peft.get_peft_model(model, peft.LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], lora_dropout=0.0))
    found = {n: p for n, p in lora.named_parameters() if "lora_" in n}
    fill(found.items())
    if isZero:
        with torch.no_grad():
            for n, p in found.items():
                if "lora_B" in n:
                    p.zero_()
    return lora.eval(), config


lora, config = adapted(False)
tokens = tokens_of(1, (2, 12), 288)
mask = torch.tensor(answer["configs"]["grouped"]["mask"]).reshape(2, 12)
chosen, rejected = tokens_of(2, (3, 10), 288), tokens_of(3, (3, 10), 288)
rejected[:, :4] = chosen[:, :4]
completion = torch.zeros(3, 10)
completion[0, 4:], completion[1, 4:8], completion[2, 4:9] = 1, 1, 1
base, _ = model_of("grouped")
with torch.no_grad():
    ref = [logps(base, one, completion) for one in (chosen, rejected)]
pol = [logps(lora, one, completion) for one in (chosen, rejected)]
delta = (pol[0] - ref[0]) - (pol[1] - ref[1])
dpo = -F.logsigmoid(0.1 * delta).mean()
dpo.backward()
lora_answer = {
    "names": sorted(n.replace(".default", "") for n, p in lora.named_parameters() if "lora_" in n),
    "logits": listed(lora(input_ids=tokens).logits[:, [5, 11]]),
    "chosen": chosen.flatten().tolist(), "rejected": rejected.flatten().tolist(), "completion": completion.flatten().tolist(),
    "reference": [listed(one) for one in ref], "policy": [listed(one) for one in pol], "dpo": dpo.item(),
    "squares": {n.replace(".default", ""): v for n, v in squares(lora).items()},
}
lora, config = adapted(True)
optimiser = torch.optim.AdamW([p for n, p in lora.named_parameters() if "lora_" in n], lr=0.01, weight_decay=0.0)
losses = []
for _ in range(6):
    found = torch.gather(lora(input_ids=tokens).logits[:, :-1].log_softmax(-1), 2, tokens[:, 1:, None])[..., 0]
    loss = -(found * mask[:, 1:]).sum() / mask[:, 1:].sum()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
lora_answer["losses"] = losses
merged = lora.merge_and_unload()
lora_answer["mergedLogits"] = listed(merged(input_ids=tokens).logits[:, [5, 11]])
answer["lora"] = lora_answer

model, config = model_of("grouped")
score = torch.from_numpy((2 * draw(99, 64) - 1).astype(np.float32)).requires_grad_()
hidden = [model.model(input_ids=one).last_hidden_state for one in (chosen, rejected)]
last = (completion.cumsum(-1).argmax(-1))
rewards = [(h[torch.arange(3), last] @ score) for h in hidden]
loss = -F.logsigmoid(rewards[0] - rewards[1]).mean() + 0.01 * ((rewards[0] + rewards[1]) ** 2).mean()
loss.backward()
answer["reward"] = {"rewards": [listed(one) for one in rewards], "loss": loss.item(), "scoreGradient": listed(score.grad), "last": last.tolist()}
(here / "llama.json").write_text(json.dumps(answer))
