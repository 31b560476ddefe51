"""Covering planes: the best stretches, and the best summary that holds them, by brute force."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.values import WHOLE
from usummary import pipeline
from usummary.analysis.frame_scores import hold, shot_means
from usummary.analysis.planes import MIN_HELD
from usummary.errors import SettingsError
from usummary.selection import edits as e
from usummary.selection.choose import select
from usummary.selection.covering import CRUMB_S, Stretch, find_stretches, frame_keys
from usummary.selection.edits import UNEDITED, ShotSpan
from usummary.types import (
    STANDARD_PLANES,
    Analysis,
    PlaneTrack,
    Provenance,
    Scores,
    Shot,
)

RATE = 8  # frames per second; with scores in eighths every sum of the tests is exact
EVERY = 2  # frames from sample to sample
CLIP = 12  # frames
PLANES = STANDARD_PLANES[:4]


def random_analysis(rng, *, most_shots=7, labels=PLANES, track=True, ties=True) -> Analysis:
    """One or two recordings of shots of 2 to 7 seconds, with scores and clips that show planes.

    With `ties` scores and probabilities are eighths, so that many things are equal, exactly.
    """
    steps = 8 if ties else 2**20
    shots: list[Shot] = []
    parts, offset = [], 0
    for recording in range(int(rng.integers(1, 3))):
        lengths = rng.integers(2 * RATE // EVERY, 7 * RATE // EVERY, rng.integers(1, most_shots))
        borders = [0, *(np.cumsum(lengths) * EVERY).tolist()]
        count = borders[-1]
        picks = np.arange(0, count, EVERY, dtype=np.int64)
        values = (rng.integers(0, steps + 1, len(picks)) / steps).astype(np.float32)
        clips = np.arange(0, count, CLIP, dtype=np.int64)
        means = shot_means(hold(values, picks, count), borders[:-1], borders[1:])
        for start, end, mean in zip(borders, borders[1:], means, strict=False):
            plane = rng.choice([*labels, None])
            shots.append(
                Shot(
                    recording, start, end, (offset + start) / RATE, (offset + end) / RATE,
                    float(mean), start, plane, 0.75 if plane else 0.0,
                )
            )  # fmt: skip
        shown = rng.integers(0, len(labels), len(clips))
        sure = (rng.integers(1, steps + 1, len(clips)) / steps).astype(np.float32)
        parts.append((count, offset, picks, values, clips, shown, sure))
        offset += count
    which = range(len(parts))
    counts, offsets, picks, values, clips, shown, sure = zip(*parts, strict=True)
    return Analysis(
        path=Path("exam.mp4"),
        duration_s=offset / RATE,
        frame_count=offset,
        regions=(WHOLE,) * len(parts),
        scores=Scores(
            np.concatenate([(o + p) / RATE for o, p in zip(offsets, picks, strict=True)]),
            np.concatenate(values),
            np.repeat(which, [len(p) for p in picks]),
            np.concatenate(picks),
        ),
        shots=tuple(shots),
        freeze_frames=(),
        provenance=Provenance({}, (), "cpu", {}, {}, {}),
        frame_times_s=tuple(
            (o + np.arange(c)) / RATE for o, c in zip(offsets, counts, strict=True)
        ),
        planes=PlaneTrack(
            np.repeat(which, [len(c) for c in clips]),
            np.concatenate(clips),
            np.concatenate(shown),
            np.concatenate(sure),
        )
        if track
        else None,
    )


def held(analysis: Analysis, recording: int) -> np.ndarray:
    """Importance of every frame."""
    mine = analysis.scores.recordings == recording
    count = len(analysis.frame_times_s[recording])
    return hold(analysis.scores.values[mine], analysis.scores.frames[mine], count)


def probability(analysis: Analysis, shot: Shot) -> np.ndarray:
    """That of the shot's plane, frame by frame of its recording; 0 where another is likelier."""
    track, count = analysis.planes, len(analysis.frame_times_s[shot.recording])
    if track is None:
        return np.full(count, shot.plane_confidence)
    mine = track.recordings == shot.recording
    shows = track.planes[mine] == STANDARD_PLANES.index(shot.plane)
    sure = np.where(shows, track.confidences[mine].astype(np.float64), 0.0)
    return hold(sure, track.frames[mine], count)


