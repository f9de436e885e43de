"""Compressed answers and static files that browsers keep."""

import gzip

from flask import Flask
from flask.testing import FlaskClient

from app.web.static_files import FOREVER, static_url
from tests.web.probe import LONG

GZIP = {"Accept-Encoding": "br, gzip"}
SHEET = "css/almanac.css"


def test_long_answers_are_compressed_for_those_who_can_read_it(prober: FlaskClient) -> None:
    plain, packed = prober.get("/long"), prober.get("/long", headers=GZIP)
    assert plain.text == LONG
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data).decode() == LONG
    assert len(packed.data) < len(plain.data) / 10
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_who_refuses_gzip_gets_none(prober: FlaskClient) -> None:
    for accepted in ("gzip;q=0", "identity", ""):
        answer = prober.get("/long", headers={"Accept-Encoding": accepted})
        assert "Content-Encoding" not in answer.headers


def test_short_answers_stay_as_they_are(prober: FlaskClient) -> None:
    assert "Content-Encoding" not in prober.get("/healthz", headers=GZIP).headers


def test_the_version_of_a_record_stays_comparable(prober: FlaskClient) -> None:
    assert prober.get("/v1/tagged", headers=GZIP).headers["ETag"] == '"7"'


def test_a_static_address_holds_the_hash_and_is_kept_forever(
    probe: Flask, prober: FlaskClient
) -> None:
    with probe.test_request_context("/"):
        address = static_url(SHEET)
    answer = prober.get(address, headers=GZIP)
    assert answer.headers["Cache-Control"] == FOREVER
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == prober.get(address).data
    assert "Set-Cookie" not in answer.headers


def test_without_its_hash_a_file_is_asked_for_again(prober: FlaskClient) -> None:
    for address in (f"/static/{SHEET}", f"/static/v-000000000000/{SHEET}"):
        first = prober.get(address, headers=GZIP)
        assert first.headers["Cache-Control"] == "no-cache"
        again = prober.get(address, headers={**GZIP, "If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
        assert again.data == b""


def test_a_missing_file_is_404(prober: FlaskClient) -> None:
    assert prober.get("/static/css/nothing.css", headers=GZIP).status_code == 404
    assert prober.get("/static/../app/config.py", headers=GZIP).status_code == 404
