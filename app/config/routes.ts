import type { ConfigFault } from "./fault.ts";
import type { Ports } from "./ports.ts";

/** Which target port each source port goes to, and what looked odd while joining the two files. */
export interface Routes {
  readonly targets: ReadonlyMap<number, number>;
  readonly warnings: readonly ConfigFault[];
}

/** Joins nodes and topics by name, exactly and case-sensitively (R117–R122, design §9). */
export function buildRoutes(sources: Ports, targets: Ports): Routes {
  const warnings: ConfigFault[] = [];
  const routes = new Map<number, number>();
  const byName = new Map(targets.ports.map((target) => [target.name, target]));
  for (const source of sources.ports) {
    const target = byName.get(source.name);
    if (!target) {
      const problem = `no topic is named ${JSON.stringify(source.name)}, its values are not published`;
      warnings.push(sources.fault(`${source.pointer}/name`, problem, "add a topic with the same name"));
      continue;
    }
    byName.delete(source.name);
    routes.set(source.port, target.port);
    if (source.port !== target.port) {
      const problem = `id ${source.port} differs from the id ${target.port} of the topic with the same name; the name decides`;
      warnings.push(sources.fault(`${source.pointer}/id`, problem, "give both the same id"));
    }
  }
  for (const target of byName.values()) {
    const problem = `no node is named ${JSON.stringify(target.name)}, nothing is published to its topic`;
    warnings.push(
      targets.fault(`${target.pointer}/name`, problem, "add a node with the same name or remove the topic"),
    );
  }
  return { targets: routes, warnings };
}
