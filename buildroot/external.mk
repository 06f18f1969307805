include $(sort $(wildcard $(BR2_EXTERNAL_GWCARD_PATH)/package/*/*.mk))
