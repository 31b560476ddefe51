import pytest

from tests.training.made_data import make_data


@pytest.fixture(scope="session")
def made_data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("data"))
