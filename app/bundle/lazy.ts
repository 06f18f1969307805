/**
 * esbuild plugin: what node-opcua would make of all OPC UA while it loads, and the gateway needs a tenth of, is made
 * when it is needed. At Quark pace this is more than half of the load: 2.2 s of 4.3 s, and 4 MB.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

const ON_DEMAND = "gwcard:on-demand";
const bundleDir = dirname(fileURLToPath(import.meta.url));

/** A library's file no longer looks as it did when its edit was written. */
export class LazyEditError extends Error {
  readonly code = "ERR_LAZY_EDIT";
  constructor(file: string, what: string) {
    super(
      `${file}: ${what}; adapt app/bundle/lazy.ts to this release, or take the edit out: only the start gets slower`,
    );
    this.name = "LazyEditError";
  }
}

const RULE = /^\/\/ -{60,}\n/m;
const STRUCTURE = /^const schema(\w+) = \(0, node_opcua_factory_1\.buildStructuredType\)\(\{\n/;

/** The number in `static FIELD = makeExpandedNodeId(NUMBER, 0);` of a section. */
function staticId(file: string, section: string, name: string, field: string): string {
  const id = new RegExp(
    `^ {4}static ${field} = \\(0, node_opcua_nodeid_1\\.makeExpandedNodeId\\)\\((\\d+), 0\\);$`,
    "m",
  ).exec(section)?.[1];
  if (id === undefined) throw new LazyEditError(file, `${name} has no ${field}`);
  return id;
}

/** Bare names of other structures become properties of `exports`, whose getters make them. */
function throughExports(section: string, own: string, structures: ReadonlySet<string>): string {
  return section.replace(
    /"(?:[^"\\\n]|\\.)*"|\/\*.*?\*\/|\/\/[^\n]*|(?<![.\w$])[A-Za-z_$][\w$]*/g,
    (token) => (token !== own && structures.has(token) ? `exports.${token}` : token),
  );
}

/** node-opcua-types' `_generated_opcua_types.js` with every structure behind a getter. */
export function lazyStructures(file: string, source: string): string {
  const [head = "", ...sections] = source.split(RULE);
  const names = sections.map((section) => STRUCTURE.exec(section)?.[1]);
  const structures = new Set(names.filter((name) => name !== undefined));
  if (structures.size < 300) throw new LazyEditError(file, `only ${structures.size} structures found`);
  const lastRequire = head.lastIndexOf('require("');
  if (lastRequire < 0 || !head.includes("const node_opcua_factory_1 = require("))
    throw new LazyEditError(file, "its imports are not where they were");
  const body = sections.map((section, index) => {
    const name = names[index];
    if (name === undefined) {
      if (throughExports(section, "", structures) !== section)
        throw new LazyEditError(file, `section ${index} uses a structure while it loads`);
      return section;
    }
    const published = `\nexports.${name} = ${name};\n`;
    const registered = `\n(0, node_opcua_factory_1.registerClassDefinition)(${name}.dataTypeNodeId, "${name}", ${name});\n`;
    if (!section.includes(published) || !section.includes(registered))
      throw new LazyEditError(file, `${name} is published or registered in another way`);
    const dataType = staticId(file, section, name, "dataTypeNodeId");
    const encoding = staticId(file, section, name, "encodingDefaultBinary");
    const made = throughExports(section.replace(published, "\n"), name, structures);
    return `structure("${name}", ${dataType}, ${encoding}, () => {\n${made}\nreturn ${name};\n});\n`;
  });
  const declare = `const structure = require("${ON_DEMAND}").structuresOnDemand((0, node_opcua_factory_1.getStandardDataTypeFactory)(), exports);\n`;
  // The names are exported as they are declared.
  return [head.replace(/^(exports\.\w+ = )+void 0;\n/gm, ""), declare, ...body].join("");
}

const NODE_ID_INDEXES =
  /^let _nodeIdToNameIndex = \{\};\nlet _nameToNodeIdIndex = \{\};\n(.*\n)\(function build_standard_nodeid_indexes\(\) \{\n[\s\S]*?\n {4}expand_map\(node_opcua_constants_1\.ObjectIds\);\n([\s\S]*?)\}\)\(\);\nfunction reverse_map\(nodeId\) \{\n {4}return _nodeIdToNameIndex\[nodeId\];\n\}\n/m;
const NAME_LOOKUP = "_nameToNodeIdIndex[nodeIdOrString]";

/** node-opcua-nodeid's `nodeid.js` without a NodeId for each of the 2,700 standard names: found and made when asked for. */
export function lazyNodeIds(file: string, source: string): string {
  const found = NODE_ID_INDEXES.exec(source);
  if (!found || !source.includes(NAME_LOOKUP))
    throw new LazyEditError(file, "its indexes of names are built in another way");
  const maps = ["node_opcua_constants_1.ObjectIds"];
  for (const [, map] of (found[2] ?? "").matchAll(/^ {4}expand_map\((node_opcua_constants_1\.\w+)\);$/gm))
    if (map !== undefined) maps.push(map);
  // Where two maps have the same name or number, the later one won.
  const replacement = `const standardIds = () => [${maps.reverse().join(", ")}];
${found[1]}const knownNodeIds = new Map();
function nodeIdOfName(name) {
    const known = knownNodeIds.get(name);
    if (known !== undefined || regName.exec(name) === null) return known;
    const map = standardIds().find((ids) => Object.hasOwn(ids, name));
    if (map === undefined) return undefined;
    const nodeId = new NodeId(NodeIdType.NUMERIC, map[name], 0);
    knownNodeIds.set(name, nodeId);
    return nodeId;
}
function reverse_map(value) {
    const map = standardIds().find((ids) => Object.hasOwn(ids, value));
    return map === undefined ? undefined : map[value];
}
`;
  return source.replace(found[0], () => replacement).replace(NAME_LOOKUP, "nodeIdOfName(nodeIdOrString)");
}

/** node-opcua-types and node-opcua-nodeid, lazily. */
export function lazy(): Plugin {
  const edit = (path: string, change: (file: string, source: string) => string) => {
    const file = path.slice(path.lastIndexOf("node_modules"));
    return { contents: change(file, readFileSync(path, "utf8")), loader: "js" as const };
  };
  return {
    name: "lazy",
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${ON_DEMAND}$`) }, () => ({
        path: join(bundleDir, "on-demand.ts"),
      }));
      build.onLoad({ filter: /\/node-opcua-types\/dist\/_generated_opcua_types\.js$/ }, ({ path }) =>
        edit(path, lazyStructures),
      );
      build.onLoad({ filter: /\/node-opcua-nodeid\/dist\/nodeid\.js$/ }, ({ path }) =>
        edit(path, lazyNodeIds),
      );
    },
  };
}
