"""demo-net: torchvision's ResNet of basic blocks with 16 channels instead of a ResNet18's 64."""
import math

import torch
import torch.nn as nn
from torchvision.models.resnet import BasicBlock, ResNet

BLOCKS, WIDTH, STEM = (2, 2, 2, 1), 16, 16


class DemoNet(ResNet):
    def __init__(self):
        nn.Module.__init__(self)
        self._norm_layer, self.inplanes, self.dilation = nn.BatchNorm2d, STEM, 1
        self.groups, self.base_width = 1, 64
        self.conv1 = nn.Conv2d(3, STEM, 7, 2, 3, bias=False)
        self.bn1, self.relu, self.maxpool = nn.BatchNorm2d(STEM), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        for index, count in enumerate(BLOCKS):
            layer = self._make_layer(BasicBlock, WIDTH * 2**index, count, stride=1 if index == 0 else 2)
            setattr(self, f"layer{index + 1}", layer)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if isinstance(module, BasicBlock):
                nn.init.zeros_(module.bn2.weight)
        self.conv1.weight.data.copy_(first_kernels())

    def forward(self, x):
        """Normalized pixels [n, 3, side, side] to features [n, 128]."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3))


def first_kernels():
    """
    Initial kernels [16, 3, 7, 7] that resemble those of trained networks, which shortens training: Gabor kernels of
    brightness in four directions (fine edge, fine line, coarse line), two colour differences, brightness, a spot.
    """
    y, x = torch.meshgrid(torch.arange(-3.0, 4), torch.arange(-3.0, 4), indexing="ij")
    grey, near = torch.ones(3), torch.exp(-(x**2 + y**2) / (2 * 1.6**2))
    kernels = []
    for wavelength, phase in ((4, 0), (4, math.pi / 2), (7, 0)):
        for k in range(4):
            along = x * math.cos(math.pi * k / 4) + y * math.sin(math.pi * k / 4)
            wave = near * torch.cos(2 * math.pi * along / wavelength + phase)
            kernels.append((wave - near * wave.sum() / near.sum(), grey))
    spot = torch.exp(-(x**2 + y**2) / (2 * 0.8**2))
    kernels += [(near, torch.tensor([1.0, -1, 0])), (near, torch.tensor([-0.5, -0.5, 1])), (near, grey), (spot - near * spot.sum() / near.sum(), grey)]
    stacked = torch.stack([colour[:, None, None] * plane for plane, colour in kernels])
    return stacked / stacked.flatten(1).norm(dim=1)[:, None, None, None]


def stored(model):
    """The tensors as stored: kernels in float16, batch norm in float32, no counters."""
    return {
        name: (tensor.detach().half() if tensor.dim() == 4 else tensor.detach().float()).cpu().contiguous()
        for name, tensor in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
