import { type LockedPak, workspaceFileNames } from "@paks/schema";
import { findTarget, listTargets } from "@paks/targets";
import type { Context } from "../context.ts";
import { type Scope, planScope, requireTarget } from "./scope.ts";

export interface ScopeChoice {
  readonly scope: Scope;
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

/** @throws PaksError USAGE for a tool that `paks.jsonc` names and nobody knows */
export function openScopes(context: Context, options: ScopesOptions): Scopes {
  const plans = new Map<string, Promise<Scope>>();
  const { global, dir, root } = options;
  const targets = listTargets(context.config.agents);
  for (const id of options.workspaceAgents ?? []) requireTarget(id, targets, workspaceFileNames[0]);
  // What the lock has, another user's own table or a newer program may have known.
  const ofFile = (ids: readonly string[] = []): string[] => ids.filter((id) => findTarget(id, targets) !== undefined);
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
    const scope = await plan(isNamed ? options.agents : dir === undefined ? fromFiles : [], copy);
    const isEverything = options.agents.includes("*");
    const agents = isNamed ? (isEverything ? [] : [...new Set([...locked, ...scope.agents])]) : locked;
    return { scope, choice: { agents: agents.toSorted(), mode: copy ? "copy" : "link" } };
  };
}
