"""Writes the history prompts beside it with numpy 2.4.6, in the types that those shipped with Bark have.

Semantic token 37 * i for i = 0…9; code (100 * q + 7 * t) mod 1024 of codebook q = 0…7 at frame t = 0…14.
"""

from pathlib import Path

import numpy as np

here = Path(__file__).parent
semantic = 37 * np.arange(10)
codes = (100 * np.arange(8)[:, None] + 7 * np.arange(15)[None, :]) % 1024

np.savez(here / "voice.npz", semantic_prompt=semantic, coarse_prompt=np.asfortranarray(codes[:2]), fine_prompt=codes.astype(np.int32))
np.savez(here / "announcer.npz", **{key: value.astype(np.uint16) for key, value in
                                    dict(fine_prompt=codes, coarse_prompt=codes[:2], semantic_prompt=semantic).items()})
np.savez_compressed(here / "big-endian.npz", semantic_prompt=semantic.astype(">i8"), coarse_prompt=codes[:2].astype(">u2"),
                    fine_prompt=codes.astype(">i4").copy("F"))
np.savez(here / "pickled.npz", semantic_prompt=np.array([1, None], dtype=object), coarse_prompt=codes[:2], fine_prompt=codes)
