/** Builds components in the order of their needs, several at a time, each result from the cache when it is there. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { cached, contentKey, hashPath } from "./cache.ts";
import { BuildKit, hostCompilerVersion, type Recipe } from "./recipe.ts";
import { ensureArchives, type ResolvedSource } from "./sources.ts";

export interface BuildOptions {
  readonly recipes: readonly Recipe[];
  readonly sources: ReadonlyMap<string, ResolvedSource>;
  readonly cache: string;
  readonly say: (line: string) => void;
}

/** File of each recipe: its own text is part of its key. */
const COMPONENTS = new URL("components/", import.meta.url).pathname;

/** Result folder of every recipe, by name. */
export async function buildAll(options: BuildOptions): Promise<Map<string, string>> {
  const keys = componentKeys(options);
  const running = new Map<string, Promise<string>>();
  const start = (recipe: Recipe): Promise<string> => {
    const known = running.get(recipe.name);
    if (known !== undefined) {
      return known;
    }
    const result = Promise.all(recipe.needs.map((name) => start(find(options.recipes, name)))).then(
      (folders) => {
        const needs = new Map(recipe.needs.map((name, index) => [name, folders[index] ?? ""]));
        return buildOne({ ...options, recipe, key: keys.get(recipe.name) ?? "", needs }).catch(
          (error: unknown) => {
            options.say(`FAILED  ${recipe.name}; what is under way is finished first`);
            throw error;
          },
        );
      },
    );
    running.set(recipe.name, result);
    return result;
  };
  const results = await Promise.allSettled(options.recipes.map((recipe) => start(recipe)));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    throw failed.reason;
  }
  const folders = await Promise.all(options.recipes.map((recipe) => start(recipe)));
  return new Map(options.recipes.map((recipe, index) => [recipe.name, folders[index] ?? ""]));
}

/** Content hash per component: sources, recipe, inputs, compiler, and the keys of what it needs. */
export function componentKeys(options: Pick<BuildOptions, "recipes" | "sources">): Map<string, string> {
  const compiler = hostCompilerVersion();
  const keys = new Map<string, string>();
  const keyOf = (recipe: Recipe): string => {
    const known = keys.get(recipe.name);
    if (known !== undefined) {
      return known;
    }
    const source = recipe.source === undefined ? undefined : options.sources.get(recipe.source);
    const key = contentKey({
      compiler,
      recipe: readFileSync(join(COMPONENTS, `${recipe.name}.ts`), "utf8"),
      source: source === undefined ? "" : `${source.orig.sha256} ${source.packaging?.sha256 ?? "-"}`,
      ...Object.fromEntries(recipe.inputs.map((path) => [`input ${basename(path)}`, hashPath(path)])),
      ...Object.fromEntries(recipe.needs.map((name) => [`need ${name}`, keyOf(find(options.recipes, name))])),
    });
    keys.set(recipe.name, key);
    return key;
  };
  for (const recipe of options.recipes) {
    keyOf(recipe);
  }
  return keys;
}

async function buildOne(
  options: BuildOptions & { recipe: Recipe; key: string; needs: ReadonlyMap<string, string> },
): Promise<string> {
  const { recipe, cache, say } = options;
  return await cached({
    root: cache,
    name: recipe.name,
    key: options.key,
    onWait: (pid) => say(`wait    ${recipe.name} is being built by process ${pid}`),
    build: async (output) => {
      const source = recipe.source === undefined ? undefined : options.sources.get(recipe.source);
      if (source !== undefined) {
        await ensureArchives(cache, source);
      }
      mkdirSync(join(cache, "work"), { recursive: true });
      const work = mkdtempSync(join(cache, "work", `${recipe.name}-`));
      const began = Date.now();
      say(`build   ${recipe.name} …`);
      const kit = new BuildKit({ recipe, cache, work, output, source, needs: options.needs });
      // A work folder stays when its build fails: the log names the files in it
      await recipe.build(kit);
      rmSync(work, { recursive: true, force: true });
      say(`built   ${recipe.name} in ${Math.round((Date.now() - began) / 1000)} s`);
    },
  });
}

function find(recipes: readonly Recipe[], name: string): Recipe {
  const recipe = recipes.find((candidate) => candidate.name === name);
  if (recipe === undefined) {
    throw new RangeError(`no recipe "${name}"`);
  }
  return recipe;
}
