import {
  type LockedPak,
  type ReleaseDto,
  formatPakId,
  isJsonObject,
  parsePakId,
  parseSelector,
  isTaken,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { findLockedId } from "./entry.ts";
import type { Ranges, Universe } from "./resolve.ts";

/** Paks of the registries that a user and a workspace name, and of the lock where it knows them. Asks nothing twice. */
export function openUniverse(
  context: Pick<Context, "registryFor">,
  known: { readonly paks: Readonly<Record<string, LockedPak>>; readonly registry: string | undefined },
): Universe {
  const versions = new Map<string, ReturnType<Universe["listVersions"]>>();
  const releases = new Map<string, Promise<Ranges>>();
  const registryOf = (account: string) => context.registryFor(account, known.registry);
  return {
    listVersions: (id) => remember(versions, id, () => registryOf(parsePakId(id).account).listVersions(parsePakId(id))),
    listDependencies: (id, version) =>
      remember(releases, `${id}@${version}`, async () => {
        const locked = findLockedId(known.paks, id)?.entry;
        if (locked?.version === version) return locked.dependencies;
        const release = await registryOf(parsePakId(id).account).findRelease(parsePakId(id), version);
        return release ? readDependencies(release) : {};
      }),
  };
}

function remember<T>(answers: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const answer = answers.get(key) ?? ask();
  answers.set(key, answer);
  return answer;
}

/** What the registry says; the files are asked again when they are here. */
function readDependencies({ manifest }: ReleaseDto): Ranges {
  const list: unknown = manifest["dependencies"];
  if (!Array.isArray(list)) return {};
  return Object.fromEntries(
    list.flatMap((one: unknown): [string, string][] => {
      if (!isJsonObject(one)) return [];
      const { account, name, range } = one;
      if (typeof account !== "string" || typeof name !== "string" || typeof range !== "string") return [];
      const id = formatPakId({ account, name });
      return isTaken(parsePakId, id) && isTaken(parseSelector, range) ? [[id, range]] : [];
    }),
  );
}