def windows(shot: Shot, length_s: float) -> list[tuple[int, int]]:
    """Every stretch that may be cut out of a shot, earliest first."""
    length, crumb = round(length_s * RATE), round(CRUMB_S * RATE)
    first, last = shot.start_frame, shot.end_frame
    if last - first < length + crumb:
        return [(first, last)]
    return [
        (begin, begin + length)
        for begin in range(first, last - length + 1, EVERY)
        if (begin == first or begin - first >= crumb)
        and (begin + length == last or last - begin - length >= crumb)
    ]


def stretches_by_trying(analysis: Analysis, length_s: float) -> dict[str, list[Stretch]]:
    found: dict[str, list[tuple[float, Stretch]]] = {}
    for index, shot in enumerate(analysis.shots):
        if shot.plane is None or shot.decision != "automatic":
            continue
        sure = probability(analysis, shot)
        worth = sure * held(analysis, shot.recording)
        best = 0.0
        for begin, end in windows(shot, length_s):
            if sure[begin:end].mean() >= MIN_HELD and worth[begin:end].sum() > best:
                best, stretch = worth[begin:end].sum(), Stretch(index, begin, end)
        if best:
            found.setdefault(shot.plane, []).append((best, stretch))
    return {
        plane: [stretch for _, stretch in sorted(found[plane], key=lambda entry: -entry[0])]
        for plane in STANDARD_PLANES
        if plane in found
    }


def decided(analysis: Analysis, rng) -> Analysis:
    """The analysis with a few shots kept and rejected."""
    edits = UNEDITED
    for shot in analysis.shots:
        change = rng.choice(["", "", "", "keep", "reject"])
        edits = getattr(e, change)(edits, shot) if change else edits
    return e.apply(analysis, edits)


@pytest.mark.parametrize("track", [True, False])
def test_stretches_are_the_best_ones(track):
    for seed in range(300):
        rng = np.random.default_rng(seed)
        analysis = decided(random_analysis(rng, track=track), rng)
        length_s = float(rng.choice([0.5, 2.0, 3.0, 9.0]))
        expected = stretches_by_trying(analysis, length_s)
        found = find_stretches(analysis, length_s)
        assert list(found.items()) == list(expected.items()), f"seed {seed}"


def value_of(shots, analysis) -> float:
    """What key shots are worth: importance over time, in milliseconds."""
    return sum(
        held(analysis, s.recording)[s.start_frame : s.end_frame].sum() * 1000 / RATE for s in shots
    )


def part_of(analysis: Analysis, stretch: Stretch) -> Shot:
    shot = analysis.shots[stretch.shot]
    return replace(shot, start_frame=stretch.start_frame, end_frame=stretch.end_frame)


def best_by_trying(analysis: Analysis, parts: list[Stretch], room: int) -> list[int]:
    """Of all choices of whole shots beside these parts the one of the greatest value."""
    free = [i for i, s in enumerate(analysis.shots) if s.decision == "automatic"]
    best, answer = -1.0, []
    for count in range(len(free) + 1):
        for chosen in itertools.combinations(free, count):
            shots = [analysis.shots[i] for i in chosen if analysis.shots[i].score > 0]
            shots += [part_of(analysis, part) for part in parts if part.shot not in chosen]
            if cost(shots) <= max(room, 0) and value_of(shots, analysis) > best:
                best, answer = value_of(shots, analysis), list(chosen)
    return answer


def covering_by_trying(analysis: Analysis, length_s: float, budget_ms: int) -> list[ShotSpan]:
    """The key shots, by the rules of ``docs/decisions/covering.md``."""
    kept = [s for s in analysis.shots if s.decision == "kept"]
    room = budget_ms - cost(kept)
    found = stretches_by_trying(analysis, length_s)
    wanted = {plane: f for plane, f in found.items() if plane not in {s.plane for s in kept}}
    first: dict[str, Stretch] = {}
    while True:
        subsets = [s for n in range(len(first) + 1) for s in itertools.combinations(first, n)]
        fitting = [
            [first[plane] for plane in subset]
            for subset in subsets
            if cost(part_of(analysis, first[plane]) for plane in subset) <= max(room, 0)
        ]
        parts = max(
            fitting,
            key=lambda ps: (len(ps), value_of([part_of(analysis, p) for p in ps], analysis)),
        )
        chosen = best_by_trying(analysis, parts, room)
        shown = {*chosen, *(part.shot for part in parts)}
        missing = [p for p, f in wanted.items() if shown.isdisjoint(s.shot for s in f)]
        if all(plane in first for plane in missing):
            break
        first |= {plane: wanted[plane][0] for plane in missing}
    shots = [*kept, *(analysis.shots[i] for i in chosen)]
    shots += [part_of(analysis, part) for part in parts if part.shot not in chosen]
    return sorted(map(ShotSpan.of, shots))


