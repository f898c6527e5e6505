import { type Dependency, type Finding, formatPakId, type PakRef } from "@paks/schema";
import type { Context } from "../context.ts";
import { prepareAll, rememberRegistries } from "../workspace/remember-answers.ts";
import { settle } from "./problems.ts";

/** Whether whoever installs a pak will get what it depends on; asks for each name once in a run. */
export interface DependencyCheck {
  /** Asks for all of them with one request to each registry. */
  prepare(dependencies: readonly Dependency[]): Promise<void>;
  /** Warnings only: what is missing may be released next, or be of a registry that others have mapped. */
  check(dependencies: readonly Dependency[]): Promise<readonly Finding[]>;
}

/** Each account is asked about at the registry that an install here would take it from. */
export function openDependencyCheck(context: Pick<Context, "registryFor" | "registryAt">): DependencyCheck {
  const registries = rememberRegistries(context);
  const judge = async (dependency: Dependency): Promise<readonly Finding[]> => {
    const registry = registries.registryFor(dependency.account);
    const newest = await settle(registry.findRelease(dependency, dependency.range));
    if (newest.value) return [];
    // Only then, because an older registry is asked for it on its own.
    const versions = newest.error ? newest : await settle(registry.listVersions(dependency));
    if (versions.error) return [uncheckedOf(dependency, versions.error.message)];
    const isKnown = Array.isArray(versions.value) && versions.value.length > 0;
    return [isKnown ? unfitOf(dependency, registry.url) : unknownOf(dependency, registry.url)];
  };
  return {
    prepare: async (dependencies) =>
      void (await prepareAll(({ account }) => registries.registryFor(account), refsOf(dependencies), fresh)),
    check: async (dependencies) => (await Promise.all(dependencies.map(judge))).flat(),
  };
}

/** What was released a moment ago is known; a kept answer would not know it. */
const fresh = { evenKept: true };

/** One alone would be looked for among the kept answers, and cost two questions when it is missing. */
function refsOf(dependencies: readonly Dependency[]): PakRef[] {
  const refs = dependencies.map(({ account, name, range }): PakRef => ({ account, name, selector: range }));
  const [first, second] = dependencies;
  return first && !second ? [...refs, { account: first.account, name: first.name }] : refs;
}

const warn = (code: string, message: string, hint: string): Finding => ({
  ...{ severity: "warning", code, message, hint, field: "dependencies" },
});

const formatDependency = (dependency: Dependency): string => `${formatPakId(dependency)}@${dependency.range}`;

const unknownOf = (dependency: Dependency, url: string): Finding =>
  warn(
    "DEPENDENCY_NOT_FOUND",
    `${url} knows no pak ${formatPakId(dependency)}, which this one depends on.`,
    "Installing this pak fails until it is there: release it too, or mend its name.",
  );

const unfitOf = (dependency: Dependency, url: string): Finding =>
  warn(
    "DEPENDENCY_NO_RELEASE",
    `${url} has no release of ${formatPakId(dependency)} that fits ${dependency.range}, which this pak depends on.`,
    `Installing this pak fails until there is one. See which there are: paks info ${formatPakId(dependency)} --versions`,
  );

const uncheckedOf = (dependency: Dependency, reason: string): Finding =>
  warn(
    "DEPENDENCY_UNCHECKED",
    `Whether ${formatDependency(dependency)} can be installed, which this pak depends on, could not be asked: ${reason}`,
    "It stops no release; look yourself before you tell others of it.",
  );
