"""The small machines on the way of a packet, each by itself."""

from __future__ import annotations

import struct
from fractions import Fraction
from itertools import pairwise

import av

from app.media import clip, h264
from app.media.directing import Director
from app.media.fmp4 import Sample
from app.media.rtc.assembly import Fragment, FrameAssembler, PacketOrder
from app.media.rtc.congestion import ArrivalLog
from app.media.rtc.nack import ASK_AFTER, ASK_AGAIN, MissingPackets
from app.media.rtc.sender_clock import NTP_UNIX, RtpTime, SenderClock
from app.media.sound import BEHIND, FLOOR, FULL, RATE, Mixer, Voice, sum_of
from app.media.timeline import Place


def is_key(data: bytes) -> bool:
    return data.startswith(b"K")


def fragments(*given: tuple[int, int, bool, bytes]) -> list[Fragment]:
    return [Fragment(seq, timestamp, marker, data, 0.0) for seq, timestamp, marker, data in given]


def frames(*given: tuple[int, int, bool, bytes]) -> tuple[list[bytes], FrameAssembler]:
    order = FrameAssembler(is_key)
    out = [frame.data for fragment in fragments(*given) for frame in order.add(fragment)]
    return out, order


def test_packets_out_of_order_become_whole_frames_in_order() -> None:
    assert frames((65534, 1, False, b"K1"), (0, 2, True, b"d"), (65535, 1, True, b"K2"))[0] == [b"K1K2", b"d"]


def test_a_frame_cut_short_before_a_key_frame_is_dropped_and_a_key_frame_asked_for() -> None:
    out, order = frames((1, 1, True, b"K"), (2, 2, False, b"half"), (3, 3, True, b"K"))
    assert (out, order.truncated) == ([b"K", b"K"], 1)
    out, order = frames((1, 1, True, b"K"), (2, 2, False, b"half"), (3, 3, True, b"d"))
    assert (out, order.truncated, order.wants_key) == ([b"K"], 1, True)


def test_what_is_lost_for_good_is_skipped_up_to_the_next_key_frame() -> None:
    order = FrameAssembler(is_key)
    out = []
    for at, seq, data in ((0.0, 1, b"K"), (0.1, 3, b"d"), (0.9, 4, b"d"), (1.0, 5, b"K"), (1.1, 6, b"d")):
        out += [frame.data for frame in order.add(Fragment(seq, seq, True, data, at))]
    assert (out, order.dropped) == ([b"K", b"K", b"d"], 1)


def test_sound_goes_on_without_a_late_packet() -> None:
    order = PacketOrder()
    out = [frame.data for f in fragments(*((s, s, False, bytes([s])) for s in (1, 3, 4, 5, 6, 2, 7))) for frame in order.add(f)]
    assert (out, order.dropped) == ([b"\x01", b"\x03", b"\x04", b"\x05", b"\x06", b"\x07"], 1)


def test_missing_packets_are_asked_for_again_until_they_come() -> None:
    missing = MissingPackets()
    missing.arrived(65535, 0)
    missing.arrived(2, 0)
    assert missing.due(0) == []
    assert missing.due(ASK_AFTER) == [0, 1]
    missing.arrived(0, ASK_AFTER)
    assert missing.due(ASK_AFTER) == []
    assert missing.due(ASK_AFTER + ASK_AGAIN) == [1]


def test_feedback_says_what_arrived_when() -> None:
    log = ArrivalLog(ssrc=7)
    for seq, at in ((65535, 1.0), (0, 1.001), (2, 1.1)):
        log.arrived(seq, at, media_ssrc=9)
    packet = log.feedback()
    assert packet is not None
    assert (packet[0] & 0x1F, packet[1], len(packet) % 4, len(packet) // 4 - 1) == (
        15,
        205,
        0,
        struct.unpack("!H", packet[2:4])[0],
    )
    assert struct.unpack("!LLHH", packet[4:16]) == (7, 9, 65535, 4)
    reference = int.from_bytes(packet[16:19])
    chunk = struct.unpack("!H", packet[20:22])[0]
    symbols = [chunk >> (12 - 2 * i) & 3 for i in range(4)]
    assert symbols == [1, 1, 0, 2]
    first, second, third = struct.unpack("!BBh", packet[22:26])
    times = [reference * 0.064 + ticks * 0.00025 for ticks in (first, first + second, first + second + third)]
    assert [round(at, 3) for at in times] == [1.0, 1.001, 1.1]
    assert log.feedback() is None


