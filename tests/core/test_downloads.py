"""Downloads from a local server: complete and verified, or absent."""

import hashlib
import os
import socket
import threading

import pytest

from resnet_viz.core.downloads import DownloadProgress, download
from resnet_viz.core.errors import DownloadError, ResnetVizError
from tests.checkpoints.web import closed_port, serving

BODY = os.urandom(700_000)  # three chunks
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def web(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as server:
        yield server


def test_a_file_arrives_whole_with_its_progress(web, tmp_path):
    target = tmp_path / "new" / "weights.pth"
    steps = list(download(web.url("weights.pth", BODY), target, DIGEST[:8]))
    assert target.read_bytes() == BODY
    assert [s.received for s in steps] == sorted({s.received for s in steps})
    assert steps[-1] == DownloadProgress(len(BODY), len(BODY))
    assert os.listdir(target.parent) == ["weights.pth"]


def test_nothing_is_fetched_before_the_first_step(web, tmp_path):
    download(web.url("weights.pth", BODY), tmp_path / "weights.pth", DIGEST[:8])
    assert web.requests == []
    assert os.listdir(tmp_path) == []


def test_the_file_is_not_there_while_it_arrives(web, tmp_path):
    steps = download(web.url("weights.pth", BODY), tmp_path / "weights.pth", DIGEST[:8])
    next(steps)
    assert not (tmp_path / "weights.pth").exists()
    list(steps)
    assert (tmp_path / "weights.pth").exists()


def test_a_wrong_checksum_is_refused_and_leaves_nothing(web, tmp_path):
    url = web.url("weights.pth", b"x" + BODY[1:])
    with pytest.raises(DownloadError) as caught:
        list(download(url, tmp_path / "weights.pth", DIGEST[:8]))
    assert caught.value.code == "download_checksum"
    assert os.listdir(tmp_path) == []


def test_a_body_that_ends_early_is_refused_and_leaves_nothing(web, tmp_path):
    url = web.url("weights.pth", BODY, promise=len(BODY) + 1000)
    with pytest.raises(DownloadError):
        list(download(url, tmp_path / "weights.pth", ""))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refusing_server_is_one_sentence(web, tmp_path, status):
    url = web.url("weights.pth", b"no", status=status)
    with pytest.raises(DownloadError) as caught:
        list(download(url, tmp_path / "weights.pth", DIGEST[:8]))
    assert url in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_offline_is_one_sentence_with_the_cure(tmp_path):
    url = f"http://127.0.0.1:{closed_port()}/weights.pth"
    with pytest.raises(DownloadError) as caught:
        list(download(url, tmp_path / "weights.pth", DIGEST[:8]))
    assert url in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_server_that_talks_nonsense_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"this is not HTTP\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/weights.pth"
        with pytest.raises(DownloadError):
            list(download(url, tmp_path / "weights.pth", ""))
        thread.join()
    assert os.listdir(tmp_path) == []


def test_a_caller_who_stops_leaves_nothing(web, tmp_path):
    steps = download(web.url("weights.pth", BODY), tmp_path / "weights.pth", DIGEST[:8])
    next(steps)
    steps.close()
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(web, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResnetVizError):
        list(download(web.url("weights.pth", BODY), tmp_path / "file" / "weights.pth", ""))
