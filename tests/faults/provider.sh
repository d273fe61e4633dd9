#!/usr/bin/env bash
# Lets providers refuse, fail, answer slowly, half, or never: states are right, nothing goes out twice.
# Usage: provider.sh [ROUNDS]
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"

fault provider provider:: 10 "$@"