def ms(first: int, last: int) -> int:
    return (last - first) * 1000 // RATE


def cost(shots) -> int:
    return sum(ms(s.start_frame, s.end_frame) for s in shots)


def check_summary(analysis: Analysis, summary) -> None:
    """What holds of every summary that covers."""
    for recording, times in enumerate(analysis.frame_times_s):
        spans = [ShotSpan.of(s) for s in summary.shots if s.recording == recording]
        assert spans[0].start_frame == 0
        assert spans[-1].end_frame == len(times)
        assert all(a.end_frame == b.start_frame for a, b in itertools.pairwise(spans))
    kept = [s for s in summary.key_shots if s.decision == "kept"]
    assert len(kept) == sum(s.decision == "kept" for s in analysis.shots)
    assert not any(s.decision == "rejected" for s in summary.key_shots)
    assert cost(summary.key_shots) <= max(round(summary.budget_s * 1000), cost(kept))
    for shot in summary.shots:
        frames = held(analysis, shot.recording)[shot.start_frame : shot.end_frame]
        assert shot.score == pytest.approx(frames.mean())
        assert shot.whole is None or ShotSpan.of(shot) != ShotSpan(shot.recording, *shot.whole)
        if shot.whole:
            assert shot.key_frame == shot.start_frame + frames.argmax()


def test_the_same_as_by_trying_everything():
    cut = 0
    for seed in range(300):
        rng = np.random.default_rng(1000 + seed)
        analysis = decided(random_analysis(rng, ties=False), rng)
        length = f"{rng.integers(5, 70)}%"
        summary = select(analysis, length, "application", None, cover_s=3.0)
        check_summary(analysis, summary)
        budget = round(analysis.duration_s * 1000) * int(length[:-1]) // 100
        expected = covering_by_trying(analysis, 3.0, budget)
        if expected:  # nothing fits: the best shot is cut, as without covering
            assert spans_of(summary) == expected, f"seed {seed}"
        cut += any(shot.whole for shot in summary.shots)
    assert cut > 40


def test_no_way_of_covering_is_worth_much_more():
    """Where probabilities say nothing, one shot at most lies between it and the best way.

    The best way may cover a plane by any shot of it, or by any stretch of one.
    """
    compared = 0
    for seed in range(150):
        rng = np.random.default_rng(2000 + seed)
        analysis = random_analysis(rng, most_shots=4, labels=PLANES[:2], track=False)
        summary = select(analysis, "60%", "application", None, cover_s=2.0)
        if any("no room" in notice for notice in summary.notices):
            continue
        options = []
        for shot in analysis.shots:
            spans = [(0, 0), (shot.start_frame, shot.end_frame)]
            spans += windows(shot, 2.0) if shot.plane else []
            options.append([replace(shot, start_frame=a, end_frame=b) for a, b in spans])
        best = max(
            worth_covering(analysis, chosen, summary.budget_s)
            for chosen in itertools.product(*map(strongest(analysis), options))
        )
        largest = max(value_of([shot], analysis) for shot in analysis.shots)
        assert value_of(summary.key_shots, analysis) >= best - largest - 1e-6, f"seed {seed}"
        compared += 1
    assert compared > 100


def strongest(analysis: Analysis):
    """Leaves out options of a shot that another one beats at the same cost."""

    def keep(options):
        by_cost = {}
        for option in sorted(options, key=lambda o: value_of([o], analysis)):
            by_cost[cost([option])] = option
        return list(by_cost.values())

    return keep


def worth_covering(analysis: Analysis, chosen, budget_s: float) -> float:
    """The value of a choice that fits and shows every labelled plane, else nothing."""
    labels = {plane for shot in analysis.shots if (plane := shot.plane) and shot.score > 0}
    shown = {shot.plane for shot in chosen if shot.end_frame > shot.start_frame}
    fits = cost(chosen) <= budget_s * 1000 and labels <= shown
    return value_of(chosen, analysis) if fits else 0.0


