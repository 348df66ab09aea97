"""What the smaller picture costs: processor time of its process for a second of 1280×720 at 30 frames, beside ffmpeg doing the same.

An easy picture (coloured bars) and a hard one (noise that fills 2.5 Mbit/s), one picture after the other, so that none is left out.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.media import clip, h264
from app.media.ladder import COMMAND, SCALE
from app.media.ladder_worker import BITRATE, LENGTH, Picture, Turn, packed, unpacked
from app.media.looper import Packet, read
from bench._report import finish, goal

RATIO = 1.6
"""Of ffmpeg's own time: Python between the same libraries may add that much."""


def hard(path: Path, seconds: int) -> Path:
    """A picture that takes every bit it is given."""
    source = f"mandelbrot=size=1280x720:rate={clip.RATE}"
    filters = "noise=alls=12:allf=t,format=yuv420p"
    coded = ["-c:v", "libx264", "-profile:v", "baseline", "-preset", "veryfast", "-tune", "zerolatency", "-b:v", "2500k"]
    inputs = ["-f", "lavfi", "-i", source, "-f", "lavfi", "-i", "sine=440:sample_rate=48000"]
    limits = ["-maxrate", "2500k", "-bufsize", "2500k", "-g", str(2 * clip.RATE), "-c:a", "libopus"]
    command = ["ffmpeg", "-v", "error", "-y", *inputs, "-t", str(seconds), "-vf", filters, *coded, *limits, str(path)]
    subprocess.run(command, check=True)
    return path


def children() -> float:
    """Seconds of processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ours(video: list[Packet]) -> tuple[float, int]:
    """Seconds our process takes, and bytes it makes."""
    before, size = children(), 0
    environ = {"PYTHONPATH": str(Path.cwd()), "PATH": ""}
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        for number, packet in enumerate(video):
            key = h264.is_key_frame(packet.data)
            if key:
                worker.stdin.write(packed(Turn(number)))
            worker.stdin.write(packed(Picture(round(packet.at * SCALE), key, packet.data)))
            worker.stdin.flush()
            for _ in range(1 + key):
                made = unpacked(worker.stdout.read(int.from_bytes(worker.stdout.read(LENGTH))))
                size += len(made.data) if isinstance(made, Picture) else 0
        worker.stdin.close()
    return children() - before, size


def theirs(path: Path) -> float:
    """Seconds ffmpeg takes."""
    before = children()
    coded = ["-c:v", "libx264", "-profile:v", "baseline", "-preset", "veryfast", "-tune", "zerolatency", "-b:v", str(BITRATE)]
    scaled = ["-vf", "scale=852:480:flags=fast_bilinear", "-g", str(clip.RATE)]
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-threads",
        "1",
        "-i",
        str(path),
        *scaled,
        *coded,
        "-threads",
        "1",
        "-an",
        "-f",
        "null",
        "-",
    ]
    subprocess.run(command, check=True)
    return children() - before


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    wanted = parser.parse_args(argv)
    rounds, seconds = (1, clip.SECONDS) if wanted.quick else (3, clip.SECONDS)
    rows, ratios, figures = [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in (
            ("easy", clip.make(Path(folder) / "easy.mkv")),
            ("hard", hard(Path(folder) / "hard.mkv", seconds)),
        ):
            video = read(path).video
            length = len(video) / clip.RATE
            for _ in range(rounds):
                (mine, size), peer = ours(video), theirs(path)
                ratios.append(mine / peer)
                figures[f"{name}_core"] = round(mine / length, 3)
                rows.append(
                    {
                        "picture": name,
                        "core": mine / length,
                        "ffmpeg": peer / length,
                        "ratio": mine / peer,
                        "kbit/s": size * 8 / length / 1000,
                    }
                )
    goals = [goal("times ffmpeg's processor time, at worst", max(ratios), RATIO, reach="at most")]
    finish("ladder", __doc__ or "", rows, figures, goals)


if __name__ == "__main__":
    main(sys.argv[1:])
