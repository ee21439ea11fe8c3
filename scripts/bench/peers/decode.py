"""Decodes files named on stdin, one per line, with Pillow and torchvision; prints images per second as JSON.

Usage: decode.py RESIZE CROP PROCESSES
"""
import json
import sys
import time
from multiprocessing import Pool

import PIL
import torchvision
from PIL import Image
from torchvision import transforms as T

resize, crop, processes = map(int, sys.argv[1:4])
transform = T.Compose([T.Resize(resize), T.CenterCrop(crop)])


def read(file):
    return len(transform(Image.open(file).convert("RGB")).tobytes())


if __name__ == "__main__":
    files = sys.stdin.read().splitlines()
    with Pool(processes) as pool:
        pool.map(read, files[: processes * 8], chunksize=4)
        started = time.perf_counter()
        pool.map(read, files, chunksize=8)
        seconds = time.perf_counter() - started
    print(json.dumps({"imagesPerSecond": len(files) / seconds, "name": f"Pillow {PIL.__version__} + torchvision {torchvision.__version__}"}))
