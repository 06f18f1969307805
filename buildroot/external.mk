include $(sort $(wildcard $(BR2_EXTERNAL_GWCARD_PATH)/package/*/*.mk))

# Build options beyond Buildroot's menus, the same as in from-debian/components/.
# The last word of dhcpcd's configure wins; the account is in users.table.
DHCPCD_CONFIG_OPTS += \
	--privsepuser=gw-dhcp \
	--enable-seccomp \
	--dbdir=/run/dhcpcd/db \
	--rundir=/run/dhcpcd \
	--disable-inet6 \
	--disable-ipv4ll \
	--disable-auth \
	--without-openssl \
	--with-hooks=
DHCPCD_USERS =

LIBOPENSSL_TARGET_ARCH += no-sse2
