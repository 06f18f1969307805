################################################################################
#
# gateway-runtime
#
################################################################################

GATEWAY_RUNTIME_SITE = $(BR2_EXTERNAL_GWCARD_PATH)/../app/runtime/native
GATEWAY_RUNTIME_SITE_METHOD = local
GATEWAY_RUNTIME_LICENSE = Apache-2.0
GATEWAY_RUNTIME_LICENSE_FILES = LICENSE
GATEWAY_RUNTIME_DEPENDENCIES = gateway-quickjs host-pkgconf openssl
GATEWAY_RUNTIME_INSTALL_STAGING = YES

define GATEWAY_RUNTIME_COPY_LICENSE
	cp $(BR2_EXTERNAL_GWCARD_PATH)/../LICENSE $(@D)/
endef
GATEWAY_RUNTIME_POST_RSYNC_HOOKS += GATEWAY_RUNTIME_COPY_LICENSE

# Runtime and bytecode compiler come from one source tree in one step: the
# bytecode names the engine that it is for, and they can't drift apart.
define GATEWAY_RUNTIME_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(TARGET_CONFIGURE_OPTS) \
		O=$(@D)/target \
		QUICKJS=$(GATEWAY_QUICKJS_TREE) \
		OPENSSL_CFLAGS="`$(PKG_CONFIG_HOST_BINARY) --cflags openssl`" \
		OPENSSL_LIBS="`$(PKG_CONFIG_HOST_BINARY) --libs --static openssl`" \
		$(@D)/target/gateway-runtime
	$(HOST_MAKE_ENV) $(MAKE) -C $(@D) $(HOST_CONFIGURE_OPTS) \
		O=$(@D)/host \
		QUICKJS=$(GATEWAY_QUICKJS_TREE) \
		$(@D)/host/gateway-bytecode
endef

define GATEWAY_RUNTIME_INSTALL_STAGING_CMDS
	$(INSTALL) -D -m 0755 $(@D)/host/gateway-bytecode \
		$(HOST_DIR)/bin/gateway-bytecode
endef

define GATEWAY_RUNTIME_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/target/gateway-runtime \
		$(TARGET_DIR)/usr/bin/gateway-runtime
endef

$(eval $(generic-package))
