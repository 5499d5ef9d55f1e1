#!/bin/sh
# Fetches Debian's i386 kernel and busybox and makes what `pagewright run --bzimage` needs, in the folder given:
#   vmlinuz, initrd.cpio
# usage: images/linux/build.sh FOLDER        (as root, for apt-get and device nodes)
set -eu
here=$(dirname "$(readlink -f "$0")")
folder=$(readlink -f "${1:?usage: images/linux/build.sh FOLDER}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"

dpkg --add-architecture i386
apt-get update -qq || echo "using the package lists that are there" >&2
kernel=$(apt-cache depends linux-image-686:i386 | sed -n 's/^ *Depends: \(linux-image-6[^ ]*\)$/\1/p' | head -n 1)
(cd "$work" && apt-get download -qq "$kernel" busybox-static:i386)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/packages"; done
cp "$work"/packages/boot/vmlinuz-* "$folder/vmlinuz"

mkdir -p "$work/root/bin" "$work/root/dev"
cp "$work/packages/bin/busybox" "$work/root/bin/"
cp "$here/init" "$work/root/init"
chmod 755 "$work/root/init"
mknod "$work/root/dev/console" c 5 1
(cd "$work/root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0) > "$folder/initrd.cpio"
