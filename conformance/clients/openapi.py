"""Reads a server's OpenAPI document, and has schemathesis call everything in it.

Run: python openapi.py <rest host:port> [most examples of each operation, 5 by default]

No answer may be a server error, have a status or a media type that the document does not name, or a body or headers that
do not fit their schemas. Whether bad requests are refused is told by other checks: what the document says of requests is
less than what the server looks at.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

from checks import check, contains, run, same

CHECKS = ",".join(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
HERE = pathlib.Path(__file__).resolve().parent
SCHEMATHESIS = pathlib.Path(sys.executable).with_name("schemathesis")


def get(server, path):
    with urllib.request.urlopen(f"http://{server}{path}", timeout=30) as response:
        same(response.headers["content-type"], "application/json", "type")
        return json.load(response)


@check("the document is OpenAPI 3.1 and has every model")
def _(server, _):
    document = get(server, "/v1/openapi.json")
    same(document["openapi"], "3.1.0", "version")
    for model in ("half_plus_two", "digits", "wine"):
        for path in (f"/v1/models/{model}:predict", f"/v2/models/{model}/infer"):
            contains(list(document["paths"]), path, "paths")


@check("the configuration has the models")
def _(server, _):
    config = get(server, "/v1/config")
    same(sorted(model["name"] for model in config["models"]), ["digits", "half_plus_two", "wine"], "models")


@check("schemathesis finds no server error and nothing against a schema")
def _(server, examples):
    with tempfile.TemporaryDirectory() as directory:
        # TRACE is 501, as upstream's web server has it, which schemathesis takes for a failure.
        methods = '["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]'
        config = f"[phases.coverage]\nunexpected-methods = {methods}\n"
        pathlib.Path(directory, "schemathesis.toml").write_text(config)
        done = subprocess.run(
            [
                SCHEMATHESIS,
                *("run", f"http://{server}/v1/openapi.json", "--checks", CHECKS, "--max-examples", examples),
                *("--seed", "1", "--continue-on-failure", "--no-shrink", "--warnings", "off", "--no-color"),
                *("--suppress-health-check", "all", "--generation-database", "none", "--request-timeout", "30"),
            ],
            cwd=directory,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "openapi_hooks", "PYTHONPATH": str(HERE)},
            capture_output=True,
            text=True,
        )
    tail = done.stdout[-4000:]
    if done.returncode != 0:
        raise AssertionError(f"exit status {done.returncode}: {' '.join((tail + done.stderr[-500:]).split())[-3000:]}")
    tested = re.search(r"(\d+) generated", tail) or re.search(r"(\d+) passed", tail)
    if tested is None or int(tested.group(1)) == 0:
        raise AssertionError(f"no calls were made: {tail[-500:]}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(run(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else "5"))
