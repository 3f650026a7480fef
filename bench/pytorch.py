"""Measures transformers' EncodecModel on the checkpoints that the benchmark made, for comparison by hand.

Usage: npm run bench -- --keep /tmp/models, then python bench/pytorch.py /tmp/models [seconds]
Needs torch and transformers 5. Prints one JSON array in the form of the benchmark's measurements.
"""

import json
import sys
import time
from pathlib import Path

import torch
from transformers import EncodecModel

BANDWIDTHS = {"16khz": 2.2, "24khz": 6.0, "32khz": 2.2, "48khz": 6.0}
REPETITIONS = 3


def best(work):
    """Least time of a few repetitions, in seconds, after one to warm up."""
    work()
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def measure(model, bandwidth, clips, seconds):
    """Real-time factors of encoding and decoding `clips` clips of `seconds` seconds in one batch."""
    config = model.config
    audio = 0.3 * (2 * torch.rand(clips, config.audio_channels, int(seconds * config.sampling_rate)) - 1)
    encoded = model.encode(audio, bandwidth=bandwidth)
    encode = best(lambda: model.encode(audio, bandwidth=bandwidth))
    decode = best(
        lambda: model.decode(encoded.audio_codes, encoded.audio_scales, last_frame_pad_length=encoded.last_frame_pad_length)
    )
    return clips * seconds / encode, clips * seconds / decode


def main(folder, seconds):
    results = []
    for name, bandwidth in BANDWIDTHS.items():
        if not (Path(folder) / name).exists():
            continue
        model = EncodecModel.from_pretrained(Path(folder) / name).eval()
        for threads in (1, 2):
            torch.set_num_threads(threads)
            with torch.no_grad():
                encode, decode = measure(model, bandwidth, 1, seconds)
                encode_batch, decode_batch = measure(model, bandwidth, 8, 4)
            results.append(
                {
                    "model": name,
                    "threads": threads,
                    "seconds": seconds,
                    "encode": encode,
                    "decode": decode,
                    "encodeBatch": encode_batch,
                    "decodeBatch": decode_batch,
                }
            )
            print(results[-1], file=sys.stderr)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 30.0)
