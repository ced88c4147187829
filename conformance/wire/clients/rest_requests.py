"""Makes HTTP calls with `requests`: a JSON object a line in, an answer a line out, over one kept-alive session.

A call is {"method", "url", "headers", "body" (base64)}; an answer {"status", "headers", "body" (a character per byte)}.
"""

import base64
import json
import sys

import requests


def answer(session, call):
    body = base64.b64decode(call["body"])
    response = session.request(call["method"], call["url"], headers=call["headers"], data=body or None, timeout=30)
    return {
        "status": response.status_code,
        "headers": {name.lower(): value for name, value in response.headers.items()},
        "body": response.content.decode("latin-1"),
    }


with requests.Session() as session:
    for line in sys.stdin:
        try:
            result = answer(session, json.loads(line))
        except requests.RequestException as error:
            result = {"error": repr(error)}
        print(json.dumps(result), flush=True)
