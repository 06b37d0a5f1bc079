"""What torch reserves on a card for what diffusers allocates, without a card.

The real code runs on tensors without content. Its allocations and releases, in their order, are replayed through the rules of
torch's caching allocator for CUDA. `replayed` rows of schemas/coefficients.csv come from here:

    pip install torch diffusers transformers accelerate
    python benches/replay.py

Seen with torch 2.15.0, diffusers 0.42.1 and transformers 5.24.0. A 2-D or 3-D convolution in 16 bits is counted with a copy of what it
reads, of its weights and of what it writes, since cuDNN computes with channels last; attention keeps no scores.
"""

import bisect
import gc
import weakref

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

GIB = 1 << 30
MIB = 1 << 20


class Allocator:
    """The rules of c10/cuda/CUDACachingAllocator.cpp: how requests become segments, and which free block serves which."""

    def __init__(self):
        self.allocated = self.most_allocated = self.reserved = self.most_reserved = 0
        self.segments = []  # of blocks [offset, size, is free]
        self.free = {False: [], True: []}  # by whether small: (size, segment, offset), ascending
        self.live = {}

    def take(self, key, size):
        size = max(512, -(-size // 512) * 512)
        is_small = size <= MIB
        pool = self.free[is_small]
        at = bisect.bisect_left(pool, (size, -1, -1))
        if at < len(pool):
            whole, segment, offset = pool.pop(at)
        else:
            if is_small:
                whole = 2 * MIB
            else:
                whole = 20 * MIB if size < 10 * MIB else -(-size // (2 * MIB)) * 2 * MIB
            segment, offset = len(self.segments), 0
            self.segments.append([[0, whole, True]])
            self.reserved += whole
            self.most_reserved = max(self.most_reserved, self.reserved)
        blocks = self.segments[segment]
        index = bisect.bisect_left(blocks, [offset])
        block, rest = blocks[index], whole - size
        if rest >= 512 if is_small else rest > MIB:
            block[1] = size
            blocks.insert(index + 1, [offset + size, rest, True])
            bisect.insort(pool, (rest, segment, offset + size))
        block[2] = False
        self.allocated += block[1]
        self.most_allocated = max(self.most_allocated, self.allocated)
        self.live[key] = (is_small, segment, offset)

    def give(self, key):
        is_small, segment, offset = self.live.pop(key)
        pool, blocks = self.free[is_small], self.segments[segment]
        index = bisect.bisect_left(blocks, [offset])
        block = blocks[index]
        self.allocated -= block[1]
        block[2] = True
        if index + 1 < len(blocks) and blocks[index + 1][2]:
            after = blocks.pop(index + 1)
            pool.remove((after[1], segment, after[0]))
            block[1] += after[1]
        if index > 0 and blocks[index - 1][2]:
            before = blocks[index - 1]
            pool.remove((before[1], segment, before[0]))
            before[1] += block[1]
            blocks.pop(index)
            block = before
        bisect.insort(pool, (block[1], segment, block[0]))


class Recorder(TorchDispatchMode):
    """Notes when storage comes and goes; that of the weights was there before."""

    def __init__(self, model):
        super().__init__()
        self.events = []
        self.known = {}
        self.weights = {}
        for tensor in [*model.parameters(), *model.buffers()]:
            storage = tensor.untyped_storage()
            self.weights[id(storage)] = storage

    def see(self, tensor):
        storage = tensor.untyped_storage()
        at = id(storage)
        if self.weights.get(at) is storage or at in self.known and self.known[at]() is storage:
            return
        key = len(self.events)
        self.known[at] = weakref.ref(storage, lambda _: self.events.append((key, None)))
        self.events.append((key, storage.nbytes()))

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self.see(leaf)
        if "convolution" in str(function) and args[0].element_size() == 2:
            copies = sum(tensor.numel() * 2 for tensor in (args[0], args[1], result))
            key = len(self.events)
            self.events += [(key, copies), (key, None)]
        return result


def attention(query, key, value, *_, **__):
    """Of attention that keeps no scores only the result is left."""
    return torch.empty(*query.shape[:-1], value.shape[-1], dtype=query.dtype, device=query.device)


torch.nn.functional.scaled_dot_product_attention = attention
torch.set_default_dtype(torch.bfloat16)
FAKE = FakeTensorMode(allow_non_fake_inputs=True)


def record(make, call, times=1):
    """The sizes of a model's weights, and what happens when it is called."""
    with FAKE, torch.device("cuda"), torch.no_grad():
        model = make().eval()
        recorder = Recorder(model)
        with recorder:
            for _ in range(times):
                call(model)
        gc.collect()
    return [tensor.nbytes for tensor in [*model.parameters(), *model.buffers()]], recorder.events


def load(allocator, name, weights):
    for index, size in enumerate(weights):
        allocator.take((name, "weight", index), size)


def play(allocator, name, events):
    for key, size in events:
        if size is not None:
            allocator.take((name, key), size)
        elif (name, key) in allocator.live:
            allocator.give((name, key))


def alone(name, weights, events):
    """A model that has the card for itself."""
    allocator = Allocator()
    load(allocator, name, weights)
    held, base = allocator.reserved, allocator.allocated
    play(allocator, name, events)
    tensors, taken = allocator.most_allocated - base, allocator.most_reserved - held
    print(
        f"{name:32} weights {base / GIB:6.3f} in {held / GIB:6.3f} ({held / base:.3f}); "
        f"tensors {tensors / GIB:6.3f} in {taken / GIB:6.3f} ({taken / tensors:.2f})",
        flush=True,
    )
    return taken


def together(name, parts):
    """Models that all stay on the card, one after the other."""
    allocator = Allocator()
    for part, (weights, _) in parts.items():
        load(allocator, part, weights)
    held = allocator.reserved
    for part, (_, events) in parts.items():
        play(allocator, part, events)
    own = [alone(f"{name} {part}", *recorded) for part, recorded in parts.items()]
    taken = allocator.most_reserved - held
    carried = (taken - own[-1]) / sum(own[:-1])
    print(f"{name:32} all on the card: {allocator.most_reserved / GIB:.3f}; carried {carried:.2f}", flush=True)


def z_image(size, text=208, steps=2):
    from diffusers import AutoencoderKL, ZImageTransformer2DModel
    from transformers import Qwen3Config, Qwen3Model

    qwen = Qwen3Config(
        vocab_size=151936, hidden_size=2560, intermediate_size=9728, num_hidden_layers=36, num_attention_heads=32,
        num_key_value_heads=8, head_dim=128, attn_implementation="sdpa",
    )
    tokens = lambda: torch.zeros(1, 512, dtype=torch.long)
    encoder = record(
        lambda: Qwen3Model(qwen), lambda model: model(input_ids=tokens(), output_hidden_states=True).hidden_states[-2]
    )

    def step(model):
        latents = torch.empty(1, 16, size // 8, size // 8, dtype=torch.float32)
        inputs = list(latents.to(torch.bfloat16).unsqueeze(2).unbind(0))
        time, encoded = torch.empty(1, dtype=torch.float32), [torch.empty(text, 2560)]
        outputs = model(inputs, time, encoded, return_dict=False)[0]
        return latents - torch.stack([output.float() for output in outputs]).squeeze(2) * 0.1

    network = record(ZImageTransformer2DModel, step, steps)
    blocks = dict(down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4)
    flux_vae = lambda: AutoencoderKL(
        **blocks, block_out_channels=[128, 256, 512, 512], layers_per_block=2, latent_channels=16, norm_num_groups=32,
        use_quant_conv=False, use_post_quant_conv=False, mid_block_add_attention=True,
    )
    decode = record(flux_vae, lambda model: model.decode(torch.empty(1, 16, size // 8, size // 8), return_dict=False))
    together(f"z-image {size}", {"encoder": encoder, "network": network, "flux1-vae": decode})
    encode = record(flux_vae, lambda model: model.encode(torch.empty(1, 3, size, size), return_dict=False))
    alone(f"flux1-vae encodes {size}", *encode)


def qwen_image_vae(size):
    from diffusers import AutoencoderKLQwenImage

    latents = lambda: torch.empty(1, 16, 1, size // 8, size // 8)
    alone(f"qwen-image-vae {size}", *record(AutoencoderKLQwenImage, lambda model: model.decode(latents())))


def qwen_image(size):
    from diffusers import QwenImageTransformer2DModel

    side = size // 16
    call = lambda model: model(
        hidden_states=torch.empty(1, side * side, 64), encoder_hidden_states=torch.empty(1, 256, 3584),
        encoder_hidden_states_mask=None, timestep=torch.empty(1), img_shapes=[[(1, side, side)]], return_dict=False,
    )
    alone(f"qwen-image {size}", *record(QwenImageTransformer2DModel, call, 2))


def klein(size):
    from diffusers import Flux2Transformer2DModel

    tokens = (size // 16) ** 2
    ids = lambda count: torch.zeros(1, count, 4, dtype=torch.float32)
    make = lambda: Flux2Transformer2DModel(
        num_layers=5, num_single_layers=20, num_attention_heads=24, attention_head_dim=128, joint_attention_dim=7680,
        guidance_embeds=False,
    )
    call = lambda model: model(
        hidden_states=torch.empty(1, tokens, 128), encoder_hidden_states=torch.empty(1, 512, 7680),
        timestep=torch.empty(1), img_ids=ids(tokens), txt_ids=ids(512), guidance=None, return_dict=False,
    )
    alone(f"flux2-klein-4b {size}", *record(make, call, 2))


def wan(width, height, frames):
    from diffusers import WanTransformer3DModel

    make = lambda: WanTransformer3DModel(
        num_attention_heads=40, attention_head_dim=128, ffn_dim=13824, num_layers=40, text_dim=4096
    )
    call = lambda model: model(
        hidden_states=torch.empty(1, 16, (frames - 1) // 4 + 1, height // 8, width // 8),
        timestep=torch.empty(1, dtype=torch.float32), encoder_hidden_states=torch.empty(1, 512, 4096), return_dict=False,
    )
    alone(f"wan-14b {width}x{height}x{frames}", *record(make, call, 2))


if __name__ == "__main__":
    for size in (512, 1024, 2048):
        z_image(size)
    for size in (1024, 1536):
        qwen_image_vae(size)
        qwen_image(size)
        klein(size)
    wan(832, 480, 81)
    wan(1280, 720, 81)
