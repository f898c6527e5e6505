#!/bin/sh
# What the GitHub Action runs in the caller's repository. Everything comes by environment variables, so that no input is
# ever read as shell and no secret stands on a command line: PAKS_COMMAND, PAKS_PATH, PAKS_BUMP; PAKS_TOKEN is read by
# paks itself. `paks` is on the PATH.
set -eu

command=${PAKS_COMMAND:-validate}
path=${PAKS_PATH:-}
bump=${PAKS_BUMP:-}

# A folder whatever it is called, and never an option.
folder() {
  case "$path" in
    /*) printf %s "$path" ;;
    *) printf %s "./$path" ;;
  esac
}

validate() {
  paks validate "$(folder)" --all --strict
}

# A runner has no author for the version commit.
name_author() {
  git config user.name >/dev/null || git config user.name "paks"
  git config user.email >/dev/null || git config user.email "paks@users.noreply.github.com"
}

# The Paks-Path of a tag: in the last paragraph before the signature. git 2.39 finds no trailers in a signed tag by itself.
tag_path() {
  # A lightweight one has no message of its own.
  [ "$(git cat-file -t "refs/tags/$1")" = tag ] || return 0
  git cat-file tag "refs/tags/$1" | awk '
    /^-----BEGIN (PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----/ { signed = 1; before = path; next }
    /^[ \t]*$/ { ended = 1; next }
    ended { path = ""; ended = 0 }
    sub(/^Paks-Path:[ \t]*/, "") { path = $0 }
    END { print signed ? before : path }'
}

# On a tag: HEAD is detached, and the checkout has left a plain ref where the annotated tag was.
release_tag() {
  tag=${GITHUB_REF#refs/tags/}
  git fetch --quiet --force origin "refs/tags/$tag:refs/tags/$tag"
  git switch --quiet --force-create "paks-release" "refs/tags/$tag^{commit}"
  if [ -z "$path" ]; then
    path=$(tag_path "$tag")
  fi
  paks publish "$(folder)" --yes
}

publish() {
  if [ -z "${PAKS_TOKEN:-}" ]; then
    echo "paks: the step needs PAKS_TOKEN in its env: \${{ secrets.PAKS_TOKEN }}" >&2
    exit 4
  fi
  name_author
  case "${GITHUB_REF:-}" in
    refs/tags/*) release_tag ;;
    *) paks publish "$(folder)" --yes ${bump:+"--bump=$bump"} ;;
  esac
}

case "$command" in
  validate) validate ;;
  publish) publish ;;
  *)
    echo "paks: command is validate or publish, not \"$command\"" >&2
    exit 2
    ;;
esac
