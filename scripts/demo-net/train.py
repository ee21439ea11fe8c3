"""
Trains demo-net on pictures that it generates during training.

    python train.py --out FOLDER --minutes 50      as many steps as fit; the log has their number
    python train.py --out FOLDER --steps 3000      a given number of steps
    python train.py --list                         the classes, one per line

Writes FOLDER/demo-net.safetensors and FOLDER/training-log.jsonl. Needs torch, torchvision, numpy and safetensors; uses
a GPU if there is one.
"""
import argparse
import copy
import hashlib
import json
import pathlib
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from safetensors.torch import save_file

from classes import all_families, split_classes
from network import DemoNet, stored
from probe import probe
from scene import HUES, Artist, normalize

# Size of a picture; steps of warm-up, and the share of steps after which the learning rate decays to 0.
SIZE, WARM_UP, CONSTANT = 48, 50, 0.7
RATE, DECAY, AVERAGE, HUE_SHARE = 2e-3, 0.05, 0.99, 0.2
# A step draws FRESH pictures into a pool and its batch from there: a picture is used BATCH / FRESH times on average.
BATCH, FRESH, POOL = 96, 48, 1536
# Clutter, grain and the share of objects with an outline grow until this step.
HARD_FROM, HARD_AT = 0.1, 900

parser = argparse.ArgumentParser()
parser.add_argument("--out", type=pathlib.Path)
parser.add_argument("--minutes", type=float)
parser.add_argument("--steps", type=int)
parser.add_argument("--workers", type=int, default=1, help="processes that draw; the pictures are the same for any number")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--probe", type=int, default=30, help="pictures of each held-out class to fit on, and as many to test on")
parser.add_argument("--list", action="store_true")
options = parser.parse_args()

families = list(all_families())
trained, probed = split_classes(families)
if options.list:
    for use, chosen in (("trained", trained), ("probe", probed)):
        for family, variant in chosen:
            print(f"{use} {families[family].name}/{families[family].variants[variant][0]}")
    raise SystemExit

began = time.time()
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(options.seed)
torch.set_num_threads(1)
options.out.mkdir(parents=True, exist_ok=True)
log = open(options.out / "training-log.jsonl", "w")


def note(**fields):
    line = json.dumps(fields)
    print(line, flush=True)
    log.write(line + "\n")
    log.flush()


class Drawings(torch.utils.data.Dataset):
    """The pictures of every step, each from a seed of its own."""

    def __len__(self):
        return 10**6

    def __getitem__(self, step):
        seed = options.seed * 10**7 + step
        chosen = torch.randint(len(trained), (FRESH,), generator=torch.Generator().manual_seed(seed))
        self.artist = getattr(self, "artist", None) or Artist(families, SIZE, "cpu", seed)
        self.artist.generator.manual_seed(seed)
        pictures, hues = self.artist.draw(*torch.tensor(trained)[chosen].T, HARD_FROM + (1 - HARD_FROM) * min(1, step / HARD_AT))
        return (pictures * 255).round().byte(), chosen, hues


def one_thread(_):
    torch.set_num_threads(1)


def varied(pictures, chooser):
    """Random mirroring, brightness and contrast for each picture."""
    pictures = pictures.flip(3) if torch.rand(1, generator=chooser) < 0.5 else pictures
    gain, level = (torch.rand(len(pictures), 1, 1, 1, generator=chooser) for _ in range(2))
    return ((pictures.float() / 255 - 0.5) * (0.75 + 0.4 * gain).to(pictures.device) + 0.4 + 0.2 * level.to(pictures.device)).clamp(0, 1)


