"""FastAPI + PyTorch: the usual server of a fine-tuned ResNet50, one photo per request. serve.py PORT CLASSES

The last layer has random weights, which take the same time as trained ones.
"""

import io
import sys

import torch
import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from PIL import Image
from torchvision import transforms
from torchvision.models import resnet50

port, classes = int(sys.argv[1]), int(sys.argv[2])
model = resnet50(weights=None)
model.fc = torch.nn.Linear(2048, classes)
model.eval()
recipe = transforms.Compose([
    transforms.Resize(256),
    transforms.CenterCrop(224),
    transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])
app = FastAPI()


def classify(body: bytes):
    pixels = recipe(Image.open(io.BytesIO(body)).convert("RGB"))
    with torch.inference_mode():
        top = torch.softmax(model(pixels[None]), 1)[0].topk(min(5, classes))
    return [{"class": int(c), "probability": float(p)} for p, c in zip(top.values, top.indices)]


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/predict")
async def predict(request: Request):
    return {"top": await run_in_threadpool(classify, await request.body())}


uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
