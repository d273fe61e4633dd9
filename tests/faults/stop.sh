#!/usr/bin/env bash
# Stops the server under load, starts a second one on its file, and leaves it few files.
# Usage: stop.sh [ROUNDS]
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"

fault stop stop:: 10 "$@"