def test_rtp_time_goes_through_its_wrap_and_reports_give_wall_time() -> None:
    rtp = RtpTime()
    assert [rtp.unroll(t) for t in (0xFFFFFFF0, 0x10, 0xFFFFFFFF)] == [0xFFFFFFF0, 0x100000010, 0xFFFFFFFF]
    clock = SenderClock(90000)
    clock.report((NTP_UNIX + 1000) << 32, 90000)
    assert clock.at(180000) == 1001.0
    clock.report((NTP_UNIX + 1001) << 32, 180900)  # 10 ms off: followed slowly
    assert round(clock.at(180000), 4) == 1000.999


def test_the_parameter_set_gives_the_cropped_size() -> None:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 1000, 562, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    packets = [*encoder.encode(clip.draw(0, (1000, 562))), *encoder.encode(None)]
    found = h264.parameters(bytes(packets[0]))
    assert found is not None
    assert (found.width, found.height, h264.is_key_frame(bytes(packets[0]))) == (1000, 562, True)
    assert h264.parameters(b"\0\0\1\x41abc") is None


def opus(count: int, number: int = 0) -> list[bytes]:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.format, encoder.layout, encoder.sample_rate = "s16", "stereo", RATE
    return [bytes(p) for n in range(count) for p in encoder.encode(clip._tone(n + number))]


def test_sound_stays_in_step_with_a_clock_that_drifts() -> None:
    mixer = Mixer(0)
    out: list[Sample] = []
    packets = opus(500)
    for number, packet in enumerate(packets):
        at = round(number * 960 * 1.0005)  # 500 ppm: 1.8 s an hour
        mixer.take("a", packet, at)
        out += mixer.mix(at + 960)[FLOOR]
    assert abs(mixer.at - len(packets) * 960 * 1.0005) < 0.01 * RATE
    assert [b.time - a.time for a, b in pairwise(out)] == [1024] * (len(out) - 1)


def test_lost_sound_leaves_no_hole() -> None:
    mixer = Mixer(480000)
    out = mixer.mix(480000 + 48000 + BEHIND)[FLOOR]
    assert out[0].time == 480000 - 1024
    assert {sample.duration for sample in out} == {1024}


def test_everybody_who_speaks_is_heard_and_nobody_is_waited_for_longer_than_a_moment() -> None:
    mixer, packets = Mixer(0), opus(100)
    for number, packet in enumerate(packets):
        mixer.take("a", packet, number * 960)
        if number < 50:
            mixer.take("b", packet, number * 960)
        mixer.mix(number * 960 + 960)
    both, alone = sum_of([bytes(2) + b"\x10\x00"] * 2), sum_of([bytes(4)])
    assert (both, alone) == (bytes(2) + b"\x20\x00", bytes(4))
    assert sum_of([b"\xff\x7f"] * 2) == b"\xff\x7f", "too loud is cut off, not turned over"
    assert 100 * 960 - BEHIND <= mixer.at <= 100 * 960
    mixer.mix(100 * 960 + RATE)
    assert mixer.at == 100 * 960 + RATE - BEHIND


def test_a_sender_whose_clock_drifts_for_two_hours_stays_where_its_packets_are() -> None:
    place = Place()
    late = []
    for second in range(7200):
        for delay in (0.02, 0.0, 0.05):
            now = second + delay
            at = place.at(second * 1.0001, now)  # 100 ppm: 0.36 s an hour
            late.append(now - at)
    assert max(late) < 0.06
    assert min(late) > -0.03


def test_the_picture_goes_to_who_speaks_and_stays_a_while() -> None:
    director = Director()
    seen = [director.look(0, {"a": 0, "b": 0})]
    seen += [director.look(tenth / 10, {"a": 0, "b": 9000}) for tenth in range(60)]
    assert (seen[0], seen[5], seen[-1]) == ("a", "a", "b")
    assert director.look(6.1, {"a": 9000, "b": 0}) == "b", "a cough cuts nothing"
    director.chosen = "a"
    assert director.look(6.2, {"a": 0, "b": 9000}) == "a"
    assert director.look(6.3, {"b": 9000}) == "b", "who is chosen and gone is not waited for"


def test_a_language_has_the_floor_under_its_interpreter_in_step_with_the_original() -> None:
    mixer, packets = Mixer(0), opus(150)
    out: dict[str, list[Sample]] = {FLOOR: [], "nl": []}
    for number, packet in enumerate(packets):
        mixer.take("a", packet, number * 960)
        if number == 20:
            mixer.open("nl")
        if number >= 75:
            mixer.channels["nl"].voices.setdefault("i", Voice()).take(packet, number * 960)
        for language, samples in mixer.mix(number * 960 + 960).items():
            out[language] += samples
    times = {sample.time for sample in out[FLOOR]}
    assert len(out["nl"]) > 100
    assert all(sample.time in times for sample in out["nl"]), "frames begin where those of the original do"
    assert mixer.channels["nl"]._gain < FULL, "the floor is quieter while somebody interprets"
    assert sum_of([b"\x01\x00", b"\x02\x00"]) == b"\x03\x00"
