#!/bin/bash
# format.sh - all C is formatted as .clang-format says.
cd "$(dirname "$0")/../.." || exit 1
exec scripts/format.sh --check
