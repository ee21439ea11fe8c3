"""Writes a ViT-S/14 with random weights to argv[1], in the layout of DINOv2's small model, for transformers."""
import json
import sys
from pathlib import Path

import torch
from transformers import Dinov2Config, Dinov2Model

folder = Path(sys.argv[1])
(folder / "onnx").mkdir(parents=True)
torch.manual_seed(0)
config = Dinov2Config(hidden_size=384, num_hidden_layers=12, num_attention_heads=6, image_size=518, patch_size=14)
model = Dinov2Model(config).eval()
model.save_pretrained(folder)
(folder / "preprocessor_config.json").write_text(json.dumps({
    "image_processor_type": "BitImageProcessor", "do_resize": True, "size": {"shortest_edge": 256}, "resample": 3,
    "do_center_crop": True, "crop_size": {"height": 224, "width": 224}, "do_rescale": True, "rescale_factor": 1 / 255,
    "do_normalize": True, "do_convert_rgb": True, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
}))


class Tokens(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values=pixel_values).last_hidden_state


# The position embeddings for 224 pixels are computed once: ONNX has no antialiased bicubic resize.
embeddings = model.embeddings
with torch.no_grad():
    count = (224 // 14) ** 2 + 1
    fixed = embeddings.interpolate_pos_encoding(torch.zeros(1, count, 384), 224, 224)
embeddings.interpolate_pos_encoding = lambda *_: fixed
torch.onnx.export(
    Tokens(), (torch.zeros(2, 3, 224, 224),), str(folder / "onnx/model.onnx"), dynamo=False, opset_version=17,
    input_names=["pixel_values"], output_names=["last_hidden_state"],
    dynamic_axes={"pixel_values": {0: "batch_size"}, "last_hidden_state": {0: "batch_size"}},
)
