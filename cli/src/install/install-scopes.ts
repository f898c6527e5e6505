import { type LockedPak, originIdentity, workspaceFileNames } from "@paks/schema";
import { findTarget, listTargets } from "@paks/targets";
import type { Context } from "../context.ts";
import { type Scope, planScope, requireTarget } from "./scope.ts";

export interface ScopeChoice {
  readonly scope: Scope;
  /** Somebody has said for which tools: the pak is for no other one. False for those that are only found. */
  readonly isExact: boolean;
  /** As the lock has it: only what somebody named, because what is found differs from machine to machine. */
  readonly choice: { readonly agents: readonly string[]; readonly mode: "link" | "copy" };
}

/** Where a pak goes, by what the lock says of it so far and whether this command's flags are meant for it. */
export type Scopes = (before: LockedPak | undefined, isAsked: boolean) => Promise<ScopeChoice>;

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
  const plans = new Map<string, Promise<Scope>>();
  const { global, dir, root } = options;
  const targets = listTargets(context.config.agents);
  for (const id of options.workspaceAgents ?? []) requireTarget(id, targets, workspaceFileNames[0]);
  const told = new Set<string>();
  const once = (tell: (text: string) => void, text: string): void => {
    if (!told.has(text)) tell(text);
    told.add(text);
  };
  // What the lock has, another user's own table or a newer program may have known.
  const ofFile = (ids: readonly string[] = []): string[] =>
    ids.filter((id) => {
      const isKnown = findTarget(id, targets) !== undefined;
      if (!isKnown)
        once(context.warn, `paks.lock names the agent "${id}", which is not known here: nothing is linked for it.`);
      return isKnown;
    });
  const plan = (agents: readonly string[], copy: boolean): Promise<Scope> => {
    const key = `${copy} ${agents.join(",")}`;
    const found = plans.get(key) ?? planScope(context, { global, dir, root, agents, copy });
    plans.set(key, found);
    return found;
  };
  return async (before, isAsked) => {
    const isNamed = isAsked && options.agents.length > 0;
    const copy = (isAsked ? options.copy : undefined) ?? before?.mode === "copy";
    const locked = before?.agents ?? [];
    const fromFiles = ofFile(locked.length > 0 ? locked : options.workspaceAgents);
    const asked = isNamed ? options.agents : dir === undefined ? fromFiles : [];
    const scope = await plan(asked, copy);
    const isExact = asked.length > 0 && !asked.includes("*");
    const agents = isNamed ? (isExact ? scope.agents : []) : locked;
    if (!isNamed && before) tellOwn(before, options, (text) => once(context.note, text));
    return { scope, isExact, choice: { agents: agents.toSorted(), mode: copy ? "copy" : "link" } };
  };
}

/** Whoever changes `agents` would wait in vain for what it does to such a pak. */
function tellOwn(
  { agents, source, resolved }: LockedPak,
  { workspaceAgents = [] }: Pick<ScopesOptions, "workspaceAgents">,
  tell: (text: string) => void,
): void {
  const others = workspaceAgents.filter((id) => id !== "*");
  if (agents.length === 0 || others.length === 0) return;
  if (agents.length === others.length && agents.every((id) => others.includes(id))) return;
  const name = source ?? originIdentity(resolved);
  tell(
    `${name} is for ${agents.join(", ")}, as --agent said of it, not for the agents of paks.jsonc. To change that: paks install ${name} --agent ${others.join(",")}`,
  );
}
