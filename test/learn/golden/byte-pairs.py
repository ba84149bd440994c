"""Merges that Hugging Face's trainer learns, and how its tokenizer encodes a few texts with them. tokenizers 0.23.3.
python test/learn/golden/byte-pairs.py"""
import json
from pathlib import Path
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

here = Path(__file__).parent
play = (here.parents[2] / "drizzle/seed/data/tinyshakespeare.txt").read_text()[:120_000]
mixed = "naïve café ☃ 東京 123 4567  don't\n\n\tthey'll naïve café ☃☃ 東京東京 aaaa aaaaaa\n" * 7 + "ababab abab  \n x=y+1;\r\n"
texts = ["Shall I compare thee to a summer's day?", " don't  stop\n\n123 東京 ☃ é", "<|end|>aaaaa<|end|>"]
answer = {}
for name, text, size in (("play", play, 900), ("mixed", mixed, 330)):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=2, special_tokens=["<|end|>"], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator([text], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    answer[name] = {"text": text if name == "mixed" else None, "size": size, "merges": [" ".join(one) for one in model["merges"]],
                    "tokens": sorted(model["vocab"], key=model["vocab"].get)[:257],
                    "encoded": {one: tokenizer.encode(one).ids for one in texts}}
(here / "byte-pairs.json").write_text(json.dumps(answer, ensure_ascii=False))
