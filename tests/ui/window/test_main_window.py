"""The window on a real file, driven as a person would: open, cancel, run, change, step, export."""

import gc
import json
import sys
import threading
from pathlib import Path

import av
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from tests.builders import write_streams
from tests.shared_data import SHARED, needs_shared
from tests.ui.windows import shown_window
from ui import liveness
from ui.export.mask_review import MaskReview
from ui.export.sheet import ExportSheet
from ui.session.problems import ACTIONS
from ui.window.dialogs import ChangedBesideDialog, CheatSheet, FirstStartNotice
from ui.window.main_window import MainWindow
from usummary.export import ExportOptions
from usummary.paths import cache_dir
from usummary.phantom import Recorder, render
from usummary.progress import Progress
from usummary.project import load_project
from usummary.selection.edits import Edits


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("Aufnahme mit Ümlaut")
    recorder = Recorder(width=320, height=240, fps=20, bit_rate=400_000)
    return render(folder / "kurze übung.mp4", minutes=0.5, seed=4, recorder=recorder)


@pytest.fixture
def _live():
    """As the program starts; the other tests get Python's own values back."""
    before = sys.getswitchinterval(), gc.get_threshold()
    liveness.keep_live()
    yield
    sys.setswitchinterval(before[0])
    gc.set_threshold(*before[1])
    gc.unfreeze()


@pytest.fixture
def window(qtbot, _live):
    with shown_window(qtbot, "player", "work", "thumbnails") as made:
        yield made


def press(window: MainWindow, key: Qt.Key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window, key, modifier)


def finish_run(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.state.phase in ("done", "failed"))
    assert window.state.phase == "done", window.error.title.text() + window.error.cause.text()


