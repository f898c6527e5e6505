import { type Lock, type LockedPak, originIdentity, workspaceFileNames } from "@paks/schema";
import { findTarget, listTargets } from "@paks/targets";
import type { Context } from "../context.ts";
import { type Needing, openNeededFor, releaseId } from "../workspace/needed-for.ts";
import { type Scope, joinScopes, planScope, requireTarget } from "./scope.ts";

export interface ScopeChoice {
  readonly scope: Scope;
  /** Somebody has said for which tools: the pak is for no other one. False for those that are only found. */
  readonly isExact: boolean;
  /** As the lock has it: only what somebody named, because what is found differs from machine to machine. */
  readonly choice: { readonly agents: readonly string[]; readonly mode: "link" | "copy" };
}

/** A pak, as far as it matters which tools it goes to. */
export interface Scoped extends Omit<Needing, "agents"> {
  /** What the lock says of it so far. */
  readonly before: LockedPak | undefined;
  /** Whether this command's flags are meant for it. */
  readonly isAsked: boolean;
  /** Nobody asks for it: it goes where those go that need it. */
  readonly isDependency: boolean;
}

/** Where each of some paks goes, by what the lock says so far, this command's flags, and who needs whom. */
export type Scopes = (all: readonly Scoped[]) => (folder: string) => Promise<ScopeChoice>;

/** What the lock has of paks as they are. */
export const listScoped = ({ paks }: Pick<Lock, "paks">, { isAsked }: Pick<Scoped, "isAsked">): readonly Scoped[] =>
  Object.entries(paks).map(([folder, entry]) => ({
    folder,
    id: releaseId(entry.resolved),
    dependencies: entry.dependencies,
    before: entry,
    isAsked,
    isDependency: entry.source === null,
  }));

interface ScopesOptions {
  readonly global: boolean;
  readonly dir: string | undefined;
  readonly agents: readonly string[];
  readonly copy: boolean | undefined;
  readonly root: string | undefined;
  /** Of `paks.jsonc`. */
  readonly workspaceAgents: readonly string[] | undefined;
}

/**
 * What was named for a pak goes before the `agents` of `paks.jsonc`, and is told where it does.
 * @throws PaksError USAGE for a tool that `paks.jsonc` names and nobody knows
 */
export function openScopes(context: Context, options: ScopesOptions): Scopes {
  const scopes = new Map<string, Promise<Scope>>();
  const { global, dir, root } = options;
  const targets = listTargets(context.config.agents);
  for (const id of options.workspaceAgents ?? []) requireTarget(id, targets, workspaceFileNames[0]);
  const told = new Set<string>();
  const tellOnce = (tell: (text: string) => void, text: string): void => {
    if (!told.has(text)) tell(text);
    told.add(text);
  };
  // What the lock has, another user's own table or a newer program may have known.
  const ofFile = (ids: readonly string[] = []): string[] =>
    ids.filter((id) => {
      const isKnown = findTarget(id, targets) !== undefined;
      if (!isKnown)
        tellOnce(context.warn, `paks.lock names the agent "${id}", which is not known here: nothing is linked for it.`);
      return isKnown;
    });
  const once = (key: string, make: () => Promise<Scope>): Promise<Scope> => {
    const scope = scopes.get(key) ?? make();
    scopes.set(key, scope);
    return scope;
  };
  const plan = (agents: Agents, copy: boolean): Promise<Scope> =>
    once(`${copy} ${agents.join(",")}`, () => planScope(context, { global, dir, root, agents, copy }));
  /** For the tools of all lists; what is found here is looked for as often as without the others. */
  const planAll = (lists: readonly Agents[], copy: boolean): Promise<Scope> =>
    once(`${copy} ${lists.map((list) => list.join(",")).join(" ")}`, async () => {
      const named = [...new Set(lists.filter(isExactly).flat())];
      const open = lists.filter((list) => !isExactly(list));
      const all = named.length > 0 ? [named, ...open] : open;
      return joinScopes(await Promise.all(all.map((agents) => plan(agents, copy))));
    });
  const isNamed = ({ isAsked }: Scoped): boolean => isAsked && options.agents.length > 0;
  const askedFor = (one: Scoped): Agents => {
    if (isNamed(one)) return options.agents;
    const own = ownAgents(one.before);
    return dir === undefined ? ofFile(own.length > 0 ? own : options.workspaceAgents) : [];
  };
  const recorded = async (one: Scoped, copy: boolean): Promise<Agents> => {
    // Whoever needs it says it. What a lock of an earlier version has here stays, and is not heeded.
    if (one.isDependency) return one.before?.source === null ? one.before.agents : [];
    if (!isNamed(one)) return ownAgents(one.before);
    return isExactly(options.agents) ? (await plan(options.agents, copy)).agents : [];
  };
  return (all) => {
    const neededFor = openNeededFor(
      all.map((one) => ({ ...one, agents: one.isDependency ? undefined : askedFor(one) })),
    );
    const byFolder = new Map(all.map((one) => [one.folder, one]));
    return async (folder) => {
      const one = byFolder.get(folder)!;
      const { before, isAsked, isDependency } = one;
      const copy = (isAsked ? options.copy : undefined) ?? before?.mode === "copy";
      const needed = neededFor(folder);
      // A lock may have a dependency that nothing needs any more.
      const lists = needed.length > 0 ? needed : [askedFor(one)];
      const scope = await planAll(lists, copy);
      if (before && !isDependency && !isNamed(one))
        tellOwn(before, { lists, ...options }, (text) => tellOnce(context.note, text));
      const agents = (await recorded(one, copy)).toSorted();
      return { scope, isExact: lists.every(isExactly), choice: { agents, mode: copy ? "copy" : "link" } };
    };
  };
}

type Agents = readonly string[];

/** These and no other ones. */
const isExactly = (agents: Agents): boolean => agents.length > 0 && !agents.includes("*");

const ownAgents = (before: LockedPak | undefined): Agents =>
  before === undefined || before.source === null ? [] : before.agents;

interface Told extends Pick<ScopesOptions, "workspaceAgents"> {
  /** All that it is for, those of the paks that need it included. */
  readonly lists: readonly Agents[];
}

/** Whoever changes `agents` would wait in vain for what it does to such a pak. */
function tellOwn(before: LockedPak, { workspaceAgents = [], lists }: Told, tell: (text: string) => void): void {
  const agents = ownAgents(before);
  const others = workspaceAgents.filter((id) => id !== "*");
  if (agents.length === 0 || others.length === 0) return;
  if (agents.length === others.length && agents.every((id) => others.includes(id))) return;
  if (lists.length > 1 && others.every((id) => lists.some((list) => list.includes(id)))) return;
  const name = before.source ?? originIdentity(before.resolved);
  tell(
    `${name} is for ${agents.join(", ")}, as --agent said of it, not for the agents of paks.jsonc. To change that: paks install ${name} --agent ${others.join(",")}`,
  );
}
