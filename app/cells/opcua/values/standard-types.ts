/**
 * Data types of OPC UA itself that fields and values have most often (Part 5, Part 8): known here, so that no server has
 * to be asked for them; servers older than OPC UA 1.04 could not even tell.
 */
import { BuiltIn, type EnumType, type Field, type FieldType, type StructureType } from "./structure-types.ts";

/** Data types that are a built-in type by another name, by their id in namespace 0. */
const ALIASES: Readonly<Record<number, number>> = {
  // Number, Integer, UInteger: abstract, so the value says what it is.
  26: BuiltIn.Variant,
  27: BuiltIn.Variant,
  28: BuiltIn.Variant,
  // Image and its formats, ApplicationInstanceCertificate, ContinuationPoint, AudioDataType.
  30: BuiltIn.ByteString,
  2000: BuiltIn.ByteString,
  2001: BuiltIn.ByteString,
  2002: BuiltIn.ByteString,
  2003: BuiltIn.ByteString,
  311: BuiltIn.ByteString,
  521: BuiltIn.ByteString,
  16307: BuiltIn.ByteString,
  // IntegerId, Counter, Index, VersionTime, BitFieldMaskDataType.
  288: BuiltIn.UInt32,
  289: BuiltIn.UInt32,
  17588: BuiltIn.UInt32,
  20998: BuiltIn.UInt32,
  11737: BuiltIn.UInt64,
  // Duration.
  290: BuiltIn.Double,
  // NumericRange, Time, LocaleId, the strings with a form, UriString, SemanticVersionString.
  291: BuiltIn.String,
  292: BuiltIn.String,
  295: BuiltIn.String,
  12877: BuiltIn.String,
  12878: BuiltIn.String,
  12879: BuiltIn.String,
  12880: BuiltIn.String,
  12881: BuiltIn.String,
  23751: BuiltIn.String,
  24263: BuiltIn.String,
  // Date, UtcTime.
  293: BuiltIn.DateTime,
  294: BuiltIn.DateTime,
  // SessionAuthenticationToken.
  388: BuiltIn.NodeId,
  // OptionSet and Union themselves: abstract, so the value says what it is.
  12755: BuiltIn.ExtensionObject,
  12756: BuiltIn.ExtensionObject,
};

const enumeration = (...names: readonly string[]): EnumType => ({
  kind: "enum",
  names: new Map(names.map((name, value) => [value, name])),
});

const field = (name: string, type: FieldType, dimensions = 0): Field => ({
  name,
  type,
  dimensions,
  optional: false,
});

const structure = (name: string, ...fields: readonly Field[]): StructureType => ({
  kind: "structure",
  name,
  fields,
});

const range = structure("Range", field("Low", BuiltIn.Double), field("High", BuiltIn.Double));
const engineeringUnit = structure(
  "EUInformation",
  field("NamespaceUri", BuiltIn.String),
  field("UnitId", BuiltIn.Int32),
  field("DisplayName", BuiltIn.LocalizedText),
  field("Description", BuiltIn.LocalizedText),
);
const build = structure(
  "BuildInfo",
  field("ProductUri", BuiltIn.String),
  field("ManufacturerName", BuiltIn.String),
  field("ProductName", BuiltIn.String),
  field("SoftwareVersion", BuiltIn.String),
  field("BuildNumber", BuiltIn.String),
  field("BuildDate", BuiltIn.DateTime),
);
const serverState = enumeration(
  "Running",
  "Failed",
  "NoConfiguration",
  "Suspended",
  "Shutdown",
  "Test",
  "CommunicationFault",
  "Unknown",
);
const axisScale = enumeration("Linear", "Log", "Ln");

/** Data type, its binary encoding, and what it is. */
const STRUCTURES: readonly (readonly [dataType: number, encoding: number, StructureType])[] = [
  [884, 886, range],
  [887, 889, engineeringUnit],
  [
    296,
    298,
    structure(
      "Argument",
      field("Name", BuiltIn.String),
      field("DataType", BuiltIn.NodeId),
      field("ValueRank", BuiltIn.Int32),
      field("ArrayDimensions", BuiltIn.UInt32, 1),
      field("Description", BuiltIn.LocalizedText),
    ),
  ],
  [338, 340, build],
  [
    862,
    864,
    structure(
      "ServerStatusDataType",
      field("StartTime", BuiltIn.DateTime),
      field("CurrentTime", BuiltIn.DateTime),
      field("State", serverState),
      field("BuildInfo", build),
      field("SecondsTillShutdown", BuiltIn.UInt32),
      field("ShutdownReason", BuiltIn.LocalizedText),
    ),
  ],
  [
    7594,
    8251,
    structure(
      "EnumValueType",
      field("Value", BuiltIn.Int64),
      field("DisplayName", BuiltIn.LocalizedText),
      field("Description", BuiltIn.LocalizedText),
    ),
  ],
  [
    8912,
    8917,
    structure(
      "TimeZoneDataType",
      field("Offset", BuiltIn.Int16),
      field("DaylightSavingInOffset", BuiltIn.Boolean),
    ),
  ],
  [
    12079,
    12089,
    structure(
      "AxisInformation",
      field("EngineeringUnits", engineeringUnit),
      field("EURange", range),
      field("Title", BuiltIn.LocalizedText),
      field("AxisScaleType", axisScale),
      field("AxisSteps", BuiltIn.Double, 1),
    ),
  ],
  [12080, 12090, structure("XVType", field("X", BuiltIn.Double), field("Value", BuiltIn.Float))],
  [
    12171,
    12181,
    structure("ComplexNumberType", field("Real", BuiltIn.Float), field("Imaginary", BuiltIn.Float)),
  ],
  [
    12172,
    12182,
    structure("DoubleComplexNumberType", field("Real", BuiltIn.Double), field("Imaginary", BuiltIn.Double)),
  ],
];

/** Enumeration itself: a number without names. */
const ENUMERATION = 29;

/** A data type of namespace 0; undefined when the server has to be asked. */
export function standardType(dataType: number): FieldType | undefined {
  if (dataType >= BuiltIn.Boolean && dataType <= BuiltIn.DiagnosticInfo) return dataType;
  if (dataType === ENUMERATION) return enumeration();
  return ALIASES[dataType] ?? STRUCTURES.find(([id]) => id === dataType)?.[2];
}

/** The structure whose binary encoding has this id, as `ns=0;i=NUMBER`. */
export function standardStructure(encoding: string): StructureType | undefined {
  return STRUCTURES.find(([, id]) => encoding === `ns=0;i=${id}`)?.[2];
}

/** A built-in type or a structure of namespace 0 by its name, as type dictionaries have it. */
export function standardTypeByName(name: string): FieldType | undefined {
  const builtIn = new Map<string, number>(Object.entries(BuiltIn)).get(name);
  return builtIn ?? STRUCTURES.find(([, , type]) => type.name === name)?.[2];
}
