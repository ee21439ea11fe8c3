"""PyTorch's side of `npm run bench -- gpu`: the same weights, pixels and files on the same GPU.

argv[1] is a file with a JSON object (TorchTask in task.ts). Prints JSON lines as declared in task.ts, one or more for
each contestant.
"""
import json
import os
import struct
import sys
import time

task = json.load(open(sys.argv[1]))
answers = os.fdopen(os.dup(1), "w")
# Libraries print to stdout, so results use a separate channel.
os.dup2(2, 1)


def say(**fields):
    answers.write(json.dumps(fields) + "\n")
    answers.flush()


started = time.perf_counter()
import numpy as np  # noqa: E402
import torch  # noqa: E402
import torchvision  # noqa: E402
from PIL import Image  # noqa: E402
from torchvision import transforms  # noqa: E402

# "cpu" is for trying this script without a GPU.
device = torch.device(os.environ.get("FEATURETAP_BENCH_TORCH_DEVICE", "cuda"))
crop, cores = task["crop"], task["cores"]
version = f"PyTorch {torch.__version__}"
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def read_safetensors(path):
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = memoryview(data)[8 + length :]
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        arrays[name] = torch.from_numpy(np.frombuffer(body[begin:end], np.float32).reshape(entry["shape"]).copy())
    return arrays


class Photos(torch.utils.data.Dataset):
    """Reads a file like ImageFolder and applies torchvision's recipe."""

    recipe = transforms.Compose(
        [
            transforms.Resize(task["resize"]),
            transforms.CenterCrop(crop),
            transforms.ToTensor(),
            transforms.Normalize(mean, std),
        ]
    )

    def __len__(self):
        return len(task["images"])

    def __getitem__(self, at):
        with open(task["images"][at], "rb") as file:
            return self.recipe(Image.open(file).convert("RGB"))


def loader():
    return torch.utils.data.DataLoader(
        Photos(), batch_size=task["endToEndBatch"], num_workers=cores, pin_memory=device.type == "cuda"
    )


def open_model(contestant):
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = contestant["tf32"]
    torch.backends.cuda.matmul.allow_tf32 = contestant["tf32"]
    dtype = getattr(torch, contestant["dtype"])
    model = getattr(torchvision.models, task["architecture"])().eval()
    state = read_safetensors(task["weights"])
    state.pop("fc.weight", None), state.pop("fc.bias", None)
    model.load_state_dict(state, strict=False)
    model.fc = torch.nn.Identity()
    model = model.to(device=device, dtype=dtype, memory_format=torch.channels_last)
    if contestant["compile"]:
        model = torch.compile(model)

    def run(normalized):
        inputs = normalized.to(device, non_blocking=True).to(dtype=dtype, memory_format=torch.channels_last)
        return model(inputs).float().cpu().numpy()

    shift = torch.tensor(mean, device=device).view(1, 3, 1, 1)
    scale = torch.tensor(std, device=device).view(1, 3, 1, 1)

    def run_bytes(pixels):
        """Turns bytes [rows, crop, crop, 3] in memory into vectors in memory, normalized on the GPU."""
        floats = torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float()
        inputs = (floats / 255 - shift) / scale
        return model(inputs.to(dtype=dtype, memory_format=torch.channels_last)).float().cpu().numpy()

    return run, run_bytes


def alone(label, run_bytes, features):
    pixels = np.fromfile(task["pixels"], np.uint8).reshape(-1, crop, crop, 3)
    for index, batch in enumerate(task["batches"]):
        clock = time.perf_counter()
        run_bytes(pixels[:batch])
        first = time.perf_counter() - clock
        if index == 0:
            rows = [run_bytes(pixels[at : at + batch]) for at in range(0, task["comparedRows"], batch)]
            np.concatenate(rows).astype(np.float32).tofile(features)
        run_bytes(pixels[:batch])
        each = []
        for _ in range(task["rounds"]):
            clock, images, at = time.perf_counter(), 0, 0
            while time.perf_counter() - clock < task["roundSeconds"]:
                run_bytes(pixels[at : at + batch])
                images += batch
                at = (at + batch) % (len(pixels) - batch + 1)
            each.append(images / (time.perf_counter() - clock))
        say(label=label, network={"batch": batch, "firstSeconds": first, "each": each})


def from_files(label, run):
    clock, images = time.perf_counter(), 0
    for inputs in loader():
        images += len(run(inputs))
    say(label=label, endToEnd={"batch": task["endToEndBatch"], "images": images, "seconds": time.perf_counter() - clock})


def decode_alone():
    clock, images = time.perf_counter(), 0
    for inputs in loader():
        images += len(inputs)
    say(label="torch decoding", decoding={"images": images, "seconds": time.perf_counter() - clock})


if device.type == "cuda" and not torch.cuda.is_available():
    raise SystemExit(f"error: torch.cuda.is_available() is False for {version}")
if not hasattr(torchvision.models, task["architecture"]):
    raise SystemExit(f"error: torchvision has no {task['architecture']}")
torch.zeros(1, device=device)
say(label="torch decoding", opened={"version": f"{version}, torchvision {torchvision.__version__}", "seconds": time.perf_counter() - started})
with torch.inference_mode():
    if task["endToEndBatch"] > 0:
        decode_alone()
    for contestant in task["contestants"]:
        label = contestant["label"]
        try:
            clock = time.perf_counter()
            run, run_bytes = open_model(contestant)
            say(label=label, opened={"version": version, "seconds": time.perf_counter() - clock})
            alone(label, run_bytes, contestant["features"])
            if task["endToEndBatch"] > 0:
                run(torch.zeros(task["endToEndBatch"], 3, crop, crop))
                from_files(label, run)
        except Exception as error:
            say(label=label, failed=f"{type(error).__name__}: {error}"[:300])
