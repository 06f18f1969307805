import type { ConfigFault } from "./fault.ts";
import type { Guide, GuideHubs } from "./guide-file.ts";
import type { Ports } from "./ports.ts";

/** Which target port each source port goes to, what is wrong with that, and what looked odd while joining the files. */
export interface Routes {
  readonly targets: ReadonlyMap<number, number>;
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly ConfigFault[];
}

/** Joins nodes and topics by name, exactly and case-sensitively (R117–R121, design §9). */
function joinByName(sources: Ports, targets: Ports): Routes {
  const warnings: ConfigFault[] = [];
  const routes = new Map<number, number>();
  const byName = new Map(targets.ports.map((target) => [target.name, target]));
  for (const source of sources.ports) {
    const target = byName.get(source.name);
    if (!target) {
      const name = JSON.stringify(source.name);
      warnings.push(sources.fault("node-without-topic", `${source.pointer}/name`, { name }));
      continue;
    }
    byName.delete(source.name);
    routes.set(source.port, target.port);
    if (source.port !== target.port) {
      const values = { id: source.port, other: target.port };
      warnings.push(sources.fault("ids-differ", `${source.pointer}/id`, values));
    }
  }
  for (const target of byName.values()) {
    const name = JSON.stringify(target.name);
    warnings.push(targets.fault("topic-without-node", `${target.pointer}/name`, { name }));
  }
  return { targets: routes, faults: [], warnings };
}

/** Joins them by the roadmap of GuideSettings-0.json alone; names mean nothing then (design §9). */
function joinByRoadmap(sources: Ports, targets: Ports, guide: Guide): Routes {
  const faults: ConfigFault[] = [];
  const warnings: ConfigFault[] = [];
  const routes = new Map<number, number>();
  const from = new Map<number, string>();
  const to = new Map<number, string>();
  const known = {
    sources: new Set(sources.ports.map(({ port }) => port)),
    targets: new Set(targets.ports.map(({ port }) => port)),
  };
  for (const { source, target, pointer } of guide.roadmap ?? []) {
    const earlier = from.get(source);
    const fed = to.get(target);
    if (earlier !== undefined) {
      const values = { port: source, other: earlier };
      faults.push(guide.fault("route-source-twice", `${pointer}/sourcePortId`, values));
      continue;
    }
    from.set(source, pointer);
    if (!known.sources.has(source)) {
      warnings.push(guide.fault("route-source-unknown", `${pointer}/sourcePortId`, { port: source }));
    } else if (!known.targets.has(target)) {
      warnings.push(guide.fault("route-target-unknown", `${pointer}/targetPortId`, { port: target }));
    } else {
      if (fed === undefined) to.set(target, pointer);
      else {
        const values = { port: target, other: fed };
        warnings.push(guide.fault("route-target-twice", `${pointer}/targetPortId`, values));
      }
      routes.set(source, target);
    }
  }
  for (const { port, pointer } of sources.ports) {
    if (!routes.has(port)) warnings.push(sources.fault("node-without-route", `${pointer}/id`, { id: port }));
  }
  return { targets: routes, faults, warnings };
}

/** R122: which instances the three files speak of, as far as each says so; `guide` is null without that file. */
export function checkHubs(
  sources: Pick<Ports, "hubId" | "fault">,
  targets: Pick<Ports, "hubId" | "fault">,
  guide: GuideHubs | null,
): { faults: ConfigFault[]; warnings: ConfigFault[] } {
  const faults: ConfigFault[] = [];
  const warnings: ConfigFault[] = [];
  if (guide) {
    const differ = (hub: number | undefined, id: number | undefined): hub is number =>
      hub !== undefined && id !== undefined && hub !== id;
    const { receivingHubId, sendingHubId } = guide;
    if (differ(receivingHubId, sources.hubId)) {
      const values = { hub: receivingHubId, id: sources.hubId ?? 0 };
      faults.push(guide.fault("hub-receiving", "/receivingHubId", values));
    }
    if (differ(sendingHubId, targets.hubId)) {
      const values = { hub: sendingHubId, id: targets.hubId ?? 0 };
      faults.push(guide.fault("hub-sending", "/sendingHubId", values));
    }
  } else {
    for (const { hubId = 0, fault } of [sources, targets])
      if (hubId !== 0) warnings.push(fault("hub-not-zero", "/id", { id: hubId }));
  }
  return { faults, warnings };
}

/** The routes between the two sides (R117–R121). With faults there are none: a route must not be guessed. */
export function buildRoutes(sources: Ports, targets: Ports, guide: Guide | null = null): Routes {
  const joined = guide?.roadmap ? joinByRoadmap(sources, targets, guide) : joinByName(sources, targets);
  return joined.faults.length > 0 ? { ...joined, targets: new Map() } : joined;
}
