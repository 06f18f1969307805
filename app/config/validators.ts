import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import guideSchema from "./guide-settings.schema.json" with { type: "json" };
import mqttSchema from "./mqtt-publisher-settings.schema.json" with { type: "json" };
import opcuaSchema from "./opcua-client-settings.schema.json" with { type: "json" };

/**
 * The schema validators. On Node.js they are compiled here; the device's bundle gets the source text that
 * `generate.ts` makes of the same schemas in place of this module, because nothing is compiled on the device.
 */
export const AJV_OPTIONS = {
  allErrors: true,
  verbose: true,
  strict: true,
  allowUnionTypes: true,
  strictRequired: false,
} as const;

export const SCHEMAS = {
  validateOpcUaSchema: opcuaSchema,
  validateMqttSchema: mqttSchema,
  validateGuideSchema: guideSchema,
} as const;

const ajv = new Ajv2020(AJV_OPTIONS);

export const validateOpcUaSchema: ValidateFunction = ajv.compile(opcuaSchema);
export const validateMqttSchema: ValidateFunction = ajv.compile(mqttSchema);
export const validateGuideSchema: ValidateFunction = ajv.compile(guideSchema);
