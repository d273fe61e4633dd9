#!/usr/bin/env bash
# Opens thousands of slow connections: they are cut, and others hardly notice.
# Usage: slow.sh [ROUNDS]
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"

fault slow slow:: 1 "$@"
