################################################################################
#
# gateway-quickjs
#
################################################################################

GATEWAY_QUICKJS_VERSION = 2025-09-13
GATEWAY_QUICKJS_SOURCE = quickjs-$(GATEWAY_QUICKJS_VERSION).tar.xz
GATEWAY_QUICKJS_SITE = https://bellard.org/quickjs
GATEWAY_QUICKJS_LICENSE = MIT
GATEWAY_QUICKJS_LICENSE_FILES = LICENSE
GATEWAY_QUICKJS_CPE_ID_VENDOR = quickjs_project
GATEWAY_QUICKJS_CPE_ID_PRODUCT = quickjs
GATEWAY_QUICKJS_INSTALL_STAGING = YES
GATEWAY_QUICKJS_INSTALL_TARGET = NO

# Where gateway-runtime finds the sources.
GATEWAY_QUICKJS_TREE = $(STAGING_DIR)/usr/src/quickjs

define GATEWAY_QUICKJS_INSTALL_STAGING_CMDS
	rm -rf $(GATEWAY_QUICKJS_TREE)
	mkdir -p $(GATEWAY_QUICKJS_TREE)
	cp -a $(@D)/*.c $(@D)/*.h $(@D)/VERSION $(@D)/LICENSE $(GATEWAY_QUICKJS_TREE)/
endef

$(eval $(generic-package))