def seconds(start: float, end: float) -> ShotSpan:
    return ShotSpan(0, round(start * RATE), round(end * RATE))


def by_hand(spans, planes, peaks=(), track=True) -> Analysis:
    """One recording; a score of 1/8, in the seconds of `peaks` 1; clips show their shot's plane."""
    count = round(spans[-1][1] * RATE)
    picks = np.arange(0, count, EVERY, dtype=np.int64)
    values = np.full(len(picks), 0.125, np.float32)
    for start, end in peaks:
        values[(picks >= start * RATE) & (picks < end * RATE)] = 1.0
    clips = np.arange(0, count, EVERY, dtype=np.int64)
    borders = [(round(a * RATE), round(b * RATE)) for a, b in spans]
    means = shot_means(hold(values, picks, count), *zip(*borders, strict=True))
    shots = tuple(
        Shot(0, a, b, a / RATE, b / RATE, float(mean), a, plane, 0.9 if plane else 0.0)
        for (a, b), mean, plane in zip(borders, means, planes, strict=True)
    )
    shown = [
        next((s.plane for s in shots if s.start_frame <= clip < s.end_frame), None)
        for clip in clips.tolist()
    ]
    numbers = [STANDARD_PLANES.index(plane) if plane else 12 for plane in shown]
    sure = [0.9 if plane else 0.1 for plane in shown]
    return Analysis(
        Path("exam.mp4"), count / RATE, count, (WHOLE,),
        Scores(picks / RATE, values, np.zeros_like(picks), picks), shots, (),
        Provenance({}, (), "cpu", {}, {}, {}), (np.arange(count) / RATE,),
        PlaneTrack(np.zeros_like(clips), clips, np.array(numbers), np.array(sure, np.float32))
        if track else None,
    )  # fmt: skip


def spans_of(summary) -> list[ShotSpan]:
    return [ShotSpan.of(shot) for shot in summary.key_shots]


def test_a_plane_gets_its_stretch_and_the_dull_rest_stays_out():
    """A long dull shot is the only one of its plane; its stretch is where it peaks."""
    analysis = by_hand(
        [(0, 4), (4, 20), (20, 40)], ["4CH", "Femur", None], [(0, 4), (10, 13), (30, 34)]
    )
    without = select(analysis, "20%", "application", None)
    assert spans_of(without) == [seconds(0, 4)]
    summary = select(analysis, "20%", "application", None, cover_s=3.0)
    assert spans_of(summary) == [seconds(0, 4), seconds(10, 13)]
    assert [ShotSpan.of(shot) for shot in summary.shots[1:4]] == [
        seconds(4, 10), seconds(10, 13), seconds(13, 20)
    ]  # fmt: skip
    assert {shot.whole for shot in summary.shots[1:4]} == {(4 * RATE, 20 * RATE)}
    assert summary.shots[2].score == 1.0
    assert (summary.notices, summary.cover_s) == ((), 3.0)


def test_a_shot_that_is_bought_whole_is_not_paid_twice():
    analysis = by_hand([(0, 10), (10, 40)], ["4CH", None], [(0, 10)])
    summary = select(analysis, "25%", "application", None, cover_s=3.0)
    assert spans_of(summary) == [seconds(0, 10)]
    assert summary.shots[0].whole is None


def test_a_plane_that_a_good_shot_shows_anyway_costs_nothing():
    """The best stretch lies elsewhere; paying for it would leave no room for the second shot."""
    analysis = by_hand(
        [(0, 8), (8, 16), (16, 40)], ["4CH", None, "4CH"], [(0, 8), (8, 15), (20, 23)]
    )
    track = analysis.planes
    sure = np.where(track.frames >= 16 * RATE, 0.9, 0.6).astype(np.float32)
    analysis = replace(analysis, planes=replace(track, confidences=sure))
    assert find_stretches(analysis, 3.0)["4CH"][0].shot == 2
    summary = select(analysis, "40%", "application", None, cover_s=3.0)
    assert spans_of(summary) == [seconds(0, 8), seconds(8, 16)]


