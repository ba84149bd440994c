"""Writes small.gguf (every metadata type, every encoding we read) and weight-files.json (its numbers as the reference dequantises them).
Made with gguf 0.19.0 and numpy 2.4.6, seed 7: python test/learn/golden/weight-files.py"""
import json
from pathlib import Path
import gguf
import numpy as np

here = Path(__file__).parent
random = np.random.default_rng(7)
writer = gguf.GGUFWriter(here / "small.gguf", "llama")
writer.add_uint8("t.u8", 200)
writer.add_int8("t.i8", -100)
writer.add_uint16("t.u16", 60000)
writer.add_int16("t.i16", -30000)
writer.add_uint32("t.u32", 4000000000)
writer.add_int32("t.i32", -2000000000)
writer.add_float32("t.f32", 0.1)
writer.add_float64("t.f64", 0.1)
writer.add_uint64("t.u64", 2**63 + 5)
writer.add_int64("t.i64", -(2**40))
writer.add_bool("t.bool", True)
writer.add_string("t.string", "Käse ☃")
writer.add_array("t.strings", ["a", "", "ß"])
writer.add_array("t.ints", [1, -2, 3])
writer.add_array("t.floats", [0.5, -1.25])
writer.add_array("t.bools", [True, False])
values = {}
kinds = gguf.GGMLQuantizationType
for kind in (kinds.F32, kinds.F16, kinds.BF16, kinds.Q8_0, kinds.Q4_0, kinds.Q4_1):
    x = random.normal(size=(3, 64)).astype(np.float32)
    packed = gguf.quants.quantize(x, kind)
    raw = None if kind in (kinds.F32, kinds.F16) else kind
    writer.add_tensor(f"x.{kind.name}", packed, raw_dtype=raw)
    values[kind.name] = {
        "given": x.ravel().tolist(),
        "read": gguf.quants.dequantize(packed, kind).astype(np.float32).ravel().tolist(),
        "bytes": packed.tobytes().hex(),
    }
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
(here / "weight-files.json").write_text(json.dumps(values))
