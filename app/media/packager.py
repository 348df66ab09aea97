"""Packs one broadcast: a video and an audio track on one timeline, cut into parts and segments, for crew and audience.

Several feeds come in. The picture is that of one of them, changed at a key frame; the sound is the mix of all that are open. Both
tracks go on for as long as the stage stands, whoever comes and goes, so a player never has to begin again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from app.media import fmp4, h264
from app.media.back import Back
from app.media.cutter import Cutter
from app.media.fmp4 import Sample
from app.media.ladder import Small
from app.media.playlist import Written
from app.media.rtc.assembly import Frame
from app.media.sound import BITRATE, FLOOR, FRAME, RATE, Mixed, Mixer, Voice
from app.media.timeline import Place, Timeline, date_of
from app.media.titles import Titles
from app.media.track import PART, SEGMENT_TARGET, Track, new_run

VIDEO_SCALE = 90000
SHORTEST = 1.0
"""Seconds a segment lasts at least; key frames that come sooner do not cut."""
LONGEST = SEGMENT_TARGET + 0.2
STILL = 0.24
"""Seconds a key frame lasts that is shown again because no other comes: a still picture makes parts like any other."""
OVERDUE = 0.45
"""Seconds to wait for a frame that is only late before that is done."""
FROZEN = 0.9
"""Seconds without a new frame after which a picture that is no key frame gives way to the last one that was: players never wait."""

SLOW = 1.0
"""Seconds between frames up to which a sender only has few to give, as on a narrow link: asking for key frames would leave it fewer."""
ASK_AGAIN = 0.5
GIVES_WAY = 20.0
"""Seconds the last key frame stands in for a sender who sends no picture at all; then the card is shown."""
BEGINS = 5.0
"""Seconds a sender has for the first picture before the card is shown."""


@dataclass(slots=True)
class Views:
    """From which segment of each track the audience may see; None: nothing."""

    video: int | None = None
    audio: int | None = None
    wanted: bool = False


class Feed:
    """One sender's way into the program; a :class:`app.media.session.Listener`."""

    def __init__(self, program: Program, who: str, language: str = FLOOR) -> None:
        self.who = who
        self.language = language
        self.muted = False
        self.tap: Callable[[Frame], None] | None = None
        """Hears of each picture too, for a layout of several."""
        self._program = program
        self._place = Place()

    def picture(self, frame: Frame, wall: float) -> None:
        """From the sender; an interpreter has none."""
        if self.language:
            return
        if self.tap is not None:
            self.tap(frame)
        self._program.picture(self, frame, self._place.at(wall, self._program.timeline.of(frame.at)))

    def follows(self, session: object) -> None:
        """From the sender's other way in, or a new one: its clock may be another."""
        self._place = Place()

    def sound(self, frame: Frame, wall: float) -> None:
        """From the sender; a closed microphone is not even decoded."""
        at = self._place.at(wall, self._program.timeline.of(frame.at))
        if not self.muted:
            self._program.sound(self, frame.data, at)