def test_a_glimpse_is_not_recognised_and_does_not_cover():
    """One sure clip labels a shot; only a plane that is held is covered, or covers."""
    analysis = by_hand([(0, 10), (10, 40)], ["4CH", "4CH"], [(0, 10), (20, 26)])
    track = analysis.planes
    glimpse = (track.frames < 10 * RATE) & (track.frames != 4 * RATE)
    sure = np.where(glimpse, 0.2, 0.9).astype(np.float32)
    analysis = replace(analysis, planes=replace(track, confidences=sure))
    assert [stretch.shot for stretch in find_stretches(analysis, 3.0)["4CH"]] == [1]
    summary = select(analysis, "35%", "application", None, cover_s=3.0)
    assert spans_of(summary) == [seconds(0, 10), seconds(20, 23)]


def test_evidence_says_where_in_a_shot_its_plane_is():
    """The shot's best moment shows something else; without clips its importance alone decides."""
    analysis = by_hand([(0, 20), (20, 40)], ["Femur", None], [(2, 5), (20, 40)])
    track = analysis.planes
    shows_it = (track.frames >= 10 * RATE) & (track.frames < 13 * RATE)
    planes = np.where(shows_it, STANDARD_PLANES.index("Femur"), 0)
    told = replace(analysis, planes=replace(track, planes=planes))
    summary = select(told, "15%", "application", None, cover_s=3.0)
    assert seconds(10, 13) in spans_of(summary)
    untold = select(replace(analysis, planes=None), "15%", "application", None, cover_s=3.0)
    assert seconds(2, 5) in spans_of(untold)


def test_too_little_room_shows_as_many_planes_as_it_can_and_names_the_others():
    planes = ["Femur", "Lips", "4CH"]
    analysis = by_hand([(0, 10), (10, 20), (20, 40)], planes, [(3, 6), (12, 15), (30, 33)])
    summary = select(analysis, "17%", "application", None, cover_s=3.0)
    assert spans_of(summary) == [seconds(3, 6), seconds(12, 15)]
    (notice,) = summary.notices
    assert "no room for 1 of 3 recognised planes: 4CH" in notice
    tiny = select(analysis, "2%", "application", None, cover_s=3.0)
    assert tiny.used_s <= 0.8
    assert "no room for 3 of 3" in tiny.notices[0]
    assert "cut" in tiny.notices[1]


def test_every_plane_in_its_own_shot():
    spans = [(10 * number, 10 * number + 10) for number in range(13)]
    analysis = by_hand(spans, STANDARD_PLANES, [(10 * n + 5, 10 * n + 8) for n in range(13)])
    summary = pipeline.select(analysis, "30%", cover_s=3.0)
    assert all(state["shown"] for state in summary.coverage.values())
    assert spans_of(summary) == [seconds(10 * n + 5, 10 * n + 8) for n in range(13)]


def test_no_plane_no_score_and_benchmark_mode():
    plain = by_hand([(0, 10), (10, 40)], [None, None], [(0, 3)])
    covered = select(plain, "30%", "application", None, cover_s=3.0)
    assert covered.shots == select(plain, "30%", "application", None).shots
    unscored = replace(plain.scores, values=np.zeros(len(plain.scores.values), np.float32))
    shots = tuple(replace(shot, score=0.0, plane="4CH") for shot in plain.shots)
    nothing = select(
        replace(plain, scores=unscored, shots=shots), "30%", "application", None, cover_s=3.0
    )
    assert nothing.key_shots == []
    with pytest.raises(SettingsError, match="no covering"):
        select(plain, "30%", "benchmark", None, cover_s=3.0)


def test_what_a_person_kept_covers_and_what_they_rejected_never_shows():
    analysis = by_hand(
        [(0, 10), (10, 20), (20, 60)], ["Femur", "Femur", None], [(2, 4), (12, 16), (20, 40)]
    )
    first, second, _ = analysis.shots
    best = pipeline.select(analysis, "10%", cover_s=3.0)
    assert spans_of(best) == [seconds(12, 15)]
    rejected = pipeline.select(analysis, "10%", edits=e.reject(UNEDITED, second), cover_s=3.0)
    assert spans_of(rejected) == [seconds(1, 4)]
    kept = pipeline.select(analysis, "10%", edits=e.keep(UNEDITED, first), cover_s=3.0)
    assert spans_of(kept) == [ShotSpan.of(first)]
    both = e.reject(e.reject(UNEDITED, first), second)
    assert pipeline.select(analysis, "10%", edits=both, cover_s=3.0).coverage["Femur"] == {
        "shown": False, "frozen": False
    }  # fmt: skip


