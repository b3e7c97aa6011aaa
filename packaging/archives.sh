#!/usr/bin/env bash
# Makes the archives of a GitHub release, and their checksums.
#
#   packaging/archives.sh BINARIES OUT
#
# BINARIES has a folder for each Rust target, with the program in it; OUT is where the archives go.
set -euo pipefail
shopt -s nullglob
repository=$(cd "$(dirname "$0")/.." && pwd)
binaries=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)

version=$(cargo pkgid --manifest-path "$repository/Cargo.toml" | sed 's/.*[#@]//')
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work"

for folder in "$binaries"/*/; do
  name="sync-patterns-$version-$(basename "$folder")"
  mkdir "$name"
  cp -r "$folder"/* "$repository/README.md" "$repository/LICENSE" "$repository/docs" "$repository/templates" "$name"
  if [ -e "$name/sync-patterns.exe" ]; then
    zip -qrX "$out/$name.zip" "$name"
  else
    chmod 755 "$name/sync-patterns"
    tar -czf "$out/$name.tar.gz" --owner=0 --group=0 "$name"
  fi
done
cd "$out"
sha256sum -- *.tar.gz *.zip > SHA256SUMS
