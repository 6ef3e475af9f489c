"""Pictures of pages made old, dirty and badly copied by augraphy, in place.

    PYTHON benchmarks/augraphy_pages.py SEED < names

PYTHON is an interpreter that has augraphy, which brings an OpenCV that conflicts with ours: nothing of ours is
imported here. Names of JPEG files come on standard input, one a line.
"""

import random
import sys
import zlib
from pathlib import Path

import augraphy  # type: ignore[import-not-found]
import cv2
import numpy as np
from PIL import Image

QUALITY = (60, 90)


def main() -> None:
    """Degrade every file named; a file's degradation hangs on its name and the seed alone."""
    pipeline = augraphy.AugraphyPipeline(
        ink_phase=[
            augraphy.InkBleed(p=0.3),
            augraphy.LowInkRandomLines(count_range=(3, 10), p=0.2),
            augraphy.LowInkPeriodicLines(count_range=(2, 4), period_range=(30, 60), p=0.1),
            augraphy.InkMottling(p=0.2),
        ],
        paper_phase=[
            augraphy.NoiseTexturize(sigma_range=(3, 8), p=0.3),
            augraphy.BrightnessTexturize(p=0.3),
            augraphy.Stains(p=0.05),
        ],
        post_phase=[
            augraphy.DirtyRollers(p=0.04),
            augraphy.DirtyDrum(line_concentration=0.03, p=0.08),
            augraphy.LightingGradient(p=0.2),
            augraphy.ShadowCast(p=0.1),
            augraphy.SubtleNoise(p=0.4),
            augraphy.Folding(fold_count=2, p=0.04),
            augraphy.Brightness(brightness_range=(0.75, 1.1), p=0.4),
            augraphy.Gamma(gamma_range=(0.7, 1.4), p=0.3),
        ],
    )
    for line in sys.stdin:
        path = Path(line.rstrip("\n"))
        seed = zlib.crc32("/".join(path.parts[-3:]).encode()) ^ int(sys.argv[1])
        random.seed(seed)
        np.random.seed(seed)
        cv2.setRNGSeed(seed % (1 << 31))
        with Image.open(path) as image:
            dpi, pixels = image.info["dpi"], cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2BGR)
        made = cv2.cvtColor(pipeline(pixels), cv2.COLOR_BGR2RGB)
        Image.fromarray(made).save(path, "JPEG", quality=random.randint(*QUALITY), dpi=dpi)  # noqa: S311


if __name__ == "__main__":
    main()
