#!/bin/sh
# Buildroot, last: lays the results out as the OS payload that from-debian makes too, joins it with the app and hands
# both to gwcard. GWCARD_OS names another place for the OS payload and ends there ("make os OS=buildroot" joins later).
set -eu
repository=$BR2_EXTERNAL_GWCARD_PATH/..
os=${GWCARD_OS:-$BINARIES_DIR/os}

# Licence texts and versions come from "make legal-info", which Buildroot does not run by itself
env -u MAKEFLAGS -u MAKELEVEL make -C "$BASE_DIR" legal-info

# The build folder of a package with a version in its name
built() {
  folder=$(find "$BUILD_DIR" -maxdepth 1 -type d -name "$1-[0-9]*")
  case $folder in
    *"
"*)
      echo "post-image: $1 was built in more than one version; remove the old folder: $folder" >&2
      exit 1
      ;;
  esac
  [ -n "$folder" ] || { echo "post-image: $1 was not built in $BUILD_DIR" >&2; exit 1; }
  echo "$folder"
}

# Keeps a program as it was before it was stripped: "make isa" names functions by it
twin() {
  mkdir -p "$(dirname "$os/debug/$1")"
  cp "$2" "$os/debug/$1"
}

rm -rf "$os"
mkdir -p "$os/grub-modules" "$os/tools"
cp "$BINARIES_DIR/bzImage" "$BINARIES_DIR/rootfs.cpio" "$os/"
cp "$BINARIES_DIR/efi-part/EFI/BOOT/bootia32.efi" "$os/BOOTIA32.EFI"

linux=$(built linux)
cp "$linux/.config" "$os/kernel.config"
twin vmlinux "$linux/vmlinux"
twin boot/setup.elf "$linux/arch/x86/boot/setup.elf"
twin boot/compressed/vmlinux "$linux/arch/x86/boot/compressed/vmlinux"
twin boot/realmode.elf "$linux/arch/x86/realmode/rm/realmode.elf"
twin bin/busybox "$(built busybox)/busybox_unstripped"
twin sbin/dhcpcd "$(built dhcpcd)/src/dhcpcd"
twin sbin/e2fsck "$(built e2fsprogs)/e2fsck/e2fsck"
twin usr/sbin/xtables-legacy-multi "$(built iptables)/iptables/xtables-legacy-multi"
twin usr/bin/gateway-runtime "$BUILD_DIR/gateway-runtime/target/gateway-runtime"

grub=$(built grub2)
cp "$grub/build-i386-efi/grub-core/kernel.img" "$grub/build-i386-efi/grub-core/"*.mod "$os/grub-modules/"

cp "$HOST_DIR/bin/gateway-bytecode" "$os/tools/"
cd "$repository"
node --import tsx buildroot/legal-info.ts --legal-info "$BASE_DIR/legal-info" --output "$os"
[ -z "${GWCARD_OS:-}" ] || exit 0

node --import tsx buildroot/payload.ts --os "$os" --app "$BINARIES_DIR/app" --output "$BINARIES_DIR/payload"
node --import tsx image/main.ts build --payload "$BINARIES_DIR/payload" --output "$BINARIES_DIR/card.img"
