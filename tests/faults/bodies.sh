#!/usr/bin/env bash
# Sends huge, endless, deep, wide and compressed bodies.
# Usage: bodies.sh [ROUNDS]
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"

fault bodies bodies:: 1 "$@"
