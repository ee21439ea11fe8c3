"""One contestant of `npm run bench -- extract` in Python: PyTorch or OpenVINO with the same weights and images.

argv[1] is a file with a JSON object (see contestant.ts). Prints one JSON line when ready, then one per round: each line
on stdin requests one, "backbone" or "end-to-end".
"""
import json
import os
import resource
import struct
import sys
import time

started = time.perf_counter()
task = json.load(open(sys.argv[1]))
os.environ.setdefault("OMP_NUM_THREADS", str(task["threads"]))
os.environ.setdefault("TORCHINDUCTOR_FREEZING", "1")
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

tokens = task["network"].startswith("vit")
engine, batch, crop, threads = task["engine"], task["batch"], task["crop"], task["threads"]
mean = np.array([0.485, 0.456, 0.406], np.float32)
std = np.array([0.229, 0.224, 0.225], np.float32)
answers = os.fdopen(os.dup(1), "w")
# Libraries print to stdout, so results use a separate channel.
os.dup2(2, 1)


def say(**fields):
    answers.write(json.dumps(fields) + "\n")
    answers.flush()


def read_safetensors(path):
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = memoryview(data)[8 + length :]
    return {n: np.frombuffer(body[t["data_offsets"][0] : t["data_offsets"][1]], np.float32).reshape(t["shape"]) for n, t in header.items()}


def normalized(pixels):
    return np.ascontiguousarray(((pixels.astype(np.float32) / 255 - mean) / std).transpose(0, 3, 1, 2))


pixels = np.fromfile(task["pixels"], np.uint8).reshape(-1, crop, crop, 3)
batches = [normalized(pixels[at : at + batch]) for at in range(0, len(pixels) - batch + 1, batch)]


def torch_engine():
    import torch

    torch.set_num_threads(threads)
    model = transformer(torch) if tokens else resnet(torch)
    example = torch.from_numpy(batches[0])
    dtype, last = torch.float32, False
    if engine == "torch optimize_for_inference":
        model = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, example)))
    elif engine == "torch bf16 channels-last":
        dtype, last = torch.bfloat16, True
        model = model.to(dtype).to(memory_format=torch.channels_last)
    elif engine == "torch compile":
        model = torch.compile(model)
    elif engine == "torch compile bf16 channels-last":
        dtype, last = torch.bfloat16, True
        model = torch.compile(model.to(dtype).to(memory_format=torch.channels_last))
    elif engine == "torch int8 FX":
        from torch.ao.quantization import get_default_qconfig_mapping
        from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

        backend = next(b for b in ("onednn", "x86", "fbgemm") if b in torch.backends.quantized.supported_engines)
        torch.backends.quantized.engine = backend
        prepared = prepare_fx(model, get_default_qconfig_mapping(backend), (example,))
        for inputs in batches[:2]:
            prepared(torch.from_numpy(inputs))
        model = convert_fx(prepared)
        traced = torch.jit.freeze(torch.jit.trace(model, example))
        model = traced
    elif engine == "torch int8 PT2E":
        import torchao.quantization.pt2e.quantizer.x86_inductor_quantizer as quantizers
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

        quantizer = quantizers.X86InductorQuantizer()
        quantizer.set_global(quantizers.get_default_x86_inductor_quantization_config())
        model = one_relu_each(model).to(memory_format=torch.channels_last)
        prepared = prepare_pt2e(torch.export.export(model, (example,)).module(), quantizer)
        for inputs in batches[:2]:
            prepared(torch.from_numpy(inputs))
        model = torch.compile(convert_pt2e(prepared))
        last = True
    elif engine != "torch eager":
        raise SystemExit(f"no engine {engine}")

    def run(inputs):
        tensor = torch.from_numpy(inputs).to(dtype)
        if last:
            tensor = tensor.to(memory_format=torch.channels_last)
        with torch.no_grad():
            return model(tensor).float().numpy()

    return torch.__version__, run


def resnet(torch):
    import torchvision

    model = getattr(torchvision.models, task["network"])().eval()
    state = {n: torch.from_numpy(a.copy()) for n, a in read_safetensors(task["weights"]).items()}
    state.pop("fc.weight", None), state.pop("fc.bias", None)
    model.load_state_dict(state, strict=False)
    model.fc = torch.nn.Identity()
    return model


