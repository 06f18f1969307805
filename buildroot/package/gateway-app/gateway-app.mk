################################################################################
#
# gateway-app
#
################################################################################

GATEWAY_APP_SITE = $(BR2_EXTERNAL_GWCARD_PATH)/../out/app
GATEWAY_APP_SITE_METHOD = local
GATEWAY_APP_LICENSE = Apache-2.0, MIT
GATEWAY_APP_LICENSE_FILES = LICENSE
GATEWAY_APP_DEPENDENCIES = gateway-runtime
GATEWAY_APP_INSTALL_IMAGES = YES
GATEWAY_APP_INSTALL_TARGET = NO

# Said before an hour of building, but not to who only wants the toolchain, the
# sources or another package.
ifneq ($(filter all world gateway-app%,$(or $(MAKECMDGOALS),all)),)
ifeq ($(BR2_PACKAGE_GATEWAY_APP)$(BR_BUILDING),yy)
ifeq ($(wildcard $(GATEWAY_APP_SITE)/gateway.js),)
$(error $(GATEWAY_APP_SITE)/gateway.js is missing. Run "make bundle" in the repository first)
endif
endif
endif

define GATEWAY_APP_COPY_LICENSE
	cp $(BR2_EXTERNAL_GWCARD_PATH)/../LICENSE $(@D)/
endef
GATEWAY_APP_POST_RSYNC_HOOKS += GATEWAY_APP_COPY_LICENSE

define GATEWAY_APP_BUILD_CMDS
	$(HOST_DIR)/bin/gateway-bytecode $(@D)/gateway.js $(@D)/app.qbc
endef

# The post-image script joins the app with the root file system, as the build
# from Debian's sources does, so that its place on the card is written once.
define GATEWAY_APP_INSTALL_IMAGES_CMDS
	mkdir -p $(BINARIES_DIR)/app
	cp $(@D)/app.qbc $(@D)/gateway.js $(@D)/metafile.json $(BINARIES_DIR)/app/
endef

$(eval $(generic-package))