def test_from_a_file_to_an_export(qtbot, window, recording, tmp_path) -> None:
    """One pass through everything."""
    window.open(recording)
    qtbot.waitUntil(lambda: window.state.phase == "running")
    assert window.running.isVisible()
    press(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.state.phase == "cancelled")
    assert not window.running.isVisible()
    assert not window.error.isVisible()

    qtbot.waitUntil(window.run_button.isEnabled)
    press(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert window.state.phase == "running"
    press(window, Qt.Key.Key_Space)
    finish_run(qtbot, window)
    assert gc.get_freeze_count() > 0  # see `ui.liveness`: the run says when the engine is loaded
    press(window, Qt.Key.Key_K)

    short = len(window.state.key_shots), window.state.summary.used_s
    press(window, Qt.Key.Key_3)
    assert window.state.summary.length == "25%"
    assert window.state.summary.used_s > short[1]
    assert window.cards.model.rowCount() == len(window.state.key_shots)

    press(window, Qt.Key.Key_Home)
    wanted = window.state.next_key_shot(1)
    press(window, Qt.Key.Key_Down)
    shot = window.state.shots[wanted]
    playback = window.session.playback
    at = window.state.opened.table.position_of(shot.recording, shot.start_frame)
    qtbot.waitUntil(lambda: playback.on_screen == at)
    assert window.state.selected == wanted
    press(window, Qt.Key.Key_Period)
    qtbot.waitUntil(lambda: playback.on_screen == at + 1)
    press(window, Qt.Key.Key_Comma)
    press(window, Qt.Key.Key_Comma)
    qtbot.waitUntil(lambda: playback.on_screen == max(at - 1, 0))
    qtbot.waitUntil(lambda: not window.side.missing_pictures())

    export(qtbot, window, tmp_path / "erste Ausgabe", ("clips", "contact_sheet", "report"))
    check_export(window, tmp_path / "erste Ausgabe")


def export(qtbot, window: MainWindow, folder: Path, without: tuple[str, ...]) -> None:
    press(window, Qt.Key.Key_E)
    dialog = window.findChild(ExportSheet)
    dialog.folder.setText(str(folder))
    dialog.review_button.click()
    dialog.findChild(MaskReview).confirm_button.click()
    assert window.state.edits.masks[0] == window.state.computed.regions[0].polygon
    assert dialog.mask_state.text() == "Mask confirmed by you"
    for name in without:
        dialog.checks[name].setChecked(False)
    with qtbot.waitSignal(window.session.exported):
        dialog.export_button.click()
    assert window.done.isVisible()


def check_export(window: MainWindow, folder: Path) -> None:
    record = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert record["input"]["recordings"][0]["region"]["source"] == "person"
    chosen = [shot for shot in record["shots"] if shot["selected"]]
    assert [shot["start_frame"] for shot in chosen] == [
        window.state.shots[index].start_frame for index in window.state.key_shots
    ]
    with av.open(str(folder / "summary.mp4")) as reel:
        frames = sum(1 for _ in reel.decode(video=0))
    assert frames == sum(
        window.state.shots[i].end_frame - window.state.shots[i].start_frame
        for i in window.state.key_shots
    )
    assert not (folder / "report.pdf").exists()


def test_an_export_asks_before_it_overwrites(
    qtbot, window, recording, tmp_path, monkeypatch
) -> None:
    window.open(recording)
    finish_run(qtbot, window)
    qtbot.waitUntil(window.export_button.isEnabled)
    folder = tmp_path / "used"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    asked = []
    answer = QMessageBox.StandardButton.Cancel
    monkeypatch.setattr(QMessageBox, "question", lambda *_: asked.append(True) or answer)
    press(window, Qt.Key.Key_E)
    dialog = window.findChild(ExportSheet)
    dialog.folder.setText(str(folder))
    dialog.export_button.click()
    assert asked == [True]
    assert not window.session.busy
    answer = QMessageBox.StandardButton.Yes
    dialog.export_button.click()
    assert window.session.busy
    assert not window.run_button.isEnabled()
    assert not window.export_button.isEnabled()
    press(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.session.busy)
    assert (folder / "notes.txt").read_text() == "mine"


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    window.dropEvent(
        QDropEvent(
            QPointF(300, 300), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )  # fmt: skip


def test_a_dropped_file_opens_and_others_wait_for_their_turn(
    qtbot, window, recording, tmp_path
) -> None:
    first, other, text = (tmp_path / name for name in ("first.mp4", "other.mp4", "text.mp4"))
    empty_box = b"\0\0\0\x08free"  # another content, so that no features are kept of it
    first.write_bytes(recording.read_bytes() + empty_box)
    other.write_bytes(recording.read_bytes())
    text.write_bytes(b"no film " * 999)
    drop(window, first)
    qtbot.waitUntil(lambda: window.state.phase == "running")
    drop(window, text)
    drop(window, other)
    assert window.state.path == first
    assert window.queue.isVisible()
    finish_run(qtbot, window)
    qtbot.waitUntil(lambda: not window.session.working)
    assert window.state.path == first
    assert [entry.how for entry in window.session.queue.entries] == ["failed", "done"]
    assert "text.mp4" in window.session.queue.entries[0].reason
    assert not window.error.isVisible()

    window.queue.open_wanted.emit(other)
    finish_run(qtbot, window)
    assert window.state.analysis.path == other
    assert window.windowTitle().startswith("other.mp4")
    window.queue.remove_wanted.emit(text)
    assert not window.queue.isVisible()


def test_what_is_on_screen_goes_before_the_queue(qtbot, window, recording, tmp_path) -> None:
    paths = [tmp_path / name for name in ("a.mp4", "b.mp4")]
    for path in paths:
        path.write_bytes(recording.read_bytes())
    window.open(paths[0])
    finish_run(qtbot, window)
    window.session.queue.add(paths[1])
    window.session.changed.emit()
    assert window.session.working
    assert not window.session.busy
    assert window.run_button.isEnabled()
    window.session.run()
    qtbot.waitUntil(lambda: window.state.phase == "running")
    assert window.session.queue.running is None
    finish_run(qtbot, window)
    qtbot.waitUntil(lambda: window.session.queue.running == paths[1])
    press(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.session.working)
    assert window.session.queue.entries == []
    assert window.state.phase == "done"


@pytest.mark.parametrize(
    ("name", "content"), [("empty.mp4", b""), ("text.mp4", b"no film " * 999), ("gone.mp4", None)]
)
def test_what_cannot_be_opened_is_said_plainly(qtbot, window, tmp_path, name, content) -> None:
    path = tmp_path / "Anna Muster" / name
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    window.open(path)
    qtbot.waitUntil(window.error.isVisible)
    qtbot.waitUntil(lambda: not window.session.busy)
    assert name in window.error.title.text()
    assert window.error.action_button.text() == ACTIONS["open"]
    assert window.state.phase == "empty"
    assert window.start_page.isVisible()
    window.error.copy_button.click()
    copied = QGuiApplication.clipboard().text()
    assert "Traceback" in copied
    assert "Anna" not in copied
    press(window, Qt.Key.Key_Escape)
    assert not window.error.isVisible()


def test_the_sample_exam_is_rendered_once(qtbot, window, recording) -> None:
    """What an earlier start rendered is opened at once (rendering is the phantom's own test)."""
    kept = cache_dir() / "sample" / "simulated exam.mp4"
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(recording.read_bytes())
    window.session.open_sample()
    qtbot.waitUntil(lambda: window.session.playback.on_screen == 0)
    assert window.state.path == kept
    finish_run(qtbot, window)
    kept.unlink()


def test_an_export_is_finished_before_the_sample_opens(
    qtbot, window, recording, tmp_path, monkeypatch
) -> None:
    import usummary.export

    kept = cache_dir() / "sample" / "simulated exam.mp4"
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(recording.read_bytes())
    window.open(recording)
    finish_run(qtbot, window)
    qtbot.waitUntil(window.export_button.isEnabled, timeout=10_000)
    go, write = threading.Event(), usummary.export.export_summary

    def slowly(exam, summary, folder, options, report):
        assert go.wait(60)
        return write(exam, summary, folder, options, report)

    monkeypatch.setattr(usummary.export, "export_summary", slowly)
    folder = tmp_path / "export"
    window.session.export(folder, usummary.export.ExportOptions(clips=False, report=False))
    window.session.open_sample()
    assert "when the export is done" in window.hint.text()
    assert window.state.path == recording
    go.set()
    with qtbot.waitSignal(window.session.exported):
        pass
    assert (folder / "summary.mp4").exists()
    qtbot.waitUntil(lambda: window.state.path == kept, timeout=20_000)
    finish_run(qtbot, window)
    kept.unlink()


def test_opening_is_stopped_by_its_key_and_shows_how_far_it_is(
    qtbot, window, tmp_path, monkeypatch
) -> None:
    stopped = threading.Event()

    def endless(path, *, progress, stream):
        try:
            while not stopped.wait(0.01):
                progress(Progress("reading", 0.25))
        finally:
            stopped.set()

    monkeypatch.setattr("usummary.readers.open_exam", endless)
    window.open(tmp_path / "large study")
    qtbot.waitUntil(lambda: window.running._bars["reading"].value() == 250, timeout=10_000)
    assert window.running.isVisible()
    press(window, Qt.Key.Key_Escape)
    assert window.state.phase == "empty"
    assert window.start_page.isVisible()
    assert not window.running.isVisible()
    qtbot.waitUntil(stopped.is_set, timeout=10_000)
    assert not window.error.isVisible()


def test_another_exam_opens_while_a_reader_does_not_answer(
    qtbot, window, recording, tmp_path, monkeypatch
) -> None:
    """As on a network drive that hangs: nothing of the window waits for it."""
    from usummary.readers import open_exam

    stuck, go, returned = tmp_path / "stuck.mp4", threading.Event(), threading.Event()

    def hanging(path, **options):
        if path == stuck:
            go.wait(30)
            returned.set()
        return open_exam(path, **options)

    monkeypatch.setattr("usummary.readers.open_exam", hanging)
    monkeypatch.setattr("ui.session.worker.WAIT_AT_CLOSE_S", 90.0)  # who waits, waits to the end
    window.open(stuck)
    window.open(recording)
    qtbot.waitUntil(lambda: window.session.playback.on_screen == 0)
    assert not returned.is_set()
    go.set()
    finish_run(qtbot, window)
    assert window.state.path == recording
    assert not window.error.isVisible()


def test_edits_outlast_a_drive_that_is_away(qtbot, window, recording, tmp_path) -> None:
    """The drive goes after the first picture was shown, when the project is compared with it."""
    drive, path = tmp_path / "drive", tmp_path / "drive" / "exam.mp4"
    drive.mkdir()
    path.write_bytes(recording.read_bytes())
    window.open(path)
    finish_run(qtbot, window)
    press(window, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: window.state.saving == "saved", timeout=10_000)
    edits, own = window.state.edits, window.state.project_path
    assert edits != Edits()
    before = own.read_bytes()

    def go_away(work: str) -> None:
        if work == "run":
            drive.rename(tmp_path / "away")

    away = window.session.began.connect(go_away)
    window.open(path)
    qtbot.waitUntil(window.error.isVisible)
    assert "exam.mp4" in window.error.title.text()
    window.session.began.disconnect(away)
    qtbot.waitUntil(lambda: not window.session.working)
    assert own.read_bytes() == before
    assert not list(own.parent.glob(f"{own.name}*.unused"))

    (tmp_path / "away").rename(drive)
    window.open(path)
    finish_run(qtbot, window)
    assert window.state.edits == edits


def test_the_window_asks_whose_edits_count(qtbot, window, recording, tmp_path) -> None:
    path = tmp_path / "exam.mp4"
    path.write_bytes(recording.read_bytes())
    window.open(path)
    finish_run(qtbot, window)
    own = window.state.project_path
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(b"theirs")
    press(window, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: window.findChild(ChangedBesideDialog) is not None, timeout=10_000)
    assert own.read_bytes() == b"theirs"
    window.findChild(ChangedBesideDialog).buttons["mine"].click()
    qtbot.waitUntil(lambda: window.state.saving == "saved", timeout=10_000)
    assert load_project(own).edits == window.state.edits != Edits()
    (kept,) = own.parent.glob(f"{own.name}*.unused")
    assert kept.read_bytes() == b"theirs"


def test_closing_asks_where_edits_could_not_be_saved(
    qtbot, window, recording, tmp_path, monkeypatch
) -> None:
    path = tmp_path / "exam.mp4"
    path.write_bytes(recording.read_bytes())
    window.open(path)
    finish_run(qtbot, window)
    (tmp_path / "no folder").write_text("")
    window.state.project_path = tmp_path / "no folder" / "exam.usummary"
    press(window, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: window.state.saving == "failed", timeout=10_000)
    asked, buttons = [], QMessageBox.StandardButton
    answers = iter((buttons.No, buttons.Yes))

    def warning(_parent, _title, text, *_):
        asked.append(text)
        return next(answers)

    monkeypatch.setattr(QMessageBox, "warning", warning)
    assert not window.close()
    assert window.isVisible()
    assert "could not be saved" in asked[0]
    assert window.close()
    assert len(asked) == 2


@needs_shared
def test_a_dicom_cine_is_played(qtbot, window) -> None:
    window.open(SHARED / "ultrasound" / "dicom" / "pydicom__examples_ybr_color.dcm")
    qtbot.waitUntil(lambda: window.session.playback.on_screen == 0)
    press(window, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: window.session.playback.on_screen == 29)
    press(window, Qt.Key.Key_Escape)


def test_every_control_can_be_reached_and_has_a_name(window) -> None:
    from PySide6.QtWidgets import QAbstractButton

    for button in window.findChildren(QAbstractButton):
        if button.objectName().startswith("qt_"):
            continue
        assert button.accessibleName() or button.text(), button
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus, button.toolTip()


def test_the_keys_are_listed_and_the_notice_is_shown_once(qtbot, window) -> None:
    press(window, Qt.Key.Key_F1)
    assert window.findChild(CheatSheet).isVisible()
    window.findChild(CheatSheet).close()
    window.show_first_start_notice()
    notice = window.findChild(FirstStartNotice)
    assert notice.isVisible()
    notice.accept()
    assert window.preferences.notice_read
    qtbot.waitUntil(lambda: window.findChild(FirstStartNotice) is None)
    window.show_first_start_notice()
    assert window.findChild(FirstStartNotice) is None


@pytest.mark.parametrize("size", [(1024, 700), (2560, 1440)])
def test_the_smallest_and_a_large_window_hold_everything(window, size) -> None:
    window.resize(*size)
    QApplication.processEvents()
    assert (window.width(), window.height()) == size


def test_another_video_stream_is_chosen_in_the_menu(window, qtbot, tmp_path) -> None:
    """Picture, result and edits are those of the stream on screen, and each keeps its own edits."""
    path = write_streams(tmp_path / "two.mkv", 0)
    window.open(path)
    qtbot.waitUntil(lambda: window.state.phase == "done")
    first, second = window.menus.streams.actions()
    assert (first.isChecked(), second.isChecked()) == (True, False)
    assert any("2 video streams" in notice for notice in window.state.notices)
    own = window.state.project_path
    second.trigger()
    qtbot.waitUntil(lambda: window.state.phase == "done" and window.state.video_stream == 2)
    (info,) = window.state.opened.recordings
    assert (info.width, info.height) == (320, 192)
    settings = window.state.computed.provenance.settings
    assert settings["video_stream"] == 2
    assert window.state.project_path != own
    folder = tmp_path / "out"
    with qtbot.waitSignal(window.session.exported):
        window.session.export(folder, ExportOptions(mask=False, captions=False))
    with av.open(str(folder / "summary.mp4")) as reel:
        assert reel.streams.video[0].width == 320
    window.menus.streams.actions()[0].trigger()
    qtbot.waitUntil(lambda: window.state.phase == "done" and window.state.video_stream == 0)
    assert window.state.project_path == own
