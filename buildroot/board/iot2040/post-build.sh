#!/bin/sh
# Buildroot, before the root file system is packed: takes off what packages install beside the one program that is
# used. No account can log in, so there is nothing to read profiles and no use for the e2fsprogs tools that write.
set -eu
cd "$TARGET_DIR"
rm -rf etc/init.d etc/network etc/profile etc/profile.d etc/protocols etc/services etc/shells etc/issue etc/hostname \
  etc/mke2fs.conf etc/ssl etc/os-release etc/mtab media mnt opt usr/lib/os-release usr/share \
  lib lib32 usr/lib32 usr/lib/dhcpcd usr/lib/ossl-modules usr/lib/xtables usr/libexec dev/fd dev/stdin dev/stdout dev/stderr run/*
for folder in sbin usr/sbin bin usr/bin; do
  for name in badblocks blkid.e2fsprogs chattr compile_et dumpe2fs e2freefrag e2label e2mmpstatus e2undo e4crypt filefrag \
    findfs lsattr mk_cmds mke2fs mkfs.ext2 mkfs.ext3 mkfs.ext4 mklost+found tune2fs logsave \
    ip6tables ip6tables-restore ip6tables-save ip6tables-legacy ip6tables-legacy-restore ip6tables-legacy-save \
    iptables-legacy iptables-legacy-restore iptables-legacy-save iptables-xml iptables-apply ip6tables-apply \
    fsck.ext2 fsck.ext3 fsck.ext4 c_rehash openssl; do
    rm -f "$folder/$name"
  done
done
# Besides root only the accounts of users.table, which are added later
sed -i -e '/^root:/!d' -e 's,:/bin/sh$,:/bin/false,' etc/passwd
sed -i '/^root:/!d' etc/group etc/shadow