def transformer(torch):
    from transformers import AutoModel

    class ClassToken(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = AutoModel.from_pretrained(task["weights"]).eval()

        def forward(self, pixels):
            return self.model(pixel_values=pixels).last_hidden_state[:, 0]

    return ClassToken().eval()


def one_relu_each(model):
    """torchvision's blocks call one ReLU three times; the X86 quantizer matches patterns by module."""
    import types

    import torch
    from torchvision.models.resnet import Bottleneck

    def forward(self, x):
        out = self.relu1(self.bn1(self.conv1(x)))
        out = self.relu2(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu3(out + (x if self.downsample is None else self.downsample(x)))

    for block in model.modules():
        if isinstance(block, Bottleneck):
            block.relu1, block.relu2, block.relu3 = (torch.nn.ReLU() for _ in range(3))
            block.forward = types.MethodType(forward, block)
    return model


def openvino_engine():
    import openvino as ov

    core = ov.Core()
    model = core.read_model(task["onnx"])
    properties = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": 1}
    properties["INFERENCE_PRECISION_HINT"] = "bf16" if engine == "openvino bf16" else "f32"
    if engine == "openvino int8 NNCF":
        import nncf

        # NNCF's guide recommends the mixed preset for networks that are not symmetric around zero.
        kind = nncf.ModelType.TRANSFORMER if tokens else None
        model = nncf.quantize(model, nncf.Dataset(batches[:2]), preset=nncf.QuantizationPreset.MIXED, model_type=kind)
    compiled = core.compile_model(model, "CPU", properties)
    pool = (lambda found: found[:, 0]) if tokens else (lambda found: found.mean(axis=(2, 3)))
    return ov.__version__, lambda inputs: pool(compiled(inputs)[0])


def decode(path):
    image = Image.open(path).convert("RGB")
    width, height = image.size
    short = task["resize"]
    size = (short, int(short * height / width)) if width <= height else (int(short * width / height), short)
    image = image.resize(size, Image.BICUBIC if task["interpolation"] == "bicubic" else Image.BILINEAR)
    left, top = round((size[0] - crop) / 2), round((size[1] - crop) / 2)
    return np.asarray(image.crop((left, top, left + crop, top + crop)))


def end_to_end():
    """Computes features from files, decoding in one process per core beside the network, like a DataLoader."""
    from multiprocessing import get_context

    paths = task["images"][: round_batches * batch]
    waiting = []
    with get_context("fork").Pool(threads) as pool:
        # The start is excluded, as for featuretap's threads.
        for _ in pool.imap(decode, task["images"][: 8 * threads]):
            pass
        before = processor_seconds() + of_children(pool)
        clock = time.perf_counter()
        for image in pool.imap(decode, paths, chunksize=4):
            waiting.append(image)
            if len(waiting) == batch:
                run(normalized(np.stack(waiting)))
                waiting = []
        if waiting:
            run(normalized(np.stack(waiting)))
        seconds = time.perf_counter() - clock
        used = processor_seconds() + of_children(pool) - before
    return len(paths), seconds, used


def of_children(pool):
    """Processor seconds of the running decoding processes (proc(5): utime and stime)."""
    fields = [open(f"/proc/{child.pid}/stat").read().rsplit(")", 1)[1].split() for child in pool._pool]
    return sum(int(time) for each in fields for time in each[11:13]) / os.sysconf("SC_CLK_TCK")


def processor_seconds():
    """Processor seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def backbone_round():
    before = processor_seconds()
    clock = time.perf_counter()
    for inputs in batches[:round_batches]:
        run(inputs)
    return min(round_batches, len(batches)) * batch, time.perf_counter() - clock, processor_seconds() - before


version, run = openvino_engine() if engine.startswith("openvino") else torch_engine()
if engine == "torch bf16 channels-last":
    # A precision that the processor emulates can take seconds per image: then use the largest batch that fits a round.
    # Nothing was compiled for a fixed batch size here.
    run(batches[0][:1])
    alone = time.perf_counter()
    run(batches[0][:1])
    alone = time.perf_counter() - alone
    batch = max(1, min(batch, int(task["roundSeconds"] / alone)))
    batches = [inputs[at : at + batch] for inputs in batches for at in range(0, len(inputs) - batch + 1, batch)]
first = run(batches[0])
warm = time.perf_counter()
second = run(batches[1])
warm = time.perf_counter() - warm
np.concatenate([first, second]).astype(np.float32).tofile(task["features"])
# A slow contestant's rate needs fewer images.
round_batches = max(1, int(task["roundSeconds"] / warm))
say(version=version, batch=batch, startSeconds=time.perf_counter() - started)
for line in sys.stdin:
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")  # resets the peak of resident memory
    images, seconds, used = backbone_round() if line.strip() == "backbone" else end_to_end()
    with open("/proc/self/status") as status:
        peak = next(int(entry.split()[1]) for entry in status if entry.startswith("VmHWM"))
    say(images=images, seconds=seconds, processorSeconds=used, peakBytes=peak * 1024)
