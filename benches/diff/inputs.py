"""Writes the workflows that benches/diff.sh compares: inputs.py OUT [COUNT...]

For each COUNT a folder with old.json and what became of it, one file for each kind of change; each of the
symmetric shapes has its own old file. The same bytes every time.
"""

import json
import random
import sys
from pathlib import Path

SAMPLERS = ["euler", "heun", "dpmpp_2m", "uni_pc", "lcm"]


def image(nodes, number, shared):
    """One picture: ten nodes, linked with what all pictures share."""
    first = len(nodes) + 1

    def add(class_type, title=None, **inputs):
        key = str(len(nodes) + 1)
        nodes[key] = {"class_type": class_type, "inputs": inputs}
        if title:
            nodes[key]["_meta"] = {"title": title}
        return key

    model, clip, vae, negative = shared
    lora = add("LoraLoaderModelOnly", None, model=[model, 0], lora_name="style.safetensors",
               strength_model=round(0.3 + number % 7 / 10, 1))
    text = add("CLIPTextEncode", f"shot {number}", clip=[clip, 0], text=f"a fox, picture {number // 3}")
    guided = add("FluxGuidance", None, conditioning=[text, 0], guidance=2.5 + number % 5)
    latent = add("EmptySD3LatentImage", None, width=1024, height=768 + 64 * (number % 3), batch_size=1)
    sampled = add("KSampler", None, model=[lora, 0], positive=[guided, 0], negative=[negative, 0],
                  latent_image=[latent, 0], seed=number * 17, steps=8 + number % 4, cfg=1.0,
                  sampler_name=SAMPLERS[number % 5], scheduler="simple", denoise=1.0)
    decoded = add("VAEDecode", None, samples=[sampled, 0], vae=[vae, 0])
    scaled = add("ImageScaleBy", None, image=[decoded, 0], upscale_method="lanczos", scale_by=1.5)
    inverted = add("ImageInvert", None, image=[scaled, 0])
    add("SaveImage", f"save {number}", images=[scaled, 0], filename_prefix=f"shot-{number}")
    add("PreviewImage", None, images=[inverted, 0])
    return first


def pictures(count):
    """Many pictures of one model."""
    nodes = {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "z_image_turbo_bf16.safetensors",
                                                     "weight_dtype": "default"}},
        "2": {"class_type": "CLIPLoader", "inputs": {"clip_name": "qwen_3_4b.safetensors", "type": "lumina2",
                                                     "device": "default"}},
        "3": {"class_type": "VAELoader", "inputs": {"vae_name": "ae.safetensors"}},
        "4": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["2", 0], "text": ""}},
    }
    number = 0
    while len(nodes) + 10 <= count:
        image(nodes, number, ("1", "2", "3", "4"))
        number += 1
    return nodes


def copied(nodes):
    return json.loads(json.dumps(nodes))


def shuffled(nodes, seed=1):
    """Other ids and another order."""
    rng = random.Random(seed)
    order = list(nodes)
    rng.shuffle(order)
    names = {key: str(number + 1) for number, key in enumerate(order)}
    out = {}
    for key in order:
        node = json.loads(json.dumps(nodes[key]))
        for name, value in node["inputs"].items():
            if isinstance(value, list):
                node["inputs"][name] = [names[value[0]], value[1]]
        out[names[key]] = node
    return out


def values(nodes):
    """Ten other values."""
    out = copied(nodes)
    samplers = [node for node in out.values() if node["class_type"] == "KSampler"]
    for node in random.Random(2).sample(samplers, 10):
        node["inputs"]["cfg"] = 3.5
    return out