model = DemoNet().to(device, memory_format=torch.channels_last)
heads = nn.ModuleDict({"class": nn.Linear(128, len(trained)), "hue": nn.Linear(128, HUES)}).to(device)
average = copy.deepcopy(model).eval()
parameters = [*model.parameters(), *heads.parameters()]
decayed, others = ([p for p in parameters if (p.dim() > 1) == more] for more in (True, False))
solver = torch.optim.AdamW([{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0}], lr=RATE, betas=(0.9, 0.99))
note(
    device=torch.cuda.get_device_name() if device == "cuda" else "cpu", torch=torch.__version__, torchvision=torchvision.__version__,
    seed=options.seed, batch=BATCH, fresh=FRESH, pool=POOL, size=SIZE, rate=RATE, decay=DECAY, average=AVERAGE, hue_share=HUE_SHARE,
    warm_up=WARM_UP, constant=CONSTANT, hard_from=HARD_FROM, hard_at=HARD_AT, parameters=sum(p.numel() for p in model.parameters()),
    trained_classes=len(trained), probe_classes=len(probed),
)
if options.probe > 1:
    note(probe_before_training=round(probe(copy.deepcopy(model), families, probed, device, SIZE, options.probe), 4))

chooser = torch.Generator().manual_seed(options.seed)
drawings = iter(torch.utils.data.DataLoader(Drawings(), batch_size=None, num_workers=options.workers, worker_init_fn=one_thread, prefetch_factor=8))
pool = [torch.empty(POOL, 3, SIZE, SIZE, dtype=torch.uint8), torch.empty(POOL, dtype=torch.long), torch.empty(POOL, dtype=torch.long)]
steps, step, drawn, loop_began, seen = options.steps, 0, 0, time.time(), torch.zeros(3, device=device)
while steps is None or step < steps:
    for _ in range(4 if step == 0 else 1):
        for kept, fresh in zip(pool, next(drawings)):
            kept[torch.arange(drawn, drawn + FRESH) % POOL] = fresh
        drawn += FRESH
    if steps is None and time.time() - loop_began >= CONSTANT * 60 * options.minutes:
        steps = max(step + 1, round(step / CONSTANT))
        note(steps=steps)
    falls = 1 if steps is None else min(1, (steps - step) / (steps * (1 - CONSTANT)))
    rate = RATE * min(1, (step + 1) / WARM_UP) * falls
    for group in solver.param_groups:
        group["lr"] = rate
    chosen = torch.randint(min(drawn, POOL), (BATCH,), generator=chooser)
    pictures, labels, hues = (kept[chosen].to(device) for kept in pool)
    pixels = normalize(varied(pictures, chooser)).contiguous(memory_format=torch.channels_last)
    model.train()
    found = model(pixels)
    scores, hue_scores = heads["class"](found), heads["hue"](found)
    loss = F.cross_entropy(scores, labels)
    total = loss + HUE_SHARE * F.cross_entropy(hue_scores, hues)
    solver.zero_grad(set_to_none=True)
    total.backward()
    solver.step()
    with torch.no_grad():
        share = 1 - min(AVERAGE, (step + 1) / (step + 10))
        for mean, now in zip(average.state_dict().values(), model.state_dict().values()):
            if mean.is_floating_point():
                mean.lerp_(now, share)
        seen += torch.stack([loss, (scores.argmax(1) == labels).float().mean(), (hue_scores.argmax(1) == hues).float().mean()])
    step += 1
    if step % 50 == 0 or step == steps:
        count = step % 50 or 50
        value, accuracy, hue_accuracy = (seen / count).tolist()
        seen.zero_()
        note(
            step=step, rate=round(rate, 6), loss=round(value, 4), accuracy=round(accuracy, 4), hue_accuracy=round(hue_accuracy, 4),
            seconds=round(time.time() - loop_began, 1), processor_seconds=round(time.process_time(), 1),
        )
    if step % 500 == 0:
        save_file(stored(average), options.out / "unfinished.safetensors")

tensors = stored(average)
file = options.out / "demo-net.safetensors"
save_file(tensors, file, metadata={"format": "pt", "licence": "MIT", "trained": "featuretap scripts/demo-net/train.py"})
kept = DemoNet().to(device)
kept.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=False)
if options.probe > 1:
    note(probe_after_training=round(probe(kept, families, probed, device, SIZE, options.probe), 4))
note(
    seen=step * BATCH, drawn=drawn,
    training_seconds=round(time.time() - loop_began, 1), all_seconds=round(time.time() - began, 1),
    processor_seconds=round(time.process_time(), 1),
    bytes=file.stat().st_size, sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
)
