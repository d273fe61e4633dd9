#!/usr/bin/env bash
# Sets the server's clock an hour forth and back, and ten years (with libfaketime).
# Usage: clock.sh [ROUNDS]
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"

fault clock clock:: 10 "$@"
