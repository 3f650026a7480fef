"""Writes the files beside this script: code 10 k + t for codebook k = 0…2 and frame t = 0…3.

Run with PyTorch 2.13.0 and transformers 5.18.0.
"""

from pathlib import Path

import torch
from transformers.models.encodec.modeling_encodec import EncodecEncoderOutput

here = Path(__file__).parent
codes = 10 * torch.arange(3)[:, None] + torch.arange(4)

torch.save(codes, here / "tensor.pt")
# A view with strides of its own, in another type.
torch.save(codes.T.to(torch.int16).contiguous().T, here / "view.pt")
# What `EncodecModel.encode` gives for mono, and for three segments with scales.
torch.save(EncodecEncoderOutput(codes[None, None], [None], 0), here / "encodec-model.pt")
segments = torch.stack([codes, codes + 100, codes + 200])[:, None]
torch.save(EncodecEncoderOutput(segments, [torch.full((1, 1), scale) for scale in (0.5, 0.25, 0.125)], 0), here / "segments.pt")
# What `encode` of the package encodec gives.
torch.save([(codes[None], None)], here / "frames.pt")
