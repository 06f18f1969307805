include $(sort $(wildcard $(BR2_EXTERNAL_GWCARD_PATH)/package/*/*.mk))

# Words of board/iot2040/NAME.options, which the build from Debian's sources
# reads, too: options beyond Buildroot's menus.
gwcard-options = $(shell sed 's/\#.*//' '$(BR2_EXTERNAL_GWCARD_PATH)/board/iot2040/$(1).options')

# The last word of dhcpcd's configure wins; the account is in users.table.
DHCPCD_CONFIG_OPTS += $(call gwcard-options,dhcpcd)
DHCPCD_USERS =

# The command ends with OpenSSL's options; the last word wins there, too.
LIBOPENSSL_CONFIGURE_CMDS += $(call gwcard-options,openssl)

# Buildroot has no stack protector for i386 with musl: shared objects would
# need __stack_chk_fail_local, which musl lacks. Here everything is static and
# not PIC. Without the second line gcc would link libssp, which is not built.
TOOLCHAIN_WRAPPER_OPTS += -fstack-protector-strong
HOST_GCC_COMMON_MAKE_OPTS += gcc_cv_libc_provides_ssp=yes
