#!/usr/bin/env bash
# Calls a server's REST API with curl, and prints `ok <name>` or `FAIL <name>: <why>` per check.
#
#   rest.sh <host:port>
#
# The server serves examples/models/half_plus_two (all versions), digits and wine under these names.
# Bodies are compared as text, white space included, where the text is the server's own and fixed.
set -u
[ $# -eq 1 ] || { sed -n '2,8p' "$0"; exit 2; }
base="http://$1"
failures=0
total=0

# call METHOD PATH [curl arguments]: sets $code, $type and $body.
call() {
  local method=$1 path=$2 file
  shift 2
  file=$(mktemp)
  read -r code type < <(curl -sS -m 30 -g -o "$file" -w '%{http_code} %{content_type}\n' -X "$method" "$@" "$base$path")
  body=$(cat "$file"; printf x)
  body=${body%x}
  rm -f "$file"
}

verdict() { # NAME WHY-NOT (empty: it holds)
  total=$((total + 1))
  if [ -z "$2" ]; then echo "ok $1"; else
    failures=$((failures + 1))
    echo "FAIL $1: $2" | tr '\n' ' '
    echo
  fi
}

exactly() { # NAME CODE BODY, of the last call
  local why=''
  [ "$code" = "$2" ] || why="status $code, expected $2; "
  [ "$type" = 'application/json' ] || why="${why}content type $type; "
  [ "$body" = "$3" ] || why="${why}body [$body], expected [$3]"
  verdict "$1" "$why"
}

holds() { # NAME CODE PART..., of the last call: every part occurs in the body
  local name=$1 expected=$2 why=''
  shift 2
  [ "$code" = "$expected" ] || why="status $code, expected $expected; "
  for part in "$@"; do case $body in *"$part"*) ;; *) why="${why}no [$part] in [$body]; " ;; esac; done
  verdict "$name" "$why"
}

error() { # NAME CODE MESSAGE
  exactly "$1" "$2" "$(printf '{\n    "error": "%s"\n}' "$3")"
}

call POST /v1/models/half_plus_two:predict -d '{"instances": [1.0, 2.0, 5.0]}'
exactly 'predict rows' 200 "$(printf '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}')"

call POST /v1/models/half_plus_two:predict -d '{"inputs": [1.0, 2.0, 5.0]}'
exactly 'predict columns' 200 "$(printf '{\n    "outputs": [\n        2.5,\n        3.0,\n        4.5\n    ]\n}')"

call POST /v1/models/half_plus_two:predict -d '{"inputs": {"x": [2]}}'
holds 'predict a named column' 200 '"outputs"' '3.0'

call POST /v1/models/half_plus_two:predict -d '{"instances": [{"x": 2.0}, {"x": 4}]}'
exactly 'predict named rows' 200 "$(printf '{\n    "predictions": [3.0, 4.0\n    ]\n}')"

call POST /v1/models/half_plus_two:predict -d '{"instances": [NaN, -Infinity, Infinity]}'
exactly 'predict numbers that are not finite' 200 "$(printf '{\n    "predictions": [NaN, -Infinity, Infinity\n    ]\n}')"

for version in 1 2; do
  call POST "/v1/models/half_plus_two/versions/$version:predict" -d '{"signature_name": "serving_default", "instances": [2.0]}'
  exactly "predict version $version" 200 "$(printf '{\n    "predictions": [3.0\n    ]\n}')"
done

call POST /v1/models/half_plus_two:classify -d '{"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}]}'
holds 'classify' 200 '"results": [[["", 12.0]]'

call POST /v1/models/half_plus_two:regress -d '{"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}, {"x": 2.0}]}'
exactly 'regress' 200 "$(printf '{\n    "results": [42.0, 3.0]\n}')"

call POST /v1/models/half_plus_two:regress -d '{"signature_name": "regress_x_to_y", "context": {"x": 2.0}, "examples": [{}, {"x": 4.0}]}'
exactly 'regress with a context' 200 "$(printf '{\n    "results": [3.0, 4.0]\n}')"

call POST /v1/models/half_plus_two:predict -d '{"signature_name": "regress_x_to_y", "instances": [{"b64": "Cg8KDQoBeBIIEgYKBAAAAEA="}]}'
exactly 'predict bytes of base64' 200 "$(printf '{\n    "predictions": [3.0\n    ]\n}')"

