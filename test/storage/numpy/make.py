"""Writes the files beside it, as a Python user would. Made with numpy 2.4.6 and safetensors 0.8.0.

All hold the codes 10 * k + t of codebook k = 0…2 at frame t = 0…3, most of them as int64, which is what PyTorch gives.
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

here = Path(__file__).parent
codes = 10 * np.arange(3)[:, None] + np.arange(4)[None, :]
fields = dict(sample_rate=24000, channels=1, num_samples=1250, hop_length=320, codebook_size=1024, model="bücher/🎵")

np.save(here / "int64.npy", codes)
np.save(here / "uint8.npy", codes.astype(np.uint8))
np.save(here / "big-endian.npy", codes.astype(">i4"))
np.save(here / "fortran.npy", np.asfortranarray(codes[None].astype(np.int16)))
np.save(here / "transformers.npy", codes[None, None])  # [numSegments, batch, K, T], the shape of audio_codes
np.save(here / "float.npy", codes.astype(np.float32))
np.save(here / "pickled.npy", np.array([None, 1], dtype=object), allow_pickle=True)
np.savez(here / "savez.npz", codes=codes, **fields)
np.savez_compressed(here / "savez-compressed.npz", codes=np.stack([codes, codes]), scales=np.array([0.5, 0.25]),
                    **fields | dict(num_samples=1280 + 1200, segment_length=1280, segment_stride=1200))
np.savez(here / "bare.npz", codes=codes, other=np.array({"ignored": True}, dtype=object))
save_file({"codes": codes}, here / "save-file.safetensors", metadata={key: str(value) for key, value in fields.items()})
