# Python packages in a virtual environment of their own.
# shellcheck shell=bash

# make_venv FOLDER PIP_ARGUMENT...: installs packages into FOLDER, which is made anew if an earlier try
# was cut off in the middle. Fails, with the tools' own words, if there is no network or no venv.
make_venv() {
  local folder=$1
  shift
  if ! "$folder/bin/python" -c 'import pip, sys; sys.exit(sys.prefix == sys.base_prefix)' >/dev/null 2>&1; then
    rm -rf -- "$folder"
    python3 -m venv -- "$folder" || return
  fi
  timeout 900 "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}
