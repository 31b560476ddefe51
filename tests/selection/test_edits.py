"""What a person changes stays as they meant it, whatever else they do."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edited import ANALYSIS, FRAMES, edited, histories
from usummary import pipeline
from usummary.analysis.frame_scores import hold, shot_means, span_scores
from usummary.errors import SettingsError
from usummary.selection import edits as e
from usummary.selection.edits import UNEDITED, Edits, ShotSpan
from usummary.types import FreezeFrame, Shot


def shown(edits=UNEDITED, length="40%"):
    return pipeline.select(ANALYSIS, length, edits=edits)


def spans(edits=UNEDITED):
    return [(s.recording, s.start_frame, s.end_frame) for s in e.apply(ANALYSIS, edits).shots]


def shot_at(summary, recording, frame) -> Shot:
    return next(
        shot
        for shot in summary.shots
        if shot.recording == recording and shot.start_frame <= frame < shot.end_frame
    )


SEGMENTED = [(0, 0, 7), (0, 7, 20), (0, 20, 41), (0, 41, 60), (1, 0, 25), (1, 25, 40)]


# Whatever a person does


@settings(max_examples=200, deadline=None)
@given(histories())
def test_shots_cover_every_recording_once(history):
    for edits in edited(history):
        summary = shown(edits, "15%")
        for shots in (summary.analysis.shots, summary.shots):
            for recording, count in enumerate(FRAMES):
                mine = [shot for shot in shots if shot.recording == recording]
                assert [mine[0].start_frame, mine[-1].end_frame] == [0, count]
                assert all(a.end_frame == b.start_frame for a, b in itertools.pairwise(mine))
                assert all(a.end_s == b.start_s for a, b in itertools.pairwise(mine))
            assert all(shot.start_frame <= shot.key_frame < shot.end_frame for shot in shots)
            assert sum(shot.duration_s for shot in shots) == pytest.approx(10.0)
            recordings = [shot.recording for shot in shots]
            assert recordings == sorted(recordings)


@settings(max_examples=200, deadline=None)
@given(histories(), st.sampled_from(["1%", "15%", "100%"]))
def test_kept_shots_are_shown_and_rejected_ones_never(history, length):
    edits = edited(history)[-1]
    summary = shown(edits, length)
    selected = {ShotSpan.of(shot) for shot in summary.key_shots}
    assert edits.kept <= selected
    assert not edits.rejected & selected
    for shot in summary.shots:
        assert shot.decision == edits.decision(shot)
    kept_s = sum(shot.duration_s for shot in summary.shots if ShotSpan.of(shot) in edits.kept)
    assert summary.used_s <= max(summary.budget_s, kept_s, 0.1) + 1e-3


@settings(max_examples=200, deadline=None)
@given(histories())
def test_a_locked_shot_stays_until_it_is_unlocked(history):
    states = edited(history)
    for (step, *_), before, after in zip(history, states, states[1:], strict=False):
        if not step.name.startswith("unlock"):
            assert before.locked <= after.locked
            assert before.locked <= after.kept


@settings(max_examples=100, deadline=None)
@given(histories())
def test_edits_made_again_give_the_same(history):
    """`apply` depends on nothing but the analysis and the edits, so undo is the value before."""
    for edits in edited(history):
        assert e.apply(ANALYSIS, edits).shots == e.apply(ANALYSIS, replace(edits)).shots
        assert hash(edits) == hash(replace(edits))


def test_without_edits_nothing_changes():
    assert e.apply(ANALYSIS, Edits()) is ANALYSIS
    plain, same = pipeline.select(ANALYSIS, "40%"), shown(Edits())
    assert plain == same
    assert plain.edits == {}


@settings(max_examples=50, deadline=None)
@given(histories(6))
def test_the_person_can_take_everything_back(history):
    """Clearing every decision leaves the shots as they were cut, all chosen by their scores."""
    edits = edited(history)[-1]
    for shot in shown(edits).shots:
        edits = e.clear(e.unlock(edits, shot), shot)
    assert not edits.kept | edits.rejected | edits.locked
    assert {shot.decision for shot in shown(edits).shots} == {"automatic"}


# Decisions


def test_kept_shots_use_their_budget_first():
    summary = shown(length="40%")
    outside = next(shot for shot in summary.shots if not shot.selected)
    summary = shown(e.keep(UNEDITED, outside), "40%")
    assert ShotSpan.of(outside) in {ShotSpan.of(shot) for shot in summary.key_shots}
    assert summary.used_s <= summary.budget_s
    assert summary.notices == ()
    assert summary.edits["kept"] == 1


def test_more_kept_than_allowed_is_said():
    edits = UNEDITED
    for shot in ANALYSIS.shots[:3]:
        edits = e.keep(edits, shot)
    summary = shown(edits, "15%")
    assert [ShotSpan.of(shot) for shot in summary.key_shots] == sorted(edits.kept)
    (notice,) = summary.notices
    assert "4.1 s, longer than the 1.5 s" in notice


def test_rejecting_everything_leaves_nothing_and_says_so():
    edits = UNEDITED
    for shot in ANALYSIS.shots:
        edits = e.reject(edits, shot)
    for length in ("1%", "100%"):
        summary = shown(edits, length)
        assert summary.key_shots == []
        assert summary.notices == ("Every shot was rejected, so the summary is empty.",)


def test_a_tiny_length_never_cuts_a_rejected_shot():
    best = shot_at(shown(length="1%"), *cut_place(shown(length="1%")))
    whole = shot_at(shown(length="100%"), best.recording, best.start_frame)
    summary = shown(e.reject(UNEDITED, whole), "1%")
    (cut,) = summary.key_shots
    assert not ShotSpan.of(cut).overlaps(ShotSpan.of(whole))


def cut_place(summary):
    (cut,) = summary.key_shots
    return cut.recording, cut.start_frame


def test_a_piece_that_was_cut_to_the_length_can_be_kept():
    (piece,) = shown(length="1%").key_shots
    summary = shown(e.keep(UNEDITED, piece), "1%")
    assert [ShotSpan.of(shot) for shot in summary.key_shots] == [ShotSpan.of(piece)]
    assert summary.key_shots[0].decision == "kept"
    assert len(summary.shots) == len(ANALYSIS.shots) + 2


def test_locked_shots_are_protected():
    second = ANALYSIS.shots[1]
    edits = e.lock(UNEDITED, second)
    assert edits.kept == edits.locked == {ShotSpan(0, 7, 20)}
    assert e.keep(edits, second) == e.lock(edits, second) == edits
    shots = ANALYSIS.shots
    for change in (
        lambda: e.reject(edits, second),
        lambda: e.clear(edits, second),
        lambda: e.split(edits, shots, 0, 10),
        lambda: e.move_edge(edits, shots, 1, "end", 18),
        lambda: e.move_edge(edits, shots, 0, "end", 10),
        lambda: e.move_edge(edits, shots, 2, "start", 3),
        lambda: e.add_shot(edits, shots, 0, 15, 30),
    ):
        with pytest.raises(SettingsError, match="Unlock it first"):
            change()
    unlocked = e.unlock(edits, second)
    assert unlocked.kept == {ShotSpan(0, 7, 20)}
    assert e.clear(unlocked, second) == UNEDITED


def test_contradicting_edits_cannot_be_made():
    span, other = ShotSpan(0, 0, 7), ShotSpan(0, 5, 9)
    with pytest.raises(SettingsError, match="decide twice"):
        Edits(kept=frozenset({span}), rejected=frozenset({other}))
    with pytest.raises(SettingsError, match="locked but not kept"):
        Edits(locked=frozenset({span}))


# Cutting


def test_both_parts_of_a_split_shot_inherit():
    edits = e.split(e.reject(UNEDITED, ANALYSIS.shots[2]), ANALYSIS.shots, 0, 30)
    assert spans(edits) == [*SEGMENTED[:2], (0, 20, 30), (0, 30, 41), *SEGMENTED[3:]]
    assert edits.rejected == {ShotSpan(0, 20, 30), ShotSpan(0, 30, 41)}
    first, second = e.apply(ANALYSIS, edits).shots[2:4]
    held = held_scores(0)
    assert first.score == pytest.approx(held[20:30].mean())
    assert second.score == pytest.approx(held[30:41].mean())
    assert first.key_frame == 20 + held[20:30].argmax()
    assert (first.start_s, first.end_s, second.end_s) == (2.0, 3.0, 4.1)
    assert first.plane == ANALYSIS.shots[2].plane
    assert first.recut
    assert second.recut
    assert e.apply(ANALYSIS, edits).shots[0] is ANALYSIS.shots[0]
    assert shown(edits).edits["recut"] == 2


@pytest.mark.parametrize("frame", [-1, 0, 20, 60, 61])
def test_no_split_where_nothing_is_cut(frame):
    with pytest.raises(SettingsError, match="already begins"):
        e.split(UNEDITED, ANALYSIS.shots, 0, frame)


def test_an_edge_is_shared_with_the_neighbour():
    assert spans(e.move_edge(UNEDITED, ANALYSIS.shots, 1, "end", 30))[1:3] == [
        (0, 7, 30),
        (0, 30, 41),
    ]
    assert spans(e.move_edge(UNEDITED, ANALYSIS.shots, 1, "start", 9))[:2] == [
        (0, 0, 9),
        (0, 9, 20),
    ]


def test_an_edge_swallows_what_it_passes_and_stops_at_the_recording():
    edits = e.keep(e.reject(UNEDITED, ANALYSIS.shots[2]), ANALYSIS.shots[1])
    edits = e.move_edge(edits, ANALYSIS.shots, 1, "end", 500)
    assert spans(edits) == [(0, 0, 7), (0, 7, 60), *SEGMENTED[4:]]
    assert edits.kept == {ShotSpan(0, 7, 60)}
    assert edits.rejected == frozenset()


def test_edges_stop_at_the_first_and_the_last_frame():
    edits = e.move_edge(UNEDITED, ANALYSIS.shots, 5, "start", -4)
    assert spans(edits)[4:] == [(1, 0, 40)]
    assert spans(e.move_edge(UNEDITED, ANALYSIS.shots, 4, "end", 41))[4:] == [(1, 0, 40)]
    added = e.add_shot(UNEDITED, ANALYSIS.shots, 1, -3, 5)
    assert added.kept == {ShotSpan(1, 0, 5)}
    assert e.add_shot(UNEDITED, ANALYSIS.shots, 1, 30, 41).kept == {ShotSpan(1, 30, 40)}
    with pytest.raises(SettingsError, match="out point"):
        e.add_shot(UNEDITED, ANALYSIS.shots, 7, 0, 5)  # no such recording


def test_what_was_decided_may_begin_and_end_with_its_recording():
    for span in (ShotSpan(0, 0, 3), ShotSpan(1, 38, 40), ShotSpan(1, 0, 40)):
        shots = e.apply(ANALYSIS, Edits(kept=frozenset({span}))).shots
        assert [ShotSpan.of(shot) for shot in shots if shot.decision == "kept"] == [span]
    for wrong in (ShotSpan(0, -1, 3), ShotSpan(0, 5, 5), ShotSpan(1, 38, 41), ShotSpan(2, 0, 1)):
        with pytest.raises(SettingsError, match="made on another one"):
            e.apply(ANALYSIS, Edits(kept=frozenset({wrong})))


def test_the_record_counts_each_kind_of_change():
    outline = ((4, 6), (30, 6), (20, 40))
    kept, locked = ShotSpan(0, 0, 7), (ShotSpan(0, 7, 20), ShotSpan(0, 20, 41))
    edits = Edits(
        kept=frozenset({kept, *locked}),
        locked=frozenset(locked),
        rejected=frozenset({ShotSpan(1, 0, 3), ShotSpan(1, 4, 5), ShotSpan(1, 6, 9)}),
        added_freezes=(e.freeze_at(ANALYSIS, 0, 1),) * 4,
        removed_freezes=frozenset((0, number) for number in range(5)),
        planes=tuple(((0, number), None) for number in range(6)),
        masks=(outline, None, None, *[outline] * 6),
    )
    shots = [replace(shot, recut=number < 2) for number, shot in enumerate(ANALYSIS.shots)]
    assert e.counts(edits, shots) == {
        "kept": 1,
        "locked": 2,
        "rejected": 3,
        "recut": 2,
        "freeze_frames_added": 4,
        "freeze_frames_removed": 5,
        "freeze_frames_relabelled": 6,
        "masks": 7,
    }


def test_an_outline_may_touch_the_borders_of_the_picture_and_needs_three_corners():
    for outline in (((0, 0), (1, 0), (0, 1)), ((5, 0), (9, 9), (0, 9)), ((0, 0), (1, 0), (1, 2))):
        assert e.set_mask(UNEDITED, 0, outline, 2).masks == (outline, None)
    with pytest.raises(SettingsError, match="inside the picture"):
        e.set_mask(UNEDITED, 0, ((0, 0), (5, 5), (0, -1)), 2)


def test_an_outer_edge_leaves_a_shot_behind():
    edits = e.move_edge(e.keep(UNEDITED, ANALYSIS.shots[3]), ANALYSIS.shots, 3, "end", 50)
    assert spans(edits)[3:5] == [(0, 41, 50), (0, 50, 60)]
    assert edits.kept == {ShotSpan(0, 41, 50)}


def test_what_is_given_up_beside_a_locked_shot_becomes_a_shot():
    edits = e.move_edge(e.lock(UNEDITED, ANALYSIS.shots[2]), ANALYSIS.shots, 1, "end", 15)
    assert spans(edits)[1:4] == [(0, 7, 15), (0, 15, 20), (0, 20, 41)]
    assert edits.locked == {ShotSpan(0, 20, 41)}


def test_an_edge_does_not_pass_the_other_edge():
    with pytest.raises(SettingsError, match="Nothing of the shot"):
        e.move_edge(UNEDITED, ANALYSIS.shots, 1, "end", 7)
    assert e.move_edge(UNEDITED, ANALYSIS.shots, 1, "end", 20) is UNEDITED


def test_a_moved_key_shot_stays_in_the_summary():
    summary = shown()
    index = next(i for i, shot in enumerate(summary.shots) if shot.selected)
    shot = summary.shots[index]
    edits = e.move_edge(UNEDITED, summary.shots, index, "end", shot.end_frame - 1)
    assert edits.kept == {ShotSpan(shot.recording, shot.start_frame, shot.end_frame - 1)}
    other = next(i for i, shot in enumerate(summary.shots) if not shot.selected)
    end = summary.shots[other].end_frame - 1
    assert e.move_edge(UNEDITED, summary.shots, other, "end", end).kept == frozenset()


def test_an_added_shot_cuts_what_is_there():
    edits = e.reject(UNEDITED, ANALYSIS.shots[1])
    edits = e.add_shot(edits, ANALYSIS.shots, 0, 10, 45)
    assert spans(edits)[:4] == [(0, 0, 7), (0, 7, 10), (0, 10, 45), (0, 45, 60)]
    assert edits.kept == {ShotSpan(0, 10, 45)}
    assert edits.rejected == {ShotSpan(0, 7, 10)}
    shots = e.apply(ANALYSIS, edits).shots
    assert shots[2].plane == ANALYSIS.shots[2].plane  # most of its frames come from there
    assert e.add_shot(edits, shots, 0, 10, 45) == edits


def test_adding_a_shot_that_is_there_keeps_it():
    edits = e.add_shot(e.reject(UNEDITED, ANALYSIS.shots[1]), ANALYSIS.shots, 0, 7, 20)
    assert edits == e.keep(UNEDITED, ANALYSIS.shots[1])
    with pytest.raises(SettingsError, match="out point"):
        e.add_shot(UNEDITED, ANALYSIS.shots, 1, 30, 30)
    with pytest.raises(SettingsError, match="out point"):
        e.add_shot(UNEDITED, ANALYSIS.shots, 1, 50, 70)


def test_decisions_survive_another_segmentation():
    """Run again with other settings: what the person kept is cut out of the new shots."""
    edits = e.lock(e.reject(UNEDITED, ANALYSIS.shots[3]), ANALYSIS.shots[1])
    whole = replace(ANALYSIS.shots[0], end_frame=60, end_s=6.0)
    again = replace(ANALYSIS, shots=(whole, *ANALYSIS.shots[4:]))
    shots = e.apply(again, edits).shots
    assert [(s.start_frame, s.end_frame, s.decision) for s in shots[:4]] == [
        (0, 7, "automatic"),
        (7, 20, "locked"),
        (20, 41, "automatic"),
        (41, 60, "rejected"),
    ]


@pytest.mark.parametrize(
    "foreign",
    [
        Edits(spans=(ShotSpan(0, 0, 60),)),
        Edits(spans=(ShotSpan(0, 0, 60), ShotSpan(1, 0, 41))),
        Edits(spans=(ShotSpan(0, 0, 60), ShotSpan(1, 5, 40))),
        Edits(spans=(ShotSpan(0, 0, 60), ShotSpan(1, 0, 40), ShotSpan(2, 0, 9))),
        Edits(kept=frozenset({ShotSpan(1, 30, 41)})),
        Edits(rejected=frozenset({ShotSpan(7, 0, 4)})),
        Edits(masks=(((0, 0), (5, 0), (5, 5)),)),
    ],
)
def test_edits_of_another_recording_are_refused(foreign):
    with pytest.raises(SettingsError, match="made on another one"):
        e.apply(ANALYSIS, foreign)


# Freeze-frames and masks


def test_freeze_frames_are_added_removed_and_relabelled():
    added = e.freeze_at(ANALYSIS, 1, 5, "Lips")
    frozen, still, listed = ANALYSIS.freeze_frames
    edits = e.add_freeze(UNEDITED, added)
    edits = e.relabel(e.remove_freeze(edits, still), frozen, "3VV")
    edits = e.relabel(e.relabel(edits, listed, None), added, "Kidneys")
    freezes = e.apply(ANALYSIS, edits).freeze_frames
    assert freezes == (
        replace(frozen, plane="3VV"),
        FreezeFrame(6.5, 1, 5, "added", "Kidneys", end_s=6.5),
        replace(listed, plane=None),
    )
    summary = shown(edits, "100%")
    assert summary.coverage["Kidneys"]["frozen"]
    assert not summary.coverage["4CH"]["frozen"]
    assert summary.edits["freeze_frames_added"] == summary.edits["freeze_frames_removed"] == 1
    assert summary.edits["freeze_frames_relabelled"] == 2
    assert e.remove_freeze(edits, freezes[1]).added_freezes == ()
    with pytest.raises(SettingsError, match="already"):
        e.add_freeze(edits, added)
    with pytest.raises(SettingsError, match="no standard plane"):
        e.relabel(edits, frozen, "Elbow")


def test_a_removed_freeze_frame_can_be_added_again():
    frozen = ANALYSIS.freeze_frames[0]
    edits = e.remove_freeze(UNEDITED, frozen)
    again = e.freeze_at(ANALYSIS, frozen.recording, frozen.frame, "LVOT")
    assert e.apply(ANALYSIS, e.add_freeze(edits, again)).freeze_frames[0] == again
    # Where one stands already, the one that is there counts.
    assert e.apply(ANALYSIS, e.add_freeze(UNEDITED, again)).freeze_frames == ANALYSIS.freeze_frames


def test_a_confirmed_mask_replaces_the_region():
    outline = ((4, 6), (30, 6), (20, 40))
    edits = e.set_mask(UNEDITED, 1, outline, 2)
    first, second = e.apply(ANALYSIS, edits).regions
    assert first is ANALYSIS.regions[0]
    assert (second.polygon, second.source) == (outline, "person")
    assert (second.box.x0, second.box.y0, second.box.x1, second.box.y1) == (4, 6, 30, 40)
    assert e.set_mask(edits, 1, None, 2) == UNEDITED
    for wrong in (((0, 0), (5, 5)), ((0, 0), (4, 4), (8, 8)), ()):
        with pytest.raises(SettingsError, match="encloses nothing"):
            e.set_mask(UNEDITED, 0, wrong, 2)
    with pytest.raises(SettingsError, match="inside the picture"):
        e.set_mask(UNEDITED, 0, ((-1, 0), (5, 5), (0, 5)), 2)


# Scores of spans, and time


@given(st.data())
@settings(deadline=None)
def test_scores_of_spans_are_those_of_all_frames(data):
    count = data.draw(st.integers(1, 60))
    picks = sorted({0, *data.draw(st.lists(st.integers(0, count - 1), max_size=20))})
    scores = st.floats(0, 1, width=32)
    values = np.array(data.draw(st.lists(scores, min_size=len(picks), max_size=len(picks))))
    cuts = sorted({0, count, *data.draw(st.lists(st.integers(0, count), max_size=8))})
    held = hold(values, np.array(picks), count)
    means, best = span_scores(values, np.array(picks), cuts[:-1], cuts[1:])
    assert np.allclose(means, shot_means(held, cuts[:-1], cuts[1:]), atol=1e-12)
    assert best.tolist() == [a + int(held[a:b].argmax()) for a, b in itertools.pairwise(cuts)]


def held_scores(recording):
    mine = ANALYSIS.scores.recordings == recording
    scores = ANALYSIS.scores
    return hold(scores.values[mine], scores.frames[mine], FRAMES[recording])
