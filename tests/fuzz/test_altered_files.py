"""A few hundred altered files in the gate; `altered_files` runs as many as wanted."""

from tests.fuzz.altered_files import Watch, fuzz


def test_altered_files_end_in_a_result_or_a_usummary_error():
    ends, findings = fuzz(400, 7, Watch())
    assert findings == []
    for kind in ("project", "settings.toml", "summary.json"):
        assert ends[f"{kind} loaded"]
    assert ends["project refused"] > 10
    assert ends["settings.toml refused"] > 10


def test_the_watch_hears_what_is_opened_elsewhere(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "there").write_text("x")
    with Watch().over(tmp_path / "here") as seen:
        (tmp_path / "there").read_text()
        (tmp_path / "there").rename(tmp_path / "here" / "x")
    assert [touched.split()[0] for touched in seen] == ["open", "os.rename"]
