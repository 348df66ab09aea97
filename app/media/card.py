"""The picture when nobody's is to be seen: the webinar's title on a calm ground, one H.264 key frame that is shown again and again."""

from __future__ import annotations

import textwrap

import av
from PIL import Image, ImageDraw, ImageFont

from app.media.transcode import open_encoder

SIZE = (1280, 720)
GROUND, INK, ACCENT = (30, 28, 26), (236, 233, 228), (214, 158, 72)
MOST_LINES = 4


def draw(title: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """The title, wrapped and centred."""
    width, height = size
    image = Image.new("RGB", size, GROUND)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(height // 14)
    lines = textwrap.wrap(title, 34)[:MOST_LINES]
    step = height // 10
    top = (height - step * len(lines)) // 2
    for place, line in enumerate(lines):
        pen.text((width / 2, top + step * place), line, INK, font, anchor="ma")
    pen.rectangle((width * 0.46, top + step * len(lines) + 12, width * 0.54, top + step * len(lines) + 16), ACCENT)
    return image


def key_frame(title: str, size: tuple[int, int] = SIZE) -> bytes:
    """The card as one H.264 access unit."""
    encoder = open_encoder(size, bitrate=600_000)
    drawn: av.VideoFrame = av.VideoFrame.from_image(draw(title, size))  # type: ignore[no-untyped-call]
    picture = drawn.reformat(format="yuv420p")
    picture.pts, picture.pict_type = 0, av.video.frame.PictureType.I
    return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])