class Program:
    """Everything an audience can fetch of one webinar."""

    def __init__(self, card: Callable[[], bytes], timeline: Timeline | None = None, breaks: int = 0) -> None:
        self.timeline = timeline or Timeline()
        self.now = self.timeline.now
        """Timeline position of this moment, in seconds."""
        run = new_run()
        first = int(self.now())
        self.video = Cutter(Track("video", run, first, breaks), VIDEO_SCALE)
        self.audio = Cutter(Track("audio", run, first, breaks), RATE)
        self.languages: dict[str, Cutter] = {}
        """Sound in other languages, in step with :attr:`audio`."""
        self.names: dict[str, str] = {}
        self.titles = Titles(run)
        """Captions, by the numbers of the picture's segments."""
        self.small: Small | None = None
        """The same picture, smaller, where that is offered."""
        self._run = run
        self.audience = Views()
        self.shown: Feed | None = None
        """Whose picture is seen; None is the card."""
        self.wanted: Feed | None = None
        self.ask: Callable[[Feed], None] = lambda _feed: None
        """Asks a feed's sender for a key frame."""
        self.on_fresh: Callable[[], None] | None = None
        """Called when the key frame comes that :meth:`fresh` asked for, before its segment is opened."""
        self.bytes = 0
        self.written = Written()
        self._back: Back | None = None
        self._card = card
        self._mixer: Mixer | None = None
        self._parameters: h264.Parameters | None = None
        self._held: Sample | None = None
        self._pace = self._asked = 0.0
        self._last_key = b""
        """Of the feed that is shown; what may stand still."""
        self._waits_for_key = False
        """What comes builds on a picture that is not shown any more."""
        self._stood = 0.0
        self._break = bool(breaks)
        self._break_sound = bool(breaks)
        self._began: float | None = None
        self._closed = False

    def begin(self) -> None:
        """Begin with the card and silence, when nobody sends."""
        self._mixing(round(self.now() * RATE))
        self._show_card()

    def feed(self, who: str, language: str = FLOOR) -> Feed:
        """A way in for a new sender, on stage or interpreting into ``language``."""
        return Feed(self, who, language)

    def speak(self, names: dict[str, str]) -> None:
        """Have sound in these languages, by code; each with its name in itself."""
        self.names = names
        if self._mixer is None:
            return
        for code in [code for code in self.languages if code not in names]:
            self.languages.pop(code).track.close()
            self._mixer.channels.pop(code, None)
        for code in [code for code in names if code not in self.languages]:
            track = Track(
                f"audio_{code.lower().replace('-', '_')}", self._run, self.audio.track.next_number, self.audio.track.breaks
            )
            track.back = self._back
            self.languages[code] = Cutter(track, RATE)
            self._mixer.open(code)
            self._head(self.languages[code], self._mixer.channels[code].aac.config)

    def keep_back(self, back: Back | None) -> None:
        """Let who watches go back as far as this says; None: half a minute, from memory."""
        if self._back is not None:
            self._back.close()
        self._back = self.titles.back = back
        for cutter in (self.video, *self.sounds):
            cutter.track.back = back
        if self.small is not None:
            self.small.keep_back(back)

    def offer_small(self, *, on: bool) -> None:
        """Have a smaller picture too, or not any more."""
        if on and self.small is None:
            self.small = Small()
            self.small.keep_back(self._back)
        elif not on and self.small is not None:
            self.small.close()
            self.small = None

    def track(self, kind: str) -> Track | None:
        """The track of this name."""
        small = (self.small.track,) if self.small is not None else ()
        tracks = (*(one.track for one in (self.video, *self.sounds)), *small, *self.titles.tracks.values())
        return next((one for one in tracks if one.kind == kind), None)

    @property
    def sounds(self) -> list[Cutter]:
        """The floor's sound and that of all languages."""
        return [self.audio, *self.languages.values()]

    def cut(self, feed: Feed | None) -> None:
        """Show another feed, from its next key frame on; None: the card, at once."""
        self.wanted = feed
        if feed is None:
            self._show_card()
        elif feed is not self.shown:
            self.ask(feed)

    def hush(self, feed: Feed) -> None:
        """Nothing more is heard of a feed."""
        if self._mixer is not None and feed.language in self._mixer.channels:
            self._mixer.channels[feed.language].voices.pop(feed.who, None)
        elif self._mixer is not None:
            self._mixer.drop(feed.who)

    def leave(self, feed: Feed) -> None:
        """A sender is gone: the picture gives way to the card until another is cut to."""
        self.hush(feed)
        if self.wanted is feed:
            self.wanted = None
        if self.shown is feed:
            self._show_card()

    @property
    def breaks(self) -> int:
        """Breaks so far, for a program that follows after a restart."""
        return self.video.track.breaks

    def loudness(self, feed: Feed) -> int:
        """How loud a feed is now, 0 to 32767."""
        voice = self._mixer.voices.get(feed.who) if self._mixer is not None else None
        return voice.peak if voice is not None else 0

    def fresh(self) -> None:
        """Begin new segments in both tracks with the next key frame, and ask for one."""
        if self.shown is not None:
            self.ask(self.shown)

    def go_live(self) -> None:
        """The audience may see from the next key frame on."""
        self.audience = Views(wanted=True)

    def go_dark(self) -> None:
        """The audience sees nothing of what was or comes."""
        self.audience = Views()

    def close(self) -> None:
        """Forget all, and take nothing more."""
        self._closed = True
        self.offer_small(on=False)
        self.go_dark()
        self.keep_back(None)
        self.titles.close()
        self.video.track.close()
        for cutter in self.sounds:
            cutter.track.close()

    # Picture.

    def picture(self, feed: Feed, frame: Frame, at: float) -> None:
        """One H.264 access unit."""
        if self._closed:
            return
        if feed is not self.shown:
            if feed is not self.wanted or not frame.key:
                return
            self.shown = feed
        if self._waits_for_key and not frame.key:
            return
        self._waits_for_key = False
        self._last_key = frame.data if frame.key else self._last_key
        if self._held is not None:
            self._pace = max(0.9 * self._pace, min(SLOW, at - self._held.time / VIDEO_SCALE))
        self._put(frame.data, round(at * VIDEO_SCALE), key=frame.key)

    def play(self, feed: Feed, data: bytes, at: float, *, key: bool, offset: float) -> None:
        """One H.264 access unit of a file, decoded at ``at`` and shown ``offset`` seconds later."""
        if self._closed:
            return
        if feed is not self.shown:
            if feed is not self.wanted or not key:
                return
            self.shown = feed
        self._put(data, round(at * VIDEO_SCALE), key=key, offset=round(offset * VIDEO_SCALE))

    def _show_card(self) -> None:
        self.shown = None
        self._last_key, self._waits_for_key = b"", False
        if not self._closed and (self._parameters is not None or self._mixer is not None):
            self._put(self._card(), round(self.now() * VIDEO_SCALE), key=True)

    def _put(self, data: bytes, at: int, *, key: bool, offset: int = 0) -> None:
        if self._held is not None:
            at = max(at, self._held.time + 90)
        if self._parameters is None and not key:
            return
        self._close_held(at)
        if key and not self._key(data, at):
            return
        if not key and self.video.segment_length() > LONGEST:
            self._open_video(at)
        self._held = Sample(h264.sample(data), at, 0, key, offset)

    def _close_held(self, until: int) -> None:
        held = self._held
        if held is None:
            return
        held.duration = until - held.time
        self.video.put(held)
        self.bytes += len(held.data)
        if self.small is not None:
            self.small.put(held)
        self._held = None

    def _key(self, data: bytes, at: int) -> bool:
        parameters = h264.parameters(data) or self._parameters
        if parameters is None:
            return False
        changed, first = parameters != self._parameters, self._parameters is None
        if changed:
            self._parameters = parameters
            self.video.init += 1
            track = self.video.track
            track.inits[self.video.init] = fmp4.video_init(parameters, VIDEO_SCALE)
            track.codec, track.size = parameters.codec, (parameters.width, parameters.height)
        if changed and not first:
            self._cut_sound()
        self._segment(at, gap=self._break if first else changed)
        return True

    def _segment(self, at: int, *, gap: bool) -> None:
        """A key frame: a new segment begins when the last is long enough, or has to end here."""
        live = self.audience.wanted
        cut = live or self.on_fresh is not None
        if cut:
            self._end_sound()
        if self.on_fresh is not None:
            self.video.flush()
            self.video.track.finish()
            self.on_fresh()
        if gap or cut or self.video.segment_length() >= SHORTEST or not self.video.track.segments:
            number = self._open_video(at, gap=gap)
            if live:
                self.audience = Views(video=number, audio=self.audio.track.next_number)
        else:
            self.video.flush()

    def _open_video(self, at: int, *, gap: bool = False) -> int:
        self.video.flush()
        when = date_of(at / VIDEO_SCALE)
        number = self.video.track.open_segment(self.video.init, when, discontinuity=gap).number
        self.titles.turn(self.video.track, at / VIDEO_SCALE, when)
        if self.small is not None:
            self.small.turn(self.video.track, at, when)
        return number

    def _stand(self, now: float) -> None:
        """A picture that stands still goes on; one that froze gives way to the card."""
        held = self._held
        since = now - (held.time / VIDEO_SCALE if held is not None else self._began or now)
        slow = 2 * self._pace
        if self._waits_for_key and now - self._stood > GIVES_WAY:
            self._show_card()
        elif held is not None and held.key and since > OVERDUE:
            self._again(held, held.time + round(STILL * VIDEO_SCALE))
        elif held is not None and self._last_key:
            if since > slow + FROZEN:
                self._waits_for_key, self._stood = True, now
                self._put(self._last_key, round(now * VIDEO_SCALE), key=True)
        elif since > (BEGINS if held is None and self.wanted is not None else 2 * FROZEN):
            self._show_card()
        if self.shown is not None and now - self._asked > ASK_AGAIN and (self._waits_for_key or since > max(STILL, slow)):
            self._asked = now
            self.ask(self.shown)

    def _again(self, held: Sample, at: int) -> None:
        self._close_held(at)
        self._segment(at, gap=False)
        self._held = Sample(held.data, at, 0, key=True)

    # Sound.

    def sound(self, feed: Feed, packet: bytes, at: float) -> None:
        """One Opus packet."""
        if self._closed:
            return
        position = round(at * RATE)
        mixer = self._mixing(position)
        if feed.language in mixer.channels:
            mixer.channels[feed.language].voices.setdefault(feed.who, Voice()).take(packet, position)
        elif not feed.language:
            mixer.take(feed.who, packet, position)
        self._mux(mixer.mix(round(self.now() * RATE)))

    def pcm(self, feed: Feed, samples: bytes, at: float) -> None:
        """Sound of a file, decoded already: 16 bits, two channels."""
        if self._closed:
            return
        position = round(at * RATE)
        mixer = self._mixing(position)
        mixer.voices.setdefault(feed.who, Voice()).put(samples, position)
        self._mux(mixer.mix(round(self.now() * RATE)))

    def tick(self) -> None:
        """Called a few times a second: nothing waits for a sender who says nothing."""
        now = self.now()
        if self._closed or (self._mixer is None and self._held is None):
            return
        self._began = self._began or now
        self._stand(now)
        self._mux(self._mixing(round(now * RATE)).mix(round(now * RATE)))

    def _mixing(self, start: int) -> Mixer:
        if self._mixer is None:
            self._mixer = Mixer(start)
            self._head(self.audio, self._mixer.config)
            self.speak(self.names)
        return self._mixer

    def _head(self, cutter: Cutter, config: bytes) -> None:
        cutter.init += 1
        cutter.track.inits[cutter.init] = fmp4.audio_init(config, RATE, 2, BITRATE)
        cutter.track.codec = "mp4a.40.2"

    def _cut_sound(self) -> None:
        """The picture breaks here, so the sound has to break too: both tracks count the same breaks."""
        while self._break_sound and self._mixer is not None:
            self._mux(self._mixer.go(self._mixer.at + FRAME))
        self._end_sound()
        self._break_sound = True

    def _end_sound(self) -> None:
        for cutter in self.sounds:
            cutter.flush()
            cutter.track.finish()

    def _mux(self, mixed: Mixed) -> None:
        rest = {code: deque(samples) for code, samples in mixed.items() if code != FLOOR and code in self.languages}
        for sample in mixed[FLOOR]:
            floor = self.audio
            open_ = floor.track.segments and not floor.track.segments[-1].done
            if not open_ or floor.segment_length() >= 2.0 - 0.02:
                self._open_sound(sample)
            floor.samples.append(sample)
            for code, samples in rest.items():
                # A language that has just begun has nothing yet for this moment, and no segment before the next begins.
                if samples and samples[0].time <= sample.time:
                    spoken = samples.popleft()
                    if self.languages[code].track.segments:
                        self.languages[code].samples.append(spoken)
            if floor.length() >= PART - 0.02:
                for cutter in self.sounds:
                    cutter.flush()

    def _open_sound(self, sample: Sample) -> None:
        """All languages begin and end their segments together, under the same numbers."""
        self._end_sound()
        when = date_of(sample.time / RATE)
        number = self.audio.track.next_number
        for cutter in self.sounds:
            cutter.track.next_number = number
            cutter.track.open_segment(cutter.init, when, discontinuity=self._break_sound)
        self._break_sound = False
