#!/bin/sh
# Buildroot, last: lays the results out as the OS payload that from-debian makes too, joins it with the app and hands
# both to gwcard. GWCARD_OS names another place for the OS payload and ends there ("make os OS=buildroot" joins later).
set -eu
repository=$BR2_EXTERNAL_GWCARD_PATH/..
os=${GWCARD_OS:-$BINARIES_DIR/os}

# Licence texts and versions come from "make legal-info", which Buildroot does not run by itself
env -u MAKEFLAGS -u MAKELEVEL make -C "$BASE_DIR" legal-info

rm -rf "$os"
mkdir -p "$os/debug/boot/compressed" "$os/debug/usr/bin" "$os/grub-modules" "$os/tools"
cp "$BINARIES_DIR/bzImage" "$BINARIES_DIR/rootfs.cpio" "$os/"
cp "$BINARIES_DIR/efi-part/EFI/BOOT/bootia32.efi" "$os/BOOTIA32.EFI"

linux=$(find "$BUILD_DIR" -maxdepth 1 -name 'linux-[0-9]*')
cp "$linux/.config" "$os/kernel.config"
cp "$linux/vmlinux" "$os/debug/vmlinux"
cp "$linux/arch/x86/boot/setup.elf" "$os/debug/boot/"
cp "$linux/arch/x86/boot/compressed/vmlinux" "$os/debug/boot/compressed/"

grub=$(find "$BUILD_DIR" -maxdepth 1 -name 'grub2-[0-9]*')
cp "$grub/build-i386-efi/grub-core/kernel.img" "$grub/build-i386-efi/grub-core/"*.mod "$os/grub-modules/"

cp "$HOST_DIR/bin/gateway-bytecode" "$os/tools/"
cd "$repository"
node --import tsx buildroot/legal-info.ts --legal-info "$BASE_DIR/legal-info" --output "$os"
[ -z "${GWCARD_OS:-}" ] || exit 0

node --import tsx buildroot/payload.ts --os "$os" --app "$BINARIES_DIR/app" --output "$BINARIES_DIR/payload"
node --import tsx image/main.ts build --payload "$BINARIES_DIR/payload" --output "$BINARIES_DIR/card.img"