def chain(nodes):
    """A chain of ten nodes before the decoder of the picture in the middle, and for what loads the model."""
    out = copied(nodes)
    decoders = [key for key, node in out.items() if node["class_type"] == "VAEDecode"]
    target = out[decoders[len(decoders) // 2]]
    link = target["inputs"]["samples"]
    for number in range(10):
        key = f"new{number}"
        out[key] = {"class_type": "LatentUpscaleBy", "inputs": {"samples": link, "upscale_method": "bicubic",
                                                               "scale_by": 1.0 + number / 10}}
        link = [key, 0]
    target["inputs"]["samples"] = link
    out["shift"] = {"class_type": "ModelSamplingSD3", "inputs": {"model": ["1", 0], "shift": 3.0}}
    for node in out.values():
        if node["class_type"] == "LoraLoaderModelOnly":
            node["inputs"]["model"] = ["shift", 0]
    return out


def half(nodes):
    """Every second picture made in another way."""
    out = copied(nodes)
    for number, (key, node) in enumerate(list(out.items())):
        if (int(key) - 5) // 10 % 2 and int(key) > 4:
            if node["class_type"] == "KSampler":
                inputs = node["inputs"]
                node["class_type"] = "KSamplerAdvanced"
                inputs["noise_seed"] = inputs.pop("seed")
                del inputs["denoise"]
                inputs.update(add_noise="enable", start_at_step=0, end_at_step=10000,
                              return_with_leftover_noise="disable")
            elif node["class_type"] == "EmptySD3LatentImage":
                node["class_type"] = "EmptyLatentImage"
            elif node["class_type"] == "VAEDecode":
                node["class_type"] = "VAEDecodeTiled"
                node["inputs"].update(tile_size=512, overlap=64, temporal_size=64, temporal_overlap=8)
            elif node["class_type"] == "ImageScaleBy":
                node["inputs"]["scale_by"] = 2.0
            elif node["class_type"] == "CLIPTextEncode":
                node["inputs"]["text"] = f"a crow, picture {number}"
    return out


def untitled(nodes):
    out = copied(nodes)
    for node in out.values():
        node.pop("_meta", None)
    return out


def unrelated(count):
    """Another workflow altogether."""
    rng = random.Random(3)
    nodes = {}
    for number in range(count):
        earlier = [key for key in list(nodes)[-20:]]
        key = f"n{number}"
        if not earlier or rng.random() < 0.1:
            nodes[key] = {"class_type": "LoadImage", "inputs": {"image": f"{number % 9}.png"}}
        elif rng.random() < 0.5:
            nodes[key] = {"class_type": "ImageBlend", "inputs": {
                "image1": [rng.choice(earlier), 0], "image2": [rng.choice(earlier), 0],
                "blend_factor": round(rng.random(), 2), "blend_mode": "normal"}}
        else:
            nodes[key] = {"class_type": "ImageBlur", "inputs": {
                "image": [rng.choice(earlier), 0], "blur_radius": rng.randrange(1, 9), "sigma": 1.0}}
    return nodes


def identical(count):
    return {str(number): {"class_type": "PreviewAny", "inputs": {}} for number in range(1, count + 1)}


def fan(count):
    nodes = {"1": {"class_type": "LoadImage", "inputs": {"image": "fox.png"}}}
    for number in range(2, count + 1):
        nodes[str(number)] = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}
    return nodes


def line(count):
    nodes = {"1": {"class_type": "LoadImage", "inputs": {"image": "fox.png"}}}
    for number in range(2, count + 1):
        nodes[str(number)] = {"class_type": "ImageInvert", "inputs": {"image": [str(number - 1), 0]}}
    return nodes


def grid(count):
    """Each node blends its neighbours above and to the left."""
    side = int(count**0.5)
    nodes = {"0": {"class_type": "LoadImage", "inputs": {"image": "fox.png"}}}
    for row in range(side):
        for column in range(side):
            def at(row, column):
                return [f"{row * side + column + 1}" if row >= 0 and column >= 0 else "0", 0]

            nodes[str(row * side + column + 1)] = {"class_type": "ImageBlend", "inputs": {
                "image1": at(row - 1, column), "image2": at(row, column - 1), "blend_factor": 0.5,
                "blend_mode": "normal"}}
    return nodes


def twins(count):
    """Rows that are all alike: nothing tells them apart."""
    nodes = {}
    while len(nodes) + 4 <= count:
        first = len(nodes) + 1
        nodes[str(first)] = {"class_type": "EmptyImage", "inputs": {"width": 512, "height": 512, "batch_size": 1,
                                                                    "color": 0}}
        for step in (1, 2):
            nodes[str(first + step)] = {"class_type": "ImageInvert", "inputs": {"image": [str(first + step - 1), 0]}}
        nodes[str(first + 3)] = {"class_type": "PreviewImage", "inputs": {"images": [str(first + 2), 0]}}
    return nodes


def some_gone(nodes):
    """Every hundredth node gone, and its links led to what it was given."""
    out = copied(nodes)
    for number, key in enumerate(list(out)):
        if number % 100 != 50:
            continue
        given = next((value for value in out[key]["inputs"].values() if isinstance(value, list)), None)
        del out[key]
        if given:
            nodes[key]["led"] = given

    def followed(link):
        while link[0] not in out and "led" in nodes[link[0]]:
            link = nodes[link[0]]["led"]
        return link if link[0] in out else None

    for node in out.values():
        for name, value in list(node["inputs"].items()):
            if isinstance(value, list):
                node["inputs"][name] = followed(value) or 0
    for node in nodes.values():
        node.pop("led", None)
    return out


def main(out, counts):
    for count in counts:
        folder = out / str(count)
        folder.mkdir(parents=True, exist_ok=True)

        def write(name, nodes):
            (folder / f"{name}.json").write_text(json.dumps(nodes, indent=2), encoding="utf-8")

        old = pictures(count)
        write("old", old)
        write("renumbered", shuffled(old))
        for name, nodes in (("values", values(old)), ("chain", chain(old)), ("half", half(old)),
                            ("untitled", untitled(old)), ("unrelated", unrelated(count))):
            write(name, nodes)
            write(f"{name}-renumbered", shuffled(nodes))
        for shape in (identical, fan, line, grid, twins):
            nodes = shape(count)
            write(f"{shape.__name__}-old", nodes)
            write(f"{shape.__name__}-new", shuffled(some_gone(nodes)))


main(Path(sys.argv[1]), [int(count) for count in sys.argv[2:]] or [1_000, 20_000])
