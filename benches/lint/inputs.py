"""Writes the files that benches/lint.sh lints: inputs.py CORPUS OUT

prompts/   the unchanged prompts of the corpus, one file each, laid out as ComfyUI exports them
many/      the same ten times over
object_info.json
fan_N.json, chain_N.json   valid workflows of N nodes, in many short chains and in one long one
"""

import gzip
import json
import sys
from pathlib import Path

corpus, out = Path(sys.argv[1]), Path(sys.argv[2])

prompts = []
with gzip.open(corpus / "prompts.jsonl.gz", "rt", encoding="utf-8") as lines:
    for line in lines:
        row = json.loads(line)
        if "#identity#" in row["id"]:
            prompts.append(json.dumps(row["prompt"], indent=2))
for folder, copies in ("prompts", 1), ("many", 10):
    (out / folder).mkdir()
    for number in range(copies * len(prompts)):
        (out / folder / f"{number:05}.json").write_text(prompts[number % len(prompts)], encoding="utf-8")

with gzip.open(corpus / "object_info.json.gz") as catalog:
    (out / "object_info.json").write_bytes(catalog.read())


def picture(nodes, length):
    """Adds an empty picture, passed through `length` nodes and saved."""
    def add(name, inputs):
        nodes[str(len(nodes) + 1)] = {"class_type": name, "inputs": inputs}
        return [str(len(nodes)), 0]

    link = add("EmptyImage", {"width": 512, "height": 512, "batch_size": 1, "color": len(nodes)})
    for step in range(length):
        if step % 2:
            link = add("ImageScaleBy", {"image": link, "upscale_method": "bicubic", "scale_by": 1.0})
        else:
            link = add("ImageInvert", {"image": link})
    add("SaveImage", {"images": link, "filename_prefix": f"fan-{len(nodes)}"})


for count in 10_000, 100_000:
    fan, chain = {}, {}
    while len(fan) < count:
        picture(fan, 8)
    picture(chain, count - 2)
    for name, nodes in ("fan", fan), ("chain", chain):
        assert len(nodes) == count
        (out / f"{name}_{count}.json").write_text(json.dumps(nodes, indent=2), encoding="utf-8")