def test_a_stretch_that_is_kept_stays_and_one_that_is_rejected_makes_room_for_the_next():
    analysis = by_hand([(0, 20), (20, 60)], ["Femur", None], [(2, 4), (12, 16), (20, 60)])
    summary = pipeline.select(analysis, "8%", cover_s=3.0)
    stretch = summary.key_shots[0]
    assert ShotSpan.of(stretch) == seconds(12, 15)
    kept = pipeline.select(analysis, "8%", edits=e.keep(UNEDITED, stretch), cover_s=3.0)
    assert spans_of(kept) == [seconds(12, 15)]
    other = pipeline.select(analysis, "8%", edits=e.reject(UNEDITED, stretch), cover_s=3.0)
    assert spans_of(other) == [seconds(1, 4)]


def test_editing_elsewhere_leaves_the_cut_shots_whole():
    """A stretch is a choice of the program; only what a person cuts gets borders for good."""
    analysis = by_hand([(0, 20), (20, 40), (40, 60)], ["Femur", "Lips", None], [(2, 5), (22, 25)])
    summary = pipeline.select(analysis, "10%", cover_s=3.0)
    assert len(summary.shots) == 7
    split = e.split(UNEDITED, summary.shots, 0, 50 * RATE)
    assert e.apply(analysis, split).shots[:2] == analysis.shots[:2]
    after = pipeline.select(analysis, "10%", edits=split, cover_s=3.0)
    assert after.edits["recut"] == 2
    assert len(after.shots) == 8
    trimmed = e.move_edge(UNEDITED, summary.shots, 1, "end", 6 * RATE)
    borders = [shot.start_frame // RATE for shot in e.apply(analysis, trimmed).shots]
    assert borders == [0, 2, 6, 20, 40]


def test_the_comparison_is_with_whole_reference_shots():
    analysis = by_hand([(0, 20), (20, 60)], ["Femur", None], [(2, 5)])
    analysis = replace(analysis, freeze_frames=(e.freeze_at(analysis, 0, 3 * RATE, "Femur"),))
    summary = pipeline.select(analysis, "5%", cover_s=3.0)
    assert spans_of(summary) == [seconds(2, 5)]
    assert summary.metrics["f1"] == pytest.approx(2 * 3 / (3 + 20))
    assert summary.freeze_frames[0].matched_shot == 1


def sparse(frames, shown, *, clips=None, sure=None) -> Analysis:
    """One shot of a 4CH over 20 s, sampled at these frames, its clips showing these planes."""
    analysis = by_hand([(0, 20)], ["4CH"])
    picks = np.array(frames, np.int64)
    clips = picks if clips is None else np.array(clips, np.int64)
    numbers = np.array([STANDARD_PLANES.index(plane) for plane in shown])
    sure = np.full(len(clips), 0.9, np.float32) if sure is None else np.array(sure, np.float32)
    values = np.linspace(0.1, 0.9, len(picks)).astype(np.float32)
    return replace(
        analysis,
        scores=Scores(picks / RATE, values, np.zeros_like(picks), picks),
        planes=PlaneTrack(np.zeros_like(clips), clips, numbers, sure),
    )


def test_a_single_sample_is_a_stretch_even_where_it_lasts_longer():
    """A sample every five seconds: the last one scores best, and is a stretch alone."""
    analysis = sparse([0, 40, 80, 120], ["4CH"] * 4)
    assert find_stretches(analysis, 3.0) == {"4CH": [Stretch(0, 120, 160)]}


def test_a_stretch_may_be_as_long_as_wanted_and_no_longer():
    analysis = sparse([0, 40, 80, 120], ["4CH"] * 4)
    assert find_stretches(analysis, 10.0) == {"4CH": [Stretch(0, 80, 160)]}
    assert find_stretches(analysis, 14.9) == {"4CH": [Stretch(0, 80, 160)]}


def test_before_the_first_clip_no_plane_is_shown():
    """The first plane of the list is not what an unseen beginning shows."""
    first = STANDARD_PLANES[0]
    analysis = sparse([0, 40, 80, 120], [first, first], clips=[80, 120], sure=[0.1, 0.1])
    analysis = replace(analysis, shots=tuple(replace(shot, plane=first) for shot in analysis.shots))
    assert find_stretches(analysis, 5.0) == {}


def test_frames_of_recordings_have_keys_of_their_own():
    keys = frame_keys(np.array([0, 0, 1, 2]), np.array([0, 10**9, 0, 5]))
    assert (np.diff(keys) > 0).all()