zeros=$(printf '[0],%.0s' 1 2 3 4 5 6 7 8)
row="[${zeros%,}],"
image=$(printf "%.0s$row" 1 2 3 4 5 6 7 8)
call POST /v1/models/digits:predict -d "{\"instances\": [[${image%,}]]}"
holds 'predict an image' 200 '"predictions": [['

printf '{"instances": [1.0, 2.0, 5.0]}' | gzip -c >"${TMPDIR:-/tmp}/rest.$$.gz"
call POST /v1/models/half_plus_two:predict -H 'Content-Encoding: gzip' --data-binary "@${TMPDIR:-/tmp}/rest.$$.gz"
rm -f "${TMPDIR:-/tmp}/rest.$$.gz"
exactly 'predict from a gzip body' 200 "$(printf '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}')"

call GET /v1/models/half_plus_two
holds 'status of all versions' 200 '"version": "2"' '"version": "1"' '"state": "AVAILABLE"' '"error_code": "OK"'

call GET /v1/models/half_plus_two/versions/1
exactly 'status of one version' 200 '{
 "model_version_status": [
  {
   "version": "1",
   "state": "AVAILABLE",
   "status": {
    "error_code": "OK",
    "error_message": ""
   }
  }
 ]
}
'

call GET /v1/models/half_plus_two/metadata
holds 'metadata' 200 '"model_spec"' '"name": "half_plus_two"' '"version": "2"' '"signature_def"' '"classify_x_to_y"' \
  '"dtype": "DT_FLOAT"' '"size": "-1"' '"method_name": "tensorflow/serving/regress"'

call GET /v1/models/wine/metadata
holds 'metadata of wine' 200 '"method_name": "tensorflow/serving/classify"' '"dtype": "DT_STRING"' '"measurements"'

call GET /v1/models/nope
error 'status of an unknown model' 404 'Could not find any versions of model nope'
call GET /v1/models/half_plus_two/versions/99
error 'status of an unknown version' 404 'Could not find version 99 of model half_plus_two'
call POST /v1/models/nope:predict -d '{"instances": [1.0]}'
error 'predict of an unknown model' 404 'Servable not found for request: Latest(nope)'
call POST /v1/models/half_plus_two/versions/99:predict -d '{"instances": [1.0]}'
error 'predict of an unknown version' 404 'Servable not found for request: Specific(half_plus_two, 99)'
call POST /v1/models/half_plus_two/labels/canary:predict -d '{"instances": [1.0]}'
error 'predict of an unknown label' 400 'Unrecognized servable version label: canary'
call POST /v1/models/half_plus_two:predict -d '{"signature_name": "nope", "instances": [1.0]}'
error 'predict of an unknown signature' 400 'Serving signature name: \"nope\" not found in signature def'
call POST /v1/models/half_plus_two:predict -d ''
error 'predict of an empty body' 400 'JSON Parse error: The document is empty'
call POST /v1/models/half_plus_two:predict -d '{"instances": ["a"]}'
holds 'predict of a string for a float' 400 'is not of expected type: float'
call POST /v1/models/half_plus_two:predict -d '{}'
error 'predict of nothing' 400 "Missing 'inputs' or 'instances' key"
call POST /v1/models/half_plus_two:predict -d '{"instances": [1.0], "inputs": [1.0]}'
holds 'predict of both formats' 400 "expecting only one of 'inputs' or 'instances' keys to exist"
call POST /v1/models/half_plus_two:predict -d '{"instances": [[1.0], [1.0, 2.0]]}'
holds 'predict of ragged rows' 400 'Expecting tensor size: 1 but got: 2'
call POST /v1/models/half_plus_two:regress -d '{"signature_name": "regress_x_to_y"}'
# Upstream says classify here too.
holds 'regress of no examples' 400 "When method is classify, key 'examples' is expected and was not found"
call GET /v1/models
holds 'no model name' 200 '"half_plus_two"' '"digits"'
call GET /v1/models/half_plus_two:predict
error 'a GET of a verb' 400 'Malformed request: GET /v1/models/half_plus_two:predict'
call DELETE /v1/models/half_plus_two
error 'another method' 400 'Malformed request: DELETE /v1/models/half_plus_two'
call POST /v1/models/half_plus_two/ -d '{}'
error 'a trailing slash' 400 'Malformed request: POST /v1/models/half_plus_two/'
call GET /nothing/here
holds 'a path outside of the API' 404

echo "$((total - failures)) of $total checks hold" >&2
[ "$failures" -eq 0 ]
