#!/usr/bin/env bash
# Fills the disk, and makes it read-only (as root, on file systems of its own): clear refusals, no damage, recovery.
# Usage: disk.sh [ROUNDS]
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"

fault disk disk:: 5 "$@"
